"""Write frames as CSV that no spreadsheet runs, and read them back exactly.

A spreadsheet computes a field that begins as a formula does, even one that starts a
program. An apostrophe before it makes it text, as OWASP advises ("CSV injection",
https://owasp.org/www-community/attacks/CSV_Injection). Numbers stay as they are.

It lies beside the other formats, since `compare`, `study` and `report` write it and
`base` has no frames.
"""

import csv
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

import pandas as pd

# The start of a formula: also its full-width signs, which spreadsheets in East Asia
# read too, and also after quotes, apostrophes and spaces.
_FORMULA = r"['\"\s]*[=+\-@\t\r\n＝＋－＠]"  # noqa: RUF001
# The start of a field, also where another program sees one: some separate fields by
# semicolons or tabs, and some end a row at a line break within quotes.
_START = r"(?:\A|(?<=[;\t\r\n]))"
_RUNS = re.compile(f"{_START}(?={_FORMULA})")
# What readers of CSV, or UTF-8, cannot hold.
_UNWRITABLE = re.compile(r"[\x00\ud800-\udfff]")
_INERT = re.compile(f"{_START}'(?={_FORMULA})")


def inert(text: str) -> str:
    """Put an apostrophe where a spreadsheet would begin to read a formula."""
    return _RUNS.sub("'", text)


def restored(field: str) -> str:
    """Return the text of which `inert` made a field.

    A field that was written without it stays as it is, unless it has an apostrophe
    before the start of a formula.
    """
    return _INERT.sub("", field) if "'" in field else field


def csv_text(frame: pd.DataFrame) -> str:
    """Write a frame as CSV without its index; texts and titles are inert.

    Null characters and single surrogates, which no reader would give back, become
    U+FFFD.
    """
    written = pd.DataFrame(
        {i: _inert_values(frame.iloc[:, i]) for i in range(frame.shape[1])},
        index=frame.index,
    )
    written.columns = pd.Index([_field(str(name)) for name in frame.columns])
    # The csv module of some versions of Python does not put a \r between quotes.
    texts = written.select_dtypes(exclude="number")
    has_return = "\r" in "".join([*map(str, texts.to_numpy().ravel()), *written])
    quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if has_return else csv.QUOTE_MINIMAL
    text: str = written.to_csv(index=False, lineterminator="\n", quoting=quoting)
    return text


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame to a file as `csv_text` does, in UTF-8."""
    path.write_bytes(csv_text(frame).encode())


def read_csv(path: Path, text: Collection[str] = ()) -> pd.DataFrame:
    """Read a file that `write_csv` has written.

    Parameters
    ----------
    text
        The columns that hold text only, where an id may be ``1`` or ``NA``. An empty
        field in them is an empty text. Columns that the file lacks are ignored. In the
        others an empty field is missing, and numbers are numbers.

    Returns
    -------
    DataFrame
        Numbers are equal to the last bit to those that were written.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        names = [restored(name) for name in next(csv.reader(stream), [])]
    frame = pd.read_csv(
        path,
        encoding="utf-8",
        names=names,
        header=0,
        dtype={name: str for name in names if name in text},
        keep_default_na=False,
        na_values={name: [""] for name in names if name not in text},
        float_precision="round_trip",
    )
    for name in names:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            listed = frame[name].tolist()
            values = [restored(v) if isinstance(v, str) else v for v in listed]
            frame[name] = pd.Series(values, frame.index, frame[name].dtype)
    return frame


def _inert_values(values: "pd.Series[Any]") -> "pd.Series[Any]":
    if pd.api.types.is_numeric_dtype(values):
        return values
    # Made of a list: pandas' own map would turn whole numbers beside nan into floats.
    # Each text once, since most stand in many rows.
    fields: dict[str, str] = {}
    texts = [
        (fields.get(v) or fields.setdefault(v, _field(v))) if isinstance(v, str) else v
        for v in values.tolist()
    ]
    return pd.Series(texts, values.index, dtype=object)


def _field(text: str) -> str:
    if text.isalnum():  # such as a hash, of which there is one in each row
        return text
    return inert(_UNWRITABLE.sub("\ufffd", text))
