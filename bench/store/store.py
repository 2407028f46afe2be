"""The store: the results of all runs in one folder, see docs/store.md.

Each process that writes has a pair of files of its own, which only grow: lines of JSON,
a result each, and the arrays that the lines name. The arrays are flushed before the
line is written: a result exists if and only if its line is whole. Every part has a
checksum; a damaged result is reported, set aside and computed again.
"""

import contextlib
import hashlib
import json
import math
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.base import StoreError, locked, set_aside, why_unwritable, write_flushed
from bench.store.arrays import pack, unpack
from bench.store.cell_files import CellFiles
from bench.store.index import Index, Record
from bench.store.lines import (
    Head,
    Place,
    Void,
    read_head,
    read_line,
    write_line,
    write_void,
)
from bench.store.result import Result, encodable, to_json
from bench.store.segments import LINES, OpenFiles, Writer

STORE = Path("data/store")

_WRITE_ATTEMPTS = 3
_KEPT_SCORES = 20  # of metrics that a suite brought, and of their earlier code


class _Stored(NamedTuple):
    """A sound result, and the head of its line unless it has files of its own."""

    result: Result
    log: str
    head: Head | None


class _New(NamedTuple):
    """A result that is to be written, its arrays, and its traceback."""

    result: Result
    packed: bytes | None
    log: str


