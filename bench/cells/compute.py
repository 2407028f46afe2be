"""The computation of units in a process: draw curves, fit, predict, score.

A process usually computes one unit. Small cells share one: `compute_in_turn`.
"""

import hashlib
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from bench.base import (
    blas_name,
    cpu_name,
    derive_seed,
    fingerprint_of,
    limited_threads,
    peak_resident,
    versions,
)
from bench.cells.audits import audit_curves
from bench.cells.cell import Arrays, Audit, Cell, Outcome, Packed, Task, Unit
from bench.cells.failures import WarningCounts, describe_error
from bench.cells.scoring import Fit, predict_and_score, score, timed
from bench.classifiers import build, imported_versions
from bench.curves import Dataset, RecordedRecipe, draw_once, draw_test, make_dataset
from bench.stats import Predictions, score_all
from bench.store import pack

# Repetition → the folder of its curves, which the first process that draws them fills.
# Repetitions without one are drawn by each process.
Folders = Mapping[int, str]
CurvesOf = Callable[[Task], Dataset]


def warm_up() -> None:
    """Fill the caches that every cell of this process and of its forks will need.

    The first validation of scikit-learn looks for plugins, which takes longer than
    fitting a small classifier. Nothing here may start a thread: a fork copies only the
    thread that forks, and locks held by the others would stay locked.
    """
    from sklearn.utils.validation import check_X_y  # takes 1 s, which a plan must not

    versions()
    cpu_name()
    blas_name()
    y = np.array([0, 1])
    with limited_threads(1):
        check_X_y(np.eye(2), y)
        score_all(Predictions(y, y))


class _Curves:
    """The curves of tasks; those that were asked for last are kept.

    Parameters
    ----------
    folders
        Of the repetitions of the tasks.
    """

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self._last: tuple[Task, Dataset] | None = None

    def __call__(self, task: Task) -> Dataset:
        if self._last is None or not _share_curves(self._last[0], task):
            self._last = None  # free the curves before others are drawn
            folder = self.folders.get(task.repetition)
            draw = task.dataset, task.repetition, task.seed
            drawn = _drawn(task) if folder is None else draw_once(*draw, Path(folder))
            self._last = task, drawn
        return self._last[1]

    @property
    def are_unchanged(self) -> bool:
        """Whether no cell has written to the curves that are kept."""
        return self._last is None or self._last[1].is_unchanged


def _share_curves(one: Task, other: Task) -> bool:
    return (
        one.dataset is other.dataset
        and one.repetition == other.repetition
        and one.seed == other.seed
    )


def _drawn(task: Task) -> Dataset:
    return make_dataset(task.dataset, task.repetition, task.seed)


def compute_unit(unit: Unit, folders: Folders) -> list[Packed]:
    """Compute a unit in a process of its own; return what is stored.

    Packing arrays takes longer than writing them, so that it is done here.
    """
    return _packed(compute_seeded(unit, _Curves(folders)))


def compute_in_turn(
    units: Sequence[Unit], folders: Sequence[Folders]
) -> Iterator[list[Packed]]:
    """Compute small units in turn in this process; yield what is stored of each.

    It ends early after a unit that has changed the curves, which the next ones would
    read: these belong in other processes.
    """
    curves = _Curves({})
    for unit, of_unit in zip(units, folders, strict=True):
        curves.folders = of_unit
        yield _packed(compute_seeded(unit, curves))
        if not curves.are_unchanged:
            return


def _packed(outcomes: list[Outcome]) -> list[Packed]:
    return [
        (result, None if arrays is None else pack(arrays))
        for result, arrays in outcomes
    ]


def compute_seeded(unit: Unit, curves_of: CurvesOf = _drawn) -> list[Outcome]:
    """Compute a unit with the global random streams of this process seeded.

    This makes a classifier reproducible even if it draws from a global stream, against
    its contract.
    """
    first = unit[0]
    if isinstance(first, Audit):  # uses no global stream
        # Two datasets of one recipe have audits of one key, and so in one unit.
        return [compute_audit(first, curves_of)] * len(unit)
    for part in first.classifier.parts:
        part.publish()
    cells = tuple(task for task in unit if isinstance(task, Cell))
    return compute(cells, _seed_process, curves_of)


def compute_audit(audit: Audit, curves_of: CurvesOf = _drawn) -> Outcome:
    """Audit the curves; an exception becomes a "failed" result."""
    with _recorded(audit.threads) as measured:
        data = curves_of(audit)
        figures = audit_curves(data, audit.dataset, audit.repetition, audit.seed)
        measured |= {"figures": figures} | _identity(data)
    return audit.result("failed" if "error" in measured else "done", **measured), None


