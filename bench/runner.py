"""From a suite to its results: which cells there are, which are missing, run them."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from bench.cells import Arrays, Cell, Unit, units_of
from bench.datasets import DatasetRecipe, resolve_dataset
from bench.engines import Engine, LocalEngine
from bench.errors import SuiteError, did_you_mean, located
from bench.interrupts import held_back
from bench.limits import format_size
from bench.order import Kind, kind_of
from bench.provenance import commit
from bench.reference import Reference, load_reference
from bench.registry import ClassifierRecipe, resolve_classifier
from bench.result import BAD, Result
from bench.schema import Suite
from bench.store import Store
from bench.suite import load_suite
from bench.transfers import transfer_cells

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
    transfers
        What of the cells is asked about the test curves of other datasets.
    """

    suite: Suite
    datasets: tuple[DatasetRecipe, ...]
    classifiers: tuple[ClassifierRecipe, ...]
    reference: Reference | None
    cells: tuple[Cell, ...]
    transfers: tuple[Cell, ...] = ()

    @property
    def everything(self) -> tuple[Cell, ...]:
        """The cells, and then the transfers: all that has a result in the store."""
        return self.cells + self.transfers

    def limited(self, datasets: Iterable[str], classifiers: Iterable[str]) -> "Plan":
        """Keep some datasets and classifiers, by id; nothing named keeps all.

        The id of an entry that sweeps is that of all its datasets, that of one with a
        grid of all its classifiers. Transfers stay where what they are trained on
        does, so that parts add up to the whole.
        """
        families = {own.id: tuple(own.values) for own in self.suite.families}
        ids = [recipe.spec.id for recipe in self.datasets]
        rows = _chosen("dataset", datasets, ids, families)
        ids = [recipe.id for recipe in self.classifiers]
        columns = _chosen("classifier", classifiers, ids, self.suite.grids)

        def kept(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
            return tuple(
                cell
                for cell in cells
                if cell.dataset.spec.id in rows and cell.classifier.id in columns
            )

        return replace(
            self,
            datasets=tuple(d for d in self.datasets if d.spec.id in rows),
            classifiers=tuple(c for c in self.classifiers if c.id in columns),
            cells=kept(self.cells),
            transfers=kept(self.transfers),
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
    ids = [entry.id for entry in suite.classifiers]
    if suite.baseline not in ids:
        raise SuiteError(
            f"{suite.where('stats', 'baseline')}: stats.baseline: no classifier "
            f"'{suite.baseline}' in this suite{did_you_mean(suite.baseline, ids)}. "
            f"Known: {', '.join(ids)}"
        )
    classifiers = []
    for i, entry in enumerate(suite.classifiers):
        place = f"{suite.where('classifiers', i)}: {suite.named('classifiers', i)}"
        with located(place):
            recipe = resolve_classifier(entry, suite.training, suite.folder)
            classifiers.append(recipe)
    datasets = []
    for i, spec in enumerate(suite.datasets):
        with located(f"{suite.where('datasets', i)}: {suite.named('datasets', i)}"):
            datasets.append(resolve_dataset(spec, suite.folder))
        for j, recipe in enumerate(classifiers):
            if recipe.training is not None and spec.not_online:
                raise SuiteError(
                    f"{suite.where('datasets', i)}: {suite.named('datasets', i)}: "
                    f"'{recipe.id}' is trained online: {spec.not_online}"
                )
            lacking = sorted(set(recipe.channels) - set(spec.channels))
            if lacking:
                raise SuiteError(
                    f"{suite.where('classifiers', j)}: "
                    f"{suite.named('classifiers', j)}: reads the channel "
                    f"'{lacking[0]}', which the dataset '{spec.id}' does not carry; "
                    "add it to the dataset's channels"
                )
    limits = [entry.limits.over(suite.limits) for entry in suite.classifiers]
    cells = tuple(
        Cell(
            dataset,
            repetition,
            classifier,
            suite.seed,
            suite.threads,
            own,
            suite.repetitions if classifier.training is not None else 1,
        )
        for dataset in datasets
        for repetition in range(suite.repetitions)
        for classifier, own in zip(classifiers, limits, strict=True)
    )
    transfers = transfer_cells(suite, datasets, cells)
    return Plan(suite, tuple(datasets), tuple(classifiers), reference, cells, transfers)


def run_plan(
    plan: Plan,
    store: Store,
    engine: Engine | None = None,
    progress: Callable[[Cell, Result, bool], None] | None = None,
    retry_failed: bool = False,
    warn: Callable[[str], None] | None = None,
) -> None:
    """Compute the cells that the store has no result of.

    This process alone writes: each result is stored as its cell ends, so that an
    interrupted run resumes where it stood.

    Parameters
    ----------
    engine
        Where to compute; one cell at a time on this machine by default.
    progress
        Called with each cell, its result, and whether that was computed just now; the
        stored ones first.
    retry_failed : bool
        Whether to compute again what failed, timed out or crashed.
    warn
        Called with what is wrong with a file that is set aside.

    Raises
    ------
    SuiteError
        Before anything runs: a dataset that cannot fit the memory limit.
    """
    engine = LocalEngine() if engine is None else engine
    check_sizes(plan, engine.memory)
    store.sweep()
    again = {"skipped", *(BAD if retry_failed else ())}
    missing: dict[str, Cell] = {}
    known: dict[Kind, float] = {}
    for cell in plan.everything:
        stored = store.get(cell.key)
        if cell.key in store.damaged:
            problem = store.damaged[cell.key]
            aside = store.set_aside(cell.key)
            if warn is not None:
                warn(f"{problem}; set aside in {aside}, computed again")
        if stored is not None and stored.seconds is not None:
            known[kind_of(cell)] = stored.seconds
        if stored is None or stored.status in again:
            missing.setdefault(cell.key, cell)
        elif progress is not None:
            progress(cell, stored, False)
    if not missing:
        return
    head, dirty = commit()

    def keep(cell: Cell, result: Result, arrays: Arrays | None) -> None:
        with held_back():
            result = store.put(replace(result, commit=head, dirty=dirty), arrays)
        if progress is not None:
            progress(cell, result, True)

    def wanted(unit: Unit) -> bool:
        """Whether no other run that shares the store was faster."""
        asked = [cell for cell in unit if cell.key in missing]
        found = [store.get(cell.key) for cell in asked]
        if any(stored is None or stored.status in again for stored in found):
            return True
        for cell, stored in zip(asked, found, strict=True):
            if progress is not None and stored is not None:
                progress(cell, stored, False)
        return False

    runnable = []
    for unit in units_of(plan.everything):
        lacking = [cell for cell in unit if missing.get(cell.key) is cell]
        if not lacking:
            continue
        # The fits are repeated for a transfer that lacks; other transfers need not be.
        unit = tuple(c for c in unit if c.target is None or missing.get(c.key) is c)
        if why := unit[0].classifier.missing:
            for cell in lacking:
                error = {"type": "MissingExtra", "message": why}
                keep(cell, cell.result("skipped", error=error), None)
        else:
            runnable.append(unit)
    with closing(engine.run(runnable, wanted, known)) as results:
        for cell, result, arrays in results:
            # What trained with it is computed again, though it may be stored.
            if cell.key in missing:
                keep(cell, result, arrays)


def check_sizes(plan: Plan, memory: int | None) -> None:
    """Refuse a dataset whose curves alone go over the memory limit of a cell."""
    positions = {spec.id: i for i, spec in enumerate(plan.suite.datasets)}
    for cell in plan.cells:
        limit = cell.limits.memory or memory
        if limit is not None and cell.dataset.nbytes > limit:
            position = positions[cell.dataset.spec.id]
            raise SuiteError(
                f"{plan.suite.where('datasets', position)}: the dataset "
                f"'{cell.dataset.spec.id}' takes {format_size(cell.dataset.nbytes)} a "
                f"repetition, a cell may hold {format_size(limit)}; lower train, test "
                "or the number of points, or raise limits.memory"
            )


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
    run_plan(plan, Store(Path(store)), LocalEngine(jobs))
    return plan


def _chosen(
    kind: str,
    wanted: Iterable[str],
    known: list[str],
    groups: Mapping[str, Iterable[str]],
) -> set[str]:
    """Return the ids that are wanted, those of a group by its name; or all."""
    chosen: set[str] = set()
    for name in wanted:
        if name in known:
            chosen.add(name)
        elif name in groups:
            chosen.update(groups[name])
        else:
            named = list(dict.fromkeys([*groups, *known]))
            raise SuiteError(
                f"no {kind} '{name}' in this suite{did_you_mean(name, named)} "
                f"Known: {', '.join(named)}"
            )
    return chosen or set(known)
