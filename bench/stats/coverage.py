"""Coverage: which cells have a score, and which scores may be compared.

Means of different repetitions are never compared. Comparisons use the repetitions that
are complete, or an imputation that the suite chose by name.
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
        One row for each cell, as `bench.analysis.results.read_results` returns it;
        dataset, classifier and status are read.

    Returns
    -------
    DataFrame
        One row for each dataset. Columns have two levels, count and classifier:
        ``coverage(results)["done"]`` and ``["planned"]`` are matrices of counts.
    """
    _check(results, "dataset", "classifier", "status")
    matrices = {
        "done": _counts(results, results["status"] == "done"),
        "planned": _counts(results, results["status"].notna()),
    }
    return pd.concat(matrices, axis=1, names=["count", "classifier"])


def coverage_table(results: pd.DataFrame) -> pd.DataFrame:
    """Return `coverage` as text: "10", "9 of 10", or "–" where nothing was planned."""
    counts = coverage(results)
    done, planned = counts["done"], counts["planned"]
    rows = []
    for dataset in counts.index:
        row = {"dataset": dataset}
        for name in done.columns:
            n, n_planned = done.loc[dataset, name], planned.loc[dataset, name]
            if n_planned == 0:
                row[name] = "–"
            else:
                row[name] = f"{n}" if n == n_planned else f"{n} of {n_planned}"
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

    A classifier takes part in a dataset if it has at least one score there. Without
    imputation, a repetition is complete if all these classifiers have a score in it;
    others are left out. With ``impute="chance"``, a cell that failed, crashed or went
    over a limit gets the score of chance, and a classifier that only failed takes
    part. A cell that never ran (skipped, missing) is still a missing score, since
    nothing is known of it. A dataset without any score is left out; `coverage` shows
    it.

    Parameters
    ----------
    results
        One row for each cell: dataset, repetition, classifier, status and
        ``test_<metric>``.
    metric
        A metric's name.
    impute
        None or "none", or "chance": the score of the classifier CHANCE in the same
        dataset and repetition. Where CHANCE has none, it is the expected score of
        guessing, which is known for accuracies (1 / n_classes) and for ROC AUC (1/2).
    n_classes
        The number of classes of every dataset, or dataset → number of classes.

    Returns
    -------
    DataFrame
        dataset, repetition, classifier, score, in the order of the results.

    Raises
    ------
    StatisticsError
        If a dataset has scores but no complete repetition (the message names the
        missing cells), the metric's column is missing, or a chance score is not known.
    """
    column = f"test_{metric}"
    _check(results, *_KEYS, "status", column)
    if impute not in (None, "none", "chance"):
        raise StatisticsError(f"impute: found '{impute}'; expected 'none' or 'chance'")
    frame = results[[*_KEYS, "status"]].reset_index(drop=True)
    score = pd.to_numeric(results[column], errors="coerce").reset_index(drop=True)
    frame["score"] = score.where((frame["status"] == "done") & np.isfinite(score))
    if impute == "chance":
        frame["score"] = _with_chance(frame, metric, n_classes)
    kept = []
    for dataset, cells in frame.groupby("dataset", sort=False, observed=True):
        scored = cells.groupby("classifier", observed=True)["score"].transform("count")
        cells = cells[scored > 0]
        if cells.empty:
            continue
        # Pivoting turns a row that is not there at all into NaN, a missing score too.
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
    """Count the chosen rows, dataset × classifier, both in the order of the results."""
    counts = pd.crosstab(results["dataset"], results["classifier"], rows, aggfunc="sum")
    return (
        counts.reindex(
            index=results["dataset"].unique(), columns=results["classifier"].unique()
        )
        .fillna(0)
        .astype(int)
        .rename_axis(index="dataset", columns="classifier")
    )


def _with_chance(
    frame: pd.DataFrame, metric: str, n_classes: int | Mapping[str, int]
) -> pd.Series:
    """Return the scores, with the score of chance for each cell that failed."""
    score = frame["score"].copy()
    guessing = frame[frame["classifier"] == CHANCE]
    chance_scores = guessing.set_index(["dataset", "repetition"])["score"].to_dict()
    for row in frame.index[frame["status"].isin(BAD)]:
        dataset, repetition = frame.at[row, "dataset"], frame.at[row, "repetition"]
        chance = chance_scores.get((dataset, repetition), math.nan)
        if math.isnan(chance):
            chance = _expected_chance(str(dataset), metric, n_classes)
        score[row] = chance
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
        f"impute: the {metric} of guessing is not known; add the classifier {CHANCE} "
        "to the suite, or choose 'none'"
    )


def _no_repetition(
    dataset: str, table: pd.DataFrame, cells: pd.DataFrame, metric: str
) -> str:
    """Return the message for a dataset that has no complete repetition."""
    statuses = cells.set_index(["classifier", "repetition"])["status"].to_dict()
    missing = []
    for classifier in cells["classifier"].unique():
        for repetition in table.index[table[classifier].isna()]:
            status = statuses.get((classifier, repetition), "missing")
            reason = f"no {metric}" if status == "done" else status
            missing.append(f"{classifier}, repetition {repetition} ({reason})")
    return (
        f"the dataset '{dataset}' has no repetition in which every classifier has a "
        f"score: {name_some(missing)}; run the missing cells, leave a classifier out, "
        "or choose stats: {impute: chance}"
    )


def _check(results: pd.DataFrame, *columns: str) -> None:
    """Raise an error if a column is missing, there are no rows, or a cell is duplicate.

    A frame without all columns of a cell's key cannot have its cells compared.
    """
    missing = [name for name in columns if name not in results.columns]
    if missing:
        raise StatisticsError(f"the results have no column {', '.join(missing)}")
    if results.empty:
        raise StatisticsError("found no results; expected one row for each cell")
    if set(_KEYS) <= set(results.columns) and results.duplicated(_KEYS).any():
        cells = results.loc[results.duplicated(_KEYS), _KEYS].astype(str)
        raise StatisticsError(
            "found duplicate cells: "
            + name_some([", ".join(row) for row in cells.itertuples(index=False)])
            + "; expected one row for each cell"
        )
