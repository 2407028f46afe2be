"""Class paths: from a dotted path to the class, its parameters and its version."""

import ast
import hashlib
import inspect
import re
import sys
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.base import (
    RESULTS,
    ClassifierError,
    described,
    did_you_mean,
    package_version,
    resources,
    shown,
)
from bench.classifiers.estimator_kinds import check_kind
from bench.classifiers.parameter_values import check_built, check_given
from bench.classifiers.sources import (
    distribution_names,
    is_editable,
    local_places,
    tree_hash,
)

# Class paths of our classifiers and their stages in `bench.RESULTS`: the first ones
# import torch, the others do not.
_DISCRIMINATORS = {
    "bench.classifiers.SDClassifier": "SD",
    "bench.classifiers.CSDClassifier": "CSD",
    "bench.classifiers.CSD2Classifier": "CSD2",
}
_STAGES = {
    "bench.cue_classifier.CueClassifier": "CUES",
    "bench.quadratic.RegularisedQDA": "QDA-REG",
}
_READ_POINTS = ("bench.cue_classifier.CueClassifier",)  # beside the discriminators
# Class paths are part of keys and suites and never change; these modules define the
# classes today.
_HOMES = {
    "bench.classifiers.SDClassifier": "bench.discriminators.estimators",
    "bench.classifiers.CSDClassifier": "bench.discriminators.estimators",
    "bench.classifiers.CSD2Classifier": "bench.discriminators.estimators",
    "bench.cue_classifier.CueClassifier": "bench.classifiers.roughness",
    "bench.quadratic.RegularisedQDA": "bench.classifiers.quadratic",
}
_KEPT_PATHS = {
    f"{home}.{path.rpartition('.')[2]}": path for path, home in _HOMES.items()
}
# Packages that are imported only when a class is built, such as InceptionTime.
_BACKENDS = {"aeon.classification.deep_learning.": ("tensorflow", "aeon[dl]")}
_DISTRIBUTIONS = {"skfda": "scikit_fda"}  # packages whose distribution has another name


def home_of(class_path: str) -> str:
    """Return the module that a class path is imported from."""
    return _HOMES.get(class_path, class_path.rpartition(".")[0])


def kept_path(class_path: str) -> str:
    """Return the path that keys have for a class, also if the class was moved."""
    return _KEPT_PATHS.get(class_path, class_path)


def is_staged(class_path: str) -> bool:
    """Return whether a path is that of one of our classes, which `RESULTS` keys."""
    return class_path in _HOMES


def is_discriminator(class_path: str) -> bool:
    """Return whether a path is that of SD, CSD or CSD2, which import torch."""
    return class_path in _DISCRIMINATORS


def takes_points(class_path: str) -> bool:
    """Return whether a class of ours has the parameters `x` and `n_channels`."""
    return is_discriminator(class_path) or class_path in _READ_POINTS


def import_class(class_path: str) -> Any:
    """Import a class by its dotted path."""
    try:
        module = import_module(home_of(class_path))
    except (Exception, SystemExit) as error:  # an unknown module may raise anything
        raise ClassifierError(
            f"'{class_path}' cannot be imported: {described(error)}; expected "
            "package.module.Class of an installed package"
        ) from None
    return class_in(module, class_path)


def class_in(module: ModuleType, class_path: str) -> Any:
    """Return the class that a path names, from its module.

    The path is dotted, or ``./my.py:MyClassifier``.
    """
    home, name = re.split(r"[.:](?=\w+$)", class_path)
    try:
        attribute = getattr(module, name, None)
    except (Exception, SystemExit) as error:  # a module's own __getattr__
        raise ClassifierError(
            f"'{class_path}' cannot be read from its module: {described(error)}; if it "
            "must be enabled first, as an experimental class, do that in a file beside "
            f"the suite that also imports it, and write class: ./my.py:{name}"
        ) from None
    # By its type: the __class__ of some objects raises, or is wrong on purpose.
    if not issubclass(type(attribute), type):
        classes = [n for n, v in vars(module).items() if issubclass(type(v), type)]
        raise ClassifierError(
            f"'{home}' has no class '{name}'{did_you_mean(name, classes)}"
        )
    return attribute


def missing_extra(class_path: str) -> str:
    """Return how to install a missing package that belongs to an extra; else ""."""
    package = class_path.partition(".")[0]
    if not package or _is_installed(package):
        for start, (backend, install) in _BACKENDS.items():
            if class_path.startswith(start) and not _is_installed(backend):
                return (
                    f"the package '{backend}' is missing; install it by "
                    f"`pip install '{install}'`"
                )
        return ""
    for line in extras():
        name = re.match(r"[\w.-]+", line)
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", line)
        distribution = _DISTRIBUTIONS.get(package, package).lower()
        if name and extra and name[0].lower().replace("-", "_") == distribution:
            # pip would replace the pinned numpy by an older one for the extra `peers`.
            command = f"pip install '.[{extra[1]}]'"
            command = "make peers" if extra[1] == "peers" else command
            return (
                f"the package '{name[0]}' is missing; install it by `{command}` in the "
                "clone"
            )
    return ""


def _is_installed(package: str) -> bool:
    return sys.modules.get(package) is not None or find_spec(package) is not None


def extras() -> list[str]:
    """Return the requirements in our metadata, including those of extras."""
    try:
        return requires("function-bench") or []
    except PackageNotFoundError:  # run from a folder without installation
        return []


