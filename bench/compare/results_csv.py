"""Read a results.csv that may come from anybody: every value is checked."""

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from bench.base import (
    CompareError,
    MissingFileError,
    did_you_mean,
    parse_fingerprint,
    read_bytes,
    shown,
)
from bench.render import restored
from bench.stats import METRICS
from bench.store import STATUSES

MAX_BYTES = 2**27  # twice the size for a suite with the most cells
MAX_ROWS = 100_000  # the most cells of a suite
MAX_COLUMNS = 1000
MAX_NAME = 64  # characters of an id, as in a suite file
MAX_HASH = 128
EXPECTED = "expected a results.csv, a report's folder or a store"
_NEEDED = ("dataset", "repetition", "classifier", "status", "data_hash")


def read_table(path: Path) -> pd.DataFrame:
    """Read a results.csv; see `bench.compare.read.read_source`."""
    try:
        raw = read_bytes(path, MAX_BYTES)
    except OSError as error:
        raise missing(path, error) from None
    if len(raw) > MAX_BYTES:
        raise CompareError(
            f"{path}: found more than {MAX_BYTES} bytes; expected a smaller file, "
            "as a run writes"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise CompareError(
            f"{path}:{line}: found the byte {raw[error.start]:#04x}; expected text in "
            "UTF-8"
        ) from None
    records = _records(path, text)
    _, header = next(records, (1, []))
    scores = _checked_header(f"{path}:1", header)
    rows: list[dict[str, Any]] = []
    lines: dict[tuple[str, int, str], int] = {}
    for line, record in records:
        where = f"{path}:{line}"
        if len(rows) == MAX_ROWS:
            raise CompareError(f"{where}: found more than {MAX_ROWS} rows; split them")
        if len(record) != len(header):
            raise CompareError(
                f"{where}: found {len(record)} values; expected {len(header)}, one a "
                "column"
            )
        fields = {
            name: field if name in scores else restored(field)
            for name, field in zip(header, record, strict=True)
        }
        row = _checked_row(where, fields, scores)
        coordinate = (row["dataset"], row["repetition"], row["classifier"])
        first = lines.setdefault(coordinate, line)
        if first != line:
            raise CompareError(
                f"{where}: found a second row of {cell_name(*coordinate)}, which "
                f"line {first} has already; expected one a cell"
            )
        rows.append(row)
    if not rows:
        raise CompareError(f"{path}: found no rows below the header; {EXPECTED}")
    return as_frame(rows)


def _records(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the number of its first line; empty lines are skipped."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for record in reader:
            if record:
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        raise CompareError(
            f"{path}:{line}: not readable as CSV: {shown(str(error))}; {EXPECTED}"
        ) from None


def _checked_header(where: str, header: list[str]) -> list[str]:
    """Check the names of columns; return those that hold scores."""
    if len(header) > MAX_COLUMNS:
        raise CompareError(f"{where}: found {len(header)} columns; {EXPECTED}")
    for name in _NEEDED:
        if name not in header:
            hint = did_you_mean(name, [shown(column, 60) for column in header])
            raise CompareError(
                f"{where}: found no column '{name}'{hint}; expected the columns "
                f"{', '.join(_NEEDED)} and test_accuracy or another test_ score"
            )
    for position, name in enumerate(header):
        if name in header[:position]:
            raise CompareError(
                f"{where}: found the column '{shown(name, 60)}' twice; expected it once"
            )
    scores = [name for name in header if name.startswith(("train_", "test_"))]
    if not any(name.startswith("test_") for name in scores):
        raise CompareError(
            f"{where}: found no column of held-out scores; expected test_accuracy or "
            "another test_ score"
        )
    return scores


def _checked_row(
    where: str, record: dict[str, str], scores: list[str]
) -> dict[str, Any]:
    repetition = record["repetition"]
    if not (repetition.isascii() and repetition.isdecimal() and len(repetition) < 7):
        raise wrong(where, "repetition", repetition, "a whole number from 0 to 999999")
    row = checked_cell(
        where,
        record["dataset"],
        int(repetition),
        record["classifier"],
        record["status"],
        record["data_hash"],
    )
    row |= _checked_origin(where, record)
    if "overlap" in record:
        row["overlap"] = _checked_overlap(where, record["overlap"])
    is_done = row["status"] == "done"
    # After online training, all training scores are empty; otherwise none may be.
    has_training = any(record[name] for name in scores if name.startswith("train_"))
    for name in scores:
        text = record[name]
        if text and not is_done:
            raise wrong(where, name, text, f"nothing in a row that is {row['status']}")
        metric = METRICS.get(name.partition("_")[2])
        # Every classifier predicts, but a metric may need probabilities as well.
        is_due = has_training or not name.startswith("train_")
        if is_done and is_due and not text and metric is not None and not metric.needs:
            raise wrong(where, name, text, "a finite number in a row that is done")
        row[name] = _number(where, name, text) if text else math.nan
    return row


def _checked_origin(where: str, record: dict[str, str]) -> dict[str, str]:
    """Check the columns that say where curves come from; earlier versions had none."""
    recipe, text = record.get("recipe", ""), record.get("fingerprint", "")
    if not (recipe.isprintable() and len(recipe) <= MAX_HASH):
        raise wrong(where, "recipe", recipe, "the name of a recipe")
    try:
        parse_fingerprint(text)
    except ValueError as error:
        raise wrong(where, "fingerprint", text, str(error)) from None
    return {"recipe": recipe, "fingerprint": text}


def _checked_overlap(where: str, text: str) -> float:
    """Check what repetitions that share curves add to 1/n; NaN where it is empty."""
    overlap = _number(where, "overlap", text) if text else math.nan
    if not (math.isnan(overlap) or 0 <= overlap <= 1):
        raise wrong(where, "overlap", text, "a number from 0 to 1")
    return overlap


def _number(where: str, name: str, text: str) -> float:
    try:
        if not text.isascii() or "_" in text:  # float() accepts 1_000 and other digits
            raise ValueError
        value = float(text)
    except ValueError:
        raise wrong(where, name, text, "a finite number") from None
    if not math.isfinite(value):
        raise wrong(where, name, text, "a finite number")
    return value


def checked_cell(
    where: str,
    dataset: str,
    repetition: int,
    classifier: str,
    status: str,
    data_hash: str,
) -> dict[str, Any]:
    """Check the coordinates, status and data hash of a row; return them."""
    for name, text in (("dataset", dataset), ("classifier", classifier)):
        is_id = text.isprintable() and text.strip() == text
        if not (is_id and 0 < len(text) <= MAX_NAME):
            raise wrong(where, name, text, f"an id of 1 to {MAX_NAME} characters")
    if status not in (*STATUSES, "missing"):
        known = ", ".join((*STATUSES, "missing"))
        raise wrong(where, "status", status, f"one of {known}")
    is_hash = data_hash.isprintable() and len(data_hash) <= MAX_HASH
    if not is_hash or (status == "done" and not data_hash):
        raise wrong(where, "data_hash", data_hash, "the hash of the cell's data")
    return {
        "dataset": dataset,
        "repetition": repetition,
        "classifier": classifier,
        "status": status,
        "data_hash": data_hash,
    }


def as_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as a frame; the columns that identify curves are the last ones."""
    frame = pd.DataFrame(rows)
    last = ["recipe", "fingerprint", "data_hash"]
    return frame[[c for c in frame.columns if c not in last] + last]


def cell_name(dataset: str, repetition: int, classifier: str) -> str:
    """Return the name of a cell for a message."""
    return (
        f"dataset '{shown(dataset, 64)}', repetition {repetition}, classifier "
        f"'{shown(classifier, 64)}'"
    )


def wrong(where: str, name: str, found: str, expected: str) -> CompareError:
    """Make an error that says what was found where, and what was expected."""
    return CompareError(
        f"{where}: {name}: found '{shown(found, 60)}'; expected {expected}"
    )


def missing(path: Path, error: Exception) -> MissingFileError:
    """Make an error that says why a path cannot be read."""
    reason = getattr(error, "strerror", None) or "no such name is possible"
    return MissingFileError(
        f"{shown(str(path), 1000)}: cannot be read ({reason}); {EXPECTED}"
    )
