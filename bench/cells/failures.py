"""What goes wrong in a cell, as its result tells it: errors and warnings."""

import re
import traceback
import warnings
from collections import Counter
from typing import Any

from bench.base import described

_MAX_MESSAGE = 2000  # characters
_MAX_TRACEBACK = 100_000  # characters; it repeats the whole message
_MAX_TEXT = 500  # characters of a warning
_MOST = 10  # warnings that a result keeps
_MAX_DISTINCT = 1000  # warnings that are told apart

# torch's words where curves are float64 and weights float32, in all its spellings.
_DOUBLE, _SINGLE = r"\b(?:double|torch\.float64)\b", r"\b(?:float|torch\.float32)\b"
_TYPES_DIFFER = re.compile(f"{_DOUBLE}.*{_SINGLE}|{_SINGLE}.*{_DOUBLE}", re.IGNORECASE)
_REMEDY = (
    "curves are float64 by default and the weights of a torch network float32: write "
    "dtype: float32 in the dataset, or cast the network's input (x.float())"
)


def describe_error(error: Exception, dtype: str = "") -> dict[str, str]:
    """Return the field `error` of a result, for an exception that is being handled.

    The message has the likely cause and the remedy on its first line, where they are
    known.

    Parameters
    ----------
    error
        The exception.
    dtype
        The type of the curves' values, such as "float64"; empty if there are none.
    """
    try:
        message = str(error)
    except Exception:  # a foreign exception's own __str__ may raise
        message = described(error)
    told = message[:_MAX_MESSAGE]
    if dtype == "float64":
        told = _with_remedy(error, told)
    text = traceback.format_exc(limit=-20)
    if len(text) > _MAX_TRACEBACK:
        half = _MAX_TRACEBACK // 2
        text = f"{text[:half]}\n…\n{text[-half:]}"
    return {"type": _type(error, message), "message": told, "traceback": text}


def _type(error: Exception, message: str) -> str:
    # torch raises a plain RuntimeError when its allocator has no memory left.
    if isinstance(error, MemoryError) or "can't allocate memory" in message:
        return "MemoryLimit"
    return type(error).__name__


def _with_remedy(error: Exception, message: str) -> str:
    first, newline, rest = message.partition("\n")
    is_torchs = isinstance(error, RuntimeError) or "torch." in first
    if is_torchs and _TYPES_DIFFER.search(first):
        first = f"{first}; {_REMEDY}"
    return first + newline + rest


class WarningCounts:
    """The warnings of a cell, counted as they are raised.

    None is kept: a solver may warn at each of a million steps. Texts beyond the first
    1000 are not told apart.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._total = 0

    def start(self) -> None:
        """Count from now on; call it within ``warnings.catch_warnings()``."""
        warnings.simplefilter("always")
        warnings.showwarning = self._add

    def _add(
        self, message: Warning | str, category: type[Warning], *_: Any, **__: Any
    ) -> None:
        self._total += 1
        text = f"{category.__name__}: {message}"[:_MAX_TEXT]
        if text in self._counts or len(self._counts) < _MAX_DISTINCT:
            self._counts[text] += 1

    def fields(self) -> dict[str, Any]:
        """Return the fields `warnings` and `other_warnings` of a result."""
        most = self._counts.most_common(_MOST)
        told = tuple(f"{text} (×{n})" if n > 1 else text for text, n in most)
        return {
            "warnings": told,
            "other_warnings": self._total - sum(n for _, n in most),
        }
