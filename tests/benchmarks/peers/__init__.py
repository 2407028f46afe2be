"""The same job done by plain joblib, by benchopt and by us; see compare_peers.py."""
