"""Recorded curves: reading their files, and dividing them into training and test."""
