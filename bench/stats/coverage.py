"""Coverage: which cells have a score, and which scores may be compared.

What one classifier lacks takes nothing from another: pairs are compared on the
repetitions that both have, and a classifier that lacks many is left out, with a reason.
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
MOST_LACKING = 0.2  # share of repetitions that a compared classifier may lack
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


def held_out_scores(
    results: pd.DataFrame,
    metric: str,
    *,
    impute: Literal["none", "chance"] | None = None,
    n_classes: int | Mapping[str, int] = 2,
    collapsed: pd.Series | None = None,
) -> pd.DataFrame:
    """Return the held-out score of every cell, NaN where there is none.

    Parameters
    ----------
    results
        One row for each cell: dataset, repetition, classifier, status and
        ``test_<metric>``.
    metric
        A metric's name.
    impute
        None or "none", or "chance": a cell that failed, crashed or went over a limit
        gets the score of the classifier CHANCE in the same dataset and repetition.
        Where CHANCE has none, it is the expected score of guessing, which is known for
        accuracies (1 / n_classes) and for ROC AUC (1/2). A cell that never ran
        (skipped, missing) has no score, since nothing is known of it.
    n_classes
        The number of classes of every dataset, or dataset → number of classes.
    collapsed
        What `bench.stats.collapses.find_collapses` found for each row; None if
        collapses are not looked for.

    Returns
    -------
    DataFrame
        dataset, repetition, classifier, score; asked, the number of repetitions asked
        of the classifier on the dataset; and collapsed, in the order of the results.

    Raises
    ------
    StatisticsError
        If the metric's column is missing, no cell has a score, or a chance score is
        not known.
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
    if frame["score"].isna().all():
        raise StatisticsError(
            f"no cell has a held-out {metric}; expected at least one that is done"
        )
    frame["asked"] = frame.groupby(["dataset", "classifier"], observed=True)[
        "status"
    ].transform("size")
    if collapsed is None:
        collapsed = pd.Series(False, index=frame.index, dtype="boolean")
    frame["collapsed"] = collapsed.astype("boolean").reset_index(drop=True)
    return frame[[*COLUMNS, "asked", "collapsed"]]


def lacks_too_many(n: int, asked: int) -> bool:
    """Tell whether a classifier lacks more than a fifth of what was asked of it."""
    return n == 0 or asked - n > MOST_LACKING * asked


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
    if metric in ("accuracy", "balanced_accuracy", "recall"):
        classes = n_classes[dataset] if isinstance(n_classes, Mapping) else n_classes
        return 1 / classes
    if metric == "mcc":
        return 0.0
    if metric == "roc_auc":
        return 0.5
    raise StatisticsError(
        f"impute: the {metric} of guessing is not known; add the classifier {CHANCE} "
        "to the suite, or choose 'none'"
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
