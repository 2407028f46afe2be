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
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.base import StoreError, locked, why_unwritable
from bench.store.arrays import pack, unpack
from bench.store.files import Files
from bench.store.lines import Head, read_line, write_line
from bench.store.result import Result, encodable, to_json

STORE = Path("data/store")

_WRITE_ATTEMPTS = 3
_KEPT_SCORES = 20  # of metrics that a suite brought, and of their earlier code


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
        self._files = Files(folder)
        self.damaged = self._files.damaged

    def get(self, key: str) -> Result | None:
        """Return the result of a key, or None if it is missing or damaged.

        Raises
        ------
        StoreError
            If the folder of the store itself cannot be read.
        """
        self._files.refresh()
        stored = self._files.find(key)
        return stored and stored.result

    def read_all(self, keys: Iterable[str]) -> Iterator[Result | None]:
        """Yield the result of each key in order, as `get` returns it.

        This is faster for many, but what other runs write meanwhile may be missed.

        Raises
        ------
        StoreError
            If the folder of the store itself cannot be read.
        """
        self._files.refresh()
        for key in keys:
            stored = self._files.find(key)
            yield stored and stored.result

    def statuses(self) -> dict[str, str]:
        """Return key → status of every result, by the beginning of its line alone.

        Whether the rest is sound is not checked.

        Raises
        ------
        StoreError
            If the folder of the store itself cannot be read.
        """
        self._files.refresh()
        found = dict(self._files.cell_files.statuses())
        for key, record in self._files.index.best.items():
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
                    raise self._files.unusable(self.folder, error) from None
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
        files = self._files
        with files.usable(self.folder):
            writer = files.writer()
            with locked(files.lock):
                files.refresh()
                stored = files.find(key)
                if stored is None or stored.result.status != "done":
                    return
                own = stored.result.own_scores
                others = {k: v for k, v in own.items() if k not in scores}
                kept = list(others.items())[-_KEPT_SCORES:]
                result = replace(stored.result, own_scores=dict(kept) | dict(scores))
                if stored.head is not None:
                    place, written = stored.head.arrays, stored.head.written
                else:
                    [place] = writer.add_arrays([files.cell_files.packed(key)])
                    written = files.cell_files.written(key)
                version = files.next_version(key)
                head = Head(key, result.status, version, written, place)
                writer.add_lines([write_line(head, to_json(result), stored.log)])
                files.refresh()

    def check_writable(self, *, attempt: bool = True) -> None:
        """Raise an error if results could not be written.

        Parameters
        ----------
        attempt : bool
            Whether to write a temporary file, see `bench.base.why_unwritable`.

        Raises
        ------
        StoreError
            If the folder of the store cannot be written.
        """
        if why := why_unwritable(self.folder, attempt=attempt):
            raise self._files.unusable(self.folder, why)

    def hold(self) -> None:
        """Count as a writer from now on: `bench store clean` takes nothing away.

        Raises
        ------
        StoreError
            If the store cannot be written.
        """
        with self._files.usable(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._files.writer()

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
        files = self._files
        with files.usable(files.damaged_folder), locked(files.lock):
            files.refresh()  # another run may have computed the result by now
            files.set_aside(key)
        return files.damaged_folder

    def arrays(
        self, key: str, *, weights: bool = False, training: bool = True
    ) -> dict[str, np.ndarray]:
        """Return the arrays of a result: labels, predictions, scores, history.

        Parameters
        ----------
        key
            The result's key.
        weights : bool
            Whether to read the weights of a trained network too, most of the arrays.
        training : bool
            Whether to read the predictions for training curves too.

        Raises
        ------
        StoreError
            If they cannot be read.
        """
        try:
            return unpack(self.packed(key), weights=weights, training=training)
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
            if self._files.record(key):
                head = self._files.head(key)
                if head is None or head.arrays is None:
                    raise ValueError("it has no arrays")
                return self._files.arrays(head.arrays)
            return self._files.cell_files.packed(key)
        except (OSError, ValueError):
            raise self._unreadable(key) from None

    def log(self, key: str) -> str:
        """Return the traceback, or the last output of a process that crashed."""
        if record := self._files.record(key):
            try:
                return read_line(self._files.text(record))[1]
            except (OSError, ValueError):
                return ""
        return self._files.cell_files.log(key)

    def written(self, key: str) -> float:
        """Return when a result was computed, in seconds since 1970; 0 if unknown."""
        try:
            if self._files.record(key):
                head = self._files.head(key)
                return head.written if head is not None else 0.0
            return self._files.cell_files.written(key)
        except OSError:
            return 0.0

    def where(self, key: str) -> str:
        """Name the place of a result in messages."""
        if record := self._files.record(key):
            return self._files.place(key, record.name)
        return str(self._files.cell_files.path(key, "json"))

    def keys(self) -> Iterator[str]:
        """Yield the key of every result, in order."""
        with contextlib.suppress(StoreError):  # it is no folder
            self._files.refresh()
        yield from sorted(self._files.keys())

    def timings(self, most: int) -> Iterator[tuple[dict[str, Any], float]]:
        """Yield the fields of results and the seconds they took.

        What cannot be read is left out, and checksums are not compared: this is for
        estimates.

        Parameters
        ----------
        most : int
            The number of results that are read, the last of each pair of files first.
        """
        self._files.refresh()
        texts = chain(self._files.texts(), self._files.cell_files.texts())
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
        return self._files.sweep()

    def _commit(self, new: Sequence[_New], replaces: Collection[str]) -> list[Result]:
        """Write the arrays, and the lines of those results that are to be stored."""
        self.folder.mkdir(parents=True, exist_ok=True)
        stored: list[Result] = []
        lines: list[bytes] = []
        # Key → the result among the lines, and the version of the next one.
        latest: dict[str, tuple[Result | None, int]] = {}
        try:
            writer = self._files.writer()
            if writer.is_full:
                self._files.close_writer()
                writer = self._files.writer()
            places = writer.add_arrays([item.packed for item in new])
            now = time.time()
            with locked(self._files.lock):
                self._files.refresh()
                for (result, _, log), place in zip(new, places, strict=True):
                    key = result.key
                    other, version = latest.get(key) or (
                        self._files.sound(key),
                        self._files.next_version(key),
                    )
                    may_replace = key in replaces and result.status == "done"
                    if other and other.status == "done" and not may_replace:
                        stored.append(other)
                        continue
                    head = Head(key, result.status, version, now, place)
                    lines.append(write_line(head, to_json(result), log))
                    latest[key] = result, version + 1
                    stored.append(result)
                writer.add_lines(lines)
                self._files.refresh()
        except BaseException:
            self._files.close_writer()
            raise
        return stored

    def _unreadable(self, key: str) -> StoreError:
        return StoreError(
            f"{self.where(key)}: its predictions cannot be read; expected arrays"
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
