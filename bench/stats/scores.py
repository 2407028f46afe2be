"""Checks of a frame of scores, which is then laid out as one table for each dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench.base import StatisticsError

COLUMNS = ("dataset", "repetition", "classifier", "score")

# The same score, computed in two ways, may differ in its last bits. No real difference
# of scores is so small, relative to their size.
ROUNDING = 1e-9


@dataclass(frozen=True)
class ScoreTable:
    """The scores of one dataset.

    Attributes
    ----------
    dataset
        Its id.
    repetitions, classifiers
        The names of the rows and of the columns.
    values
        Scores of shape (n_repetitions, n_classifiers); NaN where a ragged table has
        none, and finite otherwise.
    asked
        For each classifier, the number of repetitions that were asked of it.
    collapsed
        Which scores are of trainings that collapsed; the shape is that of `values`.
    left_chance
        For each classifier, whether any training left chance, so that the share of
        collapses means something.
    """

    dataset: str
    repetitions: tuple[Any, ...]
    classifiers: tuple[str, ...]
    values: np.ndarray
    asked: tuple[int, ...]
    collapsed: np.ndarray
    left_chance: tuple[bool, ...]

    def columns(self, classifiers: Sequence[str]) -> np.ndarray:
        """Return the columns of some classifiers, shape (n_repetitions, n_columns)."""
        places = [self.classifiers.index(name) for name in classifiers]
        columns: np.ndarray = self.values[:, places]
        return columns

    @property
    def compared(self) -> np.ndarray:
        """Scores of the trainings that did not collapse; NaN for all others."""
        return np.where(self.collapsed, np.nan, self.values)


def score_tables(scores: pd.DataFrame, *, ragged: bool = False) -> list[ScoreTable]:
    """Check a frame of scores and return a table for each dataset.

    Parameters
    ----------
    scores
        Columns dataset, repetition, classifier and score, one row for each cell, in
        any order. With `ragged` a score may be NaN or its row absent, and the columns
        asked and collapsed are read, where they are there, as
        `bench.stats.coverage.held_out_scores` fills them.
    ragged
        Whether a classifier may lack repetitions that another one has.

    Returns
    -------
    list of ScoreTable
        Datasets and classifiers in the order in which they first appear, repetitions
        ascending.

    Raises
    ------
    StatisticsError
        If a column is missing, there are no rows, a score is not a finite number, a
        cell is duplicate, or, unless `ragged`, a classifier lacks a repetition that
        another one of the same dataset has. The message names the first few cells.
    """
    check_columns(scores)
    values = _numbers(scores, ragged)
    codes = []
    names = []
    for column in COLUMNS[:3]:
        code, unique = pd.factorize(scores[column], sort=column == "repetition")
        if (code < 0).any():
            raise StatisticsError(
                f"found a row of the scores with no {column}; expected one in each row"
            )
        codes.append(code)
        names.append(list(unique))
    shape = tuple(map(len, names))
    flat = np.ravel_multi_index(tuple(codes), shape)
    cells, counts = np.unique(flat, return_counts=True)
    if len(cells) < len(flat):
        duplicates = np.unravel_index(cells[counts > 1], shape)
        raise StatisticsError(
            f"found duplicate cells: {_name_cells(duplicates, names)}; expected one "
            "row for each cell"
        )

    def laid_out(column: np.ndarray, empty: float) -> np.ndarray:
        table = np.full(shape, empty, dtype=float)
        table[tuple(codes)] = column
        return table

    table, is_there = laid_out(values, np.nan), laid_out(np.ones(len(flat)), 0) > 0
    # Without the column, all repetitions of a dataset are asked of each classifier.
    asked = None
    if ragged and "asked" in scores:
        asked = laid_out(scores["asked"].to_numpy(float), 0).max(axis=1)
    collapsed = np.full(shape, 0.0)
    if ragged and "collapsed" in scores:
        flags = scores["collapsed"].astype("boolean")
        collapsed = laid_out(flags.to_numpy(float, na_value=np.nan), 0)
    tables = []
    for i, dataset in enumerate(names[0]):
        rows, columns = is_there[i].any(axis=1), is_there[i].any(axis=0)
        n_rows = int(rows.sum())
        found = ScoreTable(
            dataset,
            tuple(r for r, kept in zip(names[1], rows, strict=True) if kept),
            tuple(c for c, kept in zip(names[2], columns, strict=True) if kept),
            table[i][np.ix_(rows, columns)],
            tuple(
                (n_rows,) * int(columns.sum())
                if asked is None
                else map(int, asked[i][columns])
            ),
            (collapsed[i] == 1)[np.ix_(rows, columns)],
            tuple(bool(x) for x in ~np.isnan(collapsed[i]).any(axis=0)[columns]),
        )
        if not ragged:
            _check_complete(found)
        tables.append(found)
    return tables


def check_columns(scores: pd.DataFrame) -> None:
    """Raise an error if a frame of scores lacks a column, or has no rows."""
    missing = [name for name in COLUMNS if name not in scores.columns]
    if missing:
        raise StatisticsError(
            f"the scores have no column {', '.join(missing)}; expected "
            f"{', '.join(COLUMNS)}"
        )
    if scores.empty:
        raise StatisticsError("found no scores; expected one row for each cell")


def check_share(name: str, value: float) -> None:
    """Raise an error unless a value, such as alpha, lies strictly between 0 and 1."""
    if not 0 < value < 1:
        raise StatisticsError(
            f"{name}: found {value}; expected a number between 0 and 1"
        )


def check_width(name: str, value: float) -> None:
    """Raise an error unless a value, such as a margin, is finite and at least 0."""
    if not 0 <= value < np.inf:
        raise StatisticsError(f"{name}: found {value}; expected a number from 0 up")


def tie_of(tie: float | Mapping[str, float], dataset: str) -> float:
    """Return the largest difference that is a tie on a dataset."""
    if isinstance(tie, Mapping):
        if dataset not in tie:
            raise StatisticsError(
                f"tie: found no entry for the dataset '{dataset}'; expected one"
            )
        tie = tie[dataset]
    check_width("tie", tie)
    return float(tie)


def overlap_of(overlap: float | Mapping[str, float], dataset: str) -> float:
    """Return what repetitions that share curves add to 1/n on a dataset, 0 to 1.

    See `bench.stats.intervals.pool_overlap`.
    """
    if isinstance(overlap, Mapping):
        if dataset not in overlap:
            raise StatisticsError(
                f"overlap: found no entry for the dataset '{dataset}'; expected one"
            )
        overlap = overlap[dataset]
    check_overlap(overlap)
    return float(overlap)


def check_overlap(overlap: float) -> None:
    """Raise an error unless a value can be an overlap, from 0 to 1."""
    if not 0 <= overlap <= 1:
        raise StatisticsError(
            f"overlap: found {overlap}; expected a number from 0 to 1"
        )


def differences(
    first: np.ndarray, second: np.ndarray, larger_is_better: bool
) -> np.ndarray:
    """Return first − second, with the sign turned so that positive means better.

    A difference that is rounding alone becomes zero. The arguments are broadcast.
    """
    difference = first - second if larger_is_better else second - first
    scale = np.maximum(np.abs(first), np.abs(second))
    return np.where(np.abs(difference) <= 1e-12 * scale, 0.0, difference)


def name_some(cells: list[str], shown: int = 8) -> str:
    """Join the first few names and count the rest."""
    rest = len(cells) - shown
    return ", ".join(cells[:shown]) + (f" and {rest} more" if rest > 0 else "")


def _numbers(scores: pd.DataFrame, ragged: bool) -> np.ndarray:
    try:
        values = scores["score"].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise StatisticsError(
            "found a score that is not a number; expected numbers"
        ) from None
    bad = np.isinf(values) if ragged else ~np.isfinite(values)
    if bad.any():
        rows = scores.loc[bad, list(COLUMNS)].to_dict("records")
        raise StatisticsError(
            "found scores that are not finite: "
            + name_some([f"{_cell(row)} ({row['score']})" for row in rows])
            + "; expected finite numbers"
        )
    return values


def _check_complete(table: ScoreTable) -> None:
    holes = [
        _cell({"dataset": table.dataset, "repetition": r, "classifier": c})
        for i, r in enumerate(table.repetitions)
        for j, c in enumerate(table.classifiers)
        if np.isnan(table.values[i, j])
    ]
    if holes:
        raise StatisticsError(
            "every classifier of a dataset needs the same repetitions; missing: "
            + name_some(holes)
        )


def _name_cells(indices: tuple[np.ndarray, ...], names: list[list[Any]]) -> str:
    return name_some(
        [
            _cell(
                {
                    column: labels[i]
                    for column, labels, i in zip(COLUMNS[:3], names, cell, strict=True)
                }
            )
            for cell in zip(*indices, strict=True)
        ]
    )


def _cell(row: dict[Any, Any]) -> str:
    return f"{row['dataset']}, {row['classifier']}, repetition {row['repetition']}"
