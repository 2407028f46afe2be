"""Frames in, frames out: metrics, intervals, tests, power; knows no classifier.

May import `store`, `processes`, `render`, `base`.
The public names are those of `__init__.pyi`, loaded when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
