"""Dataset recipes: a dataset's entry with everything that its curves depend on."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any, overload

import numpy as np

from bench.base import RESULTS, DatasetError, InputsError, digest
from bench.curves.inputs import make_inputs, positions_in
from bench.curves.library import FunctionLibrary, load_library
from bench.curves.recorded.recipe import RecordedRecipe, resolve_recorded
from bench.suite import DatasetSpec, MimicCurves, RecordedSpec

# Fields that the random streams do not depend on: sizes, what is done to a curve after
# it is drawn, and which functions are seen. Datasets that differ only in these draw the
# same curves, so comparisons between them are paired.
_NOT_IN_STREAMS = ("train", "test", "channels", "noise", "standardise", "split")
_STAGES = ("tasks", "mimic")  # fields that hold versions of our code
VALIDATION = "validation"  # the part that trials of a study are judged on
MAX_WEIGHTS = 2**24  # of one network: 128 MiB
# Fits of a mimic pool for each curve: a class uses half of them, and some fits fail.
SPARE = 3.3


@dataclass(frozen=True)
class DatasetRecipe:
    """A dataset's entry with its library and its points: all that its curves depend on.

    Attributes
    ----------
    spec
        The entry of the suite.
    library
        The parsed function library.
    x : array of shape (n_points, n_inputs), float64
        The points, the same in all repetitions.
    identity
        The recipe as a JSON value, with the library's text and the hash of a file of
        points. Keys of results depend on it.
    n_validation
        The number of validation curves of each class, which are tested in place of the
        test curves, see `bench.curves.validation`; 0 for a suite's own dataset.
    """

    spec: DatasetSpec
    library: FunctionLibrary
    x: np.ndarray
    identity: dict[str, Any]
    n_validation: int = 0

    @cached_property
    def identity_hash(self) -> str:
        """The hash of the identity."""
        return digest(self.identity)

    @cached_property
    def stream(self) -> dict[str, Any]:
        """The part of the identity that seeds depend on.

        It lacks sizes, channels, noise, standardisation, split and versions.
        """
        left_out = (*_NOT_IN_STREAMS, *_STAGES, VALIDATION)
        return {k: v for k, v in self.identity.items() if k not in left_out}

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the labels 0, 1, …; functions have their comment or number."""
        if self.spec.task == "symbolic-vs-neural":
            return "neural", "symbolic"
        names = [function.name for function in self.library.functions]
        return tuple(
            name if name and names.count(name) == 1 else f"function {number}"
            for number, name in enumerate(names, start=1)
        )

    @property
    def n_classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)

    @property
    def pool_size(self) -> int:
        """The number of networks of a mimic pool; random streams depend on it."""
        return int(self.identity["neural"]["pool"])

    @property
    def n_channels(self) -> int:
        """The number of channels of a row: all but "value" have one for each input."""
        return len(self.channel_names)

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The name of each channel of a row, once for each column that it has."""
        n_inputs = int(self.x.shape[1])
        return tuple(
            name
            for name in self.spec.channels
            for _ in range(1 if name == "value" else n_inputs)
        )

    @property
    def n_train(self) -> int:
        """The number of training curves of a repetition, of all classes together."""
        return self.n_classes * self.spec.train

    @property
    def n_test(self) -> int:
        """The number of test curves of a repetition, of all classes together."""
        return self.n_classes * (self.n_validation or self.spec.test)

    @property
    def overlap(self) -> float:
        """What repetitions that share curves add to the variance of a mean: nothing."""
        return 0.0

    @property
    def largest_share(self) -> float:
        """The share of the largest class among test curves: all are equally large."""
        return 1 / self.n_classes

    @property
    def family(self) -> str:
        """What it shares with datasets that show the same evidence: its library."""
        return self.library.text

    @property
    def nbytes(self) -> int:
        """The size in bytes of X_train and X_test of one repetition."""
        n_points = int(self.x.shape[0])
        n_curves = self.n_train + self.n_test
        itemsize = int(np.dtype(self.spec.dtype).itemsize)
        return n_curves * self.n_channels * n_points * itemsize


Recipe = DatasetRecipe | RecordedRecipe


@overload
def resolve_dataset(spec: DatasetSpec, folder: Path | None = None) -> DatasetRecipe: ...
@overload
def resolve_dataset(
    spec: DatasetSpec | RecordedSpec, folder: Path | None = None
) -> Recipe: ...
def resolve_dataset(
    spec: DatasetSpec | RecordedSpec, folder: Path | None = None
) -> Recipe:
    """Read the library, make the points, and check that the curves are finite.

    Of recorded curves the files are read. Paths are relative to `folder`, by default
    the current one.
    """
    folder = Path() if folder is None else folder
    if isinstance(spec, RecordedSpec):
        return resolve_recorded(spec, folder)
    library = load_library(spec.library, folder)
    inputs = spec.inputs.model_dump()
    if spec.inputs.kind == "file":
        inputs |= {"path": folder / spec.inputs.path, "n_inputs": library.n_inputs}
    x = make_inputs(**inputs)
    if x.shape[1] < library.n_inputs:
        raise DatasetError(
            f"the library '{spec.library}' reads {library.n_inputs} inputs, but the "
            f"points have {x.shape[1]}; give the points more columns (inputs.dim or "
            "inputs.columns)"
        )
    is_told = spec.inputs.kind != "x10" or "columns" in spec.inputs.model_fields_set
    if x.shape[1] > library.n_inputs and not is_told:
        raise InputsError(
            f"x10 has {x.shape[1]} columns; the library '{spec.library}' reads "
            f"{library.n_inputs}: name the columns to use, such as columns: [0]"
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
        _identify_points(identity["inputs"], x, inputs)
    identity["train"], identity["test"] = spec.train, spec.test
    identity["results"] = _versions()["results"]
    identity |= _later_stages(spec, identity)
    return DatasetRecipe(spec, library, x, identity)


def _identify_points(
    identity: dict[str, Any], x: np.ndarray, inputs: dict[str, Any]
) -> None:
    """Let the points themselves stand for the file that they were read from.

    How its text is written does not count. Columns count by position, as they did
    before a suite could name them.
    """
    identity["path"] = hashlib.sha256(x.tobytes()).hexdigest()
    written = {key: inputs[key] for key in ("delimiter", "decimal")}
    for key in written:
        identity.pop(key, None)
    if "columns" in identity:
        path, columns = inputs["path"], inputs["columns"]
        identity["columns"] = list(positions_in(path, columns, **written))


def _versions() -> dict[str, Any]:
    """Return the versions of the code in this process that draws curves."""
    return {
        "results": RESULTS["curves"],
        "tasks": RESULTS["tasks"],
        "mimic": RESULTS["mimic"],
    }


def _later_stages(spec: DatasetSpec, identity: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the identity that only some datasets have.

    They came after the first results were stored. Datasets that do not need them go
    without, so that the keys of those results stay valid.
    """
    fields: dict[str, Any] = {}
    if spec.standardised:  # by `standardise`, by noise, or by a kind that implies it
        fields["standardise"] = "curve"
    neural = spec.neural
    if isinstance(neural, MimicCurves):
        size = neural.pool or ceil(SPARE * (spec.train + spec.test))
        fields["neural"] = identity["neural"] | {"pool": size}
        fields["mimic"] = _versions()["mimic"]
    is_first_task = spec.neural.kind == "mlp" and spec.task == "symbolic-vs-neural"
    if not is_first_task or spec.standardised or spec.split is not None:
        fields["tasks"] = _versions()["tasks"]
    return fields


