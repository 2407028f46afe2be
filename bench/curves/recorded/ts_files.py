"""Files of the time series classification archive (.ts): tags, then a line a curve."""

import re
from array import array
from dataclasses import dataclass, field

import numpy as np

from bench.base import shown
from bench.curves.recorded.raw import (
    MAX_CHANNELS,
    MAX_POINTS,
    RawCurves,
    Rows,
    Wanted,
    counted,
    floats,
)
from bench.curves.recorded.text_lines import license_in, lines_of

_STAMPED = re.compile(r"\(([^(),]*),([^(),]*)\)")
_COMMENTS = ("#", "%")
_COMMON = (
    "expected the same in all channels of all curves: interpolate them on common "
    "points before you save the file"
)
_GAP = re.compile(r"[\s,]*")


@dataclass
class _Head:
    """What the tags before ``@data`` say."""

    has_times: bool = False
    univariate: bool | None = None
    n_channels: int | None = None
    classes: list[str] = field(default_factory=list)
    license: str = ""
    has_data: bool = False

    def read(self, number: int, line: str) -> None:
        """Read a line with a tag."""
        tag, _, rest = line.partition(" ")
        rest, tag = rest.strip(), tag.lower()
        word = rest.lower()
        if tag == "@data":
            self.has_data = True
        elif tag == "@timestamps":
            self.has_times = _is_true(number, tag, word)
        elif tag == "@univariate":
            self.univariate = _is_true(number, tag, word)
        elif tag in ("@dimensions", "@dimension"):
            if not re.fullmatch(r"\d{1,6}", rest, re.ASCII):
                raise ValueError(
                    f"line {number}: found {shown(line, 60)}; expected the number of "
                    "channels"
                )
            self.n_channels = int(rest)
        elif tag == "@classlabel":
            self._read_classes(number, rest)
        elif tag == "@targetlabel" and _is_true(number, tag, word):
            raise ValueError(
                f"line {number}: found {shown(line, 60)}, numbers to predict; expected "
                "@classLabel true with the classes: regression has no classes"
            )
        elif tag == "@license":
            self.license = shown(rest, 200)

    def _read_classes(self, number: int, rest: str) -> None:
        words = rest.split()
        if not words or not _is_true(number, "@classLabel", words[0].lower()):
            raise ValueError(
                f"line {number}: found curves without classes (@classLabel false); "
                "expected @classLabel true with the classes, and the class at the end "
                "of each line"
            )
        self.classes = words[1:]


def _is_true(number: int, tag: str, word: str) -> bool:
    if word not in ("true", "false"):
        raise ValueError(
            f"line {number}: found {tag} {shown(word, 40)}; expected true or false"
        )
    return word == "true"


def read_ts(raw: bytes, wanted: Wanted) -> RawCurves:
    """Read a .ts file: channels are separated by colons, the class is at the end.

    Raises
    ------
    ValueError
        If the file is none, has no classes, or curves of unequal length.
    """
    if wanted.groups is not None:
        raise ValueError(
            "groups: a .ts file does not say which curves belong together; expected a "
            "table, or an .npz file with an array of groups"
        )
    head, rows = _Head(), Rows()
    times: np.ndarray | None = None
    classes: set[str | float] = set()
    for number, text in lines_of(raw):
        line = text.strip()
        if not line:
            continue
        if line.startswith(_COMMENTS):
            head.license = head.license or license_in(line)
        elif not head.has_data:
            if not line.startswith("@"):
                raise ValueError(
                    f"line {number}: found '{shown(line, 40)}'; expected a tag, as "
                    "@problemName, and @data before the curves"
                )
            head.read(number, line)
            classes = {_same(name) for name in head.classes}
        else:
            fields, label = _fields(line, number, head.has_times)
            if classes and _same(label) not in classes:
                known = shown(", ".join(head.classes), 200)
                raise ValueError(
                    f"line {number}: found the class '{shown(label, 40)}' at its end; "
                    f"expected one of @classLabel: {known}"
                )
            if head.has_times:
                channels, found = _stamped(fields, number)
                if times is not None and not np.array_equal(times, found):
                    raise ValueError(
                        f"line {number}: found other time stamps than in line "
                        f"{rows.places[0]}; {_COMMON}"
                    )
                times = found
            else:
                channels = [_values(one, number) for one in fields]
            _check_channels(head, len(channels), number)
            rows.add(number, channels, label)
    if not head.has_data:
        raise ValueError("no line @data; expected tags, @data, and a line for a curve")
    if not rows.places:
        raise ValueError("no curves after @data; expected a line for each")
    notes: tuple[str, ...] = ()
    if wanted.label is not None:
        notes = (f"label: {wanted.label} was not needed: .ts has the class at the end",)
    return RawCurves(
        rows.array(),
        rows.labels,
        rows.places,
        x=times,
        license=head.license,
        notes=notes,
    )


