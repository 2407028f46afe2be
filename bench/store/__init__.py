"""Results as lines of JSON and packed arrays, the folder of them, and its care.

May import `base`.
The public names are those of `__init__.pyi`, loaded when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