class Store:
    """All results in one folder, which several runs may use at the same time.

    Parameters
    ----------
    folder
        The folder. It is created when the first result is put.

    Attributes
    ----------
    damaged : dict
        Key → a message about its files, for each key whose files `get` found damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: dict[str, str] = {}
        self._open_files = OpenFiles(folder)
        self._index = Index(folder, self._open_files)
        self._cell_files = CellFiles(folder)
        self._open_writer: Writer | None = None

    def get(self, key: str) -> Result | None:
        """Return the result of a key, or None if it is missing or damaged.

        Raises
        ------
        StoreError
            If the folder of the store itself cannot be read.
        """
        self._refresh()
        stored = self._get(key)
        return stored and stored.result

    def read_all(self, keys: Iterable[str]) -> Iterator[Result | None]:
        """Yield the result of each key in order, as `get` returns it.

        This is faster for many, but what other runs write meanwhile may be missed.

        Raises
        ------
        StoreError
            If the folder of the store itself cannot be read.
        """
        self._refresh()
        for key in keys:
            stored = self._get(key)
            yield stored and stored.result

    def statuses(self) -> dict[str, str]:
        """Return key → status of every result, by the beginning of its line alone.

        Whether the rest is sound is not checked.

        Raises
        ------
        StoreError
            If the folder of the store itself cannot be read.
        """
        self._refresh()
        found = dict(self._cell_files.statuses())
        for key, record in self._index.best.items():
            if record.status == "done" or found.get(key) != "done":
                found[key] = record.status
        return found

    def put(
        self,
        result: Result,
        arrays: Mapping[str, np.ndarray] | None,
        *,
        replaces: bool = False,
    ) -> Result:
        """Write a result, its arrays and its traceback.

        Parameters
        ----------
        result
            The result; its error may contain the traceback.
        arrays
            Name → array, for a cell that is done.
        replaces : bool
            Whether a result that is done replaces one that is stored and done.

        Returns
        -------
        Result
            See `put_all`.

        Raises
        ------
        StoreError
            If the store cannot be written.
        """
        packed = None if arrays is None else pack(arrays)
        keys = {result.key} if replaces else frozenset[str]()
        [stored] = self.put_all([(result, packed)], keys)
        return stored

    def put_all(
        self,
        items: Iterable[tuple[Result, bytes | None]],
        replaces: Collection[str] = frozenset(),
    ) -> list[Result]:
        """Write results at once: the disk is waited for once, not once a result.

        Parameters
        ----------
        items
            Results, whose errors may contain the traceback, and the arrays of each that
            is done, see `bench.store.pack`.
        replaces
            Keys whose result that is stored and done is replaced by one that is done.

        Returns
        -------
        list of Result
            The stored results in order, with the checksums of their arrays and without
            tracebacks. Where one that is done is stored and not replaced, it is kept
            and returned: another run may have stored it in the meantime.

        Raises
        ------
        StoreError
            If the store cannot be written; nothing of these is stored then.
        """
        new = [_prepared(result, packed) for result, packed in items]
        for attempt in range(1, _WRITE_ATTEMPTS + 1):
            try:
                return self._commit(new, replaces)
            except StoreError:
                raise
            except OSError as error:
                if attempt == _WRITE_ATTEMPTS:
                    raise self._unusable(self.folder, error) from None
                time.sleep(0.1 * attempt)  # a network file system may recover
        raise AssertionError  # for type checkers: the loop returns or raises

    def add_scores(
        self, key: str, scores: Mapping[str, dict[str, float | str | None]]
    ) -> None:
        """Add scores of metrics that a suite brought to a result that is done.

        It keeps its time, since it is no newer. Nothing is added where another run has
        replaced it by one that is not done.

        Parameters
        ----------
        scores
            See `Result.own_scores`; of earlier ones the last few are kept.

        Raises
        ------
        StoreError
            If the store cannot be written.
        """
        try:
            writer = self._writer()
            with locked(self._lock):
                self._refresh()
                stored = self._get(key)
                if stored is None or stored.result.status != "done":
                    return
                own = stored.result.own_scores
                others = {k: v for k, v in own.items() if k not in scores}
                kept = list(others.items())[-_KEPT_SCORES:]
                result = replace(stored.result, own_scores=dict(kept) | dict(scores))
                if stored.head is not None:
                    place, written = stored.head.arrays, stored.head.written
                else:
                    [place] = writer.add_arrays([self._cell_files.packed(key)])
                    written = self._cell_files.written(key)
                version = self._next_version(key)
                head = Head(key, result.status, version, written, place)
                writer.add_lines([write_line(head, to_json(result), stored.log)])
        except OSError as error:
            raise self._unusable(self.folder, error) from None

    def check_writable(self, keys: Iterable[str], *, attempt: bool = True) -> None:
        """Raise an error if results could not be written.

        Parameters
        ----------
        keys
            Keys of the results that will be put.
        attempt : bool
            Whether to write a temporary file, see `bench.base.why_unwritable`. If so
            and there are keys, this process counts as a writer from then on: `bench
            store clean` takes nothing away.

        Raises
        ------
        StoreError
            If the folder of the store cannot be written.
        """
        if why := why_unwritable(self.folder, attempt=attempt):
            raise self._unusable(self.folder, why)
        if attempt and any(True for _ in keys):
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._writer()
            except OSError as error:
                raise self._unusable(self.folder, error) from None

    def set_aside(self, key: str) -> Path:
        """Copy what is damaged of a key to a subfolder that is never read.

        It counts no more. Files of older stores are moved there.

        Returns
        -------
        Path
            The subfolder.

        Raises
        ------
        StoreError
            If that cannot be written.
        """
        try:
            with locked(self._lock):
                # Another run may have computed the result again in the meantime.
                self._refresh()
                self._get(key)
                self._set_aside(key)
        except OSError as error:
            raise self._unusable(self._damaged_folder, error) from None
        self.damaged.pop(key, None)
        return self._damaged_folder

    def arrays(self, key: str, *, weights: bool = False) -> dict[str, np.ndarray]:
        """Return the arrays of a result: labels, predictions, scores, history.

        Parameters
        ----------
        key
            The result's key.
        weights : bool
            Whether to read the weights of a trained network too, most of the arrays.

        Raises
        ------
        StoreError
            If they cannot be read.
        """
        try:
            return unpack(self.packed(key), weights=weights)
        except ValueError:
            raise self._unreadable(key) from None

    def packed(self, key: str) -> bytes:
        """Return the arrays of a result as the bytes of an ``.npz`` file.

        Raises
        ------
        StoreError
            If they cannot be read.
        """
        try:
            if record := self._record(key):
                head = read_head(self._text(record))
                if head is None or head.arrays is None:
                    raise ValueError("it has no arrays")
                return self._open_files.arrays(head.arrays)
            return self._cell_files.packed(key)
        except (OSError, ValueError):
            raise self._unreadable(key) from None

    def log(self, key: str) -> str:
        """Return the traceback, or the last output of a process that crashed."""
        if record := self._record(key):
            try:
                return read_line(self._text(record))[1]
            except (OSError, ValueError):
                return ""
        return self._cell_files.log(key)

    def written(self, key: str) -> float:
        """Return when a result was computed, in seconds since 1970; 0 if unknown."""
        try:
            if record := self._record(key):
                head = read_head(self._text(record))
                return head.written if head is not None else 0.0
            return self._cell_files.written(key)
        except OSError:
            return 0.0

    def where(self, key: str) -> str:
        """Name the place of a result in messages."""
        if record := self._record(key):
            return self._place(key, record.name)
        return str(self._cell_files.path(key, "json"))

    def keys(self) -> Iterator[str]:
        """Yield the key of every result, in order."""
        with contextlib.suppress(StoreError):  # it is no folder
            self._refresh()
        index = self._index
        yield from sorted({*index.best, *index.broken, *self._cell_files.keys()})

    def timings(self, most: int) -> Iterator[tuple[dict[str, Any], float]]:
        """Yield the fields of results and the seconds they took.

        What cannot be read is left out, and checksums are not compared: this is for
        estimates.

        Parameters
        ----------
        most : int
            The number of results that are read, the last of each pair of files first.
        """
        self._refresh()
        texts = chain(self._texts(), self._cell_files.texts())
        for text in islice(texts, most):
            try:
                data = json.loads(text)
                data = data.get("result", data)
                fields, seconds = data["fields"], float(data["seconds"])
                is_fit = not data.get("target")
            except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
                continue
            if is_fit and isinstance(fields, dict) and math.isfinite(seconds):
                yield fields, seconds

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
        self._cell_files.sweep()
        with contextlib.suppress(StoreError):  # it is no folder
            self._refresh()
        if not self._index.unnamed:
            return []
        told = []
        try:
            with locked(self._lock):
                self._refresh()
                for record in list(self._index.unnamed.values()):
                    path = self.folder / f"{record.name}.{LINES}"
                    self._copy_aside(f"{record.name}.{record.offset}", record)
                    self._make_void(record, None)
                    told.append(
                        f"{path}: the line at byte {record.offset} is damaged and "
                        f"names no result; set aside in {self._damaged_folder}"
                    )
        except OSError as error:
            raise self._unusable(self._damaged_folder, error) from None
        return told

    def _get(self, key: str) -> _Stored | None:
        """Return a sound result; note in `damaged` what is damaged."""
        self.damaged.pop(key, None)
        stored = None
        if record := self._index.best.get(key):
            stored = self._read(key, record)
        if broken := self._index.broken.get(key):
            where = self._place(key, broken[0].name)
            self.damaged[key] = f"{where}: its line is damaged"
        if stored is None or stored.result.status != "done":
            older = self._read_files(key)
            if older and (stored is None or older.result.status == "done"):
                stored = older
        return stored

    def _read(self, key: str, record: Record) -> _Stored | None:
        try:
            line = self._text(record)
            head = read_head(line)
            result, log = read_line(line)
            if head is None or result.key != key:
                raise ValueError("the result of another key")
            self._check_arrays(result, head.arrays)
        except FileNotFoundError:  # `bench store clean` has written the pair anew
            before = record
            self._refresh()
            if (again := self._index.best.get(key)) and again != before:
                return self._read(key, again)
            self.damaged[key] = f"{self._place(key, record.name)}: is missing"
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            self.damaged[key] = f"{self._place(key, record.name)}: {why}"
        else:
            return _Stored(result, log, head)
        return None

    def _check_arrays(self, result: Result, place: Place | None) -> None:
        if result.arrays_sha256 is None:
            if result.has_arrays:
                raise ValueError("a result without predictions")
            return
        if place is None:
            raise ValueError("its predictions are missing")
        try:
            checksum = self._open_files.checksum(place)
        except OSError:
            raise ValueError("its predictions cannot be read") from None
        if checksum != result.arrays_sha256:
            raise ValueError("its predictions do not match their checksum")

    def _read_files(self, key: str) -> _Stored | None:
        if key[:2] not in self._index.shards:
            return None
        try:
            result = self._cell_files.get(key)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            path = self._cell_files.path(key, "json")
            self.damaged[key] = f"{path}: {getattr(error, 'strerror', None) or error}"
            return None
        return _Stored(result, self._cell_files.log(key), None)

    def _commit(self, new: Sequence[_New], replaces: Collection[str]) -> list[Result]:
        """Write the arrays, and the lines of those results that are to be stored."""
        self.folder.mkdir(parents=True, exist_ok=True)
        stored: list[Result] = []
        lines: list[bytes] = []
        latest: dict[str, tuple[Result, int]] = {}  # what is among the lines, by key
        try:
            writer = self._writer()
            places = writer.add_arrays([item.packed for item in new])
            now = time.time()
            with locked(self._lock):
                self._refresh()
                for (result, _, log), place in zip(new, places, strict=True):
                    key = result.key
                    if key in latest:
                        other, version = latest[key][0], latest[key][1] + 1
                    else:
                        other = self._sound(key)
                        version = self._next_version(key)
                    is_done = result.status == "done"
                    if other and other.status == "done":
                        if not (is_done and key in replaces):
                            stored.append(other)
                            continue
                    head = Head(key, result.status, version, now, place)
                    lines.append(write_line(head, to_json(result), log))
                    latest[key] = result, version
                    stored.append(result)
                writer.add_lines(lines)
        except BaseException:
            self._close_writer()
            raise
        return stored

    def _sound(self, key: str) -> Result | None:
        """Return the result of a key; what is damaged of it is set aside."""
        stored = self._get(key)
        if key in self.damaged:
            self._set_aside(key)
            stored = self._get(key)
        return stored and stored.result

    def _set_aside(self, key: str) -> None:
        """Set aside what is damaged of a key; the lock is held."""
        index = self._index
        while (record := index.best.get(key)) and self._read(key, record) is None:
            self._copy_aside(key, record)
            self._make_void(record, key)
        for broken in list(index.broken.get(key, [])):
            self._copy_aside(key, broken)
            self._make_void(broken, key)
        self.damaged.pop(key, None)
        if (record is None or record.status != "done") and (
            self._read_files(key) is None and key in self.damaged
        ):
            self._cell_files.set_aside(key, self._damaged_folder)
        self.damaged.pop(key, None)

    def _copy_aside(self, name: str, record: Record) -> None:
        """Copy a line and its arrays, as far as they can be read."""
        self._damaged_folder.mkdir(parents=True, exist_ok=True)
        line = self._text(record)
        parts = {"json": line}
        head = read_head(line)
        if head is not None and head.arrays is not None:
            with contextlib.suppress(OSError, ValueError):
                parts["npz"] = self._open_files.arrays(head.arrays)
        for suffix, raw in parts.items():
            path = self.folder / f"{name}.{suffix}"
            write_flushed(path, raw)
            set_aside(path, self._damaged_folder)

    def _make_void(self, record: Record, key: str | None) -> None:
        void = Void(*record.place, key, max(record.version, 0))
        self._writer().add_lines([write_void(void)])
        self._refresh()

    def _writer(self) -> Writer:
        """Return the pair of files that this process writes."""
        writer = self._open_writer
        if writer is not None and (writer.pid != os.getpid() or writer.is_full):
            self._close_writer()
        if self._open_writer is None:
            self._open_writer = Writer(self.folder)
        return self._open_writer

    def _close_writer(self) -> None:
        if self._open_writer is not None:
            self._open_writer.close()
            self._open_writer = None

    def _refresh(self) -> None:
        try:
            self._index.refresh()
        except OSError as error:
            raise self._unusable(self.folder, error) from None

    def _record(self, key: str) -> Record | None:
        if key not in self._index.best:
            self._refresh()
        return self._index.best.get(key)

    def _next_version(self, key: str) -> int:
        """Return the version of a new line, which counts before files of its own."""
        version = self._index.next_version(key)
        has_files = key[:2] in self._index.shards
        return version or int(has_files and self._cell_files.path(key, "json").exists())

    def _text(self, record: Record) -> bytes:
        return self._open_files.read(
            f"{record.name}.{LINES}", record.offset, record.size
        )

    def _texts(self) -> Iterator[bytes]:
        for record in reversed(list(self._index.best.values())):
            with contextlib.suppress(OSError):
                yield self._text(record)

    def _place(self, key: str, name: str) -> str:
        return f"{self.folder / name}.{LINES}: the result {key}"

    @property
    def _damaged_folder(self) -> Path:
        return self.folder / "damaged"

    @property
    def _lock(self) -> Path:
        """The lock of the whole store; it is held only while lines are written."""
        return self.folder / ".lock"

    def _unreadable(self, key: str) -> StoreError:
        return StoreError(
            f"{self.where(key)}: its predictions cannot be read; expected arrays"
        )

    def _unusable(self, path: Path, why: OSError | str) -> StoreError:
        reason = why if isinstance(why, str) else why.strerror or why
        return StoreError(
            f"{path}: cannot be used ({reason}); check that it is a folder, its "
            "permissions and the free space, or choose another folder with --store"
        )


def _prepared(result: Result, packed: bytes | None) -> _New:
    """Return what is written of a result: its traceback stands apart."""
    result, log = encodable(result), ""
    if packed is not None:
        result = replace(result, arrays_sha256=hashlib.sha256(packed).hexdigest())
    if result.error:
        error = dict(result.error)
        log = error.pop("traceback", "")
        result = replace(result, error=error)
    return _New(result, packed, log)
