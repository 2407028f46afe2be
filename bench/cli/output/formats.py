"""Results of commands as data on standard output: CSV or JSON."""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.cli.usage import one_of

TABLE, CSV, JSON = "table", "csv", "json"


def add_format(command: argparse._ActionsContainer, *more: str) -> None:
    """Add the option for the format of the result; `more` are further formats."""
    names = (TABLE, CSV, JSON, *more)
    command.add_argument(
        "--format",
        type=one_of(*names),
        default=TABLE,
        metavar="{" + ",".join(names) + "}",
        help="how the result is printed (default: table); csv and json print the data "
        "alone, and all else to stderr",
    )


def print_rows(
    rows: Iterable[Mapping[Any, Any]], columns: Sequence[str], form: str
) -> None:
    """Print rows as CSV with a header, or as a JSON array of objects.

    Parameters
    ----------
    rows
        Values by column. NaN and None are empty in CSV, null in JSON. In CSV a text
        that a spreadsheet would run as a formula has an apostrophe before it.
    columns
        Their order; each row has all of them.
    form
        `CSV` or `JSON`.
    """
    if form == JSON:
        print_json([{name: row[name] for name in columns} for row in rows])
        return
    import pandas as pd

    from bench.render import csv_text

    values = [[_plain(row[name]) for name in columns] for row in rows]
    # As objects: a whole number beside an empty one stays whole.
    _write(csv_text(pd.DataFrame(values, columns=list(columns), dtype=object)))


def print_json(document: Any) -> None:
    """Print a document as JSON, in ASCII, which every encoding has."""
    _write(json.dumps(_plain(document), indent=1, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    """Turn a value of a frame into one of JSON, which has no NaN."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    value = value.item() if hasattr(value, "item") else value  # a number of numpy
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write(text: str) -> None:
    """Write data to standard output as UTF-8, whatever the terminal's encoding is.

    A table may replace a character that the encoding lacks; data must not.
    """
    if sys.stdout is None:
        return
    sys.stdout.flush()
    if (raw := getattr(sys.stdout, "buffer", None)) is None:  # as in a notebook
        sys.stdout.write(text)
    else:
        raw.write(text.encode("utf-8"))
        raw.flush()
