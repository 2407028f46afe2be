"""Foundations of all packages: errors, messages, files, YAML, seeds, provenance.

May import nothing of `bench`.
The public names are those of `__init__.pyi`, loaded when first used.
"""

from importlib.util import find_spec

try:
    import lazy_loader
except ModuleNotFoundError as error:
    # A Python without our dependencies can still import the modules of this package, so
    # that `--help` works, and any other command says which package is missing.
    _missing = error

    def __getattr__(name: str) -> object:
        if find_spec(f"{__name__}.{name}") is not None:
            raise AttributeError(name)  # `from bench.base import resources` goes on
        raise _missing

else:
    __getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
