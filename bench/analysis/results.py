"""The stored results of a suite as data frames."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from bench.base import StoreError, fingerprint_text
from bench.cells import Cell, Plan, Task, make_plan, own_functions
from bench.stats import METRICS, OwnMetric, Predictions, metric_of, score_all
from bench.store import STORE, Draws, Result, SharedParts, Store, recipe_column
from bench.suite import Suite, load_suite

UNSCORED = "unscored_"  # begins the column that says why an own metric has no score
# Why there is none, if nobody has called the function.
NOT_COMPUTED = "not computed"
_MEASURED = (
    "fit_seconds",
    "predict_seconds",
    "fit_cpu_seconds",
    "predict_cpu_seconds",
    "seconds",
    "peak_rss_mib",
    "attempts",
    "iterations",
    "batched",
    "sharing",
)


def read_results(
    suite: Plan | Suite | str | Path, store: str | Path | Store = STORE
) -> pd.DataFrame:
    """Read the stored results of a suite.

    Parameters
    ----------
    suite
        A suite, its plan, or the path of its file.
    store
        The store, or its folder.

    Returns
    -------
    DataFrame
        One row a cell, in the suite's order: coordinates, status ("missing" if nothing
        is stored), ``train_`` and ``test_`` scores of the suite's metrics, seconds,
        memory in MiB, attempts, iterations, the number of cells in its batch
        (``batched``; seconds are those of the batch divided by it), data hash and
        fingerprint of the curves, error, signal, why scores are absent, name of the
        dataset's recipe and key. Training scores are NaN for online training. Of a
        metric that is a function, the scores are those which a run has stored, and
        ``unscored_`` with its name says why one is missing, if any is. With recorded
        curves also ``overlap``, see `bench.stats.intervals.pool_overlap`.
    """
    if not isinstance(suite, Plan):
        suite = make_plan(suite if isinstance(suite, Suite) else load_suite(suite))
    if not isinstance(store, Store):
        store = Store(Path(store))
    return results_frame(suite, store, load_results(suite, store))


def load_results(plan: Plan, store: Store) -> list[Result]:
    """Read the result of every cell; its status is "missing" if it is not stored.

    Raises
    ------
    StoreError
        If two results of a repetition are of different curves.
    """
    return load_cells(plan.cells, store)


class SeenResults:
    """The results that a run reports, kept so that they need not be read again."""

    def __init__(self) -> None:
        self._parts = SharedParts()
        self._by_key: dict[str, Result] = {}

    def add(self, cell: Task, result: Result) -> None:
        """Keep the result of a cell; those of other tasks are left out."""
        if isinstance(cell, Cell) and cell.target is None:
            self._by_key[cell.key] = self._parts.slim(result, cell.key)

    def of(self, plan: Plan) -> list[Result]:
        """Return what `load_results` would read, if the store has not changed."""
        return [
            self._by_key.get(cell.key) or cell.result("missing") for cell in plan.cells
        ]


def load_cells(cells: Sequence[Cell], store: Store) -> list[Result]:
    """Read the results of some cells of a plan, see `load_results`."""
    return list(_read(cells, store, Draws()))


def _read(cells: Sequence[Cell], store: Store, draws: Draws | None) -> Iterator[Result]:
    """Yield the result of each cell without its fields, which the cell has."""
    parts = SharedParts()
    stored = store.read_all(cell.key for cell in cells)
    for cell, found in zip(cells, stored, strict=True):
        result = cell.result("missing") if found is None else found
        if draws is not None and (problem := draws.problem(result, cell.draw)):
            raise StoreError(
                f"{store.folder}: {problem}; expected the same curves for all "
                "classifiers: compute one of them again, or use another --store"
            )
        yield parts.slim(result, cell.key)


def results_frame(plan: Plan, store: Store, loaded: Sequence[Result]) -> pd.DataFrame:
    """Return the frame of `read_results` from loaded results."""
    return _frame(plan.cells, plan, store, loaded)


def _frame(
    cells: Sequence[Cell],
    plan: Plan,
    store: Store,
    loaded: Sequence[Result],
) -> pd.DataFrame:
    coordinates: dict[str, list[Any]] = {
        "suite": [plan.suite.name] * len(cells),
        "dataset": [cell.dataset.spec.id for cell in cells],
        "repetition": [cell.repetition for cell in cells],
        "classifier": [cell.classifier.id for cell in cells],
    }
    columns = coordinates | _columns(loaded, plan, store)
    # A comparison of two such tables must know it, see `bench.compare`.
    if any(recipe.overlap for recipe in plan.datasets):
        columns["overlap"] = [cell.dataset.overlap for cell in cells]
    return _as_frame(columns | _names(cells))


def _as_frame(columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    """Make a frame: without rows no columns, and none of reasons without any."""
    if not columns["key"]:
        return pd.DataFrame()
    return pd.DataFrame(
        {
            name: values
            for name, values in columns.items()
            if not name.startswith(UNSCORED) or any(values)
        }
    )


def _names(cells: Sequence[Cell]) -> dict[str, list[Any]]:
    """Return the columns that name the recipe of each cell's curves, and its key."""
    found: dict[tuple[str, ...], str] = {}
    names = []
    for cell in cells:
        of = cell.sources
        if of not in found:
            found[of] = recipe_column(cell.fields)
        names.append(found[of])
    return {"recipe": names, "key": [cell.key for cell in cells]}