def _same(label: str) -> str | float:
    """Return a class as it is compared: 1.0 is 1, and case does not count."""
    try:
        return float(label)
    except ValueError:
        return label.casefold()


def _fields(line: str, number: int, has_times: bool) -> tuple[list[str], str]:
    """Split a line into channels and the class."""
    # Times of day have colons too, in parentheses.
    body, colon, label = line.rpartition(":")
    if not colon or (has_times and not body.rstrip().endswith(")")):
        pairs = "pairs (time,value)" if has_times else "values"
        raise ValueError(
            f"line {number}: no ':' before a class; expected {pairs}, ':' and the class"
        )
    if "(" in body and not has_times:
        raise ValueError(
            f"line {number}: found '('; expected values, or the tag @timestamps true "
            "above @data for pairs (time,value)"
        )
    label = label.strip()
    if "," in label and not has_times:
        raise ValueError(
            f"line {number}: found '{shown(label, 40)}' after the last ':'; expected "
            "the class of the curve, not a channel"
        )
    if not has_times:
        if body.count(":") >= MAX_CHANNELS:
            raise ValueError(f"line {number}: more than {MAX_CHANNELS} channels")
        return body.split(":"), label
    return re.split(r"(?<=\))\s*:", body), label


def _values(channel: str, number: int) -> "array[float]":
    if channel.count(",") >= MAX_POINTS:
        raise ValueError(f"line {number}: more than {MAX_POINTS} points")
    if not channel.strip():
        return array("d")
    return floats(channel.split(","), None, number)


def _stamped(fields: list[str], number: int) -> tuple[list["array[float]"], np.ndarray]:
    """Read channels of pairs (time, value); return the values, and the times."""
    channels, times = [], []
    for text in fields:
        if text.count("(") > MAX_POINTS:
            raise ValueError(f"line {number}: more than {MAX_POINTS} points")
        pairs = _STAMPED.findall(text)
        if not pairs or not _GAP.fullmatch(_STAMPED.sub("", text)):
            raise ValueError(
                f"line {number}: found '{shown(text.strip(), 40)}'; expected pairs "
                "(time,value) separated by commas, as @timestamps true says"
            )
        channels.append(floats([value for _, value in pairs], None, number))
        times.append(_times([time for time, _ in pairs], number))
    for one in times[1:]:
        if not np.array_equal(one, times[0]):
            raise ValueError(
                f"line {number}: found other time stamps in one channel than in the "
                f"first; {_COMMON}"
            )
    return channels, times[0]


def _times(stamps: list[str], number: int) -> np.ndarray:
    """Read times: numbers, or dates as seconds after the first."""
    try:
        times = np.array(list(map(float, stamps)))
    except ValueError:
        try:
            dates = np.array(
                [s.strip("\"'").replace("/", "-") for s in stamps], "M8[us]"
            )
        except ValueError as error:
            raise ValueError(
                f"line {number}: found '{shown(stamps[0], 40)}' as time stamp; "
                "expected numbers, or dates such as 2024-05-01 12:30:00 "
                f"({shown(str(error), 60)})"
            ) from None
        times = (dates - dates[0]) / np.timedelta64(1, "s")
    if not np.isfinite(times).all() or len(np.unique(times)) < len(times):
        raise ValueError(
            f"line {number}: time stamps that repeat, or are not finite; expected a "
            "different one for each point"
        )
    return times


def _check_channels(head: _Head, found: int, number: int) -> None:
    if head.univariate and found != 1:
        raise ValueError(
            f"line {number}: found {counted(found, 'channel')}; expected one, as "
            "@univariate true says"
        )
    if head.n_channels is not None and found != head.n_channels:
        raise ValueError(
            f"line {number}: found {counted(found, 'channel')}; expected "
            f"{head.n_channels}, as @dimensions says"
        )
