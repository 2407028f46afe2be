"""Where cells are computed: isolated on this machine or on Dask; the run as a whole.

May import `cells` and the packages below it.
The public names are those of `__init__.pyi`, loaded when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
