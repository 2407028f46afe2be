"""SD, CSD and CSD2: their networks, losses and training. Only this package uses torch.

May import `curves` and the packages below it.
The public names are those of `__init__.pyi`, loaded when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
