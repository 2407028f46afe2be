"""Standard output and standard error: their encodings, and one-line messages."""

import codecs
import io
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_HANDLER = "bench.replace"  # the name under which Python knows the handler below
_SIGNS = {
    "±": "+/-",
    "×": "x",
    "·": "*",
    "–": "-",
    "—": "-",
    "−": "-",
    "→": "->",
    "←": "<-",
    "⇄": "<->",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "≈": "~",
    "…": "...",
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "•": "*",
    "●": "*",
    "✓": "ok",
    "°": " degrees",
    "¹": "^1",
    "²": "^2",
    "³": "^3",
}
_BOX = range(0x2500, 0x2580)  # box drawing
_HORIZONTAL = "─━┄┅┈┉╌╍═╴╶╸╺╼╾"
_VERTICAL = "│┃┆┇┊┋╎╏║╵╷╹╻╽╿"
_BLOCKS = range(0x2580, 0x25A0)  # full and partial blocks, shades


def replaced(text: str, encoding: str | None) -> str:
    """Return a text as an encoding can show it; None stands for UTF-8.

    A table is laid out after this, so that its columns stay in line where a character
    becomes three.
    """
    encoding = encoding or "utf-8"
    return text.encode(encoding, _HANDLER).decode(encoding, "replace")


@contextmanager
def readable_streams() -> Iterator[None]:
    """Replace, for a while, what the terminal's encoding cannot show, and not raise.

    A run of hours must not end because a log file is in cp1252, as it is by default on
    many a Windows machine, and a table holds a character outside it.
    """
    changed: list[tuple[io.TextIOWrapper, str]] = []
    for stream in (sys.stdout, sys.stderr):
        # Whoever replaced the streams, such as a notebook, has an encoding of its own.
        if isinstance(stream, io.TextIOWrapper):
            before = stream.errors or "strict"
            with suppress(OSError, ValueError):  # closed, or its reader is gone
                stream.reconfigure(errors=_HANDLER)
                changed.append((stream, before))
    try:
        yield
    finally:
        for stream, before in changed:
            with suppress(OSError, ValueError):
                stream.reconfigure(errors=before)


def say(words: str) -> None:
    """Print a message to standard error, if it can be written."""
    if sys.stderr is not None:  # print() would take None for standard output
        with suppress(OSError, ValueError):  # there is no other place to say it
            print(f"bench: {words}", file=sys.stderr)


def abandon_broken_streams() -> None:
    """Send to nowhere what cannot be written any more.

    Python flushes both streams once more as it ends, and would complain and change the
    exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
        except ValueError:  # closed
            continue


def _replace(error: UnicodeError) -> tuple[str, int]:
    """Handle an encoding error, as `codecs.register_error` wants it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start : error.end]
    return "".join(map(_in_ascii, part)), error.end


def _in_ascii(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    if ord(character) in _BOX:
        if character in _HORIZONTAL:
            return "-"
        return "|" if character in _VERTICAL else "+"
    if ord(character) in _BLOCKS:
        return "#"
    # An accented letter without its accent; anything else as Python would escape it.
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or character.encode("ascii", "backslashreplace").decode()


codecs.register_error(_HANDLER, _replace)
