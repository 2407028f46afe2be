"""The packages that a classifier imports, with their versions, for provenance."""

import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import packages_distributions
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from bench.base import PACKAGES, package_version

# Import names whose versions every result has, with what they import themselves.
_KNOWN = {"bench", "numpy", "scipy", "sklearn", "torch", "skorch", "pandas", "joblib"}
_KNOWN |= {"threadpoolctl", "narwhals", "safetensors", "tqdm", "tabulate"}
_MOST_MODULES = 5000  # of a class's imports that are followed
_MOST_OBJECTS = 200  # parts of a fitted classifier that are looked at
_MOST = 60  # distributions that a result names


def imported_versions(estimator: Any) -> dict[str, str]:
    """Return the versions of the packages that a classifier imports.

    Followed are the modules of its class, and of the estimators and other objects that
    it holds, through their imports: what else the process has imported is of other
    classifiers. NumPy, scikit-learn, torch and the others that every result names are
    left out.

    Parameters
    ----------
    estimator
        A classifier, fitted or not.

    Returns
    -------
    dict of str to str
        Distribution → version, sorted by name; at most 60.
    """
    homes = frozenset(
        name
        for part in _parts(estimator)
        for base in type(part).__mro__
        if (name := _module_name(base)) and _top(name) not in _KNOWN
    )
    return _versions_from(homes) if homes else {}
