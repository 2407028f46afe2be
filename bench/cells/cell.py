"""Cells and audits: the tasks of a suite, each with a key that names its result."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from dataclasses import fields as dataclass_fields
from operator import attrgetter
from typing import Any

import numpy as np

from bench.base import (
    RESULTS,
    Limits,
    blas_name,
    cpu_name,
    digest,
    digests_by,
    versions,
)
from bench.classifiers import ClassifierRecipe, class_version
from bench.curves import Recipe, RecordedRecipe, pool_source
from bench.store import Result


@dataclass(frozen=True, slots=True)
class Cell:
    """A classifier on one repetition of a dataset: all that its scores depend on.

    There may be a million, so each keeps its coordinates and its keys alone.

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
        The number of repetitions that train together, this one included; see `stack`.
    target
        Only for a transfer: the dataset whose test curves are predicted. The classifier
        is the one that the cell without a target has fitted.
    held_out
        Whether only the test curves are predicted and scored.
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
    held_out: bool = False
    slots: int = 1
    gpus: int = 0
    # Hashes that are computed once; see `prepare_keys`.
    _key: str = field(default="", init=False, repr=False, compare=False)
    _fit_key: str = field(default="", init=False, repr=False, compare=False)

    @property
    def fields(self) -> dict[str, Any]:
        """The values that the key is a hash of, written anew each time."""
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
        if self.held_out:
            fields["scores"] = "held-out"
        if self.is_stacked:
            fields["batched"] = self.batched
            fields["stacked"] = {"results": RESULTS["stacked"]}
        if self.target is not None:
            # Only test curves of the target are read, and they do not depend on the
            # size of its training set.
            target = self.target.identity
            fields["target"] = {k: v for k, v in target.items() if k != "train"}
            fields |= _pools(self.target, self.repetition, self.seed, "target_pool")
        return fields

    @property
    def key(self) -> str:
        """The name of its result in the store: 64 hexadecimal digits."""
        if not self._key:
            object.__setattr__(self, "_key", digest(self.fields))
        return self._key

    @property
    def fit_key(self) -> str:
        """The key of the cell that fits its classifier; its own unless a transfer."""
        if self.target is None:
            return self.key
        if not self._fit_key:
            object.__setattr__(self, "_fit_key", digest(_of_fit(self.fields)))
        return self._fit_key

    @property
    def sources(self) -> tuple[str, ...]:
        """What its curves are drawn from, beside repetition and seed: hashes."""
        found = _sources(self.dataset, self.repetition, self.seed)
        if self.target is not None:
            found += _sources(self.target, self.repetition, self.seed)
        return found

    @property
    def draw(self) -> Hashable:
        """A name of its curves, which all tasks of that name share."""
        return self.sources, self.repetition, self.seed

    @property
    def is_stacked(self) -> bool:
        """Whether repetitions train together on fixed curves."""
        return self.batched > 1 and self.classifier.training is None

    @property
    def stack(self) -> "tuple[Cell, ...]":
        """The cells of its stack: repetitions 0 to N - 1, or N to 2N - 1, ….

        A stack is always computed whole, so that a member's result does not depend on
        the number of repetitions that a suite asks for.
        """
        first = self.repetition // self.batched * self.batched
        numbers = range(first, first + self.batched)
        return tuple(replace(self, repetition=r, target=None) for r in numbers)

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

    @property
    def may_share_process(self) -> bool:
        """Whether other cells may be computed before or after it in its process.

        Nobody vouches for a class of a file or of a local package, which may leave
        anything behind.
        """
        return (
            self.classifier.training is None
            and self.batched == 1
            and all(
                part.file is None
                and not part.code.packages
                and not part.version.startswith("file ")
                for part in self.classifier.parts
            )
        )

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


