"""The files of a store: results are found, checked, and set aside where damaged."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from bench.base import StoreError, locked, set_aside, write_flushed
from bench.store.cell_files import CellFiles
from bench.store.index import Index, Record
from bench.store.lines import Head, Place, Void, read_head, read_line, write_void
from bench.store.result import Result
from bench.store.segments import LINES, OpenFiles, Writer


class Stored(NamedTuple):
    """A sound result, and the head of its line unless it has files of its own."""

    result: Result
    log: str
    head: Head | None


class Files:
    """The files of a store's folder.

    Attributes
    ----------
    folder
        The folder.
    index
        Its lines by key; `refresh` brings it up to date.
    cell_files
        The results that have files of their own.
    damaged : dict
        Key → a message, for each key of which `find` found something damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: dict[str, str] = {}
        self.cell_files = CellFiles(folder)
        self._open = OpenFiles(folder)
        self.index = Index(folder, self._open)
        self._writer: Writer | None = None

    def refresh(self) -> None:
        """Take note of what was written since the last call.

        Raises
        ------
        StoreError
            If the folder cannot be read.
        """
        try:
            self.index.refresh()
        except OSError as error:
            raise self.unusable(self.folder, error) from None

    def find(self, key: str) -> Stored | None:
        """Return a sound result; note in `damaged` what is damaged."""
        self.damaged.pop(key, None)
        stored = None
        if record := self.index.best.get(key):
            stored = self.read(key, record)
        if broken := self.index.broken.get(key):
            where = self.place(key, broken[0].name)
            self.damaged[key] = f"{where}: its line is damaged"
        if stored is None or stored.result.status != "done":
            older = self.read_files(key)
            if older and (stored is None or older.result.status == "done"):
                stored = older
        return stored

    def read(self, key: str, record: Record) -> Stored | None:
        """Read a line and check its arrays; note in `damaged` if it is damaged."""
        try:
            line = self.text(record)
            head = read_head(line)
            result, log = read_line(line)
            if head is None or result.key != key:
                raise ValueError("the result of another key")
            self._check_arrays(result, head.arrays)
        except FileNotFoundError:  # `bench store clean` has written the pair anew
            before = record
            self.refresh()
            if (again := self.index.best.get(key)) and again != before:
                return self.read(key, again)
            self.damaged[key] = f"{self.place(key, record.name)}: is missing"
        except (OSError, ValueError) as error:
            why = str(getattr(error, "strerror", None) or error)
            self.damaged[key] = f"{self.place(key, record.name)}: {why}"
        else:
            return Stored(result, log, head)
        return None

    def _check_arrays(self, result: Result, place: Place | None) -> None:
        if result.arrays_sha256 is None:
            if result.has_arrays:
                raise ValueError("a result without predictions")
            return
        if place is None:
            raise ValueError("its predictions are missing")
        try:
            checksum = self._open.checksum(place)
        except OSError:
            raise ValueError("its predictions cannot be read") from None
        if checksum != result.arrays_sha256:
            raise ValueError("its predictions do not match their checksum")

    def read_files(self, key: str) -> Stored | None:
        """Read a result with files of its own, likewise."""
        if key[:2] not in self.index.shards:
            return None
        try:
            result = self.cell_files.get(key)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            path = self.cell_files.path(key, "json")
            self.damaged[key] = f"{path}: {getattr(error, 'strerror', None) or error}"
            return None
        return Stored(result, self.cell_files.log(key), None)

    def sound(self, key: str) -> Result | None:
        """Return the result of a key; what is damaged of it is set aside."""
        stored = self.find(key)
        if key in self.damaged:
            self.set_aside(key)
            stored = self.find(key)
        return stored and stored.result

    def set_aside(self, key: str) -> None:
        """Set aside what is damaged of a key; the lock is held."""
        index = self.index
        while (record := index.best.get(key)) and self.read(key, record) is None:
            self._copy_aside(key, record)
            self._make_void(record, key)
        for broken in list(index.broken.get(key, [])):
            self._copy_aside(key, broken)
            self._make_void(broken, key)
        self.damaged.pop(key, None)
        if (record is None or record.status != "done") and (
            self.read_files(key) is None and key in self.damaged
        ):
            self.cell_files.set_aside(key, self.damaged_folder)
        self.damaged.pop(key, None)

    def _copy_aside(self, name: str, record: Record) -> None:
        """Copy a line and its arrays, as far as they can be read."""
        self.damaged_folder.mkdir(parents=True, exist_ok=True)
        line = self.text(record)
        parts = {"json": line}
        head = read_head(line)
        if head is not None and head.arrays is not None:
            with suppress(OSError, ValueError):
                parts["npz"] = self._open.arrays(head.arrays)
        for suffix, raw in parts.items():
            path = self.folder / f"{name}.{suffix}"
            write_flushed(path, raw)
            set_aside(path, self.damaged_folder)

    def _make_void(self, record: Record, key: str | None) -> None:
        void = Void(*record.place, key, max(record.version, 0))
        self.writer().add_lines([write_void(void)])
        self.refresh()

    def writer(self) -> Writer:
        """Return the pair of files that this process writes."""
        if self._writer is not None and self._writer.pid != os.getpid():
            self.close_writer()
        if self._writer is None:
            self._writer = Writer(self.folder)
        return self._writer

    @property
    def written(self) -> set[str]:
        """The name of the pair of files that this process writes, if it does."""
        return set() if self._writer is None else {self._writer.name}

    def close_writer(self) -> None:
        """Let another process continue the pair of files that this one writes."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def record(self, key: str) -> Record | None:
        """Return the line that counts of a key."""
        if key not in self.index.best:
            self.refresh()
        return self.index.best.get(key)

    def next_version(self, key: str) -> int:
        """Return the version of a new line, which counts before files of its own."""
        version = self.index.next_version(key)
        has_files = key[:2] in self.index.shards
        return version or int(has_files and self.cell_files.path(key, "json").exists())

    def head(self, key: str) -> Head | None:
        """Return the head of the line that counts of a key; None if there is none."""
        with suppress(OSError):
            if record := self.record(key):
                return read_head(self.text(record))
        return None

    def keys(self) -> set[str]:
        """Return the key of every result, also of those that are damaged."""
        return {*self.index.best, *self.index.broken, *self.cell_files.keys()}

    def size(self, key: str) -> int:
        """Return the bytes of a result: its lines, its arrays and its files."""
        others = self.index.superseded.get(key, []) + self.index.broken.get(key, [])
        record = self.index.best.get(key)
        lines = sum(r.size for r in [*others, *([record] if record else [])])
        head = self.head(key)
        arrays = head.arrays.size if head is not None and head.arrays else 0
        return lines + arrays + self.cell_files.size(key)

    def text(self, record: Record) -> bytes:
        """Return the bytes of a line; raise OSError if it cannot be read."""
        return self._open.read(f"{record.name}.{LINES}", record.offset, record.size)

    def arrays(self, place: Place) -> bytes:
        """Return the arrays at a place; raise OSError or ValueError if missing."""
        return self._open.arrays(place)

    def texts(self) -> Iterator[bytes]:
        """Yield the line that counts of each key, the last of a pair first."""
        for record in reversed(list(self.index.best.values())):
            with suppress(OSError):
                yield self.text(record)

    def place(self, key: str, name: str) -> str:
        """Name a result and the file of its line, for messages."""
        return f"{self.folder / name}.{LINES}: the result {key}"

    @property
    def damaged_folder(self) -> Path:
        """Where what is damaged is kept; nothing reads it."""
        return self.folder / "damaged"

    @property
    def lock(self) -> Path:
        """The lock of the whole store; it is held only while lines are written."""
        return self.folder / ".lock"

    def sweep(self) -> list[str]:
        """Clear away what killed runs left, and damaged lines that name no key.

        Returns
        -------
        list of str
            A message about each line that was set aside: the result that it held is
            computed again.

        Raises
        ------
        StoreError
            If damaged lines cannot be set aside.
        """
        self.cell_files.sweep()
        with suppress(StoreError):  # it is no folder
            self.refresh()
        if not self.index.unnamed:
            return []
        told = []
        with self.usable(self.damaged_folder), locked(self.lock):
            self.refresh()
            for record in list(self.index.unnamed.values()):
                path = self.folder / f"{record.name}.{LINES}"
                self._copy_aside(f"{record.name}.{record.offset}", record)
                self._make_void(record, None)
                told.append(
                    f"{path}: the line at byte {record.offset} is damaged and names no "
                    f"result; set aside in {self.damaged_folder}"
                )
        return told

    @contextmanager
    def usable(self, path: Path) -> Iterator[None]:
        """Turn an error of the system into one that names a path of the store."""
        try:
            yield
        except StoreError:  # which is an OSError, too
            raise
        except OSError as error:
            raise self.unusable(path, error) from None

    def unusable(self, path: Path, why: OSError | str) -> StoreError:
        """Return the error that says why the store cannot be used."""
        reason = why if isinstance(why, str) else why.strerror or why
        return StoreError(
            f"{path}: cannot be used ({reason}); check that it is a folder, its "
            "permissions and the free space, or choose another folder with --store"
        )
