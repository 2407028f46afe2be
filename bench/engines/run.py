"""The run of a plan: compute and store the cells that have no result yet."""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeGuard

from bench.base import (
    BenchError,
    StoreError,
    SuiteError,
    commit,
    format_size,
    held_back,
    memory_share,
)
from bench.cells import (
    Kind,
    Plan,
    Task,
    Unit,
    check_own_metrics,
    kind_of,
    make_plan,
    n_fits,
    score_own_metrics,
    units_of,
    whole,
)
from bench.engines.costs import Costs, add_known
from bench.engines.devices import check_devices
from bench.engines.engine import Engine, LocalEngine
from bench.engines.isolation import Done
from bench.engines.schedule import is_small
from bench.engines.time_left import TimeLeft
from bench.store import BAD, STORE, Draws, Result, SharedParts, Store
from bench.suite import Suite, load_suite

Progress = Callable[[Task, Result, bool], None]


class Watcher(Protocol):
    """Is told what a run computes, and when each part of it begins."""

    def planned(self, left: TimeLeft) -> None:
        """Take what tells the time left; called once, before anything is computed."""

    def begin(self, unit: Unit) -> None:
        """Note that the cells of a unit are begun."""


@dataclass(frozen=True)
class Recomputed:
    """A cell that had a result and was computed again.

    Attributes
    ----------
    cell
        The cell, transfer or audit.
    before, after
        The result that was stored, and the one that was computed now. If only the
        first is done, it stays in the store.
    """

    cell: Task
    before: Result
    after: Result

    @property
    def is_kept(self) -> bool:
        """Whether the earlier result stays, since the later one is not done."""
        return self.before.status == "done" and self.after.status != "done"


def run_suite(
    suite: Suite | str | Path, jobs: int = 1, store: str | Path = STORE
) -> Plan:
    """Run or resume a suite; read its results with `bench.read_results`.

    Parameters
    ----------
    suite
        A suite, or the path of its file.
    jobs : int
        The number of cells that are computed at the same time.
    store
        The folder of the results.
    """
    plan = make_plan(suite if isinstance(suite, Suite) else load_suite(suite))
    results = Store(Path(store))
    check_own_metrics(plan)
    run_plan(plan, results, LocalEngine(jobs))
    score_own_metrics(plan, results)
    return plan


def run_plan(
    plan: Plan,
    store: Store,
    engine: Engine | None = None,
    progress: Progress | None = None,
    retry_failed: bool = False,
    warn: Callable[[str], None] | None = None,
    again: Iterable[Task] = (),
    watcher: Watcher | None = None,
) -> list[Recomputed]:
    """Compute the cells, transfers and audits without a result in the store.

    Only this process writes, and it stores each result as soon as its cell ends, so
    that an interrupted run can be resumed.

    Parameters
    ----------
    engine
        By default, one cell at a time is computed on this machine.
    progress
        Called with each cell, its result, and whether that was computed just now. The
        stored results come first.
    retry_failed : bool
        Whether cells that failed, timed out or crashed are computed again.
    warn
        Called with the reason why a damaged file is set aside.
    again
        Cells to compute although they have a result. That stays until the new one is
        written, and for good if the new one is not done.
    watcher
        Told what is computed, unless every cell has a result, or an error comes first.

    Returns
    -------
    list of Recomputed
        The cells that had a result and were computed again, in the plan's order.

    Raises
    ------
    BenchError
        Before anything runs, if a dataset exceeds the memory limit, if the store
        cannot be written, or if this machine lacks a device. If two results of a
        repetition are of different curves; all results before are kept.
    """
    engine = LocalEngine() if engine is None else engine
    check_sizes(plan, engine.memory)
    for problem in store.sweep():
        (warn or _ignore)(problem)
    begin = watcher.begin if watcher else _ignore
    run = _Run(store, progress or _ignore, retry_failed, warn or _ignore, begin)
    run.look_up(plan.everything, {cell.key for cell in again})
    if not run.missing:
        return []
    check_machine(plan, store, engine, run.missing.values())
    store.hold()
    runnable = run.skip_uninstalled(run.units(plan.everything))
    if watcher is not None:
        watcher.planned(_time_left(plan, store, engine, run.seconds, runnable))
    computed = engine.run(runnable, run.is_wanted, run.seconds, run.small)
    with closing(computed) as batches:
        for done in batches:
            run.keep(done)
    return [run.recomputed[key] for key in run.missing if key in run.recomputed]


