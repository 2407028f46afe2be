"""Calls in processes that can be killed with all their descendants; knows no cell.

May import `base`.
The public names are those of `__init__.pyi`, loaded when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
