"""The packages that a classifier imports, with their versions, for provenance."""

import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import distributions
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from bench.base import package_version

# Import names whose versions every result has; what they import is not followed.
_KNOWN = {"bench", "numpy", "scipy", "sklearn", "torch", "skorch", "pandas"}
_INSTALLED = ("site-packages", "dist-packages")  # folders of installed packages
_MOST_MODULES = 5000  # whose imports are followed
_MOST_PARTS = 200  # objects of a classifier that are looked at
_MOST_ITEMS = 20  # of a list in it
_MOST = 60  # distributions that a result names


def imported_versions(estimator: Any) -> dict[str, str]:
    """Return the versions of the packages that a classifier imports.

    Followed are the modules of its class, and of the estimators and other objects that
    it holds, through their imports. What else the process has imported is not counted,
    since it belongs to other classifiers.

    Parameters
    ----------
    estimator
        A classifier, fitted or not.

    Returns
    -------
    dict of str to str
        Distribution → version, sorted by name, at most 60; without those that every
        result names, such as numpy and scikit-learn.
    """
    homes = frozenset(
        name
        for kind in _classes(estimator)
        for base in kind.__mro__
        if (name := _module_of(base)) and _is_followed(name)
    )
    return dict(_versions_from(homes)) if homes else {}


@cache
def _versions_from(homes: frozenset[str]) -> tuple[tuple[str, str], ...]:
    packages = _reached(homes)
    named = {p for p in packages if package_version(p) != "missing"}
    # A module of the user's has no version, and is not searched for.
    names = named | _providers({p for p in packages - named if _is_installed(p)})
    return tuple((n, package_version(n)) for n in sorted(names, key=str.lower)[:_MOST])


def _providers(packages: set[str]) -> set[str]:
    """Return the distributions of packages whose names differ from theirs.

    The lists of files are searched as text: `importlib.metadata.packages_distributions`
    parses them all, which takes longer than fitting a small classifier.
    """
    starts = tuple(f"{package}{end}" for package in packages for end in "/.")
    found = set()
    for distribution in distributions() if packages else ():
        files = "\n" + (distribution.read_text("RECORD") or "")
        if any(f"\n{start}" in files for start in starts):
            found.add(distribution.name)
    return found


def _reached(homes: Iterable[str]) -> set[str]:
    """Return the packages of some modules and of all that they import."""
    waiting, seen = sorted(homes), set(homes)
    packages = set()
    while waiting and len(seen) < _MOST_MODULES:
        module = sys.modules.get(waiting.pop())
        if type(module) is not ModuleType:  # a lazy one would be loaded by a look
            continue
        packages.add(_package(module.__name__))
        for name in set(map(_module_of, list(vars(module).values()))) - seen:
            if name and _is_followed(name):
                seen.add(name)
                waiting.append(name)
    return packages


def _classes(estimator: Any) -> set[type]:
    """Return the classes of an object and of its parts."""
    classes: set[type] = set()
    waiting: list[Any] = [estimator]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_PARTS:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        classes.add(type(part))
        waiting.extend(value for value in _values(part) if _may_have_parts(value))
    return classes


def _values(part: Any) -> Iterator[Any]:
    if isinstance(part, list | tuple):
        yield from part[:_MOST_ITEMS]
    elif isinstance(part, dict):
        yield from list(part.values())[:_MOST_ITEMS]
    else:
        try:
            yield from list(vars(part).values())
        except Exception:  # without a dictionary of attributes
            return


def _may_have_parts(value: Any) -> bool:
    kind = type(value)
    if kind in (list, tuple, dict):
        return True
    return _package(kind.__module__) not in ("builtins", "numpy")


def _module_of(value: Any) -> str:
    """Return the module that a value is, or that defines it or its class."""
    kind = type(value)
    if issubclass(kind, ModuleType):
        name = ModuleType.__getattribute__(value, "__name__")  # without loading it
    elif issubclass(kind, FunctionType | BuiltinFunctionType | type):
        try:
            name = value.__module__
        except Exception:  # a metaclass may raise
            name = ""
    else:
        name = kind.__module__
    return name if isinstance(name, str) else ""


def _is_followed(module: str) -> bool:
    package = _package(module)
    return package not in _KNOWN and package not in sys.stdlib_module_names


def _package(module: Any) -> str:
    return str(module).partition(".")[0]


def _is_installed(package: str) -> bool:
    module = sys.modules.get(package)
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(folder in str(place) for place in places for folder in _INSTALLED)