def _time_left(
    plan: Plan,
    store: Store,
    engine: Engine,
    known: Mapping[Kind, float],
    units: list[Unit],
) -> TimeLeft:
    """Return what tells the time left, from all seconds that can be found."""
    costs = Costs()
    for kind, seconds in known.items():
        costs.add_stored(kind, seconds)

    def learn() -> None:
        # With a store of its own, since it runs beside what stores results.
        with suppress(BenchError):  # an estimate is not worth an error
            add_known(costs, plan, Store(store.folder))

    at_once = _at_once(engine, units, costs)
    return TimeLeft(units, known, costs, at_once, learn=learn)


def _at_once(engine: Engine, units: list[Unit], costs: Costs) -> int | None:
    """Return how many units are computed at the same time, in the mean of their time.

    None if the engine does not know.
    """
    tasks = {kind_of(unit[0]): unit[0] for unit in units}  # one of each kind
    fits = Counter[Kind]()
    for unit in units:
        fits[kind_of(unit[0])] += n_fits(unit)
    seconds = costs.of(tasks)
    whole = taken = 0.0
    for kind, task in tasks.items():
        share = engine.share(task)
        if share is None:
            return None
        weight = fits[kind] * max(seconds.get(kind, 1.0), 1e-9)
        whole += weight
        taken += weight * share
    return max(1, round(whole / taken)) if taken else 1


def check_machine(
    plan: Plan,
    store: Store,
    engine: Engine,
    cells: Iterable[Task],
    *,
    attempt: bool = True,
) -> None:
    """Check, before any cell is computed, that this machine can compute and store it.

    Parameters
    ----------
    cells
        The cells without a result.
    attempt : bool
        Whether to test the store by writing to it, or only by its permissions.

    Raises
    ------
    StoreError
        If the store cannot be written.
    EngineError
        If cells are to be computed on a device that this machine does not have.
    """
    cells = list(cells)
    if cells:
        store.check_writable(attempt=attempt)
        if engine.on_this_machine:
            check_devices(plan.suite, cells)


def check_sizes(plan: Plan, memory: int | None) -> None:
    """Refuse a dataset whose curves alone exceed the memory limit of a cell."""
    positions = {spec.id: i for i, spec in enumerate(plan.suite.datasets)}
    checked = {  # once for each dataset and limit, of which there are few
        (id(cell.dataset), cell.limits.memory, cell.slots): cell
        for cell in plan.cells + plan.given + plan.audits
    }
    for cell in checked.values():
        limit = cell.limits.memory
        if limit is None and memory is not None:
            limit = min(memory * cell.slots, max(memory, memory_share(1)))
        if limit is not None and cell.dataset.nbytes > limit:
            position = positions[cell.dataset.spec.id]
            raise SuiteError(
                f"{plan.suite.where('datasets', position)}: the dataset "
                f"'{cell.dataset.spec.id}' takes {format_size(cell.dataset.nbytes)} a "
                f"repetition; expected at most {format_size(limit)}, the memory limit "
                "of a cell: lower train, test or the number of points, or raise "
                "limits.memory"
            )


