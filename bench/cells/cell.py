"""Cells and audits: the tasks of a suite, each with a key that names its result."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bench.base import RESULTS, Limits, blas_name, cpu_name, digest, versions
from bench.classifiers import ClassifierRecipe, class_version
from bench.curves import Recipe, RecordedRecipe, pool_source
from bench.store import Result


@dataclass(frozen=True)
class Cell:
    """A classifier on one repetition of a dataset: all that its scores depend on.

    Attributes
    ----------
    dataset, repetition, classifier
        Its coordinates.
    seed
        The suite's seed, from which all random streams are derived.
    threads
        The number of threads that BLAS, OpenMP and torch may use.
    limits
        The time and memory after which it is stopped; they are not part of its key.
    batched
        The number of repetitions that train together, this one included.
    target
        Only for a transfer: the dataset whose test curves are predicted. The classifier
        is the one that the cell without a target has fitted.
    slots, gpus
        The places and the GPUs that it takes while it is computed, see
        `bench.engines.admission`; they are not part of its key.
    """

    dataset: Recipe
    repetition: int
    classifier: ClassifierRecipe
    seed: int
    threads: int
    limits: Limits = field(default_factory=Limits)
    batched: int = 1
    target: Recipe | None = None
    slots: int = 1
    gpus: int = 0

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The values that the key is a hash of."""
        fields = {
            "dataset": self.dataset.identity,
            "repetition": self.repetition,
            "seed": self.seed,
            "classifier": self.classifier.identity,
            "threads": self.threads,
        }
        fields |= _pools(self.dataset, self.repetition, self.seed)
        if self.classifier.training is not None:
            # The number of stacked networks changes the order of sums, and so the last
            # bits of a result.
            fields["batched"] = self.batched
        if self.target is not None:
            # Only test curves of the target are read, and they do not depend on the
            # size of its training set.
            target = self.target.identity
            fields["target"] = {k: v for k, v in target.items() if k != "train"}
            fields |= _pools(self.target, self.repetition, self.seed, "target_pool")
        return fields

    @cached_property
    def key(self) -> str:
        """The name of its result in the store: 64 hexadecimal digits."""
        return digest(self.fields)

    @cached_property
    def fit_key(self) -> str:
        """The key of the cell that fits its classifier; its own unless a transfer."""
        of_target = ("target", "target_pool")
        return digest({k: v for k, v in self.fields.items() if k not in of_target})

    @property
    def name(self) -> str:
        """The classifier's id, by which messages name the cell within its dataset."""
        return self.classifier.id

    @property
    def missing(self) -> str:
        """The package to install before it can run; empty if none is missing."""
        return self.classifier.missing

    @property
    def installed(self) -> dict[str, str]:
        """Class path → version, which must be the same on every machine.

        A local package has no version, see `local`.
        """
        # The text of a class in a file is sent along with the cell.
        parts = [part for part in self.classifier.parts if part.file is None]
        return {
            part.class_path: part.version
            for part in parts
            if not part.version.startswith("file ")
        }

    @property
    def named(self) -> set[str]:
        """The packages that its class paths name."""
        return {p.class_path.partition(".")[0] for p in self.classifier.parts}

    @property
    def local(self) -> dict[str, str]:
        """Local package → hash of its source files, the same on every machine."""
        parts = self.classifier.parts
        return {k: v for part in parts for k, v in part.code.packages.items()}

    def result(self, status: str, **measured: Any) -> Result:
        """Make a result from the cell's own fields and those that were measured.

        Measured `versions` are those of packages that the classifier imports beside
        those that every result names.
        """
        imported = measured.pop("versions", {})
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
            versions=versions() | imported,
            cpu=cpu_name(),
            blas=blas_name(),
            **measured,
        )


@dataclass(frozen=True)
class Audit:
    """The audit of one repetition of a dataset: shallow baselines and counts.

    Engines and the store treat it as a cell, but it fits no classifier of the suite.
    `bench.cells.audits` computes it.

    Attributes
    ----------
    dataset, repetition
        Its coordinates.
    seed
        The suite's seed, from which all random streams are derived.
    threads
        The number of threads that it may use, the same as for a cell.
    limits
        The time and memory after which it is stopped; they are not part of its key.
    """

    dataset: Recipe
    repetition: int
    seed: int
    threads: int
    limits: Limits = field(default_factory=Limits)

    # Engines read these attributes of cells and of audits.
    name = ""  # differs from every classifier's id, which is never empty
    missing = ""  # the baselines need only scikit-learn, which is always installed
    slots = 1
    gpus = 0
    modules = ("sklearn.neighbors", "sklearn.svm", "sklearn.tree")

    @property
    def batched(self) -> int:
        """The number of repetitions that are computed together: always one."""
        return 1

    @property
    def target(self) -> None:
        """None, since an audit is not a transfer."""
        return None

    @property
    def named(self) -> set[str]:
        """Empty, since it names no class."""
        return set()

    @property
    def local(self) -> dict[str, str]:
        """Empty, since it uses no local package."""
        return {}

    @cached_property
    def installed(self) -> dict[str, str]:
        """Package → version, which must be the same on every machine."""
        return {"sklearn": class_version("sklearn")}

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The values that the key is a hash of."""
        return {
            "audit": {
                "results": RESULTS["audits"],
                "version": self.installed["sklearn"],
            },
            "dataset": self.dataset.identity,
            "repetition": self.repetition,
            "seed": self.seed,
            "threads": self.threads,
            **_pools(self.dataset, self.repetition, self.seed),
        }

    @cached_property
    def key(self) -> str:
        """The name of its result in the store: 64 hexadecimal digits."""
        return digest(self.fields)

    @property
    def fit_key(self) -> str:
        """Its own key, since it shares no fit with a cell."""
        return self.key

    def result(self, status: str, **measured: Any) -> Result:
        """Make a result from the audit's own fields and those that were measured."""
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
            blas=blas_name(),
            **measured,
        )


def _pools(
    recipe: Recipe, repetition: int, seed: int, name: str = "pool"
) -> dict[str, str]:
    """Return the field of a key that says which fits the curves of a dataset are."""
    if isinstance(recipe, RecordedRecipe):
        return {}
    source = pool_source(recipe, repetition, seed)
    return {name: source} if source else {}


Task = Cell | Audit  # each has one result in the store
# Tasks computed in one process: one cell, or all cells that train together, followed by
# the transfers from them; or one audit.
Unit = tuple[Task, ...]
Arrays = dict[str, np.ndarray]
Outcome = tuple[Result, Arrays | None]
# The ids of dataset and classifier (empty for audits): tasks of one kind take about the
# same time.
Kind = tuple[str, str]


def kind_of(cell: Task) -> Kind:
    """Return the ids of a task's dataset and classifier (empty for an audit)."""
    return cell.dataset.spec.id, cell.name


def n_fits(unit: Unit) -> int:
    """Count the tasks of a unit that fit something: all but the transfers."""
    return sum(cell.target is None for cell in unit)


def units_of(cells: Iterable[Task]) -> list[Unit]:
    """Group tasks into units; cells that train together share one.

    A transfer joins the unit of the cell that fits its classifier; that cell must come
    before it.
    """
    units: dict[Any, list[Task]] = {}
    for cell in cells:
        group: Any = cell.fit_key
        if cell.batched > 1:
            group = (cell.dataset.spec.id, cell.name)
        units.setdefault(group, []).append(cell)
    return [tuple(unit) for unit in units.values()]
