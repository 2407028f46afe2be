"""The stored results of a suite as data frames."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from bench.base import StoreError, fingerprint_text
from bench.cells import Cell, Plan, make_plan, own_functions
from bench.stats import METRICS, OwnMetric, Predictions, metric_of, score_all
from bench.store import STORE, Draws, Result, Store, recipe_column
from bench.suite import Suite, load_suite

UNSCORED = "unscored_"  # begins the column that says why an own metric has no score
# Why there is none, if nobody has called the function.
NOT_COMPUTED = "not computed"


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


def load_cells(cells: Iterable[Cell], store: Store) -> list[Result]:
    """Read the results of some cells of a plan, see `load_results`."""
    loaded = []
    draws = Draws()
    for cell in cells:
        result = store.get(cell.key) or cell.result("missing")
        if problem := draws.problem(result):
            raise StoreError(
                f"{store.folder}: {problem}; expected the same curves for all "
                "classifiers: compute one of them again, or use another --store"
            )
        # The plan has the fields already; ten thousand copies would fill the memory.
        loaded.append(replace(result, fields={}))
    return loaded


def results_frame(plan: Plan, store: Store, loaded: Sequence[Result]) -> pd.DataFrame:
    """Return the frame of `read_results` from loaded results."""
    return _frame(plan.cells, plan, store, loaded)


def _frame(
    cells: Sequence[Cell],
    plan: Plan,
    store: Store,
    loaded: Sequence[Result],
) -> pd.DataFrame:
    metrics, own = plan.suite.metrics, own_identities(plan)
    # A comparison of two such tables must know it, see `bench.compare`.
    shares_curves = any(recipe.overlap for recipe in plan.datasets)
    rows = []
    for cell, result in zip(cells, loaded, strict=True):
        coordinates: dict[str, Any] = {
            "suite": plan.suite.name,
            "dataset": cell.dataset.spec.id,
            "repetition": cell.repetition,
            "classifier": cell.classifier.id,
        }
        row = _row(result, metrics, store, own)
        if shares_curves:
            row["overlap"] = cell.dataset.overlap
        row |= {"recipe": recipe_column(cell.fields), "key": cell.key}
        rows.append(coordinates | row)
    return _without_empty(pd.DataFrame(rows))


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
    metrics, own = plan.suite.metrics, own_identities(plan)
    rows = []
    for cell in plan.transfers:
        assert cell.target is not None  # since it is a transfer
        result = store.get(cell.key) or cell.result("missing")
        coordinates: dict[str, Any] = {
            "suite": plan.suite.name,
            "train": cell.dataset.spec.id,
            "test": cell.target.spec.id,
            "repetition": cell.repetition,
            "classifier": cell.classifier.id,
        }
        row = _row(result, metrics, store, own)
        row |= {"recipe": recipe_column(cell.fields), "key": cell.key}
        rows.append(coordinates | row)
    frame = _without_empty(pd.DataFrame(rows))
    return frame.drop(columns=[f"train_{m}" for m in metrics if rows])


def _without_empty(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out the columns of reasons that hold none."""
    names = [c for c in frame.columns if c.startswith(UNSCORED)]
    return frame.drop(columns=[c for c in names if (frame[c] == "").all()])


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


def own_identities(plan: Plan) -> dict[str, str]:
    """Return the identity of each metric that is a function, by its name.

    Its file is read, and nothing is imported.
    """
    return {f.metric.name: f.identity for f in own_functions(plan.suite)}


def _row(
    result: Result,
    metrics: Iterable[str],
    store: Store,
    own: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    own = {} if own is None else own
    row: dict[str, Any] = {"status": result.status}
    known = set(metrics) & METRICS.keys()
    absent = known - result.test.keys()
    if result.train:  # empty after online training, which has no training set
        absent |= known - result.train.keys()
    # A result lacks metrics that cells do not compute, and those added after it.
    arrays = store.arrays(result.key) if result.status == "done" and absent else None
    for part in ("train", "test"):
        scores = getattr(result, part)
        if arrays is not None and (part == "test" or result.train):
            scores = scores | score_all(Predictions.of(arrays, part), absent)
        row |= {f"{part}_{name}": scores.get(name, math.nan) for name in metrics}
        row |= {
            f"{part}_{name}": _own_score(result, identity, part)
            for name, identity in own.items()
        }
    measured = (
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
    row |= {name: getattr(result, name) for name in measured}
    row["data_hash"] = result.data_hash
    row["fingerprint"] = fingerprint_text(result.fingerprint)
    error = result.error or {}
    message = f"{error.get('type')}: {error.get('message')}" if error else ""
    row |= {f"{UNSCORED}{n}": _unscored(result, own[n]) for n in metrics if n in own}
    return row | {
        "error": message.splitlines()[0][:300] if message else "",
        "signal": error.get("signal", ""),
        "absent": "; ".join(result.absent.values()),
    }


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