class _Run:
    """The state of a run: the missing cells, and how long others took.

    Attributes
    ----------
    missing
        Key → the cell to compute.
    seconds
        Dataset and classifier → the seconds that one of their cells took in an
        earlier run.
    small
        Those of which one was small, see `bench.engines.schedule.is_small`.
    recomputed
        Key → a cell that had a result and was computed again.
    """

    def __init__(
        self,
        store: Store,
        progress: Progress,
        retry_failed: bool,
        warn: Callable[[str], None],
        begin: Callable[[Unit], None],
    ) -> None:
        self.missing: dict[str, Task] = {}
        self.seconds: dict[Kind, float] = {}
        self.small: set[Kind] = set()
        self.recomputed: dict[str, Recomputed] = {}
        self._store = store
        self._progress = progress
        # Statuses whose cells are computed again: an extra may be installed by now.
        self._not_final = {"skipped", *(BAD if retry_failed else ())}
        self._warn = warn
        self._begin = begin
        # Key → further cells of that key, such as those of equal datasets.
        self._equal: dict[str, list[Task]] = defaultdict(list)
        # Key → the stored result of a cell that is computed again all the same.
        self._before: dict[str, Result] = {}
        self._commit: tuple[str | None, bool | None] = (None, None)
        self._draws = Draws()

    def look_up(self, cells: Iterable[Task], again: Container[str] = ()) -> None:
        """Read the stored results, report them, and list the missing cells.

        Those whose keys are in `again` count as missing.
        """
        cells = list(cells)
        parts = SharedParts()
        for cell, stored in zip(
            cells, self._store.read_all(cell.key for cell in cells), strict=True
        ):
            if stored is not None and stored.seconds is not None:
                self.seconds[kind_of(cell)] = stored.seconds
                if is_small(stored):
                    self.small.add(kind_of(cell))
            if stored is not None and cell.key in again:
                self._before[cell.key] = parts.slim(stored, cell.key)
            elif self._is_final(stored):
                self._check_curves(cell, stored)
                self._progress(cell, stored, False)
                continue
            if self.missing.setdefault(cell.key, cell) is not cell:
                self._equal[cell.key].append(cell)
        for key in dict.fromkeys(cell.key for cell in cells):
            if problem := self._store.damaged.get(key):
                folder = self._store.set_aside(key)
                self._warn(f"{problem}; set aside in {folder}, computed again")
        if self.missing:
            self._commit = commit()

    def units(self, cells: Iterable[Task]) -> list[Unit]:
        """Group the missing cells with those that must be computed with them.

        A missing transfer needs the cell that fits its classifier, even if that has a
        stored result, since classifiers are not stored. Stored transfers are left out,
        and of several cells with one key all but the first.
        """
        units = []
        for unit in units_of(cells):
            if any(map(self._lacks, unit)):
                by_key: dict[str, Task] = {}
                for cell in unit:
                    if cell.target is None or self._lacks(cell):
                        by_key.setdefault(cell.key, cell)
                units.append(whole(tuple(by_key.values())))
        return units

    def skip_uninstalled(self, units: Iterable[Unit]) -> list[Unit]:
        """Store "skipped" where a package is not installed; return the other units."""
        runnable = []
        for unit in units:
            why = unit[0].missing
            if not why:
                runnable.append(unit)
                continue
            error = {"type": "MissingExtra", "message": why}
            self.keep(
                [
                    (cell, cell.result("skipped", error=error), None)
                    for cell in filter(self._lacks, unit)
                ]
            )
        return runnable

    def is_wanted(self, unit: Unit) -> bool:
        """Whether a unit is still missing; another run may have computed it by now.

        The engine begins those that are.
        """
        if is_missing := self._is_missing(unit):
            self._begin(unit)
        return is_missing

    def _is_missing(self, unit: Unit) -> bool:
        results = [
            (cell, self._store.get(cell.key))
            for cell in unit
            if cell.key in self.missing
        ]
        if any(cell.key in self._before for cell, _ in results):
            return True
        if not all(self._is_final(stored) for _, stored in results):
            return True
        for cell, stored in results:
            assert stored is not None  # since it is final
            self._report(cell, stored, False)
        return False

    def keep(self, done: Done) -> None:
        """Store results, all at once, and report those that were missing.

        Cells that train together are all computed again. A stored result stays; a
        member that the plan does not ask for is stored, since another run may.
        """
        head, dirty = self._commit
        problem = ""
        kept: Done = []
        for cell, result, arrays in done:
            is_asked = cell.key in self.missing
            if not is_asked and self._is_final(self._store.get(cell.key)):
                continue
            if problem := self._draws.problem(result, cell.draw):
                break  # what came before is kept
            kept.append((cell, replace(result, commit=head, dirty=dirty), arrays))
        if kept:
            items = [(result, arrays) for _, result, arrays in kept]
            with held_back():  # Ctrl-C waits until the results are whole
                stored = self._store.put_all(items, self._before.keys())
            for (cell, result, _), its in zip(kept, stored, strict=True):
                if (before := self._before.get(cell.key)) is not None:
                    self.recomputed[cell.key] = Recomputed(cell, before, result)
                if cell.key in self.missing:
                    self._report(cell, its, True)
        if problem:
            raise self._other_curves(problem)

    def _check_curves(self, cell: Task, result: Result) -> None:
        """Refuse a result of other curves than the others of its repetition."""
        if problem := self._draws.problem(result, cell.draw):
            raise self._other_curves(problem)

    def _other_curves(self, problem: str) -> StoreError:
        return StoreError(
            f"{self._store.folder}: {problem}; expected the same curves for all "
            "classifiers: use another --store, or compute the stored results again"
        )

    def _report(self, cell: Task, result: Result, fresh: bool) -> None:
        self._progress(cell, result, fresh)
        for other in self._equal.get(cell.key, ()):
            self._progress(other, result, False)

    def _is_final(self, stored: Result | None) -> TypeGuard[Result]:
        return stored is not None and stored.status not in self._not_final

    def _lacks(self, cell: Task) -> bool:
        # By identity, since two cells with the same key are computed only once.
        return self.missing.get(cell.key) is cell


def _ignore(*_: object) -> None:
    """Do nothing, in place of a callback that was not given."""
