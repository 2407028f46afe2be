"""The files of a report that hold its data: CSV tables, and ``page.json`` for the rest.

A folder may come from elsewhere: its files are read as data, with a bound on their
size, and checked against the types of `bench.analysis.report_data`.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from bench.analysis.findings import Findings
from bench.analysis.report_data import (
    VERSION,
    Answer,
    ClassifierFacts,
    DatasetFacts,
    Log,
    ReferenceFacts,
    ReportData,
    SuiteFacts,
)
from bench.analysis.sweeps import Sweep
from bench.base import StoreError, shown
from bench.render import csv_text, restored
from bench.stats import METRICS, Across, Friedman, OwnMetric

PAGE = "page.json"
MOST_BYTES = 64 * 2**20  # of one file: a table of a hundred thousand cells
# Frames that only the page shows are kept in page.json, column by column.
_INSIDE = ("history", "held_out")
_OWN_METRIC = "[A-Za-z][A-Za-z0-9_-]{0,39}"  # as `bench.suite` wants them


@dataclass(frozen=True)
class _SweepFacts:
    """A sweep; the value of its limit is None, since JSON has no infinity."""

    name: str
    values: dict[str, float | None]
    limit: str
    family: str


@dataclass(frozen=True)
class _AcrossFacts:
    """A comparison across datasets without its pairs, which are a table."""

    datasets: tuple[str, ...]
    means: dict[str, list[float | None]]
    ranks: dict[str, float]
    families: tuple[tuple[str, ...], ...]
    allowed: bool
    reason: str
    needed: int
    friedman: tuple[float, float, float | None, float] | None
    cliques: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class _Names:
    """A column of texts: each text once, and for each row the position of its own."""

    names: list[str]
    rows: list[int]


@dataclass(frozen=True)
class _Page:
    """The content of page.json."""

    version: int
    suite: SuiteFacts
    datasets: tuple[DatasetFacts, ...]
    classifiers: tuple[ClassifierFacts, ...]
    answers: tuple[Answer, ...]
    reference: ReferenceFacts | None
    highlighted: tuple[str, ...]
    provenance: tuple[str, ...]
    problems: tuple[str, ...]
    transfer_failures: tuple[str, ...]
    logs: tuple[Log, ...]
    sweeps: tuple[_SweepFacts, ...]
    across: _AcrossFacts | None
    # Table → column → kind, so that a CSV file is read as it was written.
    columns: dict[str, dict[str, str]]
    frames: dict[str, dict[str, _Names | list[int | float | bool | None]]]


@cache
def _adapter() -> TypeAdapter[_Page]:
    return TypeAdapter(_Page)


def write_data(data: ReportData, folder: Path) -> None:
    """Write the tables of a report as CSV files, and everything else as page.json.

    A file that would not change is left alone; the file of a table without rows is
    removed: it is of an earlier report.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = data.tables
    for name in TABLES:
        path = folder / f"{name}.csv"
        if name in tables:
            write_if_changed(path, csv_text(tables[name]))
        else:
            path.unlink(missing_ok=True)
    write_if_changed(folder / PAGE, _text_of(data))


TABLES = (
    "results",
    "summary",
    "given",
    "intervals",
    "comparisons",
    "pairs",
    "stability",
    "leaks",
    "audits",
    "calibration",
    "per_class",
    "online",
    "sweep",
    "crossings",
    "transfer",
    "works",
)


def write_if_changed(path: Path, text: str) -> None:
    """Write a text file, but leave a file alone that has this text already."""
    content = text.encode("utf-8")
    if not (path.is_file() and path.read_bytes() == content):
        path.write_bytes(content)


