"""Function libraries, input points, networks' and recorded curves, and their datasets.

May import `suite` and the packages below it. Torch is loaded only to fit mimics.
The public names are those of `__init__.pyi`, loaded when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
