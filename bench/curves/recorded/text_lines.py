"""Lines of text files, within limits, and the license that a comment states."""

import io
import re
from collections.abc import Iterator

from bench.base import shown
from bench.curves.points.dialects import find_encoding

MAX_LINES = 1_100_000  # comments and blank lines included
MAX_LINE = 2**25  # characters: 1000 points in each of 1000 channels
_LICENSE = re.compile(
    r"^\W*licen[cs]e(?:\s*[:=]\s*|\s+is\s+)(?P<a>\S.*)$"
    r"|\blicen[cs]ed under (?:the |a )?(?P<b>\S.*)$",
    re.IGNORECASE,
)


def lines_of(raw: bytes, longest: int = MAX_LINE) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text file, each with its number.

    Parameters
    ----------
    longest
        The largest number of characters of a line.

    Raises
    ------
    ValueError
        If the bytes are no text, or a line is too long.
    """
    # BytesIO shares the bytes, and lines are decoded one at a time: memory holds the
    # file once.
    with io.TextIOWrapper(io.BytesIO(raw), find_encoding(raw)) as stream:
        number = 0
        while line := stream.readline(longest + 1):
            number += 1
            if len(line) > longest or number > MAX_LINES:
                raise ValueError(
                    f"line {number}: more than {MAX_LINES} lines, or {longest} "
                    "characters in one line; save an .npz file"
                )
            yield number, line


def license_in(comment: str) -> str:
    """Return the license that a line of a comment states, else ""."""
    found = _LICENSE.search(comment[:1000].strip())
    if found is None:
        return ""
    text = (found["a"] or found["b"]).strip().rstrip(".*\"'")
    return shown(re.sub(r" licen[cs]e$", "", text, flags=re.IGNORECASE), 200)
