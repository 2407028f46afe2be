"""From a suite's classifier to an estimator: names resolved, seeds and sizes set."""

import re
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from bench.base import RESULTS, ClassifierError, derive_seed, package_version, shown
from bench.classifiers.foreign_classes import Findings
from bench.classifiers.pipeline import Step, resolve_steps, step_names
from bench.suite import ClassifierSpec, OnlineTraining, Training

_FIXED_ONLY = {
    "max_epochs": "say training.epochs",
    "iterations": "say training.steps",
    "batch_size": "say training.curves",
    "schedule": "the rate does not change",
    "early_stopping": "leave it out",
    "callbacks": "leave it out",
}
_ONLINE = ("bench.classifiers.SDClassifier", "bench.classifiers.CSDClassifier")
_DEVICES = r"(cpu|cuda|mps|xpu)(:[0-9]{1,3})?"


@dataclass(frozen=True)
class ClassifierRecipe:
    """A classifier with its names resolved: everything that its fit depends on.

    Attributes
    ----------
    id
        Its name in the suite; no result depends on it.
    parts
        Its class, or the steps of a pipeline.
    channels
        The channels of a dataset that it reads.
    device
        The device that SD, CSD and CSD2 compute on.
    library_defaults
        Whether it is another library's class with that library's defaults.
    training
        How it learns online; None where it is fitted to a repetition's curves.
    """

    id: str
    parts: tuple[Step, ...]
    channels: tuple[str, ...]
    device: str
    library_defaults: bool
    training: OnlineTraining | None = None

    @property
    def class_path(self) -> str:
        """The class that classifies: the only one, or the last step's."""
        return self.parts[-1].class_path

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the class that classifies."""
        return self.parts[-1].params

    @property
    def missing(self) -> str:
        """What to install before it can run, where a package is an extra of ours."""
        return "; ".join(dict.fromkeys(p.missing for p in self.parts if p.missing))

    @property
    def is_ours(self) -> bool:
        """Whether it is SD, CSD or CSD2, and no other step before it."""
        return len(self.parts) == 1 and self.parts[0].is_own

    @property
    def modules(self) -> set[str]:
        """Name the modules that making it imports."""
        found = {"sklearn.pipeline"} if len(self.parts) > 1 else set[str]()
        return found.union(*(part.modules for part in self.parts))

    @property
    def identity(self) -> dict[str, Any]:
        """The recipe as a JSON value, without its id."""
        *before, last = self.parts
        identity: dict[str, Any] = {
            **last.identity,
            "channels": list(self.channels),
            "device": self.device,
        }
        if before:  # by their places, so that each field has a name to tell it by
            identity["before"] = {str(i): p.identity for i, p in enumerate(before)}
        if self.training is not None:
            stage = RESULTS["online"]
            described = self.training.model_dump(exclude={"mode"})
            identity["training"] = described | {"results": stage}
        return identity


def resolve_classifier(
    spec: ClassifierSpec,
    training: Training | None = None,
    folder: Path | None = None,
    findings: Findings | None = None,
) -> ClassifierRecipe:
    """Look a classifier up and check its parameters; nothing is fitted.

    A preset as it stands imports nothing; any other is built once, to see that it can
    be.

    Parameters
    ----------
    training
        The suite's, for a classifier that does not say itself.
    folder
        Where the paths of files start; by default the current one.
    findings
        What `bench.classifiers.pipeline.examine_all` said of classes of other packages;
        what it did not is found out.
    """
    if len(set(spec.channels)) < len(spec.channels):
        raise ClassifierError(
            f"reads the channels {list(spec.channels)}; expected each once"
        )
    parts = resolve_steps(spec, Path() if folder is None else folder, findings)
    last = parts[-1]
    online = _online(spec, parts, spec.training or training)
    if online is not None:  # a preset's recipe for fixed curves has no say in it
        params = {k: v for k, v in last.params.items() if k not in _FIXED_ONLY}
        parts = (replace(last, params=params),)
    device = _device(last.params.get("device", "auto")) if last.is_own else "cpu"
    return ClassifierRecipe(
        spec.id,
        parts,
        spec.channels,
        device,
        all(part.file is None and not part.params for part in parts)
        and not last.class_path.startswith("bench."),
        online,
    )


def build(
    recipe: ClassifierRecipe, seed: int, stream: Any, x: np.ndarray, n_channels: int
) -> Any:
    """Make the estimator, unfitted and seeded, for one repetition of one dataset.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs)
        Given to what classifies, like `n_channels` and the device, if it is ours and
        asks for them.
    """
    made = [part.make() for part in recipe.parts]
    sizes = {"x": x, "n_channels": n_channels, "device": recipe.device}
    if type(made[-1]).__module__.startswith("bench."):
        own = made[-1].get_params(deep=False)
        made[-1].set_params(**{k: v for k, v in sizes.items() if k in own})
    estimator = made[0]
    if len(made) > 1:
        pipeline = import_module("sklearn.pipeline").Pipeline
        estimator = pipeline(list(zip(step_names(recipe.parts), made, strict=True)))
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
    spec: ClassifierSpec, parts: tuple[Step, ...], training: Training | None
) -> OnlineTraining | None:
    """Return how a classifier learns online; refuse one that cannot."""
    if not isinstance(training, OnlineTraining):
        return None
    if len(parts) > 1 or parts[0].class_path not in _ONLINE:
        found = "a pipeline" if len(parts) > 1 else f"'{parts[0].class_path}'"
        raise ClassifierError(
            f"{found} cannot learn online: SD and CSD alone can; give it "
            "training: {mode: fixed}"
        )
    for name, instead in _FIXED_ONLY.items():
        if spec.params.get(name):
            raise ClassifierError(
                f"params.{name} belongs to training on fixed curves; under "
                f"training: {{mode: online}} {instead}"
            )
    return training


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
    from bench.discriminators import resolve_device

    return resolve_device("auto")