def compute(
    unit: tuple[Cell, ...],
    seed_process: Callable[[Cell], None] = lambda _: None,
    curves_of: CurvesOf = _drawn,
) -> list[Outcome]:
    """Draw the data, fit, predict and score; an exception becomes a "failed" result.

    If the fit fails, every cell of the unit fails; if a transfer fails, only that
    transfer does.

    Parameters
    ----------
    seed_process
        Called before the fit, and before each transfer.
    curves_of
        Returns the curves of a cell.
    """
    cells_to_fit = [cell for cell in unit if cell.target is None]
    fits: dict[str, Fit] = {}
    with _recorded(unit[0].threads, unit[0].dataset.spec.dtype) as fit_record:
        seed_process(cells_to_fit[0])
        if cells_to_fit[0].is_stacked:
            # Here, since it imports torch, which takes seconds.
            from bench.cells.stacked import train_stack

            fitted = train_stack(tuple(cells_to_fit), curves_of)
        elif cells_to_fit[0].classifier.training is None:
            fitted = [
                _fit_and_score(cell, fit_record, curves_of) for cell in cells_to_fit
            ]
        else:
            from bench.cells.online import train_batch  # imports torch, too

            fitted = train_batch(tuple(cells_to_fit), curves_of)
        fits = {cell.key: fit for cell, fit in zip(cells_to_fit, fitted, strict=True)}
    outcomes: list[Outcome] = []
    for cell in unit:
        measured, arrays = fit_record, None
        if fits and cell.target is None:
            fit = fits[cell.key]
            measured, arrays = fit.measured | fit_record, fit.arrays
        elif fits:
            with _recorded(cell.threads, cell.dataset.spec.dtype) as measured:
                measured["versions"] = fit_record.get("versions", {})
                seed_process(cell)
                scored, arrays = _transfer(cell, fits[cell.fit_key])
                measured |= scored
        status = "failed" if arrays is None else "done"
        outcomes.append((cell.result(status, **measured), arrays))
    return outcomes


@contextmanager
def _recorded(threads: int, dtype: str = "") -> Iterator[dict[str, Any]]:
    """Record fields of a result: an exception, which is caught, warnings and memory.

    `dtype` is the type of the curves that a classifier gets, if there is one.
    """
    counts = WarningCounts()
    measured: dict[str, Any] = {}
    with limited_threads(threads), warnings.catch_warnings():
        counts.start()
        try:
            yield measured
        except Exception as error:
            measured["error"] = describe_error(error, dtype)
    measured |= counts.fields()
    measured["peak_rss_mib"] = round(peak_resident() / 2**20, 1)


def _seed_process(cell: Cell) -> None:
    """Seed the global random streams of Python, NumPy and torch."""
    stream = [cell.dataset.stream, cell.repetition]
    if cell.target is not None:
        stream.append(cell.fields["target"])
    state = derive_seed(cell.seed, "process", stream) % 2**32
    random.seed(state)
    np.random.seed(state)  # noqa: NPY002 (classifiers draw from the legacy stream)
    torch = sys.modules.get("torch")  # not imported, which would take seconds
    if torch is not None:
        torch.manual_seed(state)


def _fit_and_score(cell: Cell, record: dict[str, Any], curves_of: CurvesOf) -> Fit:
    """Fit and score a cell; put the versions into the record, also of a failed fit."""
    data = curves_of(cell)
    columns = data.columns(cell.classifier.channels)
    X = {"train": data.X_train, "test": data.X_test}
    # Indexing copies the curves, which may take half of the memory limit.
    if not _all_in_order(columns, data.X_train.shape[1]):
        X = {part: values[:, columns] for part, values in X.items()}
    y = {"train": data.y_train, "test": data.y_test}
    stream = [cell.dataset.stream, cell.repetition]
    n_channels = len(columns) // len(data.x)
    recorded = isinstance(cell.dataset, RecordedRecipe)
    estimator = build(
        cell.classifier, cell.seed, stream, data.x, n_channels, recorded=recorded
    )
    measured = _identity(data)

    def fit() -> None:
        estimator.fit(X["train"], y["train"])

    try:
        measured["fit_seconds"], measured["fit_cpu_seconds"] = timed(fit)
        parts = ("test",) if cell.held_out else ("train", "test")
        scored, arrays = score(
            cell, estimator, {p: X[p] for p in parts}, {p: y[p] for p in parts}
        )
    finally:  # after the fit, since some packages are imported only by it
        record["versions"] = imported_versions(estimator)
    return Fit(measured | scored, arrays, estimator, columns)


def _identity(data: Dataset) -> dict[str, Any]:
    """Return the fields of a result that identify its curves."""
    return {"data_hash": data.data_hash, "fingerprint": data.fingerprint}


def _all_in_order(columns: np.ndarray, width: int) -> bool:
    return np.array_equal(columns, np.arange(width))


def _transfer(cell: Cell, fit: Fit) -> tuple[dict[str, Any], Arrays]:
    """Let a fitted classifier predict the test curves of another dataset."""
    target = cell.target
    assert target is not None  # since it is a transfer
    X, y = draw_test(target, cell.repetition, cell.seed)
    # A transfer depends on the curves of both datasets, so its data hash covers both,
    # and its fingerprint.
    hasher = hashlib.sha256(fit.measured["data_hash"].encode())
    hasher.update(X.data)
    hasher.update(y.data)
    fingerprint = fingerprint_of([(X, y)], target.n_classes, target.n_channels)
    if not _all_in_order(fit.columns, X.shape[1]):
        X = X[:, fit.columns]
    scored, arrays = predict_and_score(fit.estimator, {"test": X}, {"test": y})
    scored["data_hash"] = hasher.hexdigest()
    scored["fingerprint"] = fit.measured["fingerprint"] + fingerprint
    return scored, arrays
