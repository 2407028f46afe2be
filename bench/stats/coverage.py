"""Which cells have a score, and the scores that may be compared.

Ragged results are never averaged over: comparisons stand on the repetitions that are
complete, or on an imputation that was asked for by name.
"""

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from bench.base import StatisticsError
from bench.stats.scores import COLUMNS, name_some
from bench.store import BAD

CHANCE = "CHANCE"
_KEYS = ["dataset", "repetition", "classifier"]


def coverage(results: pd.DataFrame) -> pd.DataFrame:
    """Count the cells of each dataset and classifier: done, and planned.

    Parameters
    ----------
    results
        One row a cell (`bench.analysis.results.read_results`); dataset, classifier and
        status are read.

    Returns
    -------
    DataFrame
        One row a dataset. Columns have two levels, count and classifier:
        ``coverage(results)["done"]`` and ``["planned"]`` are matrices of counts.
    """
    _check(results, "dataset", "classifier", "status")
    matrices = {
        "done": _counts(results, results["status"] == "done"),
        "planned": _counts(results, results["status"].notna()),
    }
    return pd.concat(matrices, axis=1, names=["count", "classifier"])


def coverage_table(results: pd.DataFrame) -> pd.DataFrame:
    """Write `coverage` out: "10", "9 of 10", or "–" where nothing was planned."""
    counts = coverage(results)
    done, planned = counts["done"], counts["planned"]
    rows = []
    for dataset in counts.index:
        row = {"dataset": dataset}
        for name in done.columns:
            n, of = done.loc[dataset, name], planned.loc[dataset, name]
            row[name] = "–" if of == 0 else f"{n}" if n == of else f"{n} of {of}"
        rows.append(row)
    return pd.DataFrame(rows, columns=["dataset", *done.columns])


def holes(results: pd.DataFrame) -> pd.DataFrame:
    """List the cells that are not done: dataset, classifier, repetition, status."""
    _check(results, *_KEYS, "status")
    columns = ["dataset", "classifier", "repetition", "status"]
    return results.loc[results["status"] != "done", columns].reset_index(drop=True)


def complete_scores(
    results: pd.DataFrame,
    metric: str,
    *,
    impute: Literal["none", "chance"] | None = None,
    n_classes: int | Mapping[str, int] = 2,
) -> pd.DataFrame:
    """Return the held-out scores that may be compared.

    A classifier takes part in a dataset if it has a score there at least once. Without
    imputation a repetition counts where all of these have one. With
    ``impute="chance"`` a cell that failed, crashed or went over a limit gets the
    chance score, and a classifier that only failed takes part. A cell that was never
    run to an end of its own (skipped, missing) stays a hole: nothing is known of it.
    A dataset in which no classifier has a score is left out; `coverage` shows it.

    Parameters
    ----------
    results
        One row a cell: dataset, repetition, classifier, status, ``test_<metric>``.
    metric
        A metric's name.
    impute
        None or "none", or "chance": the score of the classifier CHANCE in the same
        dataset and repetition; where it has none, what guessing is expected to get,
        which is known of accuracies (1 / n_classes) and of ROC AUC (1/2).
    n_classes
        Classes of every dataset, or dataset → classes.

    Returns
    -------
    DataFrame
        dataset, repetition, classifier, score, in the order of the results.

    Raises
    ------
    StatisticsError
        If a dataset has scores but no complete repetition (the holes are named), the
        metric's column is missing, or a chance score is not known.
    """
    column = f"test_{metric}"
    _check(results, *_KEYS, "status", column)
    if impute not in (None, "none", "chance"):
        raise StatisticsError(f"impute: expected 'none' or 'chance', got '{impute}'")
    frame = results[[*_KEYS, "status"]].reset_index(drop=True)
    score = pd.to_numeric(results[column], errors="coerce").reset_index(drop=True)
    frame["score"] = score.where((frame["status"] == "done") & np.isfinite(score))
    if impute == "chance":
        frame["score"] = _imputed(frame, metric, n_classes)
    kept = []
    for dataset, cells in frame.groupby("dataset", sort=False, observed=True):
        scored = cells.groupby("classifier", observed=True)["score"].transform("count")
        cells = cells[scored > 0]
        if cells.empty:
            continue
        # A row that is not there at all is a hole too.
        table = cells.pivot(index="repetition", columns="classifier", values="score")
        complete = table.index[table.notna().all(axis=1)]
        if complete.empty:
            raise StatisticsError(_no_repetition(str(dataset), table, cells, metric))
        kept.append(cells[cells["repetition"].isin(complete)])
    if not kept:
        raise StatisticsError(
            f"no cell has a held-out {metric}; expected at least one that is done"
        )
    return pd.concat(kept, ignore_index=True)[list(COLUMNS)]


def _counts(results: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """Count rows, dataset × classifier, both in the order of the results."""
    counts = pd.crosstab(results["dataset"], results["classifier"], rows, aggfunc="sum")
    return (
        counts.reindex(
            index=results["dataset"].unique(), columns=results["classifier"].unique()
        )
        .fillna(0)
        .astype(int)
        .rename_axis(index="dataset", columns="classifier")
    )


def _imputed(
    frame: pd.DataFrame, metric: str, n_classes: int | Mapping[str, int]
) -> pd.Series:
    """Return the scores with the chance score where a cell has failed."""
    score = frame["score"].copy()
    guessed = frame[frame["classifier"] == CHANCE].set_index(["dataset", "repetition"])
    guesses = guessed["score"].to_dict()
    for row in frame.index[frame["status"].isin(BAD)]:
        dataset, repetition = frame.at[row, "dataset"], frame.at[row, "repetition"]
        guess = guesses.get((dataset, repetition), math.nan)
        if math.isnan(guess):
            guess = _expected_chance(str(dataset), metric, n_classes)
        score[row] = guess
    return score


def _expected_chance(
    dataset: str, metric: str, n_classes: int | Mapping[str, int]
) -> float:
    if metric in ("accuracy", "balanced_accuracy"):
        classes = n_classes[dataset] if isinstance(n_classes, Mapping) else n_classes
        return 1 / classes
    if metric == "roc_auc":
        return 0.5
    raise StatisticsError(
        f"impute: the chance {metric} is not known; add the classifier {CHANCE} to the "
        "suite, or choose 'none'"
    )


def _no_repetition(
    dataset: str, table: pd.DataFrame, cells: pd.DataFrame, metric: str
) -> str:
    statuses = cells.set_index(["classifier", "repetition"])["status"].to_dict()
    named = []
    for classifier in cells["classifier"].unique():
        for repetition in table.index[table[classifier].isna()]:
            status = statuses.get((classifier, repetition), "missing")
            why = f"no {metric}" if status == "done" else status
            named.append(f"{classifier}, repetition {repetition} ({why})")
    return (
        f"the dataset '{dataset}' has no repetition at which every classifier has a "
        f"score: {name_some(named)}; run what is missing, leave a classifier out, or "
        "choose stats: {impute: chance}"
    )


def _check(results: pd.DataFrame, *columns: str) -> None:
    missing = [name for name in columns if name not in results.columns]
    if missing:
        raise StatisticsError(f"the results have no column {', '.join(missing)}")
    if results.empty:
        raise StatisticsError("there are no results; expected one row a cell")
    known = [name for name in _KEYS if name in results.columns]
    if len(known) == len(_KEYS) and results.duplicated(known).any():
        cells = results.loc[results.duplicated(known), known].astype(str)
        raise StatisticsError(
            "cells that are in the results twice: "
            + name_some([", ".join(row) for row in cells.itertuples(index=False)])
        )
