"""From a suite's entry to an estimator: class paths, files, pipelines, wrappers.

May import `discriminators`, inside functions since torch takes seconds, and below.
The public names are those of `__init__.pyi`, loaded when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
