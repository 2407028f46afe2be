"""Cells and audits: what is computed as one, each with a key of its own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bench.base import RESULTS, Limits, cpu_name, digest, versions
from bench.classifiers import ClassifierRecipe, class_version
from bench.curves import DatasetRecipe
from bench.store import Result


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

    @property
    def name(self) -> str:
        """The classifier's id: what the cell is called within its dataset."""
        return self.classifier.id

    @property
    def missing(self) -> str:
        """What to install before it can run; empty where nothing is missing."""
        return self.classifier.missing

    @property
    def installed(self) -> dict[str, str]:
        """The version of each class that must be the same on every machine."""
        # Of a class in a file the text comes along.
        parts = [part for part in self.classifier.parts if part.file is None]
        return {part.class_path: part.version for part in parts}

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


@dataclass(frozen=True)
class Audit:
    """The audit of one repetition of a dataset: shallow baselines and counts.

    It goes through the engines and the store as a cell does, but fits no classifier
    of the suite. What it computes is in `bench.cells.audits`.

    Attributes
    ----------
    dataset, repetition
        Its coordinates.
    seed
        The suite's root of random streams.
    threads
        That it may use, as a cell of the suite.
    limits
        What it is stopped for; not part of its key.
    """

    dataset: DatasetRecipe
    repetition: int
    seed: int
    threads: int
    limits: Limits = field(default_factory=Limits)

    # What the engines ask of cells and audits alike.
    name = ""  # no classifier has an empty id
    missing = ""  # scikit-learn, which it fits, is always installed
    modules = ("sklearn.neighbors", "sklearn.svm", "sklearn.tree")

    @property
    def batched(self) -> int:
        """How many repetitions are computed together: one."""
        return 1

    @property
    def target(self) -> None:
        """No audit is a transfer."""
        return None

    @cached_property
    def installed(self) -> dict[str, str]:
        """The version of each package that must be the same on every machine."""
        return {"sklearn": class_version("sklearn")}

    @cached_property
    def fields(self) -> dict[str, Any]:
        """What the key is taken over."""
        return {
            "audit": {
                "results": RESULTS["audits"],
                "version": self.installed["sklearn"],
            },
            "dataset": self.dataset.identity,
            "repetition": self.repetition,
            "seed": self.seed,
            "threads": self.threads,
        }

    @cached_property
    def key(self) -> str:
        """The name of its result in the store: 64 hexadecimal digits."""
        return digest(self.fields)

    @property
    def fit_key(self) -> str:
        """Its key: it shares no fit with a cell."""
        return self.key

    def result(self, status: str, **found: Any) -> Result:
        """Start a result with what the audit knows of itself."""
        return Result(
            key=self.key,
            fields=self.fields,
            dataset=self.dataset.spec.id,
            repetition=self.repetition,
            classifier=self.name,
            status=status,
            threads=self.threads,
            versions=versions(),
            cpu=cpu_name(),
            **found,
        )


Task = Cell | Audit  # what has a result in the store
# Computed as one: a cell, or all that train together, and then their transfers; or an
# audit.
Unit = tuple[Task, ...]
Arrays = dict[str, np.ndarray]
Outcome = tuple[Result, Arrays | None]
# Dataset and classifier (empty for audits), whose repetitions take about as long.
Kind = tuple[str, str]


def kind_of(cell: Task) -> Kind:
    """Return the dataset and the classifier of a cell, by id; an audit has none."""
    return cell.dataset.spec.id, cell.name


def n_fits(unit: Unit) -> int:
    """Count what a unit has besides transfers: cells that fit, or an audit."""
    return sum(cell.target is None for cell in unit)


def units_of(cells: Iterable[Task]) -> list[Unit]:
    """Gather cells that train together, each of the others is a unit of its own.

    Transfers join the cell that fits for them, which must come before.
    """
    units: dict[Any, list[Task]] = {}
    for cell in cells:
        name: Any = cell.fit_key
        if cell.batched > 1:
            name = (cell.dataset.spec.id, cell.name)
        units.setdefault(name, []).append(cell)
    return [tuple(unit) for unit in units.values()]
