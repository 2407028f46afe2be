"""From a suite's classifier to an estimator: names resolved, seeds and sizes set."""

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from bench import RESULTS
from bench.class_paths import (
    OWN,
    check_class,
    class_version,
    import_class,
    missing_extra,
)
from bench.documents import shown
from bench.errors import ClassifierError
from bench.presets import PRESETS
from bench.provenance import package_version
from bench.schema import ClassifierSpec
from bench.seeds import derive_seed
from bench.training_schema import Training

_FIXED_ONLY = {
    "max_epochs": "say training.epochs",
    "iterations": "say training.steps",
    "batch_size": "say training.curves",
    "schedule": "the rate does not change",
    "early_stopping": "leave it out",
    "callbacks": "leave it out",
}
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
    training
        How it learns online; None where it is fitted to a repetition's curves.
    """

    id: str
    class_path: str
    params: dict[str, Any]
    channels: tuple[str, ...]
    version: str
    device: str
    library_defaults: bool
    missing: str = ""
    training: dict[str, Any] | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it is SD or CSD."""
        return self.class_path.startswith(OWN)

    @property
    def identity(self) -> dict[str, Any]:
        """The recipe as a JSON value, without its id."""
        identity: dict[str, Any] = {
            "class": self.class_path,
            "params": self.params,
            "channels": list(self.channels),
            "version": self.version,
            "device": self.device,
        }
        if self.training is not None:
            stage = RESULTS["online"]
            identity["training"] = self.training | {"results": stage}
        return identity


def resolve_classifier(
    spec: ClassifierSpec, training: Training | None = None
) -> ClassifierRecipe:
    """Look a classifier up and check its parameters; nothing is fitted.

    A preset as it stands imports nothing; any other is built once, to see that it can
    be.

    Parameters
    ----------
    training
        The suite's, for a classifier that does not say itself.
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
    is_ours = class_path.startswith(OWN)
    online = _online(spec, class_path, spec.training or training)
    if online is not None:  # a preset's recipe for fixed curves has no say in it
        params = {k: v for k, v in params.items() if k not in _FIXED_ONLY}
    device = _device(params.get("device", "auto")) if is_ours else "cpu"
    missing = missing_extra(class_path)
    if not missing and (spec.params or preset is None):
        check_class(class_path, params)
    return ClassifierRecipe(
        spec.id,
        class_path,
        params,
        spec.channels,
        class_version(class_path),
        device,
        not is_ours and not params,
        missing,
        online,
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


def _online(
    spec: ClassifierSpec, class_path: str, training: Training | None
) -> dict[str, Any] | None:
    """Return how a classifier learns online; refuse one that cannot."""
    if training is None or training.mode == "fixed":
        return None
    if not class_path.startswith(OWN):
        raise ClassifierError(
            f"'{class_path}' cannot learn online: SD and CSD alone can; give it "
            "training: {mode: fixed}"
        )
    for name, instead in _FIXED_ONLY.items():
        if spec.params.get(name):
            raise ClassifierError(
                f"params.{name} belongs to training on fixed curves; under "
                f"training: {{mode: online}} {instead}"
            )
    return training.model_dump(exclude={"mode"})


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
