"""Tables of curves in Apache Parquet: a row a curve, read by pyarrow within limits."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.base import shown
from bench.curves.recorded.raw import (
    LONGEST_NAME,
    MAX_POINTS,
    RawCurves,
    Wanted,
    check_size,
)
from bench.curves.recorded.tables import Columns, find_columns, index_note

_MAX_DATA = 2**29  # bytes of all columns, unpacked
_BATCH = 2**20  # values that are read at once
_SAMPLE = 200  # rows by which columns are told apart
_SAMPLE_CELLS = 200_000


def read_parquet(raw: bytes, wanted: Wanted) -> RawCurves:
    """Read a Parquet file: columns of numbers, and one of classes.

    Raises
    ------
    ValueError
        If pyarrow is missing, or the file is no table of curves.
    """
    try:
        import pyarrow as arrow
    except ImportError:
        raise ValueError(
            "the package 'pyarrow' is missing; install it by `pip install "
            "'.[parquet]'` in the clone, or save the table as .csv"
        ) from None
    if not raw:
        raise ValueError("an empty file; expected a row for each curve")
    try:
        return _curves(_open(arrow, raw), wanted)
    except (arrow.ArrowException, OSError, KeyError, OverflowError) as error:
        reason = shown(" ".join(str(error).split()), 200)
        raise ValueError(f"no Parquet file of numbers: {reason}") from None


def _open(arrow: Any, raw: bytes) -> Any:
    """Open a Parquet file whose columns are few and small enough."""
    from pyarrow import parquet

    def opened(texts: Sequence[str]) -> Any:
        return parquet.ParquetFile(
            arrow.BufferReader(raw), read_dictionary=list(texts), pre_buffer=False
        )

    file = opened(())
    about = file.metadata
    if about.num_columns > MAX_POINTS + 100:
        raise ValueError(
            f"found {about.num_columns} columns; expected at most {MAX_POINTS + 100}"
        )
    check_size(about.num_rows, 1, 1)
    groups = [about.row_group(i) for i in range(about.num_row_groups)]
    size = sum(group.total_byte_size for group in groups)
    if size > _MAX_DATA:
        raise ValueError(f"{size} bytes of columns; expected at most {_MAX_DATA}")
    # As a dictionary a text is kept once: a long one in each of many rows, which is
    # small in the file, would fill the memory.
    is_text = arrow.types.is_string, arrow.types.is_large_string, arrow.types.is_binary
    schema = file.schema_arrow
    texts = [f.name for f in schema if any(is_kind(f.type) for is_kind in is_text)]
    return opened(texts) if texts else file


def _curves(file: Any, wanted: Wanted) -> RawCurves:
    names = [name.strip() for name in file.schema_arrow.names]
    n_curves = file.metadata.num_rows
    if n_curves == 0 or not names:
        raise ValueError("a table without rows; expected one for each curve")
    _refuse_nested(file.schema_arrow)
    n_rows = max(2, min(_SAMPLE, _SAMPLE_CELLS // len(names)))
    first = next(file.iter_batches(batch_size=n_rows))
    sample = list(zip(*(_texts(column) for column in first.columns), strict=True))
    columns = find_columns(names, sample, wanted.label, wanted.groups)
    check_size(n_curves, 1, len(columns.values))
    values = np.empty((n_curves, 1, len(columns.values)))
    labels: list[str] = []
    groups: list[str] = []
    index: list[str] = []
    batch_size = max(1, _BATCH // len(names))
    for batch in file.iter_batches(batch_size=batch_size):
        rows = slice(len(labels), len(labels) + batch.num_rows)
        if rows.stop > n_curves:
            break
        for j, position in enumerate(columns.values):
            values[rows, 0, j] = _numbers(batch.column(position), names[position])
        labels.extend(_texts(batch.column(columns.label)))
        for place, texts in ((columns.groups, groups), (columns.index, index)):
            if place is not None:
                texts.extend(_texts(batch.column(place)))
    if len(labels) != n_curves:
        raise ValueError(f"found other rows than the {n_curves} that the file declares")
    return RawCurves(
        values,
        labels,
        range(1, n_curves + 1),
        "row",
        groups if columns.groups is not None else None,
        columns.x,
        _license(file),
        _notes(columns, names, index),
    )


def _refuse_nested(schema: Any) -> None:
    import pyarrow as arrow

    for column in schema:
        if arrow.types.is_nested(column.type):
            raise ValueError(
                f"column '{shown(column.name, 60)}' is of the type "
                f"{shown(str(column.type), 60)}; expected a column of numbers for each "
                "point: split it, or save X and y as .npz"
            )


def _notes(columns: Columns, names: list[str], index: list[str]) -> tuple[str, ...]:
    if columns.index is None:
        return columns.notes
    return (*columns.notes, index_note(names[columns.index], index))


def _license(file: Any) -> str:
    about = file.schema_arrow.metadata or {}
    return shown(about.get(b"license", b"").decode(errors="replace"), 200)


def _numbers(column: Any, name: str) -> np.ndarray:
    """Return a column as numbers in float64; NaN for what is missing."""
    import pyarrow as arrow

    kind = column.type
    if arrow.types.is_dictionary(kind):
        column = column.dictionary_decode()
    try:
        numbers: np.ndarray = column.cast(arrow.float64()).to_numpy(
            zero_copy_only=False
        )
    except arrow.ArrowException:
        raise ValueError(
            f"column '{shown(name, 60)}' is of the type {shown(str(kind), 60)}; "
            "expected numbers: remove it, or name it under label: or, in split:, under "
            "groups:"
        ) from None
    return numbers


def _texts(column: Any) -> list[str]:
    """Return the cells of a column as text, without blanks around it."""
    import pyarrow as arrow

    if arrow.types.is_dictionary(column.type):
        known = [*_texts(column.dictionary), ""]
        places = column.indices.fill_null(len(known) - 1).to_pylist()
        return [known[place] for place in places]
    return [_text(cell) for cell in column.to_pylist()]


def _text(cell: Any) -> str:
    if cell is None or cell != cell:  # NaN is not itself
        return ""
    text = cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)
    if len(text) > LONGEST_NAME:
        raise ValueError(
            f"found a text of {len(text)} characters; expected at most {LONGEST_NAME}"
        )
    return text.strip()
