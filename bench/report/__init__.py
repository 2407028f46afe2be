"""The report of a suite: chapters, each with its own tables, figures and texts.

May import `analysis`, `figures` and the packages below them.
The public names are those of `__init__.pyi`, loaded when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
