"""Classes in a file beside a suite: the file and what it imports from beside it.

The texts are sent along with each cell. So on any machine a cell runs exactly the texts
that its key was computed from.
"""

import hashlib
import inspect
import json
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType

from bench.base import ClassifierError, MissingFileError, is_file, read_bytes
from bench.classifiers import file_imports
from bench.classifiers.imports import Imported, imported_by
from bench.classifiers.sources import (
    files_below,
    is_module,
    is_provided,
    short_hash,
    submodule_of,
)

MAX_BYTES = 2**20
MAX_BESIDE = 200  # files beside a class file that it imports
MAX_BYTES_BESIDE = 2**22  # of all these files; they are sent along with each cell
# Names that no file beside a class file has: modules within the interpreter, and ours.
_NOT_BESIDE = {*sys.builtin_module_names, "bench"}


@dataclass(frozen=True)
class Beside:
    """A file that lies beside a class file, which imports it.

    Attributes
    ----------
    name
        The path relative to the folder of the class file, as ``helpers/features.py``.
    path
        The path it was read from, which tracebacks name.
    text
        The content of the file.
    """

    name: str
    path: str
    text: str


@dataclass(frozen=True)
class ClassFile:
    """The text of a Python file, and those of the files beside it that it imports.

    Attributes
    ----------
    path
        The path it was read from, which tracebacks name.
    text
        The content of the file.
    beside
        The files beside it that it imports, and those that they import, by name.
    """

    path: str
    text: str
    beside: tuple[Beside, ...] = ()

    @cached_property
    def text_digest(self) -> str:
        """SHA-256 of the text alone: 64 hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all the texts: 64 hexadecimal digits."""
        if not self.beside:
            return self.text_digest
        parts = [[file.name, file.text] for file in self.beside]
        document = json.dumps([Path(self.path).name, self.text, parts])
        return hashlib.sha256(document.encode()).hexdigest()

    @cached_property
    def sources(self) -> dict[str, str]:
        """Name → short hash of each file beside it."""
        return {file.name: short_hash(file.text.encode()) for file in self.beside}

    @property
    def texts(self) -> list[str]:
        """The texts of all its files."""
        return [self.text, *(file.text for file in self.beside)]

    @property
    def package(self) -> str:
        """The name of the package of its modules, which depends on the texts."""
        return f"bench_file_{self.digest[:16]}"

    @property
    def module(self) -> str:
        """The name of its own module."""
        return f"{self.package}.{self._own_name}"

    @property
    def paths(self) -> set[str]:
        """The paths of all its files."""
        return {self.path, *(file.path for file in self.beside)}

    @property
    def installed_imports(self) -> set[str]:
        """The modules that it imports at its top level from elsewhere."""
        modules, found = self.modules, set[str]()
        waiting, seen = [self._own_name], {self._own_name}
        while waiting:
            name = waiting.pop()
            for imported in imported_by(modules[name][1], top_level=True):
                near = [n for n in imported.candidates if n in modules and n != name]
                if not near and imported.level == 0:
                    found.add(imported.module)
                waiting += [n for n in near if n not in seen]
                seen.update(near)
        return found

    @property
    def _own_name(self) -> str:
        name = re.sub(r"\W", "_", Path(self.path).stem)
        taken = {_module_name(file.name) for file in self.beside}
        while name in taken:  # my-model.py beside my_model.py
            name += "_"
        return name

    @property
    def modules(self) -> dict[str, tuple[str, str, bool]]:
        """The modules of the package, see `bench.classifiers.file_imports`."""
        modules: dict[str, tuple[str, str, bool]] = {}
        # A package comes before a module of its name, as for Python.
        for file in sorted(self.beside, key=lambda file: _is_package(file.name)):
            module = file.path, file.text, _is_package(file.name)
            modules[_module_name(file.name)] = module
        # Folders without __init__.py are packages as well.
        for file in self.beside:
            parents = zip(
                Path(file.name).parents, Path(file.path).parents, strict=False
            )
            for folder, place in parents:
                name = ".".join(folder.parts)
                if name:
                    modules.setdefault(name, (str(place), "", True))
        modules[self._own_name] = (self.path, self.text, False)
        return modules


def read_class_file(path: Path, written: str) -> ClassFile:
    """Read a Python file and what it imports from beside it, without running it.

    Parameters
    ----------
    path
        The file.
    written
        The path as the suite has it, for messages.
    """
    try:
        raw = read_bytes(path, MAX_BYTES)
    except OSError as problem:
        raise MissingFileError(
            f"no file '{written}' ({problem.strerror}: {path}); expected a Python "
            "file, its path relative to the suite's"
        ) from None
    if len(raw) > MAX_BYTES:
        raise ClassifierError(
            f"'{written}' has more than {MAX_BYTES} bytes; expected a module of one "
            "classifier: import the rest from an installed package"
        )
    text = _decoded(raw, written)
    beside = _read_beside(path.absolute(), text, written)
    return ClassFile(str(path.absolute()), text, beside)


