"""Entries of a suite that stand for a classifier of each combination of values."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Any

from bench.base import BenchError, Document, Location, shown
from bench.suite.classifiers import MOST_MEMBERS, default_id
from bench.suite.expansion import Expansion, Made, expand

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
        A suite's file, not checked yet; where it is not a suite it is left as it is.
    error
        The exception for a mistake; its message has file and line.

    Returns
    -------
    document
        With an entry a classifier, named ``<id> <parameter>=<value>``.
    grids : mapping of str to tuple of str
        Id of an entry with a grid → ids of its classifiers, and of those of others of
        the same id.
    """
    grids: dict[str, tuple[str, ...]] = {}

    def make(place: Location) -> list[Made]:
        grid = _Grid(document, place, error)
        made = [grid.made(chosen) for chosen in grid.combinations()]
        members = [str(entry["id"]) for entry, _ in made]
        grids[grid.id] = (*grids.get(grid.id, ()), *members)
        return made

    return expand(document, "classifiers", KEY, make), grids


class _Grid(Expansion):
    """What an entry says under `grid`, checked as far as it must be to read it."""

    def __init__(
        self, document: Document, place: Location, error: type[BenchError]
    ) -> None:
        super().__init__(document, place, error)
        name = self.entry.get("id", default_id(self.entry))
        if not name:
            raise self.wrong("expected 'use', 'class' or 'steps' beside it")
        if not isinstance(name, str):
            raise self.wrong(f"found the id {_found(name)}; expected text")
        self.id = name
        self._values: dict[str, list[Any]] = self.asked
        self._check()

    def combinations(self) -> Iterator[dict[str, int]]:
        """Yield name → position of its value, the last name running fastest."""
        positions = [range(len(values)) for values in self._values.values()]
        for chosen in product(*positions):
            yield dict(zip(self._values, chosen, strict=True))

    def made(self, chosen: Mapping[str, int]) -> Made:
        """Return the entry with a combination among its parameters."""
        values = {name: self._values[name][at] for name, at in chosen.items()}
        made = self.rest()
        params = made.get("params", {})
        # If it is not a mapping, the schema refuses it later.
        made["params"] = params | values if isinstance(params, dict) else params
        names = _short_names(list(values))
        words = [f"{names[name]}={_text(value)}" for name, value in values.items()]
        made["id"] = " ".join([self.id, *words])
        if len(made["id"]) > _LONGEST_ID:
            raise self.wrong(
                f"the id '{shown(made['id'], 90)}' would have {len(made['id'])} "
                f"characters; expected at most {_LONGEST_ID}: give the entry a shorter "
                "id, or write its classifiers one by one"
            )
        return made, {
            ("params", name): (*self.place, name, number)
            for name, number in chosen.items()
        }

    def _check(self) -> None:
        if not isinstance(self._values, dict) or not self._values:
            raise self.wrong(
                f"found {_found(self._values)}; expected parameters and their values, "
                f"such as {_LIKE}"
            )
        params = self.entry.get("params", {})
        for name, values in self._values.items():
            if not isinstance(values, list) or not values:
                raise self.wrong(
                    f"found {_found(values)}; expected a list of values, such as "
                    f"{_LIKE}",
                    name,
                )
            if isinstance(params, dict) and name in params:
                raise self.wrong(
                    f"'{shown(name, 60)}' stands in params as well; leave it out there",
                    name,
                )
            texts = [json.dumps(value) for value in values]
            for number, text in enumerate(texts):
                if text in texts[:number]:
                    raise self.wrong(
                        f"the value {shown(text, 60)} stands here twice; give each "
                        "once",
                        name,
                        number,
                    )
        n_members = prod(map(len, self._values.values()))
        if n_members > MOST_MEMBERS:
            raise self.wrong(
                f"{n_members} combinations; expected at most {MOST_MEMBERS}"
            )


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
