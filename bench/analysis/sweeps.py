"""Sweeps: datasets that differ in one number, written as a sweep or found to be one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.base import flatten
from bench.stats import is_wide
from bench.suite import WIDTH, DatasetSpec, Family, RecordedSpec

FEWEST = 3  # fewer values are not plotted as a sweep
SPREAD = "inputs.std"
_WORDS_ONLY = {"id", "description"}  # no curve depends on them
# Fields in which the limit of a sweep may differ from its other datasets.
_OF_LIMIT = _WORDS_ONLY | {f"inputs.{k}" for k in ("kind", "std", "pool", "seed")}
_OF_LIMIT |= {"inputs.endpoint", "inputs.sort"}
# The axis titles of fields whose key does not explain itself.
AnySpec = DatasetSpec | RecordedSpec
_TITLES = {
    "noise": "noise, % of a curve's standard deviation",
    "train": "training curves per class",
    "test": "test curves per class",
    "inputs.size": "points per dimension",
    SPREAD: "standard deviation of the input points",
    WIDTH: "width of the networks' hidden layers",
}


@dataclass(frozen=True)
class Sweep:
    """Datasets that differ in one quantity and in nothing else.

    Attributes
    ----------
    name
        The quantity's key, with a dot if it is nested: ``train``, ``inputs.std``.
    values
        Dataset id → its value, ascending; infinite for the limit.
    limit
        The kind of points that the datasets approach as the value grows, such as
        "grid", if a dataset of the sweep has it; else empty.
    family
        The id of the entry with the sweep; empty if each dataset is an entry.
    """

    name: str
    values: Mapping[str, float]
    limit: str = ""
    family: str = ""

    @property
    def quantity(self) -> str:
        """The last part of the key: ``std``."""
        return self.name.rpartition(".")[2]

    @property
    def words(self) -> str:
        """The title of an axis with the values."""
        return _TITLES.get(self.name, self.name)

    @property
    def logarithmic(self) -> bool:
        """Whether an axis with the values is logarithmic."""
        finite = [value for value in self.values.values() if math.isfinite(value)]
        return bool(self.limit) or is_wide(np.sort(finite))

    def label(self, dataset: str) -> str:
        """Write the value of a dataset, as ``std 1.25``, or the limit's name."""
        value = self.values[dataset]
        return self.limit if math.isinf(value) else f"{self.quantity} {value:g}"


def find_sweeps(
    specs: Sequence[AnySpec], families: Sequence[Family] = ()
) -> tuple[Sweep, ...]:
    """Return the sweeps of a suite, with one among its separate entries, if there is.

    The datasets that belong to no family are a sweep if they differ in one number only.
    """
    written = [Sweep(entry.name, entry.values, family=entry.id) for entry in families]
    in_families = {name for entry in families for name in entry.values}
    implicit = swept([spec for spec in specs if spec.id not in in_families])
    return (*written, *([implicit] if implicit is not None else []))


def swept(specs: Sequence[AnySpec]) -> Sweep | None:
    """Return the sweep of datasets that all differ in one number and nothing else.

    One dataset may be the limit of the others: the more the standard deviation of
    truncated normal points grows, the more evenly they fill their interval. So a sweep
    over it may also include a grid, or uniform points, of the same size on the same
    interval.
    """
    sweep = _one_number(specs)
    if sweep is not None:
        return sweep
    generated = [spec for spec in specs if isinstance(spec, DatasetSpec)]
    for position, spec in enumerate(generated):
        others = [*generated[:position], *generated[position + 1 :]]
        sweep = _one_number(others)
        if sweep and sweep.name == SPREAD and _is_limit(spec, others[0]):
            values = {**sweep.values, spec.id: math.inf}
            return Sweep(sweep.name, values, spec.inputs.kind)
    return None


def _one_number(specs: Sequence[AnySpec]) -> Sweep | None:
    flat = [
        flatten(spec.model_dump(mode="json", exclude=_WORDS_ONLY)) for spec in specs
    ]
    names = {name for entry in flat for name in entry}
    differing = [n for n in names if len({repr(entry.get(n)) for entry in flat}) > 1]
    if len(differing) != 1:
        return None
    [name] = differing
    values = [entry.get(name) for entry in flat]
    if any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
        return None
    if len(set(values)) < max(FEWEST, len(specs)):
        return None
    by_id = {spec.id: float(v) for spec, v in zip(specs, values, strict=True) if v}
    if len(by_id) < len(specs):  # a value is 0, which a logarithmic axis cannot show
        return None
    return Sweep(name, dict(sorted(by_id.items(), key=lambda entry: entry[1])))


def _is_limit(spec: DatasetSpec, other: DatasetSpec) -> bool:
    """Whether the truncated normal points of `other` approach the points of `spec`."""
    points, normal = spec.inputs, other.inputs
    if normal.kind != "truncated-normal" or normal.dim != 1:
        return False
    # Truncated normal points are sorted. Unsorted uniform points would also differ in
    # their order.
    if points.kind != "grid" and not (points.kind == "uniform" and points.sort):
        return False
    rest, rest_of_other = (
        {
            name: value
            for name, value in flatten(s.model_dump(mode="json")).items()
            if name not in _OF_LIMIT
        }
        for s in (spec, other)
    )
    return rest == rest_of_other