def versions_of(identity: dict[str, Any]) -> list[str]:
    """Name the versions that a recipe depends on, as it was resolved."""
    stages = {"results": "curves", "tasks": "tasks", "mimic": "mimic"}
    if "recorded" in identity:
        stages = {"results": "recorded"}
    return [f"{stage} {identity[n]}" for n, stage in stages.items() if n in identity]


def versions_here(identity: dict[str, Any]) -> list[str]:
    """Name the versions that a recipe depends on, as they are in this process."""
    here = _versions()
    if "recorded" in identity:
        here = {"results": RESULTS["recorded"], "recorded": ""}
    return versions_of({name: v for name, v in here.items() if name in identity})


def _check_weights(spec: DatasetSpec, n_inputs: int) -> None:
    if spec.neural.kind == "library":
        return
    outputs = spec.neural.curves_per_net if spec.neural.kind == "mlp" else 1
    widths = [n_inputs, *spec.neural.hidden, outputs]
    n_weights = sum(a * b for a, b in pairwise(widths))
    if n_weights > MAX_WEIGHTS:
        raise DatasetError(
            f"neural: found networks of {n_weights} weights; expected at most "
            f"{MAX_WEIGHTS}: "
            "lower hidden or curves_per_net"
        )


def _check_functions(spec: DatasetSpec, n_functions: int) -> None:
    if spec.task == "which-function" and n_functions < 2:
        raise DatasetError(
            f"task: which-function: the library '{spec.library}' has one function; "
            "expected at least two"
        )
    unseen = spec.split.unseen_functions if spec.split is not None else 0
    if unseen >= n_functions:
        raise DatasetError(
            f"split.unseen-functions: {unseen} of the {n_functions} functions of the "
            f"library '{spec.library}'; expected fewer, so that some can be trained on"
        )
