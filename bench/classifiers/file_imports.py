"""The imports of a class file: what lies beside it is found there, by it alone.

A class file and the files beside it become the modules of one package, whose name no
other package has. Only in these modules ``import helper`` means the file beside them:
each has an ``__import__`` of its own. So ``sys.path`` stays as it is, two files may
have different helpers of one name, and a helper may be named like a module of Python
that others import.

This module needs the standard library alone, since its source is also what the new
interpreters that a class starts get, see `bench.classifiers.class_files.publish`.
"""

import builtins
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType
from typing import Any

# Name of a module within the package → its path, its text, and whether it is a package.
Modules = Mapping[str, tuple[str, str, bool]]


class FileImporter(MetaPathFinder, InspectLoader):
    """Finds and loads the modules of one package from their texts.

    Parameters
    ----------
    package
        The name of the package.
    modules
        Its modules.
    """

    def __init__(self, package: str, modules: Modules) -> None:
        self.package = package
        self._modules = modules

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return the spec of a module of the package, and None for any other."""
        start, _, name = fullname.partition(".")
        if start != self.package or name not in self._modules:
            return None
        file, _, is_package = self._modules[name]
        places: list[str] | None = [] if is_package else None
        return spec_from_file_location(
            fullname, file, loader=self, submodule_search_locations=places
        )

    def get_source(self, fullname: str) -> str:
        """Return the text, for tracebacks to quote."""
        return self._modules[fullname.partition(".")[2]][1]

    def get_code(self, fullname: str) -> CodeType:
        """Compile the text."""
        file, text, _ = self._modules[fullname.partition(".")[2]]
        return self.source_to_code(text, file)

    def exec_module(self, module: ModuleType) -> None:
        """Run the text, with an ``__import__`` that finds the files beside it."""
        names = vars(builtins) | {"__import__": self._import}
        vars(module)["__builtins__"] = names
        super().exec_module(module)

    def _import(
        self,
        name: str,
        names: Mapping[str, Any] | None = None,
        local_names: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        top = name.partition(".")[0]
        importing = (names or {}).get("__name__")
        if level or not self._is_beside(top, importing):
            return builtins.__import__(name, names, local_names, fromlist or (), level)
        full = f"{self.package}.{name}"
        try:
            if fromlist:
                return builtins.__import__(full, names, local_names, fromlist, 0)
            import_module(full)
        except ModuleNotFoundError as error:
            start, _, missing = (error.name or "").partition(".")
            if start != self.package:
                raise
            message = f"No module named '{missing}'"
            raise ModuleNotFoundError(message, name=missing) from None
        return sys.modules[f"{self.package}.{top}"]

    def _is_beside(self, top: str, importing: str | None) -> bool:
        if top not in self._modules:
            return False
        # A file xgboost.py that imports xgboost means the installed package.
        _, _, is_package = self._modules[top]
        return is_package or importing != f"{self.package}.{top}"


def serve(package: str, modules: Modules) -> Callable[[], None]:
    """Make the modules of a package importable; the package is in ``sys.modules``.

    Returns
    -------
    callable
        Without arguments; forgets the package and its modules again.
    """
    sys.modules[package].__path__ = []
    importer = FileImporter(package, modules)
    sys.meta_path.insert(0, importer)

    def forget() -> None:
        sys.meta_path.remove(importer)
        for name in [n for n in sys.modules if n.partition(".")[0] == package]:
            del sys.modules[name]

    return forget