@dataclass(frozen=True, slots=True)
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
    _key: str = field(default="", init=False, repr=False, compare=False)

    # Engines read these attributes of cells and of audits.
    name = ""  # differs from every classifier's id, which is never empty
    may_share_process = False  # it takes longer than a small cell
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

    @property
    def installed(self) -> dict[str, str]:
        """Package → version, which must be the same on every machine."""
        return {"sklearn": class_version("sklearn")}

    @property
    def fields(self) -> dict[str, Any]:
        """The values that the key is a hash of, written anew each time."""
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

    @property
    def key(self) -> str:
        """The name of its result in the store: 64 hexadecimal digits."""
        if not self._key:
            object.__setattr__(self, "_key", digest(self.fields))
        return self._key

    @property
    def draw(self) -> Hashable:
        """A name of its curves, which all tasks of that name share."""
        sources = _sources(self.dataset, self.repetition, self.seed)
        return sources, self.repetition, self.seed

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


def _sources(recipe: Recipe, repetition: int, seed: int) -> tuple[str, ...]:
    return recipe.identity_hash, *_pools(recipe, repetition, seed).values()


def _of_fit(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the cell that fits the classifier of a transfer."""
    return {k: v for k, v in fields.items() if k not in ("target", "target_pool")}


Task = Cell | Audit  # each has one result in the store
# Tasks computed in one process: one cell, or all cells that train together, followed by
# the transfers from them; or one audit.
Unit = tuple[Task, ...]
Batch = tuple[Unit, ...]  # units that one process computes in turn
Arrays = dict[str, np.ndarray]
Outcome = tuple[Result, Arrays | None]
Packed = tuple[Result, bytes | None]  # as it is stored, see `bench.store.pack`
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
    before it. Stacks may lack members that are not among the tasks, see `whole`.
    """
    units: dict[Any, list[Task]] = {}
    for cell in cells:
        group: Any = cell.fit_key
        if cell.batched > 1:
            group = (cell.dataset.spec.id, cell.name, cell.repetition // cell.batched)
        units.setdefault(group, []).append(cell)
    return [tuple(unit) for unit in units.values()]


def _others(kind: type[Task]) -> Callable[[Task], tuple[Any, ...]]:
    """Return a function that gives all attributes of a task but its repetition."""
    names = [entry.name for entry in dataclass_fields(kind) if entry.init]
    names.remove("repetition")
    return attrgetter(*names)


_SHARED = {kind: _others(kind) for kind in (Cell, Audit)}


def prepare_keys(tasks: Iterable[Task]) -> None:
    """Compute the keys of many tasks, each in a few microseconds.

    The fields of tasks that differ in their repetition alone are written and hashed
    once.
    """
    groups: dict[Any, list[Task]] = {}
    pools: dict[Any, Any] = {}
    for task in tasks:
        # By identity: a plan has few recipes, and thousands of tasks of each.
        kind = type(task), *map(id, _SHARED[type(task)](task))
        of = id(task.dataset), id(task.target), task.repetition, task.seed
        if of not in pools:
            found = _pools(task.dataset, task.repetition, task.seed)
            if task.target is not None:
                found |= _pools(task.target, task.repetition, task.seed, "target_pool")
            pools[of] = tuple(found.items())
        groups.setdefault((kind, pools[of]), []).append(task)
    for group in groups.values():
        _set_keys(group)


def _set_keys(tasks: Sequence[Task]) -> None:
    """Set the keys of tasks that differ in their repetition alone."""
    fields = tasks[0].fields
    del fields["repetition"]
    key_of = digests_by(fields, "repetition")
    for task in tasks:
        object.__setattr__(task, "_key", key_of(task.repetition))
    if tasks[0].target is not None:
        key_of = digests_by(_of_fit(fields), "repetition")
        for task in tasks:
            object.__setattr__(task, "_fit_key", key_of(task.repetition))


def whole(unit: Unit) -> Unit:
    """Add the members that a stack lacks; return any other unit unchanged."""
    first = unit[0]
    if isinstance(first, Audit) or not first.is_stacked:
        return unit
    fits = {cell.repetition: cell for cell in unit if cell.target is None}
    members = [fits.get(cell.repetition, cell) for cell in first.stack]
    return (*members, *(cell for cell in unit if cell.target is not None))
