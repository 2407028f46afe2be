"""Equal parts of many results as one object, so that 100,000 fit into memory."""

import marshal
from collections import defaultdict
from dataclasses import replace
from operator import attrgetter
from typing import Any

from bench.store.result import Result

_MOST = 10_000  # values of one attribute that are compared
# What nearly all results of a kind have in common, and what else many have.
_TEXTS = (
    "dataset",
    "classifier",
    "status",
    "target",
    "commit",
    "cpu",
    "blas",
    "device",
)
_OTHERS = (
    "data_hash",
    "fingerprint",
    "train",
    "test",
    "figures",
    "absent",
    "own_scores",
    "versions",
    "warnings",
)
_texts_of, _others_of = attrgetter(*_TEXTS), attrgetter(*_OTHERS)


class SharedParts:
    """Makes results small that are kept together: 0.6 KB each instead of 4."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[Any, Any]] = defaultdict(dict)
        self._no_fields: dict[str, Any] = {}

    def slim(self, result: Result, key: str) -> Result:
        """Return a result without its fields, which its task has.

        Parameters
        ----------
        key
            The key as the task has it.
        """
        texts = _texts_of(result)
        parts = dict(zip(_TEXTS, self._first("texts", texts, texts), strict=True))
        for name, value in zip(_OTHERS, _others_of(result), strict=True):
            # Its bytes, since 1 and 1.0 are equal, and so are 0.0 and -0.0.
            parts[name] = self._first(name, marshal.dumps(value, 2), value)
        return replace(result, key=key, fields=self._no_fields, **parts)

    def _first(self, name: str, form: Any, value: Any) -> Any:
        """Return the first of the values of an attribute that have an equal form."""
        seen = self._seen[name]
        if len(seen) >= _MOST:  # no two are equal, or the next ones are mostly others
            seen.clear()
        return seen.setdefault(form, value)
