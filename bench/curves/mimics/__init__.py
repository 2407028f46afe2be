"""Curves of networks that were fitted to curves of a library, and the pools of both.

May import what `curves` may; torch only in `fits`. `cache.load_pool` returns a pool:
published, kept, or fitted now. `published` has the fits of boards, `pools` makes one.
"""
