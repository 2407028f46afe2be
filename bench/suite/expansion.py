"""Expand entries that stand for several, since one of their keys has a list of values.

The content of a suite file is rewritten before it is checked, so that all later code
sees plain entries only. Error messages still name the place in the file, since the
document remembers where each part was written.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from bench.base import BenchError, Document, Location, named

# A plain entry, and for parts of it: location within the entry → location in the file.
PlainEntry = tuple[Any, Mapping[Location, Location]]


class Expansion:
    """An entry with a key that makes several entries of it.

    Parameters
    ----------
    document
        The content of a suite file, not checked yet.
    place
        The location of the entry's key, such as ``("datasets", 0, "sweep")``.
    error
        The exception for a mistake; its message has file and line.

    Attributes
    ----------
    entry
        The entry as it is in the file.
    requested
        The value of the key.
    """

    def __init__(
        self, document: Document, place: Location, error: type[BenchError]
    ) -> None:
        part, position, key = place
        self.place = place
        self.entry: dict[str, Any] = document.data[part][position]
        self.requested: Any = self.entry[key]
        self._document = document
        self._error = error

    def rest(self) -> dict[str, Any]:
        """Return the entry without the key."""
        return {
            name: part for name, part in self.entry.items() if name != self.place[2]
        }

    def mistake(self, message: str, *deeper: str | int) -> BenchError:
        """Return the exception for a mistake, with its place below that of the key."""
        place = (*self.place, *deeper)
        return self._error(f"{self._document.where(*place)}: {named(place)}: {message}")


def expand(
    document: Document,
    part: str,
    key: str,
    make: Callable[[Location], Iterable[PlainEntry]],
) -> Document:
    """Replace each entry that has a key by the entries that it stands for.

    Parameters
    ----------
    document
        The content of a suite file, not checked yet. If the part is not a list, it is
        returned unchanged, and the schema refuses it later.
    part, key
        The part of the suite and the key, such as "datasets" and "sweep".
    make
        Makes the plain entries of one entry, given the location of its key.
    """
    entries = document.data.get(part)
    if not isinstance(entries, list):
        return document
    expanded: list[Any] = []
    moved: dict[Location, Location] = dict(document.moved)
    for position, entry in enumerate(entries):
        place: Location = (part, position)
        plain_entries: Iterable[PlainEntry] = [(entry, {})]
        if isinstance(entry, dict) and key in entry:
            plain_entries = make((*place, key))
        for plain_entry, written in plain_entries:
            new_place: Location = (part, len(expanded))
            moved[new_place] = place
            moved |= {new_place + within: at for within, at in written.items()}
            expanded.append(plain_entry)
    return replace(document, data=document.data | {part: expanded}, moved=moved)
