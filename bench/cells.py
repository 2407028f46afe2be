"""A cell: one classifier fitted on one repetition of one dataset, and scored."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bench.datasets import DatasetRecipe
from bench.limits import Limits
from bench.provenance import cpu_name, versions
from bench.registry import ClassifierRecipe
from bench.result import Result
from bench.seeds import digest


@dataclass(frozen=True)
class Cell:
    """What is computed as one, with everything that its scores depend on.

    Attributes
    ----------
    dataset, repetition, classifier
        Its coordinates.
    seed
        The suite's root of random streams.
    threads
        How many threads BLAS, OpenMP and torch may use.
    limits
        Time and memory after which it is stopped; they are not part of its key.
    batched
        How many repetitions train together, this one included.
    target
        For a transfer: the dataset whose test curves are predicted, by the classifier
        that the cell without a target has fitted.
    """

    dataset: DatasetRecipe
    repetition: int
    classifier: ClassifierRecipe
    seed: int
    threads: int
    limits: Limits = field(default_factory=Limits)
    batched: int = 1
    target: DatasetRecipe | None = None

    @cached_property
    def fields(self) -> dict[str, Any]:
        """What the key is taken over."""
        fields = {
            "dataset": self.dataset.identity,
            "repetition": self.repetition,
            "seed": self.seed,
            "classifier": self.classifier.identity,
            "threads": self.threads,
        }
        if self.classifier.training is not None:
            # Who trains beside it changes the order of sums, and so the last bits.
            fields["batched"] = self.batched
        if self.target is not None:
            # Its test curves, which do not depend on how many there are to train on.
            target = self.target.identity
            fields["target"] = {k: v for k, v in target.items() if k != "train"}
        return fields

    @cached_property
    def key(self) -> str:
        """The name of its result in the store: 64 hexadecimal digits."""
        return digest(self.fields)

    @cached_property
    def fit_key(self) -> str:
        """The key of the cell whose classifier it asks: its own, if no transfer."""
        return digest({k: v for k, v in self.fields.items() if k != "target"})

    def result(self, status: str, **found: Any) -> Result:
        """Start a result with what the cell knows of itself."""
        return Result(
            key=self.key,
            fields=self.fields,
            dataset=self.dataset.spec.id,
            repetition=self.repetition,
            classifier=self.classifier.id,
            status=status,
            threads=self.threads,
            batched=self.batched,
            target="" if self.target is None else self.target.spec.id,
            device=self.classifier.device,
            versions=versions(),
            cpu=cpu_name(),
            **found,
        )


# What one process computes: a cell, or all cells that train together, and then
# their transfers.
Unit = tuple[Cell, ...]
Arrays = dict[str, np.ndarray]
Outcome = tuple[Result, Arrays | None]
Kind = tuple[str, str]  # dataset and classifier, whose repetitions take about as long


def kind_of(cell: Cell) -> Kind:
    """Return the dataset and the classifier of a cell, by id."""
    return cell.dataset.spec.id, cell.classifier.id


def n_fits(unit: Unit) -> int:
    """Count the cells of a unit that are no transfers: each fits a classifier."""
    return sum(cell.target is None for cell in unit)


def units_of(cells: Iterable[Cell]) -> list[Unit]:
    """Gather cells that train together, each of the others is a unit of its own.

    Transfers join the cell that fits for them, which must come before.
    """
    units: dict[Any, list[Cell]] = {}
    for cell in cells:
        name: Any = cell.fit_key
        if cell.batched > 1:
            name = (cell.dataset.spec.id, cell.classifier.id)
        units.setdefault(name, []).append(cell)
    return [tuple(unit) for unit in units.values()]
