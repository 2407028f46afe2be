"""Web pages of reports, from the files in their folders alone, and an index of them.

May import `report` and the packages below it.
The public names are those of `__init__.pyi`, loaded when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