def own_parameters(class_path: str) -> list[str]:
    """Return the parameters of one of our classes, read in its source.

    Importing the class would import torch.
    """
    module, _, name = class_path.rpartition(".")
    home = home_of(class_path).split(".")[1:]
    path = resources.PACKAGE.joinpath(*home).with_suffix(".py")
    classes = {
        node.name: node
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    }
    if name not in classes:
        raise ClassifierError(
            f"'{module}' has no class '{name}'{did_you_mean(name, classes)}"
        )
    [init] = [
        node
        for node in classes[name].body
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    ]
    return [argument.arg for argument in init.args.kwonlyargs]


def _check_names(class_path: str, params: dict[str, Any], known: list[str]) -> None:
    for name in params:
        if name not in known:
            raise ClassifierError(
                f"'{class_path}' has no parameter '{name}'"
                f"{did_you_mean(name, known)}. Known: {', '.join(known)}"
            )


def check_own(class_path: str, params: dict[str, Any], is_last: bool) -> None:
    """Refuse parameters that SD, CSD or CSD2 does not take, without importing it."""
    if not is_last:
        raise ClassifierError(
            f"'{class_path}' has no transform; expected it as the last step"
        )
    _check_names(class_path, params, own_parameters(class_path))


def check_class(class_path: str, class_: Any, params: dict[str, Any]) -> Any:
    """Refuse a class that is no classifier, and bad parameters; return it built."""
    needed = ("fit", "predict", "get_params", "set_params")
    _check_methods(class_path, class_, needed, "is not a scikit-learn classifier")
    check_kind(f"'{class_path}'", class_)
    estimator = _check_constructor(class_path, class_, params)
    check_kind(f"'{class_path}'", class_, estimator)
    return estimator


def check_step(class_path: str, class_: Any, params: dict[str, Any]) -> Any:
    """Refuse a class that cannot be a step before the last; return it built."""
    if hasattr(class_, "fit_resample") and not hasattr(class_, "transform"):
        raise ClassifierError(
            f"'{class_path}' cannot be a step before the last: it changes the number "
            "of curves (fit_resample), and a step only transforms them; the classes of "
            "a dataset are of equal size. To resample anyhow, write a class that "
            "builds the whole pipeline in a file beside the suite: class: ./my.py:Mine"
        )
    needed = ("fit", "transform", "get_params", "set_params")
    problem = "cannot be a step before the last"
    _check_methods(class_path, class_, needed, problem)
    return _check_constructor(class_path, class_, params)


def _check_methods(
    class_path: str, class_: Any, needed: tuple[str, ...], problem: str
) -> None:
    missing = [name for name in needed if not hasattr(class_, name)]
    if missing:
        raise ClassifierError(
            f"'{class_path}' {problem}: it lacks {', '.join(missing)}"
        )


def _check_constructor(class_path: str, class_: Any, params: dict[str, Any]) -> Any:
    """Build a class, and check names and values of its parameters; return it built."""
    try:
        known = list(inspect.signature(class_).parameters.values())
    except (Exception, SystemExit) as error:
        raise ClassifierError(
            f"'{class_path}' has no signature that can be read ({described(error)}); "
            "expected an __init__ that names its parameters: derive a class that has "
            "one in a file beside the suite"
        ) from None
    names = [parameter.name for parameter in known]
    if not any(parameter.kind == parameter.VAR_KEYWORD for parameter in known):
        _check_names(class_path, params, names)
    check_given(class_path, class_, params)
    try:
        estimator = class_(**params)
        estimator.get_params()
    except (Exception, SystemExit) as error:
        raise ClassifierError(
            f"'{class_path}' cannot be built from {shown(str(params), 80)}: "
            f"{described(error)}"
        ) from None
    check_built(class_path, estimator)
    return estimator


def is_foreign(class_path: str) -> bool:
    """Return whether a dotted path is neither ours nor scikit-learn's."""
    return class_path.partition(".")[0] not in ("bench", "sklearn")


def version_needs_import(class_path: str) -> bool:
    """Return whether the code of a class is only known once it is imported.

    This holds for a module of a package whose code no version stands for: the module
    that defines the class may be another, and Python runs the package to find it.
    """
    package, _, rest = class_path.partition(".")
    if not is_foreign(class_path) or "." not in rest:
        return False
    return bool(local_places(package, named=True)) or _has_no_spec(package)


def _has_no_spec(package: str) -> bool:
    try:
        find_spec(package)
    except ValueError:  # a module without a spec, made by hand
        return not distribution_names(package)
    return False


@cache
def class_version(class_path: str) -> str:
    """Return the version of the code that defines a class, without importing it.

    Of a class of no distribution it is the hash of the file that the path names. What
    else counts of local and editable packages: `bench.classifiers.class_code.code_of`.
    """
    if is_discriminator(class_path):
        stage = _DISCRIMINATORS[class_path]
        return f"{stage} {RESULTS[stage]}, torch {package_version('torch')}"
    if class_path in _STAGES:
        stage = _STAGES[class_path]
        sklearn = package_version("scikit-learn")
        return f"{stage} {RESULTS[stage]}, scikit-learn {sklearn}"
    package = class_path.partition(".")[0]
    if package == "sklearn":  # the usual case, without reading every distribution
        version = f"scikit-learn {package_version('scikit-learn')}"
        tree = tree_hash(package) if is_editable("scikit-learn") else None
        return f"{version}, source {tree[:16]}" if tree else version
    if distributions := distribution_names(package):
        return ", ".join(f"{d} {package_version(d)}" for d in distributions)
    try:
        module = find_spec(class_path.rpartition(".")[0])
    except ModuleNotFoundError:
        return "missing"
    except ValueError:  # a module without a spec, made by hand
        return "unknown"
    if module is None or module.origin is None or not Path(module.origin).is_file():
        return "unknown"  # a built-in module, for instance
    return f"file {hashlib.sha256(Path(module.origin).read_bytes()).hexdigest()}"
