"""Sweeps: datasets of a suite that differ in one number, written so or found so."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.base import flatten
from bench.stats import is_wide
from bench.suite import WIDTH, DatasetSpec, Family

FEWEST = 3  # values that make a curve
SPREAD = "inputs.std"
# Fields in which the limit of a sweep may differ from its other datasets.
_WORDS_ONLY = {"id", "description"}  # no curve depends on them
_OWN = _WORDS_ONLY | {f"inputs.{k}" for k in ("kind", "std", "pool", "seed")}
_OWN |= {"inputs.endpoint", "inputs.sort"}
# What a reader calls a number, where its key does not say it.
_WORDS = {
    "noise": "noise, % of a curve's standard deviation",
    "train": "training curves per class",
    "test": "test curves per class",
    "inputs.size": "points per dimension",
    WIDTH: "width of the networks' hidden layers",
}


@dataclass(frozen=True)
class Sweep:
    """A quantity that varies from dataset to dataset, and nothing else does.

    Attributes
    ----------
    name
        The key, with a dot where it is nested: ``train``, ``inputs.std``.
    values
        Dataset id → its value, ascending; infinite for the limit.
    limit
        What the datasets approach as the value grows, such as "grid", if one of them
        is that; else empty.
    family
        The id of the entry that the datasets come of; empty where they are entries of
        their own.
    """

    name: str
    values: Mapping[str, float]
    limit: str = ""
    family: str = ""

    @property
    def quantity(self) -> str:
        """The key without what it is nested in: ``std``."""
        return self.name.rpartition(".")[2]

    @property
    def words(self) -> str:
        """What the values are, for an axis."""
        return _WORDS.get(self.name, self.name)

    @property
    def logarithmic(self) -> bool:
        """Whether its axis is."""
        finite = [value for value in self.values.values() if math.isfinite(value)]
        return bool(self.limit) or is_wide(np.sort(finite))

    def label(self, dataset: str) -> str:
        """Write the value of a dataset: ``std 1.25``, or the limit's name."""
        value = self.values[dataset]
        return self.limit if math.isinf(value) else f"{self.quantity} {value:g}"


def find_sweeps(
    specs: Sequence[DatasetSpec], families: Sequence[Family] = ()
) -> tuple[Sweep, ...]:
    """Return the sweeps of a suite: those that are written, and one that may be found.

    The datasets of no family are a sweep where one number is all that they differ in.
    """
    found = [Sweep(own.name, own.values, family=own.id) for own in families]
    taken = {name for own in families for name in own.values}
    alone = swept([spec for spec in specs if spec.id not in taken])
    return (*found, *([alone] if alone is not None else []))


def swept(specs: Sequence[DatasetSpec]) -> Sweep | None:
    """Return the number in which all datasets differ, if it is the only difference.

    One of them may be the limit of the others. Normal points kept within an interval
    are spread over it more and more evenly as their deviation grows; so a sweep over it
    may end with a grid, or with uniform points, of the same size on the same interval.
    """
    found = _one_number(specs)
    if found is not None:
        return found
    for position, spec in enumerate(specs):
        others = [*specs[:position], *specs[position + 1 :]]
        found = _one_number(others)
        if found and found.name == SPREAD and _is_limit(spec, others[0]):
            values = {**found.values, spec.id: math.inf}
            return Sweep(found.name, values, spec.inputs.kind)
    return None


def _one_number(specs: Sequence[DatasetSpec]) -> Sweep | None:
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
    found = {spec.id: float(v) for spec, v in zip(specs, values, strict=True) if v}
    if len(found) < len(specs):
        return None
    return Sweep(name, dict(sorted(found.items(), key=lambda entry: entry[1])))


def _is_limit(spec: DatasetSpec, other: DatasetSpec) -> bool:
    """Whether points kept from ever wider normal distributions approach these."""
    mine, theirs = spec.inputs, other.inputs
    if theirs.kind != "truncated-normal" or theirs.dim != 1:
        return False
    # Those are sorted; an even spread in another order would be another thing as well.
    if mine.kind != "grid" and not (mine.kind == "uniform" and mine.sort):
        return False
    alike, of = (
        {k: v for k, v in flatten(s.model_dump(mode="json")).items() if k not in _OWN}
        for s in (spec, other)
    )
    return alike == of
