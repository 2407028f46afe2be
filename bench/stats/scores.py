"""A frame of scores, checked and laid out as one table a dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bench.base import StatisticsError

COLUMNS = ("dataset", "repetition", "classifier", "score")

# Two ways to the same score may differ in its last bits; nothing that is measured
# differs by so little of its size.
ROUNDING = 1e-9


@dataclass(frozen=True)
class ScoreTable:
    """The scores of a dataset.

    Attributes
    ----------
    dataset
        Its id.
    repetitions, classifiers
        What the rows and the columns are.
    values
        Scores, finite, of shape (n_repetitions, n_classifiers).
    """

    dataset: str
    repetitions: tuple[Any, ...]
    classifiers: tuple[str, ...]
    values: np.ndarray

    def columns(self, classifiers: Sequence[str]) -> np.ndarray:
        """Return the scores of some classifiers, shape (n_repetitions, n_those)."""
        places = [self.classifiers.index(name) for name in classifiers]
        columns: np.ndarray = self.values[:, places]
        return columns


def score_tables(scores: pd.DataFrame) -> list[ScoreTable]:
    """Check a frame of scores and give each dataset its table.

    Parameters
    ----------
    scores
        Columns dataset, repetition, classifier and score, one row a cell, in any
        order (`bench.stats.coverage.complete_scores` makes it).

    Returns
    -------
    list of ScoreTable
        Datasets and classifiers in the order in which they first appear, repetitions
        ascending.

    Raises
    ------
    StatisticsError
        If a column or every row is missing, a score is not a finite number, a cell
        is there twice, or a classifier lacks a repetition that another one of its
        dataset has; the first few cells are named.
    """
    missing = [name for name in COLUMNS if name not in scores.columns]
    if missing:
        raise StatisticsError(
            f"the scores have no column {', '.join(missing)}; expected "
            f"{', '.join(COLUMNS)}"
        )
    if scores.empty:
        raise StatisticsError("there are no scores; expected one row a cell")
    values = _numbers(scores)
    codes = []
    names = []
    for column in COLUMNS[:3]:
        code, found = pd.factorize(scores[column], sort=column == "repetition")
        if (code < 0).any():
            raise StatisticsError(f"a row of the scores has no {column}")
        codes.append(code)
        names.append(list(found))
    shape = tuple(map(len, names))
    flat = np.ravel_multi_index(tuple(codes), shape)
    cells, counts = np.unique(flat, return_counts=True)
    if len(cells) < len(flat):
        twice = np.unravel_index(cells[counts > 1], shape)
        raise StatisticsError(
            f"cells that are in the scores twice: {_name_cells(twice, names)}"
        )
    table = np.full(shape, np.nan)
    table[tuple(codes)] = values
    return [
        _table(dataset, table[i], names[1], names[2])
        for i, dataset in enumerate(names[0])
    ]


def common_classifiers(tables: Sequence[ScoreTable]) -> tuple[str, ...]:
    """Return the classifiers, refusing any that a dataset lacks."""
    found = dict.fromkeys(name for table in tables for name in table.classifiers)
    holes = [
        f"{name} on {table.dataset}"
        for table in tables
        for name in found
        if name not in table.classifiers
    ]
    if holes:
        raise StatisticsError(
            "a comparison across datasets needs every classifier on every dataset; "
            f"missing: {name_some(holes)}"
        )
    return tuple(found)


def rank(values: np.ndarray, larger_is_better: bool) -> np.ndarray:
    """Rank along the last axis, 1 is best; ties, but for rounding, share their mean."""
    size = float(np.abs(values).max()) or 1.0
    steps = np.round(values / size / ROUNDING)
    ranks: np.ndarray = stats.rankdata(-steps if larger_is_better else steps, axis=-1)
    return ranks


def check_share(name: str, value: float) -> None:
    """Refuse what is not strictly between 0 and 1, such as an alpha of 5."""
    if not 0 < value < 1:
        raise StatisticsError(f"{name}: expected a number between 0 and 1, got {value}")


def check_width(name: str, value: float) -> None:
    """Refuse what is not a finite number from 0 up, as margins and ties are."""
    if not 0 <= value < np.inf:
        raise StatisticsError(f"{name}: expected a number from 0 up, got {value}")


def tie_of(tie: float | Mapping[str, float], dataset: str) -> float:
    """Return the largest difference that is a tie on a dataset."""
    if isinstance(tie, Mapping):
        if dataset not in tie:
            raise StatisticsError(f"tie: nothing is said of the dataset '{dataset}'")
        tie = tie[dataset]
    check_width("tie", tie)
    return float(tie)


def differences(
    first: np.ndarray, second: np.ndarray, larger_is_better: bool
) -> np.ndarray:
    """Return first − second, turned so that positive says first is better.

    A difference of rounding alone is set to zero. Shapes are those of the arguments,
    broadcast.
    """
    difference = first - second if larger_is_better else second - first
    size = np.maximum(np.abs(first), np.abs(second))
    return np.where(np.abs(difference) <= 1e-12 * size, 0.0, difference)


def name_some(cells: list[str], shown: int = 8) -> str:
    """Join the first few names and count the rest."""
    rest = len(cells) - shown
    return ", ".join(cells[:shown]) + (f" and {rest} more" if rest > 0 else "")


def _numbers(scores: pd.DataFrame) -> np.ndarray:
    try:
        values = scores["score"].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise StatisticsError("a score is not a number") from None
    bad = ~np.isfinite(values)
    if bad.any():
        rows = scores.loc[bad, list(COLUMNS)].to_dict("records")
        raise StatisticsError(
            "scores that are not finite numbers: "
            + name_some([f"{_cell(row)} ({row['score']})" for row in rows])
        )
    return values


def _table(
    dataset: str, values: np.ndarray, repetitions: list[Any], classifiers: list[str]
) -> ScoreTable:
    there = ~np.isnan(values)
    rows, columns = there.any(axis=1), there.any(axis=0)
    values = values[np.ix_(rows, columns)]
    repetitions = [r for r, kept in zip(repetitions, rows, strict=True) if kept]
    classifiers = [c for c, kept in zip(classifiers, columns, strict=True) if kept]
    if np.isnan(values).any():
        holes = [
            _cell({"dataset": dataset, "repetition": r, "classifier": c})
            for i, r in enumerate(repetitions)
            for j, c in enumerate(classifiers)
            if np.isnan(values[i, j])
        ]
        raise StatisticsError(
            "every classifier of a dataset needs the same repetitions; missing: "
            + name_some(holes)
        )
    return ScoreTable(dataset, tuple(repetitions), tuple(classifiers), values)


def _name_cells(indices: tuple[np.ndarray, ...], names: list[list[Any]]) -> str:
    return name_some(
        [
            _cell(
                {
                    column: found[i]
                    for column, found, i in zip(COLUMNS[:3], names, at, strict=True)
                }
            )
            for at in zip(*indices, strict=True)
        ]
    )


def _cell(row: dict[Any, Any]) -> str:
    return f"{row['dataset']}, {row['classifier']}, repetition {row['repetition']}"
