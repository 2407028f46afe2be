"""From a suite to its results: which cells there are, which are missing, run them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from bench.cells import Cell
from bench.datasets import DatasetRecipe, resolve_dataset
from bench.errors import SuiteError, did_you_mean, located
from bench.isolate import preload, run_cells
from bench.provenance import commit
from bench.reference import Reference, load_reference
from bench.registry import ClassifierRecipe, resolve_classifier
from bench.schema import Suite
from bench.store import Result, Store
from bench.suite import load_suite

STORE = Path("data/store")


@dataclass(frozen=True)
class Plan:
    """A suite with every name resolved and every mistake found; nothing has run.

    Attributes
    ----------
    suite, datasets, classifiers, reference
        What was asked, in the suite's order.
    cells
        Dataset by dataset, repetition by repetition, classifier by classifier.
    """

    suite: Suite
    datasets: tuple[DatasetRecipe, ...]
    classifiers: tuple[ClassifierRecipe, ...]
    reference: Reference | None
    cells: tuple[Cell, ...]

    def limited(self, datasets: Iterable[str], classifiers: Iterable[str]) -> "Plan":
        """Keep some datasets and classifiers, by id; nothing named keeps all."""
        rows = _chosen("dataset", datasets, [d.spec.id for d in self.datasets])
        columns = _chosen("classifier", classifiers, [c.id for c in self.classifiers])
        return replace(
            self,
            datasets=tuple(d for d in self.datasets if d.spec.id in rows),
            classifiers=tuple(c for c in self.classifiers if c.id in columns),
            cells=tuple(
                cell
                for cell in self.cells
                if cell.dataset.spec.id in rows and cell.classifier.id in columns
            ),
        )


def make_plan(suite: Suite) -> Plan:
    """Resolve every name of a suite.

    Raises
    ------
    BenchError
        With file and line, of the kind of the first mistake found.
    """
    reference = None
    if suite.reference is not None:
        with located(suite.where("reference")):
            reference = load_reference(suite.reference, suite.folder)
    classifiers = []
    for i, entry in enumerate(suite.classifiers):
        with located(f"{suite.where('classifiers', i)}: classifiers[{i}]"):
            classifiers.append(resolve_classifier(entry))
    datasets = []
    for i, spec in enumerate(suite.datasets):
        with located(f"{suite.where('datasets', i)}: datasets[{i}]"):
            datasets.append(resolve_dataset(spec, suite.folder))
        for j, recipe in enumerate(classifiers):
            lacking = sorted(set(recipe.channels) - set(spec.channels))
            if lacking:
                raise SuiteError(
                    f"{suite.where('classifiers', j)}: classifiers[{j}]: reads the "
                    f"channel '{lacking[0]}', which the dataset '{spec.id}' does not "
                    f"carry; add it to the dataset's channels"
                )
    cells = tuple(
        Cell(dataset, repetition, classifier, suite.seed, suite.threads)
        for dataset in datasets
        for repetition in range(suite.repetitions)
        for classifier in classifiers
    )
    return Plan(suite, tuple(datasets), tuple(classifiers), reference, cells)


def run_plan(
    plan: Plan,
    store: Store,
    jobs: int = 1,
    progress: Callable[[Cell, Result], None] | None = None,
) -> None:
    """Compute the cells that the store has no result of.

    This process alone writes: each result is stored as its cell ends, so that an
    interrupted run resumes where it stood.
    """
    missing: dict[str, Cell] = {}
    for cell in plan.cells:
        stored = store.get(cell.key)
        if stored is None or stored.status == "skipped":
            missing.setdefault(cell.key, cell)
        elif progress is not None:
            progress(cell, stored)
    if not missing:
        return
    head, dirty = commit()
    preload(cell.classifier.class_path for cell in missing.values())
    for cell, result, arrays in run_cells(missing.values(), jobs):
        done = store.put(replace(result, commit=head, dirty=dirty), arrays)
        if progress is not None:
            progress(cell, done)


def run_suite(
    suite: Suite | str | Path, jobs: int = 1, store: str | Path = STORE
) -> Plan:
    """Run or resume a suite; read its results with `bench.read_results`.

    Parameters
    ----------
    suite
        A suite, or the path of its file.
    jobs : int
        Cells computed at the same time.
    store
        Folder of the results.
    """
    plan = make_plan(suite if isinstance(suite, Suite) else load_suite(suite))
    run_plan(plan, Store(Path(store)), jobs)
    return plan


def _chosen(kind: str, wanted: Iterable[str], known: list[str]) -> set[str]:
    chosen = set(wanted)
    for name in chosen:
        if name not in known:
            raise SuiteError(
                f"no {kind} '{name}' in this suite{did_you_mean(name, known)} "
                f"Known: {', '.join(known)}"
            )
    return chosen or set(known)
