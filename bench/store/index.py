"""Which line of all files is the result of a key."""

from pathlib import Path
from typing import NamedTuple

from bench.store.lines import Void, keys_in, read_start
from bench.store.segments import Found, OpenFiles, listed


class Record(NamedTuple):
    """A line: the pair of files, offset and size in bytes, and what its head says.

    The status of a line whose head is damaged is empty.
    """

    name: str
    offset: int
    size: int
    status: str
    version: int

    @property
    def place(self) -> tuple[str, int]:
        """What a line names that makes this one void."""
        return self.name, self.offset


def _rank(record: Record) -> tuple[bool, int]:
    return record.status == "done", record.version


def _precedes(record: Record, other: Record) -> bool:
    """Tell whether a record counts before another one of its key.

    Of two that were written at once, every reader takes the same.
    """
    if _rank(record) != _rank(other):
        return _rank(record) > _rank(other)
    return record.place < other.place


class Index:
    """The lines of a folder by key, brought up to date by `refresh`.

    Attributes
    ----------
    best : dict
        Key → the record that counts.
    superseded : dict
        Key → its other records.
    broken : dict
        Key → damaged lines that name it.
    unnamed : dict
        Place → a damaged line in which no key can be read.
    shards : set
        The first two digits of keys that may have files of their own.
    versions : dict
        Key → the highest version of its records that are void.
    """

    def __init__(self, folder: Path, files: OpenFiles) -> None:
        self._folder = folder
        self._files = files
        self.shards: set[str] = set()
        self._clear()

    def _clear(self) -> None:
        self.best: dict[str, Record] = {}
        self.superseded: dict[str, list[Record]] = {}
        self.broken: dict[str, list[Record]] = {}
        self.unnamed: dict[tuple[str, int], Record] = {}
        self.versions: dict[str, int] = {}
        self._void: set[tuple[str, int, str | None]] = set()
        self._read: dict[str, int] = {}  # name → bytes of its lines that were read
        self._found: dict[str, Found] = {}

    @property
    def names(self) -> list[str]:
        """The names of all pairs of files."""
        return sorted(self._found)

    def void_places(self) -> set[tuple[str, int]]:
        """Return the places of lines that were set aside."""
        return {(name, offset) for name, offset, _ in self._void}

    def refresh(self) -> None:
        """Read the lines that were written since the last call.

        Raises
        ------
        OSError
            If the folder or a file cannot be read.
        """
        found, self.shards = listed(self._folder)
        if found == self._found:
            return
        if any(
            name not in found
            or found[name].identity != before.identity
            or found[name].size < self._read[name]
            for name, before in self._found.items()
        ):
            # A pair was removed, as `bench store clean` does, or exchanged by hand.
            self._clear()
            self._files.close()
        for name in sorted(found):
            start, size = self._read.get(name, 0), found[name].size
            self._read.setdefault(name, 0)
            if start < size:
                for offset, line in self._files.new_lines(name, start, size):
                    self._add(name, offset, line)
                    self._read[name] = offset + len(line)
        self._found = found

    def next_version(self, key: str) -> int:
        """Return the version of the next record of a key."""
        known = [self.versions.get(key, -1)]
        if record := self.best.get(key):
            known += [other.version for other in self.superseded.get(key, [])]
            known.append(record.version)
        return max(known) + 1

    def _add(self, name: str, offset: int, line: bytes) -> None:
        start = read_start(line)
        if isinstance(start, Void):
            self._take_out(start)
        elif start is not None:
            key, status, version = start
            self._insert(key, Record(name, offset, len(line), status, version))
        elif line.strip():  # an empty one ends a line whose end was damaged
            self._note_broken(Record(name, offset, len(line), "", -1), line)

    def _insert(self, key: str, record: Record) -> None:
        if self._void and (*record.place, key) in self._void:
            return
        other = self.best.setdefault(key, record)
        if other is not record:
            if _precedes(record, other):
                self.best[key], record = record, other
            self.superseded.setdefault(key, []).append(record)

    def _note_broken(self, record: Record, line: bytes) -> None:
        keys = keys_in(line)
        for key in keys:
            if (*record.place, key) not in self._void:
                self.broken.setdefault(key, []).append(record)
        if not keys and (*record.place, None) not in self._void:
            self.unnamed[record.place] = record

    def _take_out(self, void: Void) -> None:
        place, key = (void.name, void.offset), void.key
        self._void.add((*place, key))
        if key is None:
            self.unnamed.pop(place, None)
            return
        self.versions[key] = max(void.version, self.versions.get(key, -1))
        broken = self.broken.pop(key, [])
        if broken := [record for record in broken if record.place != place]:
            self.broken[key] = broken
        records = self.superseded.pop(key, [])
        if best := self.best.pop(key, None):
            records.append(best)
        for record in records:
            self._insert(key, record)
