"""Entries of a suite that stand for several classifiers: one a combination of values.

A suite's file is rewritten before it is checked, as `bench.sweep_entries` does it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any

from bench.classifier_schema import MOST_MEMBERS, default_id
from bench.documents import Document, Location, named, shown
from bench.errors import BenchError

KEY = "grid"
_LIKE = "{n_neighbors: [1, 5, 25]}"
_LONGEST_ID = 64


def expand_grids(
    document: Document, error: type[BenchError]
) -> tuple[Document, Mapping[str, tuple[str, ...]]]:
    """Make a classifier of each combination of each entry's grid.

    Parameters
    ----------
    document
        A suite's file, not checked yet; where it is no suite it is left as it is.
    error
        What to raise, with file and line.

    Returns
    -------
    document
        With an entry a classifier, named ``<id> <parameter>=<value>``.
    grids : mapping of str to tuple of str
        Id of an entry with a grid → ids of its classifiers, and of those of others of
        the same id.
    """
    entries = document.data.get("classifiers")
    if not isinstance(entries, list) or not any(map(_has_grid, entries)):
        return document, {}
    expanded: list[Any] = []
    moved: dict[Location, Location] = dict(document.moved)
    grids: dict[str, tuple[str, ...]] = {}
    for position, entry in enumerate(entries):
        place: Location = ("classifiers", position)
        if not _has_grid(entry):
            moved["classifiers", len(expanded)] = place
            expanded.append(entry)
            continue
        grid = _Grid(document, place, error)
        members = []
        for values in grid.combinations():
            here: Location = ("classifiers", len(expanded))
            moved[here] = place
            for name, number in values.items():
                moved[(*here, "params", name)] = (*place, KEY, name, number)
            expanded.append(grid.entry(values))
            members.append(str(expanded[-1]["id"]))
        grids[grid.id] = (*grids.get(grid.id, ()), *members)
    data = document.data | {"classifiers": expanded}
    return replace(document, data=data, moved=moved), grids


class _Grid:
    """What an entry says under `grid`, checked as far as it must be to read it."""

    def __init__(
        self, document: Document, place: Location, error: type[BenchError]
    ) -> None:
        self._document = document
        self._error = error
        self._entry: dict[str, Any] = document.data["classifiers"][place[1]]
        self._place: Location = (*place, KEY)
        self.id = self._entry.get("id", default_id(self._entry))
        if not isinstance(self.id, str):
            said = (
                f"found the id {_found(self.id)}; expected text"
                if self.id
                else ("expected 'use', 'class' or 'steps' beside it")
            )
            raise self._wrong(said)
        self._values: dict[str, list[Any]] = self._entry[KEY]
        self._check()

    def combinations(self) -> Iterator[dict[str, int]]:
        """Yield name → position of its value, the last name running fastest."""
        positions = [range(len(values)) for values in self._values.values()]
        for chosen in product(*positions):
            yield dict(zip(self._values, chosen, strict=True))

    def entry(self, chosen: Mapping[str, int]) -> dict[str, Any]:
        """Return the entry with a combination among its parameters."""
        values = {name: self._values[name][at] for name, at in chosen.items()}
        made = {k: v for k, v in self._entry.items() if k != KEY}
        params = made.get("params", {})
        # What is no mapping is for the schema to refuse.
        made["params"] = params | values if isinstance(params, dict) else params
        names = _short_names(list(values))
        words = [f"{names[name]}={_text(value)}" for name, value in values.items()]
        made["id"] = " ".join([self.id, *words])
        if len(made["id"]) > _LONGEST_ID:
            raise self._wrong(
                f"the id '{shown(made['id'], 90)}' would have {len(made['id'])} "
                f"characters; expected at most {_LONGEST_ID}: give the entry a shorter "
                "id, or write its classifiers one by one"
            )
        return made

    def _check(self) -> None:
        if not isinstance(self._values, dict) or not self._values:
            raise self._wrong(
                f"found {_found(self._values)}; expected parameters and their values, "
                f"such as {_LIKE}"
            )
        params = self._entry.get("params", {})
        for name, values in self._values.items():
            if not isinstance(values, list) or not values:
                raise self._wrong(
                    f"found {_found(values)}; expected a list of values, such as "
                    f"{_LIKE}",
                    name,
                )
            if isinstance(params, dict) and name in params:
                raise self._wrong(
                    f"'{shown(name, 60)}' stands in params as well; leave it out there",
                    name,
                )
            texts = [json.dumps(value) for value in values]
            for number, text in enumerate(texts):
                if text in texts[:number]:
                    raise self._wrong(
                        f"the value {shown(text, 60)} stands here twice; give each "
                        "once",
                        name,
                        number,
                    )
        n_members = prod(map(len, self._values.values()))
        if n_members > MOST_MEMBERS:
            raise self._wrong(
                f"{n_members} combinations; expected at most {MOST_MEMBERS}"
            )

    def _wrong(self, message: str, *more: str | int) -> BenchError:
        place = (*self._place, *more)
        return self._error(f"{self._document.where(*place)}: {named(place)}: {message}")


def _has_grid(entry: Any) -> bool:
    return isinstance(entry, dict) and KEY in entry


def _found(value: Any) -> str:
    return shown(json.dumps(value, ensure_ascii=False), 60)


def _short_names(names: list[str]) -> dict[str, str]:
    """Leave a step's name out where the parameter's own says enough."""
    short = {name: name.rpartition("__")[2] for name in names}
    own = list(short.values())
    return {n: s if s and own.count(s) == 1 else n for n, s in short.items()}


def _text(value: Any) -> str:
    """Write a value for an id, which may be a file's name."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return re.sub(r"[/\\\s]+", "-", text).strip("-") or "-"
