"""Entries of a suite that stand for several: one key of theirs has a list of values.

A suite's file is rewritten before it is checked, so that all later code sees plain
entries; for error messages it stays known where each of them was written.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from bench.base import BenchError, Document, Location, named

# A plain entry, and where its parts were written: within it → in the file.
Made = tuple[Any, Mapping[Location, Location]]


class Expansion:
    """What an entry says under the key that makes several of it.

    Parameters
    ----------
    document
        A suite's file, not checked yet.
    place
        The place of the entry's key, such as ``("datasets", 0, "sweep")``.
    error
        The exception for a mistake; its message has file and line.
    """

    def __init__(
        self, document: Document, place: Location, error: type[BenchError]
    ) -> None:
        part, position, key = place
        self.place = place
        self.entry: dict[str, Any] = document.data[part][position]
        self.asked: Any = self.entry[key]
        self._document = document
        self._error = error

    def rest(self) -> dict[str, Any]:
        """Return the entry without the key."""
        return {
            name: part for name, part in self.entry.items() if name != self.place[2]
        }

    def wrong(self, message: str, *more: str | int) -> BenchError:
        """Return the error of a mistake, whose place may be deeper in the entry."""
        place = (*self.place, *more)
        return self._error(f"{self._document.where(*place)}: {named(place)}: {message}")


def expand(
    document: Document,
    part: str,
    key: str,
    make: Callable[[Location], Iterable[Made]],
) -> Document:
    """Replace each entry that has a key by those that it stands for.

    Parameters
    ----------
    document
        A suite's file, not checked yet; where it is not a suite it is left as it is.
    part, key
        Such as "datasets" and "sweep".
    make
        Makes the entries of one, given the place of its key.
    """
    entries = document.data.get(part)
    if not isinstance(entries, list):
        return document
    expanded: list[Any] = []
    moved: dict[Location, Location] = dict(document.moved)
    for position, entry in enumerate(entries):
        place: Location = (part, position)
        made: Iterable[Made] = [(entry, {})]
        if isinstance(entry, dict) and key in entry:
            made = make((*place, key))
        for one, written in made:
            here: Location = (part, len(expanded))
            moved[here] = place
            moved |= {here + within: at for within, at in written.items()}
            expanded.append(one)
    return replace(document, data=document.data | {part: expanded}, moved=moved)
