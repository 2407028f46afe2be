"""From a suite's classifier to an estimator: names resolved, seeds and sizes set."""

import ast
import hashlib
import inspect
import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from bench import RESULTS, resources
from bench.documents import shown
from bench.errors import ClassifierError, did_you_mean
from bench.presets import PRESETS
from bench.provenance import package_version
from bench.schema import ClassifierSpec
from bench.seeds import derive_seed

_OWN = "bench.classifiers."
_DEVICES = r"(cpu|cuda|mps|xpu)(:[0-9]{1,3})?"


@dataclass(frozen=True)
class ClassifierRecipe:
    """A classifier with its names resolved: everything that its fit depends on.

    Attributes
    ----------
    id
        What the suite calls it; nothing depends on it.
    class_path
        Dotted path of the class.
    params
        The preset's parameters, overridden by the suite's.
    channels
        What it reads of a dataset.
    version
        Of the package that computes; for a file, the hash of its text.
    device
        Where SD and CSD compute.
    library_defaults
        Whether it is another library's class as it comes.
    missing
        What to install before it can run, where its package is an extra of ours.
    """

    id: str
    class_path: str
    params: dict[str, Any]
    channels: tuple[str, ...]
    version: str
    device: str
    library_defaults: bool
    missing: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether it is SD or CSD."""
        return self.class_path.startswith(_OWN)

    @property
    def identity(self) -> dict[str, Any]:
        """The recipe as a JSON value, without its id."""
        return {
            "class": self.class_path,
            "params": self.params,
            "channels": list(self.channels),
            "version": self.version,
            "device": self.device,
        }


def resolve_classifier(spec: ClassifierSpec) -> ClassifierRecipe:
    """Look a classifier up and check its parameters; nothing is fitted.

    A preset as it stands imports nothing; any other is built once, to see that it can
    be.
    """
    preset = PRESETS.get(spec.use or "")
    class_path = preset.class_path if preset else str(spec.class_)
    params = (preset.params if preset else {}) | spec.params
    if class_path.startswith("__main__."):
        raise ClassifierError(
            f"'{class_path}' is known to this process alone; put the class in a module"
        )
    if len(set(spec.channels)) < len(spec.channels):
        raise ClassifierError(
            f"reads the channels {list(spec.channels)}; expected each once"
        )
    is_ours = class_path.startswith(_OWN)
    device = _device(params.get("device", "auto")) if is_ours else "cpu"
    missing = missing_extra(class_path)
    if not missing and (spec.params or preset is None):
        _checked(class_path, params)
    return ClassifierRecipe(
        spec.id,
        class_path,
        params,
        spec.channels,
        class_version(class_path),
        device,
        not is_ours and not params,
        missing,
    )


def build(
    recipe: ClassifierRecipe, seed: int, stream: Any, x: np.ndarray, n_channels: int
) -> Any:
    """Make the estimator, unfitted and seeded, for one repetition of one dataset.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs)
        Given to SD and CSD, like `n_channels`.
    """
    estimator = import_class(recipe.class_path)(**recipe.params)
    if recipe.is_ours:
        sizes = {"x": x, "n_channels": n_channels, "device": recipe.device}
        estimator.set_params(**sizes)
    seed_all(estimator, seed, stream)
    return estimator


def seed_all(estimator: Any, seed: int, stream: Any) -> None:
    """Set every `random_state` that is None, nested ones too.

    Depends on `seed` and `stream`, and never on which classifier it is.
    """
    for name in sorted(estimator.get_params(deep=True)):
        is_seed = name == "random_state" or name.endswith("__random_state")
        if is_seed and estimator.get_params()[name] is None:
            state = derive_seed(seed, "classifier", stream, name) % 2**32
            estimator.set_params(**{name: state})


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


def _checked(class_path: str, params: dict[str, Any]) -> None:
    if class_path.startswith(_OWN):
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
    if class_path.startswith(_OWN):
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


def _device(device: Any) -> str:
    if device == "auto":
        return _automatic_device()
    if not (isinstance(device, str) and re.fullmatch(_DEVICES, device)):
        raise ClassifierError(
            f"found the device {shown(repr(device), 60)}; expected auto, cpu, cuda, "
            "cuda:1, mps or xpu"
        )
    return device


@cache
def _automatic_device() -> str:
    """Torch is asked only where there is a driver to be found."""
    has_driver = Path("/proc/driver/nvidia/version").exists()
    if not has_driver or "+cpu" in package_version("torch"):
        return "cpu"
    resolved: str = import_module("bench.discriminator").resolve_device("auto")
    return resolved
