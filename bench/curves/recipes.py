"""Recipes: datasets with their names resolved, and what their curves depend on."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from bench.base import RESULTS, DatasetError, package_version
from bench.curves.inputs import make_inputs
from bench.curves.library import FunctionLibrary, load_library
from bench.suite import DatasetSpec, MimicCurves

# What may vary without another random stream: sizes, what is done to a curve once it
# is drawn, and which of the functions are seen. So what differs in these is paired.
_APART = ("train", "test", "channels", "noise", "standardise", "split")
_STAGES = ("tasks", "mimic")  # versions of what draws them
MAX_WEIGHTS = 2**24  # of one network: 128 MiB
SPARE = 3.3  # fits of a mimic pool for each curve: half are used, some are too bad


@dataclass(frozen=True)
class DatasetRecipe:
    """A dataset with its names resolved: everything that its curves depend on.

    Attributes
    ----------
    spec
        As the suite wrote it.
    library
        The parsed function library.
    x : array of shape (n_points, n_inputs), float64
        The points, the same in all repetitions.
    identity
        The recipe as a JSON value: the library's text, a file's content hash.
    """

    spec: DatasetSpec
    library: FunctionLibrary
    x: np.ndarray
    identity: dict[str, Any]

    @cached_property
    def stream(self) -> dict[str, Any]:
        """The part of the identity that seeds depend on.

        All but the sizes, the noise, standardisation and split.
        """
        apart = (*_APART, *_STAGES)
        return {k: v for k, v in self.identity.items() if k not in apart}

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the labels 0, 1, … mean: functions go by their comment, or number."""
        if self.spec.task == "symbolic-vs-neural":
            return "neural", "symbolic"
        names = [function.name for function in self.library.functions]
        return tuple(
            name if name and names.count(name) == 1 else f"function {number}"
            for number, name in enumerate(names, start=1)
        )

    @property
    def n_classes(self) -> int:
        """How many kinds of curves are told apart."""
        return len(self.class_names)

    @property
    def pool_size(self) -> int:
        """How many nets a mimic pool is made of; it is part of the random streams."""
        return int(self.identity["neural"]["pool"])

    @property
    def nbytes(self) -> int:
        """Bytes of X_train and X_test of one repetition."""
        n_points, n_inputs = map(int, self.x.shape)
        n_blocks = sum(1 if c == "value" else n_inputs for c in self.spec.channels)
        n_curves = self.n_classes * (self.spec.train + self.spec.test)
        itemsize = int(np.dtype(self.spec.dtype).itemsize)
        return n_curves * n_blocks * n_points * itemsize


def resolve_dataset(spec: DatasetSpec, folder: Path | None = None) -> DatasetRecipe:
    """Read the library, make the points, and probe that the curves are finite.

    Paths are relative to `folder`, by default the current one.
    """
    folder = Path() if folder is None else folder
    library = load_library(spec.library, folder)
    inputs = spec.inputs.model_dump()
    if spec.inputs.kind == "file":
        inputs["path"] = folder / spec.inputs.path
    x = make_inputs(**inputs)
    if x.shape[1] < library.n_inputs:
        raise DatasetError(
            f"the library '{spec.library}' reads {library.n_inputs} inputs, the points "
            f"have {x.shape[1]}; give the inputs more columns (dim, columns)"
        )
    _check_weights(spec, int(x.shape[1]))
    _check_functions(spec, len(library.functions))
    library.probe(x, np.dtype(spec.dtype))
    # Defaults are left out, so that a new key with a default changes no old result.
    identity = spec.model_dump(
        mode="json", exclude={"id", "description"}, exclude_defaults=True
    )
    identity["library"] = library.text
    identity["inputs"]["kind"] = spec.inputs.kind
    if spec.inputs.kind == "file":
        identity["inputs"]["path"] = hashlib.sha256(x.tobytes()).hexdigest()
    identity["train"], identity["test"] = spec.train, spec.test
    identity["results"] = _versions()["results"]
    identity |= _later_stages(spec, identity)
    return DatasetRecipe(spec, library, x, identity)


def _versions() -> dict[str, Any]:
    """Return the versions of what draws curves, here."""
    return {
        "results": RESULTS["curves"],
        "tasks": RESULTS["tasks"],
        "mimic": f"{RESULTS['mimic']}, torch {package_version('torch')}",  # fits nets
    }


def _later_stages(spec: DatasetSpec, identity: dict[str, Any]) -> dict[str, Any]:
    """Add what depends on more than the curves of the first datasets did."""
    more: dict[str, Any] = {}
    if spec.standardised:  # however it came about
        more["standardise"] = "curve"
    neural = spec.neural
    if isinstance(neural, MimicCurves):
        size = neural.pool or ceil(SPARE * (spec.train + spec.test))
        more["neural"] = identity["neural"] | {"pool": size}
        more["mimic"] = _versions()["mimic"]
    old = spec.neural.kind == "mlp" and spec.task == "symbolic-vs-neural"
    if not old or spec.standardised or spec.split is not None:
        more["tasks"] = _versions()["tasks"]
    return more


def versions_of(identity: dict[str, Any]) -> list[str]:
    """Name the versions that a recipe was resolved with, as far as it needs them."""
    names = {"results": "curves", "tasks": "tasks", "mimic": "mimic"}
    return [f"{said} {identity[n]}" for n, said in names.items() if n in identity]


def versions_here(identity: dict[str, Any]) -> list[str]:
    """Name the same versions as they are in this process."""
    here = _versions()
    return versions_of({name: v for name, v in here.items() if name in identity})


def _check_weights(spec: DatasetSpec, n_inputs: int) -> None:
    if spec.neural.kind == "library":
        return
    outputs = spec.neural.curves_per_net if spec.neural.kind == "mlp" else 1
    widths = [n_inputs, *spec.neural.hidden, outputs]
    n_weights = sum(a * b for a, b in pairwise(widths))
    if n_weights > MAX_WEIGHTS:
        raise DatasetError(
            f"neural: networks of {n_weights} weights; expected at most {MAX_WEIGHTS}: "
            "lower hidden or curves_per_net"
        )


def _check_functions(spec: DatasetSpec, n_functions: int) -> None:
    if spec.task == "which-function" and n_functions < 2:
        raise DatasetError(
            f"task: which-function: the library '{spec.library}' has one function; "
            "expected two at least"
        )
    unseen = spec.split.unseen_functions if spec.split is not None else 0
    if unseen >= n_functions:
        raise DatasetError(
            f"split.unseen-functions: {unseen} of the {n_functions} functions of the "
            f"library '{spec.library}'; expected fewer, so that some can be trained on"
        )