def _text_of(data: ReportData) -> str:
    found = data.findings
    inside = {name: getattr(data, name) for name in _INSIDE}
    tables = data.tables | inside
    page = _Page(
        version=VERSION,
        suite=data.suite,
        datasets=data.datasets,
        classifiers=data.classifiers,
        answers=data.answers,
        reference=data.reference,
        highlighted=data.highlighted,
        provenance=data.provenance,
        problems=found.problems,
        transfer_failures=data.transfer_failures,
        logs=data.logs,
        sweeps=tuple(map(_sweep_facts, found.sweeps)),
        across=None if found.across is None else _across_facts(found.across),
        columns={
            name: {str(c): _kind(frame[c]) for c in frame.columns}
            for name, frame in tables.items()
        },
        frames={
            name: {str(c): _packed(frame[c]) for c in frame.columns}
            for name, frame in inside.items()
            if not frame.empty
        },
    )
    # One line for each part, so that a change is seen in the part that changed.
    parts = json.loads(_adapter().dump_json(page))
    if not parts["suite"]["own_threads"]:  # few suites have any: not in every page
        del parts["suite"]["own_threads"]
    style: dict[str, Any] = {"ensure_ascii": False, "separators": (",", ":")}
    lines = (
        f"{json.dumps(name)}: {json.dumps(part, allow_nan=False, **style)}"
        for name, part in parts.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _sweep_facts(sweep: Sweep) -> _SweepFacts:
    values = {k: v if math.isfinite(v) else None for k, v in sweep.values.items()}
    return _SweepFacts(sweep.name, values, sweep.limit, sweep.family)


def _across_facts(across: Across) -> _AcrossFacts:
    test = across.friedman
    means = across.means
    return _AcrossFacts(
        datasets=tuple(map(str, means.index)),
        means={str(name): _values(means[name]) for name in means.columns},
        ranks={str(name): float(rank) for name, rank in across.ranks.items()},
        families=across.families,
        allowed=bool(across.allowed),
        reason=across.reason,
        needed=int(across.needed),
        friedman=None
        if test is None
        else (
            test.statistic,
            test.p,
            test.iman_davenport if math.isfinite(test.iman_davenport) else None,
            test.iman_davenport_p,
        ),
        cliques=across.cliques,
        left_out=across.left_out,
    )


def _kind(column: "pd.Series[Any]") -> str:
    """Name the type of a column, see `_read`."""
    if column.dtype == "boolean":
        return "maybe"
    if pd.api.types.is_bool_dtype(column.dtype):
        return "bool"
    if pd.api.types.is_integer_dtype(column.dtype):
        return "int"
    if pd.api.types.is_float_dtype(column.dtype) or column.isna().all():
        return "float"  # of numbers that all are unknown pandas makes objects
    return "text"


def _packed(column: "pd.Series[Any]") -> Any:
    if _kind(column) != "text":
        return _values(column)
    rows, names = pd.factorize(column)
    return _Names([str(name) for name in names], rows.tolist())


def _unpacked(values: _Names | list[Any], path: Path) -> list[Any]:
    if not isinstance(values, _Names):
        return values
    n_names = len(values.names)
    if not all(0 <= row < n_names for row in values.rows):
        raise StoreError(
            f"{path}: found a row beyond the {n_names} names of a column; expected the "
            "page.json of a report: write the report again"
        )
    return [values.names[row] for row in values.rows]


def _values(column: "pd.Series[Any]") -> list[Any]:
    """Return the values of a column as JSON has them; None where there is none."""
    return [
        None
        if pd.isna(value) or (isinstance(value, float) and math.isinf(value))
        else value
        for value in column.tolist()
    ]


def read_data(folder: Path) -> ReportData:
    """Read everything that a report shows from its folder.

    Raises
    ------
    StoreError
        If a file is missing, too large, or does not hold what a report has.
    """
    page = _read_page(folder / PAGE)
    tables = {
        name: _read_table(folder / f"{name}.csv", kinds)
        for name, kinds in page.columns.items()
        if name in TABLES
    }
    inside = {}
    for name in _INSIDE:
        packed = page.frames.get(name, {}).items()
        columns = {
            column: _unpacked(values, folder / PAGE) for column, values in packed
        }
        kinds = page.columns.get(name, {}) if columns else {}
        inside[name] = _typed(columns, kinds, folder / PAGE)
    _check_columns(folder, page.suite, tables)
    empty = pd.DataFrame()

    def table(name: str) -> pd.DataFrame:
        return tables.get(name, empty)

    across = page.across
    findings = Findings(
        results=table("results"),
        summary=table("summary"),
        intervals=tables.get("intervals"),
        compared=tables.get("comparisons"),
        across=None if across is None else _across(across, table("pairs")),
        stability=tables.get("stability"),
        sweeps=tuple(map(_sweep, page.sweeps)),
        along=table("sweep"),
        crossings=table("crossings"),
        transfer_cells=empty,
        transfers=table("transfer"),
        works=table("works"),
        leaks=table("leaks"),
        audits=table("audits"),
        problems=page.problems,
        given=table("given"),
    )
    return ReportData(
        suite=page.suite,
        datasets=page.datasets,
        classifiers=page.classifiers,
        findings=findings,
        answers=page.answers,
        reference=page.reference,
        online=table("online"),
        calibration=table("calibration"),
        provenance=page.provenance,
        logs=page.logs,
        transfer_failures=page.transfer_failures,
        highlighted=page.highlighted,
        per_class=table("per_class"),
        **inside,
    )


def own_metrics_of(folder: Path) -> tuple[OwnMetric, ...]:
    """Return the metrics of a report that are functions; none of another folder."""
    if not (folder / PAGE).is_file():
        return ()
    suite = _read_page(folder / PAGE).suite
    _check_metrics(folder, suite)
    return suite.own_metrics


def _check_columns(
    folder: Path, suite: SuiteFacts, tables: Mapping[str, pd.DataFrame]
) -> None:
    """Refuse tables without the columns that every report has."""
    _check_metrics(folder, suite)
    parts = [f"{part}_{name}" for part in ("train", "test") for name in suite.metrics]
    needed = {
        "results": (
            *("suite", "dataset", "repetition", "classifier", "status", *parts),
            *("fit_seconds", "fit_cpu_seconds", "error", "absent", "collapsed"),
        ),
        "summary": (
            *("dataset", "classifier", "n", "n_cells", "fit_seconds_median"),
            *(f"{name}_{kind}" for name in parts for kind in ("mean", "std")),
        ),
    }
    if "given" in tables:  # a report has it only of curves with a given split
        score = f"test_{suite.metrics[0]}"
        needed["given"] = ("dataset", "classifier", "status", "error", score)
    for name, columns in needed.items():
        found = tables.get(name, pd.DataFrame()).columns
        for column in columns:
            if column not in found:
                raise StoreError(
                    f"{folder / name}.csv: found no column {column}; expected that of "
                    "a report: write the report again"
                )


def _check_metrics(folder: Path, suite: SuiteFacts) -> None:
    """Refuse names of metrics that nothing describes, or that are no names."""
    own = {metric.name for metric in suite.own_metrics}
    for name in own:
        if not re.fullmatch(_OWN_METRIC, name) or name in METRICS:
            raise StoreError(
                f"{folder / PAGE}: suite.own_metrics: found {shown(name, 40)!r}; "
                "expected letters from A to Z, digits, _ and -, and no known metric"
            )
    for metric in suite.metrics or [""]:
        if metric not in METRICS and metric not in own:
            raise StoreError(
                f"{folder / PAGE}: suite.metrics: found "
                f"{repr(shown(metric, 40)) if metric else 'nothing'}; expected some of "
                f"{', '.join(METRICS)}"
            )


def _read_page(path: Path) -> _Page:
    text = _text(path)
    try:
        version = json.loads(text).get("version")
    except (ValueError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"{path}: found no JSON object ({shown(str(error), 100)}); expected the "
            "page.json of a report: write the report again"
        ) from None
    if version != VERSION:
        raise StoreError(
            f"{path}: found version {shown(str(version), 20)}; expected {VERSION}: "
            "write the report again, or use the release that wrote it"
        )
    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise StoreError(
            f"{path}: {shown(where, 80)}: {shown(first['msg'], 200)}; expected the "
            "page.json of a report: write the report again"
        ) from None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise StoreError(
                f"{path}: found {path.stat().st_size} bytes; expected at most "
                f"{MOST_BYTES}"
            )
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(
            f"{path}: cannot be read ({shown(str(error), 200)}); expected a file of a "
            "report"
        ) from None


def _read_table(path: Path, kinds: dict[str, str]) -> pd.DataFrame:
    _text(path)  # its size and its encoding
    try:
        frame = pd.read_csv(
            path, dtype=str, keep_default_na=False, na_values=[], encoding="utf-8"
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise StoreError(f"{path}: {shown(str(error), 200)}") from None
    frame.columns = pd.Index([restored(name) for name in frame.columns])
    if list(frame.columns) != list(kinds):
        raise StoreError(
            f"{path}: found the columns {shown(', '.join(frame.columns), 200)}; "
            f"expected those that {PAGE} lists: write the report again"
        )
    columns = {name: list(map(restored, frame[name].tolist())) for name in kinds}
    return _typed(columns, kinds, path)


def _typed(
    columns: dict[str, list[Any]], kinds: dict[str, str], path: Path
) -> pd.DataFrame:
    """Give the columns of a table the types that they were written from."""
    frame = {}
    for name, values in columns.items():
        try:
            frame[name] = _read(values, kinds[name])
        except (KeyError, ValueError, TypeError) as error:
            raise StoreError(
                f"{path}: {shown(name, 80)}: {shown(str(error), 200)}; expected "
                f"{shown(kinds.get(name, 'other'), 20)} values"
            ) from None
    lengths = sorted({len(values) for values in frame.values()})
    if len(lengths) > 1:
        raise StoreError(
            f"{path}: found columns of {lengths[0]} and of {lengths[-1]} values in one "
            f"table ({shown(', '.join(columns), 80)}); expected as many in each: write "
            "the report again"
        )
    return pd.DataFrame(frame)


def _read(values: list[Any], kind: str) -> Any:
    blank = [value is None or value == "" for value in values]
    match kind:
        case "float":
            numbers = [
                math.nan if empty else float(value)
                for value, empty in zip(values, blank, strict=True)
            ]
            return np.array(numbers, dtype=float)
        case "int":
            return np.array([int(value) for value in values], dtype=np.int64)
        case "bool":
            return np.array([_truth(value) for value in values], dtype=bool)
        case "maybe":
            return pd.array(
                [
                    pd.NA if empty else _truth(value)
                    for value, empty in zip(values, blank, strict=True)
                ],
                dtype="boolean",
            )
        case "text":
            return ["" if value is None else str(value) for value in values]
    raise ValueError(f"unknown kind '{kind}'")


def _truth(value: Any) -> bool:
    if str(value) not in ("True", "False"):
        raise ValueError(f"found '{value}'; expected True or False")
    return str(value) == "True"


def _sweep(facts: _SweepFacts) -> Sweep:
    values = {k: math.inf if v is None else v for k, v in facts.values.items()}
    return Sweep(facts.name, values, facts.limit, facts.family)


def _across(facts: _AcrossFacts, pairs: pd.DataFrame) -> Across:
    means = pd.DataFrame(
        {k: [math.nan if v is None else v for v in m] for k, m in facts.means.items()},
        index=pd.Index(facts.datasets, name="dataset"),
        dtype=float,
    )
    means.columns.name = "classifier"
    test = facts.friedman
    return Across(
        means=means,
        ranks=pd.Series(facts.ranks, dtype=float),
        families=facts.families,
        allowed=facts.allowed,
        reason=facts.reason,
        needed=facts.needed,
        friedman=None
        if test is None
        else Friedman(
            test[0], test[1], math.inf if test[2] is None else test[2], test[3]
        ),
        pairs=pairs,
        cliques=facts.cliques,
        left_out=facts.left_out,
    )


def is_report(folder: Path) -> bool:
    """Tell whether a folder holds the data of a report."""
    return (folder / PAGE).is_file()
