"""Equal parts of many results as one object, so that 100,000 fit into memory."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

from bench.store.result import Result

_MOST = 10_000  # values of one attribute that are compared
# What many results of a suite have in common.
_TEXTS = ("dataset", "classifier", "status", "target", "data_hash", "arrays_sha256")
_TEXTS += ("commit", "cpu", "blas", "device")
_OTHERS = ("fingerprint", "train", "test", "figures", "absent", "own_scores")
_OTHERS += ("versions", "warnings")


class SharedParts:
    """Makes results small that are kept together: 0.6 KB each instead of 4."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, Any]] = defaultdict(dict)

    def slim(self, result: Result, key: str) -> Result:
        """Return a result without its fields, which its task has.

        Parameters
        ----------
        key
            The key as the task has it.
        """
        parts = {}
        for name in _TEXTS:
            text = getattr(result, name)
            parts[name] = text if text is None else self._first(name, text, text)
        for name in _OTHERS:
            value = getattr(result, name)
            parts[name] = self._first(name, repr(value), value)
        fields = self._first("fields", "", {})
        return replace(result, key=key, fields=fields, **parts)

    def _first(self, name: str, text: str, value: Any) -> Any:
        """Return the first of all equal values of an attribute."""
        seen = self._seen[name]
        if len(seen) >= _MOST:  # no two are equal, or the next ones are mostly others
            seen.clear()
        return seen.setdefault(text, value)