def given_frame(plan: Plan, store: Store) -> pd.DataFrame:
    """Read the stored cells of the given splits, beside datasets that are resampled.

    Returns
    -------
    DataFrame
        One row a cell, with the columns of `read_results`; empty without such cells.

    Raises
    ------
    StoreError
        If two results of a dataset are of different curves.
    """
    return _frame(plan.given, plan, store, load_cells(plan.given, store))


def transfer_frame(plan: Plan, store: Store) -> pd.DataFrame:
    """Read the stored transfers of a suite.

    Returns
    -------
    DataFrame
        One row a transfer: suite, train and test (datasets), and the other columns of
        `read_results` except the training scores.
    """
    cells = plan.transfers
    coordinates: dict[str, list[Any]] = {
        "suite": [plan.suite.name] * len(cells),
        "train": [cell.dataset.spec.id for cell in cells],
        "test": [cell.target.spec.id for cell in cells if cell.target is not None],
        "repetition": [cell.repetition for cell in cells],
        "classifier": [cell.classifier.id for cell in cells],
    }
    columns = _columns(list(_read(cells, store, None)), plan, store)
    for name in plan.suite.metrics:  # nothing is scored where it was trained
        del columns[f"train_{name}"]
    return _as_frame(coordinates | columns | _names(cells))


def not_computed(plan: Plan, loaded: Sequence[Result]) -> list[str]:
    """Return the metrics that are functions and lack stored scores of some cells.

    Parameters
    ----------
    loaded
        The result of each cell, as `load_results` returns them.
    """
    done = [result for result in loaded if result.status == "done"]
    return [
        name
        for name, identity in own_identities(plan).items()
        if any(identity not in result.own_scores for result in done)
    ]


def date_of(store: Store, results: Iterable[Result]) -> str:
    """Return the date on which the newest result was stored; empty without any."""
    newest = max((store.written(result.key) for result in results), default=0.0)
    return datetime.fromtimestamp(newest, UTC).date().isoformat() if newest else ""


def own_identities(plan: Plan) -> dict[str, str]:
    """Return the identity of each metric that is a function, by its name.

    Its file is read, and nothing is imported.
    """
    return {f.metric.name: f.identity for f in own_functions(plan.suite)}


def _columns(
    loaded: Sequence[Result], plan: Plan, store: Store
) -> dict[str, list[Any]]:
    """Return what was measured, column by column: rows would take more memory."""
    metrics, own = plan.suite.metrics, own_identities(plan)
    columns: dict[str, list[Any]] = {"status": [result.status for result in loaded]}
    scores = [_scores(result, metrics, store) for result in loaded]
    for i, part in enumerate(("train", "test")):
        for name in metrics:
            columns[f"{part}_{name}"] = (
                [_own_score(result, own[name], part) for result in loaded]
                if name in own
                else [parts[i].get(name, math.nan) for parts in scores]
            )
    for name in _MEASURED:
        columns[name] = [getattr(result, name) for result in loaded]
    columns["data_hash"] = [result.data_hash for result in loaded]
    # By identity: results of a repetition share a fingerprint, see `SharedParts`.
    texts = {id(r.fingerprint): r.fingerprint for r in loaded}
    written = {key: fingerprint_text(value) for key, value in texts.items()}
    columns["fingerprint"] = [written[id(result.fingerprint)] for result in loaded]
    for name in filter(own.__contains__, metrics):
        columns[f"{UNSCORED}{name}"] = [_unscored(r, own[name]) for r in loaded]
    errors = [result.error or {} for result in loaded]
    return columns | {
        "error": [_first_line(error) for error in errors],
        "signal": [error.get("signal", "") for error in errors],
        # By the names of the methods, however a result was written.
        "absent": ["; ".join(dict(sorted(r.absent.items())).values()) for r in loaded],
    }


