"""Expand an entry with a grid into a classifier for each combination of values."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Any

from bench.base import BenchError, Document, Location, shown
from bench.suite.classifiers import MOST_MEMBERS, default_id
from bench.suite.expansion import Expansion, PlainEntry, expand

KEY = "grid"
_EXAMPLE = "{n_neighbors: [1, 5, 25]}"
_LONGEST_ID = 64


def expand_grids(
    document: Document, error: type[BenchError]
) -> tuple[Document, Mapping[str, tuple[str, ...]]]:
    """Replace each entry with a grid by one classifier for each combination.

    Parameters
    ----------
    document
        The content of a suite file, not checked yet. If it is not a suite, it is
        returned unchanged.
    error
        The exception for a mistake; its message has file and line.

    Returns
    -------
    document
        The content with one entry per classifier, with the id
        ``<id> <parameter>=<value>``.
    grids : mapping of str to tuple of str
        Id of an entry with a grid → ids of its classifiers. Entries with the same id
        are joined.
    """
    grids: dict[str, tuple[str, ...]] = {}

    def make(place: Location) -> list[PlainEntry]:
        grid = _Grid(document, place, error)
        plain_entries = [grid.plain_entry(chosen) for chosen in grid.combinations()]
        members = [str(entry["id"]) for entry, _ in plain_entries]
        grids[grid.id] = (*grids.get(grid.id, ()), *members)
        return plain_entries

    return expand(document, "classifiers", KEY, make), grids


class _Grid(Expansion):
    """An entry with a grid, checked only as far as expanding it needs."""

    def __init__(
        self, document: Document, place: Location, error: type[BenchError]
    ) -> None:
        super().__init__(document, place, error)
        name = self.entry.get("id", default_id(self.entry))
        if not name:
            raise self.mistake("expected 'use', 'class' or 'steps' beside it")
        if not isinstance(name, str):
            raise self.mistake(f"found the id {_shown(name)}; expected text")
        self.id = name
        self._values: dict[str, list[Any]] = self.requested
        self._check()

    def combinations(self) -> Iterator[dict[str, int]]:
        """Yield each combination as name → position; the last name varies fastest."""
        positions = [range(len(values)) for values in self._values.values()]
        for chosen in product(*positions):
            yield dict(zip(self._values, chosen, strict=True))

    def plain_entry(self, chosen: Mapping[str, int]) -> PlainEntry:
        """Return the entry with one combination among its parameters."""
        values = {name: self._values[name][at] for name, at in chosen.items()}
        entry = self.rest()
        params = entry.get("params", {})
        # If it is not a mapping, the schema refuses it later.
        entry["params"] = params | values if isinstance(params, dict) else params
        names = _short_names(list(values))
        words = [f"{names[name]}={_text(value)}" for name, value in values.items()]
        entry["id"] = " ".join([self.id, *words])
        if len(entry["id"]) > _LONGEST_ID:
            raise self.mistake(
                f"the id '{shown(entry['id'], 90)}' would have {len(entry['id'])} "
                f"characters; expected at most {_LONGEST_ID}: give the entry a shorter "
                "id, or write its classifiers one by one"
            )
        return entry, {
            ("params", name): (*self.place, name, position)
            for name, position in chosen.items()
        }

    def _check(self) -> None:
        if not isinstance(self._values, dict) or not self._values:
            raise self.mistake(
                f"found {_shown(self._values)}; expected parameters and their values, "
                f"such as {_EXAMPLE}"
            )
        params = self.entry.get("params", {})
        for name, values in self._values.items():
            if not isinstance(values, list) or not values:
                raise self.mistake(
                    f"found {_shown(values)}; expected a list of values, such as "
                    f"{_EXAMPLE}",
                    name,
                )
            if isinstance(params, dict) and name in params:
                raise self.mistake(
                    f"found '{shown(name, 60)}' in params as well; expected it in the "
                    "grid alone: remove it from params",
                    name,
                )
            texts = [json.dumps(value) for value in values]
            for position, text in enumerate(texts):
                if text in texts[:position]:
                    raise self.mistake(
                        f"duplicate value {shown(text, 60)}; values must be unique",
                        name,
                        position,
                    )
        n_members = prod(map(len, self._values.values()))
        if n_members > MOST_MEMBERS:
            raise self.mistake(
                f"found {n_members} combinations; expected at most {MOST_MEMBERS}"
            )


def _shown(value: Any) -> str:
    return shown(json.dumps(value, ensure_ascii=False), 60)


def _short_names(names: list[str]) -> dict[str, str]:
    """Map each name to the part after its step's name, if that part is unique."""
    short_names = {name: name.rpartition("__")[2] for name in names}
    counts = Counter(short_names.values())
    return {
        name: short if short and counts[short] == 1 else name
        for name, short in short_names.items()
    }


def _text(value: Any) -> str:
    """Write a value as a part of an id, without characters that a file name forbids."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return re.sub(r"[/\\\s]+", "-", text).strip("-") or "-"
