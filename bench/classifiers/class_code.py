"""The code of a class beyond its version: what else a key must hold.

A version (see `bench.classifiers.class_paths.class_version`) stands for an installed
package, or for one file. This adds the other files of a local package or an editable
install, what a class file imports, and the packages that define the class or its bases.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.base import digest
from bench.classifiers.class_files import ClassFile
from bench.classifiers.class_paths import class_version, home_of, is_staged, kept_path
from bench.classifiers.sources import (
    grouped,
    local_places,
    source_hashes,
    with_imports,
)


@dataclass(frozen=True)
class Code:
    """What counts of a class's code beside its version.

    Attributes
    ----------
    origin
        The name of the file that the version is a hash of; empty if of none.
    sources
        Name of a source file, or of a folder that ends in a slash → short hash.
    bases
        Class path, or package → version: of our classes among the bases, and of an
        installed package that defines a class which was named from another place.
    packages
        Name of a local package whose files are in `sources` → one hash of them all.
        They must be the same on every machine; the files beside a class file are sent
        there.
    """

    origin: str = ""
    sources: dict[str, str] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> dict[str, Any]:
        """The parts that keys depend on; those that are empty are left out."""
        parts = {"sources": self.sources, "bases": self.bases}
        return {name: part for name, part in parts.items() if part}


def code_of(
    class_path: str, class_: Any, file: ClassFile | None, imported: Iterable[str]
) -> Code:
    """Find the code of a class that was imported in this process.

    Parameters
    ----------
    class_path
        The path in the suite: dotted, or ``./my.py:MyClassifier``.
    file
        The file that defines it; None for a class of a package.
    imported
        The names of all modules that importing it has imported.

    Raises
    ------
    ClassifierError
        If there is too much source code to hash.
    """
    classes = [base for base in class_.__mro__ if base is not object]
    own = file.package if file is not None else class_path.partition(".")[0]
    defining = [str(base.__module__).partition(".")[0] for base in classes]
    packages = {} if file is not None else {own: local_places(own, named=True)}
    packages[defining[0]] = local_places(defining[0], named=True)
    for top in [*defining, *(name.partition(".")[0] for name in sorted(imported))]:
        if top not in packages:
            packages[top] = local_places(top)
    packages = {top: places for top, places in packages.items() if places}
    hashes: dict[str, str] = {}
    if file is None:
        packages = with_imports(packages)
    else:
        packages = with_imports(packages, file.texts, set(file.modules))
        hashes |= file.sources
    trees: dict[str, str] = {}
    for top, places in packages.items():
        found = source_hashes(top, places)
        trees[top] = digest(found)
        hashes = found | hashes
    origin = Path(file.path).name if file is not None else ""
    bases: dict[str, str] = {}
    if file is not None or own in packages:
        bases = _versions(classes, {own, *packages})
    if file is None and own in packages:
        origin = _named_file(class_path)
        if class_version(class_path).startswith("file "):
            hashes.pop(origin, None)  # its hash is the version
    return Code(origin, grouped(hashes), bases, trees)


def _versions(classes: list[Any], counted: set[str]) -> dict[str, str]:
    """Return versions of what defines a class elsewhere, and of our classes."""
    paths = [kept_path(f"{c.__module__}.{c.__qualname__}") for c in classes]
    ours = {path: class_version(path) for path in paths if is_staged(path)}
    top = paths[0].partition(".")[0]
    if top in counted or top == "bench" or top in sys.stdlib_module_names:
        return ours
    return {top: class_version(paths[0])} | ours


def _named_file(class_path: str) -> str:
    """Return the file that a class path names, from the folder of its package."""
    home = home_of(class_path)
    path = Path(getattr(sys.modules.get(home), "__file__", None) or "")
    start = home.replace(".", "/")
    return f"{start}/{path.name}" if path.stem == "__init__" else start + path.suffix
