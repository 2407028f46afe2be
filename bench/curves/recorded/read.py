"""Recorded curves: files of any kind become one set of curves with numbered classes."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.base import (
    DatasetError,
    InputsError,
    MissingFileError,
    located,
    shown,
)
from bench.curves.points.dialects import MISSING
from bench.curves.recorded.arff_files import read_arff
from bench.curves.recorded.bundled import bundled_files, equal_twin
from bench.curves.recorded.curves import RecordedCurves
from bench.curves.recorded.npz_files import read_npz
from bench.curves.recorded.parquet_files import read_parquet
from bench.curves.recorded.raw import (
    RawCurves,
    UnequalLengthError,
    Wanted,
    check_size,
    counted,
)
from bench.curves.recorded.text_tables import read_text
from bench.curves.recorded.ts_files import read_ts
from bench.curves.unpacking import read_unpacked
from bench.suite import BundledCurves, RecordedSpec

MAX_TEXT = 2**28  # bytes of a file, before and after it is unpacked
MAX_CLASSES = 1000
_TABLES = (".csv", ".tsv", ".txt", ".dat")
_KINDS = (*_TABLES, ".npz", ".parquet", ".ts", ".arff")
_PACKED = (*_TABLES, ".ts", ".arff")
_MANY = 10  # values of a column beyond which it may be a target of regression


def read_recorded(spec: RecordedSpec, folder: Path) -> RecordedCurves:
    """Read the curves of a dataset's files.

    The curves of two files are joined, those of the first file first.

    Parameters
    ----------
    spec
        The dataset's entry in a suite.
    folder
        The folder that paths are relative to.

    Raises
    ------
    MissingFileError
        If there is no such file.
    DatasetError, InputsError
        If a file holds no labelled curves of equal length, or too many, or can be read
        in two ways, or if two files do not go together.
    """
    source = spec.recorded
    if isinstance(source, BundledCurves):
        paths: tuple[Path, ...] = bundled_files(source.aeon)
        sources = tuple(f"aeon: {path.name}" for path in paths)
        wanted = Wanted(spec.label, spec.groups, equal=equal_twin(source.aeon))
    else:
        paths = tuple(folder / name for name in source.paths)
        sources = source.paths
        wanted = Wanted(spec.label, spec.groups, source.delimiter, source.decimal)
        if len(set(paths)) < len(paths):
            raise DatasetError(
                f"found {shown(str(paths[0]))} twice; expected two files, of training "
                "and of test curves"
            )
    parts, n_filled = [], 0
    for path in paths:
        part = _read_file(path, wanted)
        with located(str(path)):
            _check_points(part.x)
            part, n = _complete(part, interpolate=spec.missing == "interpolate")
            _check_labels(part)
        parts.append(part)
        n_filled += n
    if len(parts) == 2:
        with located(str(paths[1])):
            _check_alike(*parts)
    class_names, labels = _classes(parts, str(paths[0]))
    groups = None
    if wanted.groups is not None:
        texts = [text for part in parts for text in part.groups or ()]
        number_of = {text: i for i, text in enumerate(sorted(set(texts)))}
        groups = np.array([number_of[text] for text in texts], np.int64)
    values = parts[0].values
    n_given_train = len(values) if len(parts) == 2 else None
    if len(parts) == 2:
        with located("the two files together"):
            check_size(sum(len(part.values) for part in parts), *values.shape[1:])
        values = np.concatenate([part.values for part in parts])
    values = np.ascontiguousarray(values)
    for array in (values, labels, groups, parts[0].x):
        if array is not None:
            array.setflags(write=False)
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    return RecordedCurves(
        values,
        labels,
        class_names,
        x=parts[0].x,
        groups=groups,
        n_given_train=n_given_train,
        n_interpolated=n_filled,
        sources=sources,
        license=next((part.license for part in parts if part.license), ""),
        notes=tuple(notes),
    )


def _read_file(path: Path, wanted: Wanted) -> RawCurves:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    is_packed = suffixes[-1:] == [".gz"]
    kind = next((s for s in reversed(suffixes) if s != ".gz"), "")
    if kind not in _KINDS or (is_packed and kind not in _PACKED):
        raise DatasetError(
            f"{path}: unknown kind of file '{shown(''.join(suffixes[-2:]), 40)}'; "
            f"expected {', '.join(_KINDS)}, or text packed as .gz"
        )
    try:
        if kind not in _TABLES and (wanted.delimiter or wanted.decimal):
            raise ValueError(
                f"delimiter and decimal are for tables of text, and this is {kind}; "
                "remove them"
            )
        if kind == ".npz":
            return read_npz(path, wanted)
        raw = read_unpacked(path, MAX_TEXT, "curves", DatasetError)
        if len(raw) > MAX_TEXT:
            raise ValueError(f"more than {MAX_TEXT} bytes unpacked; save an .npz file")
        if kind == ".ts":
            return read_ts(raw, wanted)
        if kind == ".arff":
            return read_arff(raw, wanted)
        if kind == ".parquet":
            return read_parquet(raw, wanted)
        return read_text(raw, kind, wanted)
    except MissingFileError:
        raise
    except (DatasetError, InputsError) as error:
        if str(error).startswith(str(path)):
            raise
        raise type(error)(f"{path}: {error}") from None
    except ValueError as error:
        more = wanted.equal if isinstance(error, UnequalLengthError) else ""
        raise DatasetError(f"{path}: {shown(str(error), 800)}{more}") from None
    except MemoryError:
        raise DatasetError(f"{path}: too large for this machine's memory") from None


def _complete(part: RawCurves, interpolate: bool) -> tuple[RawCurves, int]:
    """Return curves without missing values, and how many were filled in."""
    values = part.values
    if np.isfinite(values).all():
        return part, 0
    for curve in range(len(values)):
        if np.isinf(values[curve]).any():
            channel, point = np.argwhere(np.isinf(values[curve]))[0]
            found = values[curve, channel, point]
            raise DatasetError(
                f"{part.place(curve)}: found {found} in "
                f"{_where(part, channel, point)}; expected finite numbers"
            )
    n_missing = int(np.isnan(values).sum())
    if not interpolate:
        curve, channel, point = _first_missing(values)
        raise DatasetError(
            f"{counted(n_missing, 'missing value')}, the first in {part.place(curve)}, "
            f"{_where(part, channel, point)}; expected none: write missing: "
            "interpolate to fill them in on the line between their neighbours, or "
            "remove these curves"
        )
    filled = np.array(values)
    x = np.arange(values.shape[2], dtype=np.float64) if part.x is None else part.x
    order = np.argsort(x, kind="stable")
    for curve in range(len(filled)):
        if not np.isnan(filled[curve]).any():
            continue
        for channel, row in enumerate(filled[curve]):
            gaps = np.isnan(row)
            if gaps.all():
                which = f" of channel {channel + 1}" if len(filled[curve]) > 1 else ""
                raise DatasetError(
                    f"{part.place(curve)}: all values{which} are missing; remove the "
                    "curve"
                )
            known = order[~gaps[order]]
            row[gaps] = np.interp(x[gaps], x[known], row[known])
    return replace(part, values=filled), n_missing


def _first_missing(values: np.ndarray) -> tuple[int, int, int]:
    for curve in range(len(values)):
        places = np.argwhere(np.isnan(values[curve]))
        if len(places):
            return curve, int(places[0, 0]), int(places[0, 1])
    raise AssertionError("no value is missing")


def _where(part: RawCurves, channel: int, point: int) -> str:
    which = f" of channel {channel + 1}" if part.values.shape[1] > 1 else ""
    return f"point {point + 1}{which}"


def _check_points(x: np.ndarray | None) -> None:
    if x is not None and not (np.isfinite(x).all() and len(np.unique(x)) == len(x)):
        raise DatasetError(
            "found points that repeat, or are not finite; expected a different number "
            "for each point"
        )


def _check_labels(part: RawCurves) -> None:
    texts = set(part.labels)
    markers = {text for text in texts if text in ("", "?")}
    others = texts - {text for text in texts if text.lower() in MISSING}
    if others and all(_as_number(text) is not None for text in others):
        markers = texts - others  # among numbers, NA is no class
    for what, entries, missing in (
        ("class", part.labels, markers),
        ("group", part.groups or (), {"", "?"}),
    ):
        for i, text in enumerate(entries):
            if text in missing:
                raise DatasetError(
                    f"{part.place(i)}: found '{shown(text)}' as {what}; expected a "
                    f"{what} for each curve: remove those without"
                )


def _check_alike(train: RawCurves, test: RawCurves) -> None:
    for axis, what in ((2, "point"), (1, "channel")):
        expected, found = train.values.shape[axis], test.values.shape[axis]
        if expected != found:
            raise DatasetError(
                f"found curves of {counted(found, what)}; expected {expected}, as in "
                "the file of training curves"
            )
    points = [part.x for part in (train, test) if part.x is not None]
    if len(points) == 1 or (points and not np.array_equal(points[0], points[1])):
        raise DatasetError(
            "found other points than in the file of training curves; expected the same "
            "in the same order"
        )


def _as_number(text: str) -> int | float | None:
    """Return the finite number that a class is, exactly if it is whole; else None."""
    if not text.isascii() or "_" in text or len(text) > 100:
        return None
    try:
        return int(text)
    except ValueError:
        try:
            number = float(text)
        except ValueError:
            return None
        return number if math.isfinite(number) else None


def _classes(
    parts: Sequence[RawCurves], path: str
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the names of all classes, sorted, and the position of each curve's."""
    texts = {text for part in parts for text in part.labels}
    n_curves = sum(len(part.labels) for part in parts)
    if len(texts) > 10 * MAX_CLASSES:  # however many are one number
        raise DatasetError(
            f"{path}: found {len(texts)} classes; expected 2 to {MAX_CLASSES}: label: "
            "may name another column than that of the classes"
        )
    numbers = {text: _as_number(text) for text in texts}
    of_text: dict[str, str]
    if all(number is not None for number in numbers.values()):
        distinct = sorted({n for n in numbers.values() if n is not None})
        _refuse_targets(distinct, n_curves, path)
        name_of = {n: f"{int(n)}" if n == int(n) else f"{n!r}" for n in distinct}
        names = tuple(name_of[n] for n in distinct)
        of_text = {text: name_of[n] for text, n in numbers.items() if n is not None}
    else:
        names = tuple(sorted(texts))
        of_text = {text: text for text in texts}
    if not 2 <= len(names) <= MAX_CLASSES:
        found = f"one class, '{shown(names[0], 40)}'"
        if len(names) != 1:
            found = f"{len(names)} classes"
        raise DatasetError(f"{path}: found {found}; expected 2 to {MAX_CLASSES}")
    position = {name: i for i, name in enumerate(names)}
    labels = np.fromiter(
        (position[of_text[text]] for part in parts for text in part.labels),
        np.int64,
        n_curves,
    )
    return names, labels


def _refuse_targets(numbers: Sequence[float], n_curves: int, path: str) -> None:
    """Refuse many different numbers, as a regression has, or an index."""
    is_whole = all(number == int(number) for number in numbers)
    most = max(_MANY, n_curves // 2 if is_whole else n_curves // 10)
    if len(numbers) > most:
        raise DatasetError(
            f"{path}: found {len(numbers)} different numbers as classes of {n_curves} "
            f"curves, such as {numbers[0]!r} and {numbers[1]!r}; expected classes, not "
            "an index or a number to predict: name another column under label:"
        )