def load_module(file: ClassFile) -> ModuleType:
    """Return the module of a file, which runs once in a process and may raise."""
    if file.module in sys.modules:
        return sys.modules[file.module]
    sys.modules[file.package] = ModuleType(file.package)
    forget = file_imports.serve(file.package, file.modules)
    try:
        return import_module(file.module)
    except BaseException:
        forget()
        raise


def publish(file: ClassFile) -> None:
    """Make the modules of a file importable by name in child processes.

    Child processes of joblib and multiprocessing are new interpreters, which unpickle
    a class or a function by the name of its module. Only for processes that compute
    cells: this changes the environment, and leaves a file in the temporary folder.
    """
    folder = Path(tempfile.gettempdir()) / "classes"
    folder.mkdir(exist_ok=True)
    code = f"{inspect.getsource(file_imports)}\n\nserve(__name__, {file.modules!r})\n"
    (folder / f"{file.package}.py").write_text(code, "utf-8", newline="")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
        before = os.environ.get("PYTHONPATH")
        paths = [str(folder), *([before] if before else [])]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)


def _decoded(raw: bytes, written: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ClassifierError(
            f"'{written}' is not a text file in UTF-8; save it in that encoding"
        ) from None


def _read_beside(path: Path, text: str, written: str) -> tuple[Beside, ...]:
    """Read the files beside a file that it imports, and those that these import."""
    found: dict[str, Beside] = {}
    size = 0
    waiting = [(path.name, text)]
    while waiting:
        importing, text = waiting.pop()
        for imported in imported_by(text):
            for top in _tops(importing, imported):
                if top == importing.removesuffix(".py"):
                    continue  # xgboost.py means the installed package by its own name
                for name, file in _files_near(path, top, imported).items():
                    if name in found or name == path.name:
                        continue
                    found[name] = _read(file, name, written)
                    waiting.append((name, found[name].text))
                    size += len(found[name].text)
                    if len(found) > MAX_BESIDE or size > MAX_BYTES_BESIDE:
                        raise ClassifierError(
                            f"'{written}' imports more than {MAX_BESIDE} files from "
                            f"beside it, or {MAX_BYTES_BESIDE >> 20} MiB, the last "
                            f"'{name}'; expected a few helpers: install the rest as a "
                            "package"
                        )
    return tuple(found[name] for name in sorted(found))


def _tops(importing: str, imported: Imported) -> list[str]:
    """Return the names beside the class file that a statement may mean."""
    if imported.level == 0:
        return imported.tops
    folders = importing.split("/")[:-1]
    # Relative to a folder that is a package, all files of which are read anyway.
    return imported.tops if imported.level > len(folders) else []


def _files_near(path: Path, top: str, imported: Imported) -> dict[str, Path]:
    """Return files beside a class file, or if that is a link, beside what it is to."""
    return _files_of(path.parent, top, imported) or _files_of(
        path.resolve().parent, top, imported
    )


def _files_of(folder: Path, top: str, imported: Imported) -> dict[str, Path]:
    """Return the files of a module or package beside a class file, if it is there."""
    if top in _NOT_BESIDE:
        return {}
    package, module = folder / top, folder / f"{top}.py"
    if is_file(package / "__init__.py"):
        place = package
    elif is_file(module):
        place = module
    elif submodule_of([package], imported) and not is_module(top):
        place = package
    else:
        return {}
    if is_provided(top, place):
        return {}
    if place is module:
        return {module.name: module}
    return {f"{top}/{n}": file for n, file in files_below(package, [".py"]).items()}


def _read(file: Path, name: str, written: str) -> Beside:
    try:
        raw = read_bytes(file, MAX_BYTES)
    except OSError as problem:
        raise ClassifierError(
            f"'{written}' imports '{name}', which cannot be read ({problem.strerror}: "
            f"{file})"
        ) from None
    if len(raw) > MAX_BYTES:
        raise ClassifierError(
            f"'{written}' imports '{name}', which has more than {MAX_BYTES} bytes; "
            "import it from an installed package"
        )
    return Beside(name, str(file), _decoded(raw, name))


def _is_package(name: str) -> bool:
    return name.endswith("/__init__.py")


def _module_name(name: str) -> str:
    """Return the module of a file: ``helpers/features.py`` is helpers.features."""
    start = name.removesuffix("/__init__.py").removesuffix(".py")
    return start.replace("/", ".")
