"""What a dotted path stands for: a class, its parameters, its version."""

import ast
import hashlib
import inspect
import re
import sys
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench import RESULTS, resources
from bench.documents import shown
from bench.errors import ClassifierError, did_you_mean
from bench.provenance import package_version

OWN = "bench.classifiers."  # where SD and CSD are


def import_class(class_path: str) -> Any:
    """Import a class by its dotted path."""
    module_name, _, name = class_path.rpartition(".")
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:  # a stranger's module may do anything
        raise ClassifierError(
            f"'{class_path}' cannot be imported: {type(error).__name__}: {error}; "
            "expected package.module.Class of what is installed"
        ) from None
    found = getattr(module, name, None)
    if not inspect.isclass(found):
        classes = [n for n, value in vars(module).items() if inspect.isclass(value)]
        raise ClassifierError(
            f"'{module_name}' has no class '{name}'{did_you_mean(name, classes)}"
        )
    return found


def missing_extra(class_path: str) -> str:
    """Say how to install a class's package if it is missing and an extra of ours."""
    package = class_path.partition(".")[0]
    if sys.modules.get(package) is not None or find_spec(package) is not None:
        return ""
    for line in extras():
        name = re.match(r"[\w.-]+", line)
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", line)
        if name and extra and name[0].lower().replace("-", "_") == package.lower():
            return (
                f"the package '{name[0]}' is missing; install it by "
                f"`pip install 'function-bench[{extra[1]}]'`"
            )
    return ""


def extras() -> list[str]:
    """Return what our own metadata requires, extras included."""
    try:
        return requires("function-bench") or []
    except PackageNotFoundError:  # run from a folder, never installed
        return []


def own_parameters(class_path: str) -> list[str]:
    """Read the parameters of SD or CSD in their source: importing it imports torch."""
    module, _, name = class_path.rpartition(".")
    path = resources.PACKAGE / f"{module.removeprefix('bench.')}.py"
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


def check_class(class_path: str, params: dict[str, Any]) -> None:
    """Refuse what is no classifier, and parameters that it does not take."""
    if class_path.startswith(OWN):
        _check_names(class_path, params, own_parameters(class_path))
        return
    found = import_class(class_path)
    missing = [
        name
        for name in ("fit", "predict", "get_params", "set_params")
        if not hasattr(found, name)
    ]
    if missing:
        raise ClassifierError(
            f"'{class_path}' is no scikit-learn classifier: it lacks "
            f"{', '.join(missing)}"
        )
    if getattr(found, "_estimator_type", None) == "regressor" or (
        "RegressorMixin" in [base.__name__ for base in found.__mro__]
    ):
        raise ClassifierError(f"'{class_path}' is a regressor; expected a classifier")
    known = list(inspect.signature(found).parameters.values())
    names = [parameter.name for parameter in known]
    if not any(parameter.kind == parameter.VAR_KEYWORD for parameter in known):
        _check_names(class_path, params, names)
    try:
        found(**params).get_params()
    except (Exception, SystemExit) as error:
        raise ClassifierError(
            f"'{class_path}' cannot be built from {shown(str(params), 80)}: "
            f"{type(error).__name__}: {error}"
        ) from None


@cache
def class_version(class_path: str) -> str:
    """Tell which arithmetic a class stands for, without importing it."""
    if class_path.startswith(OWN):
        stage = "CSD" if class_path.endswith("CSDClassifier") else "SD"
        return f"{stage} {RESULTS[stage]}, torch {package_version('torch')}"
    package = class_path.partition(".")[0]
    if package == "sklearn":  # the usual case, without reading every distribution
        return f"scikit-learn {package_version('scikit-learn')}"
    distributions = packages_distributions().get(package)
    if distributions:
        return ", ".join(f"{d} {package_version(d)}" for d in sorted(distributions))
    module = find_spec(class_path.rpartition(".")[0])
    if module is None or module.origin is None:
        return "unknown"
    return f"file {hashlib.sha256(Path(module.origin).read_bytes()).hexdigest()}"
