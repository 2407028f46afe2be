"""Standard output and standard error: their encodings, and one-line messages."""

import codecs
import io
import os
import shlex
import sys
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

_HANDLER = "bench.replace"  # the name of the error handler that is registered below
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
    """Replace the characters that an encoding lacks; None stands for UTF-8.

    A table must be laid out after this: if one character becomes three, its columns
    would no longer be aligned.
    """
    encoding = encoding or "utf-8"
    return text.encode(encoding, _HANDLER).decode(encoding, "replace")


@contextmanager
def readable_streams() -> Iterator[None]:
    """Replace characters that the terminal's encoding lacks, instead of raising.

    A run of hours must not end because a table has a character that is missing from the
    encoding of a log file, which by default is cp1252 on many Windows machines.
    """
    changed: list[tuple[io.TextIOWrapper, str]] = []
    for stream in (sys.stdout, sys.stderr):
        # A notebook, for example, replaces the streams with other classes.
        if isinstance(stream, io.TextIOWrapper):
            before = stream.errors or "strict"
            with suppress(OSError, ValueError):  # closed, or its reader has ended
                stream.reconfigure(errors=_HANDLER)
                changed.append((stream, before))
    try:
        yield
    finally:
        for stream, before in changed:
            with suppress(OSError, ValueError):
                stream.reconfigure(errors=before)


def say(message: str) -> None:
    """Print a message to standard error, if it can be written."""
    if sys.stderr is not None:  # print() writes to standard output if file is None
        with suppress(OSError, ValueError):  # nothing else could report the error
            print(_wrapped(f"bench: {message}", sys.stderr), file=sys.stderr)


def wrap(text: str, width: int) -> str:
    """Break lines between words; a word that is too long is left as it is."""
    return "\n".join(
        textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )


def _wrapped(text: str, stream: TextIO) -> str:
    """Break lines between words if the stream is a terminal."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):  # no terminal
        return text
    return wrap(text, columns) if columns else text


def command_line(words: Sequence[str]) -> str:
    """Return a command with its arguments, as it can be typed here."""
    is_script = Path(sys.argv[0]).stem == "bench"
    return f"{'bench' if is_script else 'python -m bench'} {shlex.join(words)}"


def counted(n: int, noun: str) -> str:
    """Write ``1 cell`` or ``2 cells``."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def abandon_broken_streams() -> None:
    """Redirect streams that can no longer be written to os.devnull.

    Python flushes both streams at exit. If that fails, it prints an error and changes
    the exit code.
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
    """Handle an encoding error; `codecs.register_error` defines the interface."""
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
    # A letter loses its accent; any other character is escaped.
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or character.encode("ascii", "backslashreplace").decode()


codecs.register_error(_HANDLER, _replace)
