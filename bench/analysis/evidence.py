"""Whether the rows that an answer rests on are in a report's tables, and agree."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from bench.suite import RowSpec, Suite

_FLIPPED = {"better": "worse", "worse": "better"}
_MARKS = {
    "best": "has the best mean",
    "near_best": "is not distinguishable from the best",
    "alone": "is better than all others, and distinguishable from them",
}
_CONDITION = re.compile(r"(<=|>=|<|>)\s*([-+.\de]+)")


@dataclass(frozen=True)
class CheckedRow:
    """A row that an answer rests on, compared with the tables of a report.

    Attributes
    ----------
    words
        The row in words, such as "CSD2 on mimic-1: mean 0.935".
    table
        The CSV file, without ".csv", that has the row.
    problem
        Why the table does not say this; empty if it does.
    """

    words: str
    table: str
    problem: str


class _RowError(Exception):
    """The tables lack a row, or say something else."""


def check_rows(
    suite: Suite, tables: Mapping[str, pd.DataFrame]
) -> list[list[CheckedRow]]:
    """Compare the rows of each answer of a suite with the tables of its report.

    Parameters
    ----------
    tables
        Name of a CSV file of the report, without ".csv" → its content. Of the tables
        that a report always has, these columns are read: of ``summary`` dataset,
        classifier, ``<score>_mean`` and ``<score>_std``; of ``intervals`` dataset,
        classifier, n, best, near_best and, if it is there, collapsed; of
        ``comparisons`` dataset, classifier, difference, low, high and verdict; of
        ``pairs`` first, second, difference, low and high, and verdict if it is there.

    Returns
    -------
    list
        One list for each answer, of its rows in their order.
    """
    return [
        [_checked(row, suite, tables) for row in answer.rests_on]
        for answer in suite.answers
    ]


def agrees(written: float, found: Any) -> bool:
    """Return whether a number, rounded as another one is written, is the same.

    The decimals of `written` count, and of a number up to 1 at least two: YAML does not
    tell .50 from .5.
    """
    decimals = max(0, -int(Decimal(repr(written)).as_tuple().exponent))
    if isinstance(written, float) and abs(written) <= 1:
        decimals = max(2, decimals)
    try:
        return bool(abs(float(found) - written) <= 0.5 * 10.0**-decimals + 1e-9)
    except (TypeError, ValueError):
        return False


def _checked(
    row: RowSpec, suite: Suite, tables: Mapping[str, pd.DataFrame]
) -> CheckedRow:
    words: list[str] = []
    problems: list[str] = []
    for said, problem in _checks(row, suite, tables):
        words.append(said)
        problems += [problem] if problem else []
    place = _place(row)
    text = "; ".join(words)
    # A row that is missing would be reported once for each of its figures.
    return CheckedRow(
        f"{place}: {text}" if place else text,
        _table_of(row),
        "; ".join(dict.fromkeys(problems)),
    )


def _table_of(row: RowSpec) -> str:
    if row.table is not None:
        return row.table
    if row.against is None:
        return "summary" if row.mark is None and row.collapsed is None else "intervals"
    is_across = row.dataset is None and row.on is None
    return "pairs" if is_across else "comparisons"


def _place(row: RowSpec) -> str:
    if row.table is not None:
        chosen = ", ".join(f"{name} {value}" for name, value in row.row.items())
        return chosen or "all rows"
    if row.dataset is None:
        return str(row.classifier)
    return f"{row.classifier} on {row.dataset}"


def _checks(
    row: RowSpec, suite: Suite, tables: Mapping[str, pd.DataFrame]
) -> Iterator[tuple[str, str]]:
    """Yield each statement of a row in words, and what is wrong with it."""
    if row.table is not None:
        yield from _cells(row, tables)
    elif row.on is not None:
        yield from _counts(row, suite, tables)
    else:
        yield from _scores(row, suite, tables)
        yield from _comparison(row, suite, tables)


def _cells(
    row: RowSpec, tables: Mapping[str, pd.DataFrame]
) -> Iterator[tuple[str, str]]:
    assert row.table is not None  # as `_checks` found
    if row.rows is not None:
        said = f"{row.rows} rows"
        try:
            n_rows = len(_select(tables, row.table, row.row))
            yield said, "" if n_rows == row.rows else f"there are {n_rows}"
        except _RowError as error:
            yield said, str(error)
        return
    said = f"{row.column} {row.value}"
    try:
        found = _single(tables, row.table, row.row)
        if row.column not in found:
            raise _RowError(f"{row.table}.csv has no column '{row.column}'")
        yield said, _unlike(row.value, found[row.column], str(row.column))
    except _RowError as error:
        yield said, str(error)


def _counts(
    row: RowSpec, suite: Suite, tables: Mapping[str, pd.DataFrame]
) -> Iterator[tuple[str, str]]:
    datasets = [dataset.id for dataset in suite.datasets]
    fulfilled, known = 0, 0
    for dataset in datasets:
        try:
            if row.mark is not None:
                held = _is_marked(row.mark, dataset, str(row.classifier), tables)
            else:
                compared = _compared(row, dataset, suite, tables)
                held = compared["verdict"] == row.verdict
        except _RowError:
            continue  # counts as a dataset that lacks the row
        fulfilled, known = fulfilled + held, known + 1
    kind = _MARKS[row.mark] if row.mark else f"{row.verdict} against {row.against}"
    right = (fulfilled, known) == (row.on, row.of)
    yield (
        f"{kind} on {row.on} of {row.of} datasets",
        "" if right else f"it is so on {fulfilled} of {known}",
    )


def _scores(
    row: RowSpec, suite: Suite, tables: Mapping[str, pd.DataFrame]
) -> Iterator[tuple[str, str]]:
    score = row.score or f"test_{suite.metrics[0]}"
    for name, written in (("mean", row.mean), ("std", row.std)):
        if written is None:
            continue
        said = f"{name} of {score} {_number(written)}"
        try:
            wanted = {"dataset": row.dataset, "classifier": row.classifier}
            found = _single(tables, "summary", wanted)
            if f"{score}_{name}" not in found:
                raise _RowError(f"summary.csv has no column '{score}_{name}'")
            yield said, _unlike(written, found[f"{score}_{name}"], f"the {name}")
        except _RowError as error:
            yield said, str(error)
    if row.mark is not None:
        try:
            is_so = _is_marked(row.mark, str(row.dataset), str(row.classifier), tables)
            yield _MARKS[row.mark], "" if is_so else f"it is not marked '{row.mark}'"
        except _RowError as error:
            yield _MARKS[row.mark], str(error)
    if row.collapsed is not None:
        said = f"{row.collapsed} of {row.of} trainings collapsed"
        try:
            wanted = {"dataset": row.dataset, "classifier": row.classifier}
            found = _single(tables, "intervals", wanted)
            share = (found.get("collapsed"), found["n"])
            right = share == (row.collapsed, row.of)
            yield said, "" if right else f"it is {share[0]} of {share[1]}"
        except _RowError as error:
            yield said, str(error)


def _is_marked(
    mark: str, dataset: str, classifier: str, tables: Mapping[str, pd.DataFrame]
) -> bool:
    """Return whether a classifier has a mark on a dataset."""
    _single(tables, "intervals", {"dataset": dataset, "classifier": classifier})
    column = "best" if mark == "best" else "near_best"
    marked = _select(tables, "intervals", {"dataset": dataset, column: "True"})
    names = set(marked["classifier"])
    return names == {classifier} if mark == "alone" else classifier in names


def _comparison(
    row: RowSpec, suite: Suite, tables: Mapping[str, pd.DataFrame]
) -> Iterator[tuple[str, str]]:
    if row.against is None:
        return
    parts: list[str] = []
    problems: list[str] = []
    try:
        found = _compared(row, row.dataset, suite, tables)
    except _RowError as error:
        found, problems = {}, [str(error)]
    if row.difference is not None:
        parts.append(f"difference {_number(row.difference, signed=True)}")
        if found:
            problems.append(
                _unlike(row.difference, found["difference"], "the difference")
            )
    if row.interval is not None:
        low, high = (_number(end, signed=True) for end in row.interval)
        parts.append(f"interval [{low}, {high}]")
        for end, name in zip(row.interval, ("low", "high"), strict=True):
            if found:
                problems.append(_unlike(end, found[name], f"the {name} end"))
    if row.verdict is not None:
        parts.append(row.verdict)
        if found:
            problems.append(_unlike(row.verdict, found.get("verdict"), "the verdict"))
    yield (
        f"against {row.against}: {', '.join(parts)}",
        "; ".join(filter(None, problems)),
    )


def _compared(
    row: RowSpec,
    dataset: str | None,
    suite: Suite,
    tables: Mapping[str, pd.DataFrame],
) -> dict[str, Any]:
    """Return the row of a comparison, turned so that `classifier` is the first."""
    first, second = str(row.classifier), str(row.against)
    if dataset is None:
        names = [("first", first), ("second", second)]
        for columns in (names, [("first", second), ("second", first)]):
            if len(_select(tables, "pairs", dict(columns))) == 1:
                found = _single(tables, "pairs", dict(columns))
                return found if columns == names else _turned(found)
        raise _RowError(f"pairs.csv has no row of {first} and {second}")
    if suite.baseline not in (first, second):
        raise _RowError(
            f"comparisons.csv compares with the baseline '{suite.baseline}' alone"
        )
    other = first if second == suite.baseline else second
    found = _single(tables, "comparisons", {"dataset": dataset, "classifier": other})
    return found if other == first else _turned(found)


def _turned(found: Mapping[str, Any]) -> dict[str, Any]:
    verdict = found.get("verdict")
    return {
        **found,
        "difference": -found["difference"],
        "low": -found["high"],
        "high": -found["low"],
        "verdict": _FLIPPED.get(str(verdict), verdict),
    }


def _single(
    tables: Mapping[str, pd.DataFrame], name: str, wanted: Mapping[str, Any]
) -> dict[str, Any]:
    rows = _select(tables, name, wanted)
    if len(rows) != 1:
        chosen = ", ".join(f"{column} {value}" for column, value in wanted.items())
        count = len(rows) if len(rows) else "no"
        raise _RowError(f"{name}.csv has {count} rows with {chosen}; expected one")
    return {str(column): value for column, value in rows.iloc[0].items()}


def _select(
    tables: Mapping[str, pd.DataFrame], name: str, wanted: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the rows of a table whose columns have certain values."""
    if name not in tables:
        raise _RowError(f"the report has no {name}.csv")
    rows = tables[name]
    for column, value in wanted.items():
        if column not in rows:
            raise _RowError(f"{name}.csv has no column '{column}'")
        rows = rows[_fulfils(rows[column], value)]
    return rows


def _fulfils(column: pd.Series, value: Any) -> np.ndarray:
    condition = _CONDITION.fullmatch(value) if isinstance(value, str) else None
    if condition is None and (isinstance(value, str) or value is None):
        return (column.astype(str) == str(value)).to_numpy(bool)
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(float)
    fulfilled: np.ndarray
    if condition is None:
        fulfilled = np.isclose(numbers, float(value), rtol=1e-9, atol=0)
        return fulfilled
    sign, limit = condition.groups()
    compare = {
        "<": np.less,
        "<=": np.less_equal,
        ">": np.greater,
        ">=": np.greater_equal,
    }
    fulfilled = compare[sign](numbers, float(limit))
    return fulfilled


def _unlike(written: Any, found: Any, name: str) -> str:
    """Return what was found, if it is not what was written."""
    if isinstance(written, int | float):
        same = agrees(written, found)
    else:
        same = str(written) == str(found)
    if same:
        return ""
    shown = f"{found:.4g}" if isinstance(found, float | np.floating) else f"{found}"
    return f"{name} is {'missing' if shown in ('nan', 'None') else shown}"


def _number(value: float, *, signed: bool = False) -> str:
    return f"{value:+g}" if signed else f"{value:g}"
