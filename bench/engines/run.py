"""Run a plan: compute the cells that the store has no result of, and keep them."""

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeGuard

from bench.base import SuiteError, commit, format_size, held_back
from bench.cells import Arrays, Kind, Plan, Task, Unit, kind_of, make_plan, units_of
from bench.engines.devices import check_devices
from bench.engines.engine import Engine, LocalEngine
from bench.store import BAD, STORE, Result, Store
from bench.suite import Suite, load_suite

Progress = Callable[[Task, Result, bool], None]


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


def run_plan(
    plan: Plan,
    store: Store,
    engine: Engine | None = None,
    progress: Progress | None = None,
    retry_failed: bool = False,
    warn: Callable[[str], None] | None = None,
) -> None:
    """Compute the cells, transfers and audits that the store has no result of.

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
    BenchError
        Before anything runs: a dataset that cannot fit the memory limit, a store that
        cannot be written, a device that this machine does not have.
    """
    engine = LocalEngine() if engine is None else engine
    check_sizes(plan, engine.memory)
    store.sweep()
    run = _Run(store, progress or _nothing, retry_failed, warn or _nothing)
    run.look_up(plan.everything)
    if not run.missing:
        return
    check_machine(plan, store, engine, run.missing.values())
    runnable = run.skip_uninstalled(run.units(plan.everything))
    with closing(engine.run(runnable, run.is_wanted, run.seconds)) as results:
        for cell, result, arrays in results:
            # A batch computes all its cells again, also those that are stored.
            if cell.key in run.missing:
                run.keep(cell, result, arrays)


def check_machine(
    plan: Plan,
    store: Store,
    engine: Engine,
    cells: Iterable[Task],
    *,
    attempt: bool = True,
) -> None:
    """Refuse what cells need and this machine has not, before any is computed.

    Parameters
    ----------
    cells
        That lack a result.
    attempt : bool
        Whether the store is tried by writing to it, or looked at alone.

    Raises
    ------
    StoreError
        If results could not be put there.
    EngineError
        If cells are computed here on a device that is not here.
    """
    cells = list(cells)
    if cells:
        store.check_writable((cell.key for cell in cells), attempt=attempt)
        if engine.on_this_machine:
            check_devices(plan.suite, cells)


def check_sizes(plan: Plan, memory: int | None) -> None:
    """Refuse a dataset whose curves alone go over the memory limit of a cell."""
    positions = {spec.id: i for i, spec in enumerate(plan.suite.datasets)}
    checked: tuple[Task, ...] = plan.cells + plan.audits
    for cell in checked:
        limit = cell.limits.memory or memory
        if limit is not None and cell.dataset.nbytes > limit:
            position = positions[cell.dataset.spec.id]
            raise SuiteError(
                f"{plan.suite.where('datasets', position)}: the dataset "
                f"'{cell.dataset.spec.id}' takes {format_size(cell.dataset.nbytes)} a "
                f"repetition, a cell may hold {format_size(limit)}; lower train, test "
                "or the number of points, or raise limits.memory"
            )


class _Run:
    """What a run knows of its cells: which are missing, and how long others took.

    Attributes
    ----------
    missing
        Key → the cell to compute.
    seconds
        Dataset and classifier → seconds that a cell of them took, in earlier runs.
    """

    def __init__(
        self,
        store: Store,
        progress: Progress,
        retry_failed: bool,
        warn: Callable[[str], None],
    ) -> None:
        self.missing: dict[str, Task] = {}
        self.seconds: dict[Kind, float] = {}
        self._store = store
        self._progress = progress
        self._again = {"skipped", *(BAD if retry_failed else ())}
        self._warn = warn
        self._commit: tuple[str | None, bool | None] = (None, None)

    def look_up(self, cells: Iterable[Task]) -> None:
        """Read what is stored, report it, and note what is missing."""
        for cell in cells:
            stored = self._store.get(cell.key)
            if cell.key in self._store.damaged:
                problem = self._store.damaged[cell.key]
                aside = self._store.set_aside(cell.key)
                self._warn(f"{problem}; set aside in {aside}, computed again")
            if stored is not None and stored.seconds is not None:
                self.seconds[kind_of(cell)] = stored.seconds
            if self._is_good(stored):
                self._progress(cell, stored, False)
            else:
                self.missing.setdefault(cell.key, cell)
        if self.missing:
            self._commit = commit()

    def units(self, cells: Iterable[Task]) -> list[Unit]:
        """Gather the missing cells, each with what must be computed along with it.

        A missing transfer brings the cell that fits its classifier, though that may be
        stored: classifiers are not kept. Transfers that are stored are left out.
        """
        units = []
        for unit in units_of(cells):
            if any(map(self._lacks, unit)):
                units.append(
                    tuple(c for c in unit if c.target is None or self._lacks(c))
                )
        return units

    def skip_uninstalled(self, units: Iterable[Unit]) -> list[Unit]:
        """Keep a row "skipped" where a package is not installed; return other units."""
        runnable = []
        for unit in units:
            why = unit[0].missing
            if not why:
                runnable.append(unit)
                continue
            error = {"type": "MissingExtra", "message": why}
            for cell in filter(self._lacks, unit):
                self.keep(cell, cell.result("skipped", error=error), None)
        return runnable

    def is_wanted(self, unit: Unit) -> bool:
        """Whether a unit is still missing: another run may share the store."""
        found = [
            (cell, self._store.get(cell.key))
            for cell in unit
            if cell.key in self.missing
        ]
        if not all(self._is_good(stored) for _, stored in found):
            return True
        for cell, stored in found:
            assert stored is not None  # it is good
            self._progress(cell, stored, False)
        return False

    def keep(self, cell: Task, result: Result, arrays: Arrays | None) -> None:
        """Store a result and report it."""
        head, dirty = self._commit
        with held_back():
            result = self._store.put(replace(result, commit=head, dirty=dirty), arrays)
        self._progress(cell, result, True)

    def _is_good(self, stored: Result | None) -> TypeGuard[Result]:
        return stored is not None and stored.status not in self._again

    def _lacks(self, cell: Task) -> bool:
        # The cell itself: another one of the same key is computed but once.
        return self.missing.get(cell.key) is cell


def _nothing(*_: object) -> None:
    """Tell nobody."""