def _scores(
    result: Result, metrics: Iterable[str], store: Store
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return the training and the held-out scores of our own metrics."""
    known = METRICS.keys() & metrics
    absent = known - result.test.keys()
    if result.train:  # empty after online training, which has no training set
        absent |= known - result.train.keys()
    if result.status != "done" or not absent:
        return result.train, result.test
    # A result lacks metrics that cells do not compute, and those added after it.
    arrays = store.arrays(result.key)

    def completed(part: str, scores: dict[str, float]) -> dict[str, float]:
        return scores | score_all(Predictions.of(arrays, part), absent)

    train = completed("train", result.train) if result.train else result.train
    return train, completed("test", result.test)


def _first_line(error: Mapping[str, str]) -> str:
    """Write type and message of an error in one line; empty without an error."""
    message = f"{error.get('type')}: {error.get('message')}" if error else ""
    return message.splitlines()[0][:300] if message else ""


def _own_score(result: Result, identity: str, part: str) -> float:
    """Return the stored score of a metric that is a function; NaN without one."""
    score = result.own_scores.get(identity, {}).get(part)
    is_number = result.status == "done" and isinstance(score, int | float)
    return float(score) if is_number and score is not None else math.nan


def _unscored(result: Result, identity: str) -> str:
    """Say why a metric that is a function has no score; empty if it needs more."""
    if result.status != "done":
        return ""
    stored = result.own_scores.get(identity)
    return NOT_COMPUTED if stored is None else str(stored.get("problem", ""))


def summarise(
    results: pd.DataFrame, headline: str | OwnMetric | None = None
) -> pd.DataFrame:
    """Reduce results to one row for each dataset and classifier.

    Parameters
    ----------
    headline
        The metric that sorts the classifiers; by default the first one.

    Returns
    -------
    DataFrame
        ``n`` cells done of ``n_cells``, and mean and std (ddof=1) over repetitions
        of every score; mean, std and median of the seconds to fit and predict, since a
        busy machine or a first compilation makes some of them much longer; medians of
        their processor time. Datasets are in the suite's order, classifiers sorted by
        the held-out score of the headline, best first.
    """
    scores = [c for c in results.columns if c.startswith(("train_", "test_"))]
    seconds = ["fit_seconds", "predict_seconds"]
    groups = results.groupby(["dataset", "classifier"], sort=False)
    summary = groups.agg(
        n=("status", lambda status: int((status == "done").sum())),
        n_cells=("status", "size"),
    )
    done = results[results["status"] == "done"].groupby(["dataset", "classifier"])
    for name in (*scores, *seconds):
        summary[f"{name}_mean"] = done[name].mean()
        summary[f"{name}_std"] = done[name].std(ddof=1)
    for name in (*seconds, "fit_cpu_seconds", "predict_cpu_seconds"):
        summary[f"{name}_median"] = done[name].median()
    summary = summary.reset_index()
    first = next(c for c in scores if c.startswith("test_")).removeprefix("test_")
    headline = first if headline is None else headline
    # Without its description, an own metric is sorted by its larger scores.
    is_known = isinstance(headline, OwnMetric) or headline in METRICS
    larger = metric_of(headline).larger_is_better if is_known else True
    order = {name: i for i, name in enumerate(results["dataset"].unique())}
    return (
        summary.assign(_order=summary["dataset"].map(order))
        .sort_values(
            ["_order", f"test_{headline}_mean"],
            ascending=[True, not larger],
            kind="stable",
            na_position="last",
        )
        .drop(columns="_order")
        .reset_index(drop=True)
    )


def without_training_scores(summary: pd.DataFrame) -> list[str]:
    """Return the classifiers that have held-out scores but no training scores.

    `summary` holds the rows of one dataset, as `summarise` returns them.
    """

    def has_scores(part: str) -> "pd.Series[bool]":
        columns = summary.columns
        names = [n for n in columns if n.startswith(part) and n.endswith("_mean")]
        return summary[names].notna().any(axis=1)

    lacking = has_scores("test_") & ~has_scores("train_")
    return [str(name) for name in summary.loc[lacking, "classifier"]]
