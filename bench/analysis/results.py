"""The stored results of a suite as data frames."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from bench.base import StoreError, fingerprint_text
from bench.cells import Cell, Plan, make_plan
from bench.stats import METRICS, Predictions, score_all
from bench.store import STORE, Draws, Result, Store, recipe_column
from bench.suite import Suite, load_suite


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
        dataset's recipe and key. Training scores are NaN for online training. With
        recorded curves also ``overlap``, see `bench.stats.intervals.pool_overlap`.
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
    return _loaded(plan.cells, store)


def _loaded(cells: Iterable[Cell], store: Store) -> list[Result]:
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
    metrics = plan.suite.metrics
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
        row = _row(result, metrics, store)
        if shares_curves:
            row["overlap"] = cell.dataset.overlap
        row |= {"recipe": recipe_column(cell.fields), "key": cell.key}
        rows.append(coordinates | row)
    return pd.DataFrame(rows)


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
    return _frame(plan.given, plan, store, _loaded(plan.given, store))


def transfer_frame(plan: Plan, store: Store) -> pd.DataFrame:
    """Read the stored transfers of a suite.

    Returns
    -------
    DataFrame
        One row a transfer: suite, train and test (datasets), and the other columns of
        `read_results` except the training scores.
    """
    metrics = plan.suite.metrics
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
        row = _row(result, metrics, store)
        row |= {"recipe": recipe_column(cell.fields), "key": cell.key}
        rows.append(coordinates | row)
    return pd.DataFrame(rows).drop(columns=[f"train_{m}" for m in metrics if rows])


def _row(result: Result, metrics: Iterable[str], store: Store) -> dict[str, Any]:
    row: dict[str, Any] = {"status": result.status}
    absent = set(metrics) - result.test.keys()
    if result.train:  # empty after online training, which has no training set
        absent |= set(metrics) - result.train.keys()
    # A result lacks metrics that cells do not compute, and those added after it.
    arrays = store.arrays(result.key) if result.status == "done" and absent else None
    for part in ("train", "test"):
        scores = getattr(result, part)
        if arrays is not None and (part == "test" or result.train):
            scores = scores | score_all(Predictions.of(arrays, part), absent)
        row |= {f"{part}_{name}": scores.get(name, math.nan) for name in metrics}
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
    )
    row |= {name: getattr(result, name) for name in measured}
    row["data_hash"] = result.data_hash
    row["fingerprint"] = fingerprint_text(result.fingerprint)
    error = result.error or {}
    message = f"{error.get('type')}: {error.get('message')}" if error else ""
    return row | {
        "error": message.splitlines()[0][:300] if message else "",
        "signal": error.get("signal", ""),
        "absent": "; ".join(result.absent.values()),
    }


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """Reduce results to one row for each dataset and classifier.

    Returns
    -------
    DataFrame
        ``n`` cells done of ``n_cells``, and mean and std (ddof=1) over repetitions
        of every score; mean, std and median of the seconds to fit and predict, since a
        busy machine or a first compilation makes some of them much longer; medians of
        their processor time. Datasets are in the suite's order, classifiers sorted by
        the first held-out score, best first.
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
    headline = next(c for c in scores if c.startswith("test_"))
    metric = METRICS[headline.removeprefix("test_")]
    order = {name: i for i, name in enumerate(results["dataset"].unique())}
    return (
        summary.assign(_order=summary["dataset"].map(order))
        .sort_values(
            ["_order", f"{headline}_mean"],
            ascending=[True, not metric.larger_is_better],
            kind="stable",
            na_position="last",
        )
        .drop(columns="_order")
        .reset_index(drop=True)
    )


def trained_online(summary: pd.DataFrame) -> list[str]:
    """Return the classifiers that have held-out scores but no training scores.

    `summary` holds the rows of one dataset, as `summarise` returns them.
    """

    def has_scores(part: str) -> "pd.Series[bool]":
        columns = summary.columns
        names = [n for n in columns if n.startswith(part) and n.endswith("_mean")]
        return summary[names].notna().any(axis=1)

    is_online = has_scores("test_") & ~has_scores("train_")
    return [str(name) for name in summary.loc[is_online, "classifier"]]
