"""The store: one small JSON a cell beside an ``.npz`` of its predictions.

Each file is written under a temporary name, flushed and renamed; the JSON comes
last and is the commit point. A file that is not what it should be is named, set aside
and computed again; it is never trusted.
"""

import contextlib
import hashlib
import io
import os
import re
import socket
import time
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil

from bench.base import (
    StoreError,
    locked,
    read_bytes,
    set_aside,
    why_unwritable,
    write_flushed,
)
from bench.store.result import Result, encodable, from_json, to_json

STORE = Path("data/store")

WEIGHT = "weight_"  # begins the name of each array of a trained network
_SUFFIXES = ("npz", "log", "json")
_WRITE_ATTEMPTS = 3
_STALE_SECONDS = 86_400.0  # of a temporary file that another machine wrote
_MAX_JSON = 2**26  # bytes; a library's text is the longest thing in it
_KEY = re.compile(r"[0-9a-f]{64}")
_TEMPORARY = re.compile(r"\.[0-9a-f]{64}\.\w+\.([0-9a-f]{8})\.([0-9]{1,9})\.tmp")
_HOST = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


class Store:
    """All results, under one folder, which several runs may share.

    Parameters
    ----------
    folder
        Made when the first result is put.

    Attributes
    ----------
    damaged : dict
        Key → what is wrong with its files, for those that `get` could not trust.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: dict[str, str] = {}

    def get(self, key: str) -> Result | None:
        """Return the result of a key, or None where there is no sound one."""
        path = self.path(key, "json")
        try:
            result = from_json(read_bytes(path, _MAX_JSON))
            if result.key != key:
                raise ValueError("the result of another key")
            self._check_arrays(result)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            # Not one damaged result, but a store that cannot be read at all.
            if isinstance(error, OSError) and not os.path.isdir(self.folder):  # noqa: PTH112 (never raises)
                raise self._unusable(self.folder, error) from None
            self.damaged[key] = f"{path}: {getattr(error, 'strerror', None) or error}"
            return None
        return result

    def put(self, result: Result, arrays: dict[str, np.ndarray] | None) -> Result:
        """Write a result, its arrays and its traceback.

        Returns
        -------
        Result
            As stored: with the arrays' checksum and without the traceback. Where
            another run has put a result that is done meanwhile, that one.
        """
        files: dict[str, bytes] = {}
        result = encodable(result)
        if arrays is not None:
            packed = io.BytesIO()
            np.savez_compressed(packed, allow_pickle=False, **arrays)
            files["npz"] = packed.getvalue()
            checksum = hashlib.sha256(files["npz"]).hexdigest()
            result = replace(result, arrays_sha256=checksum)
        if result.error:
            error = dict(result.error)
            files["log"] = error.pop("traceback", "").encode()
            result = replace(result, error=error)
        files["json"] = to_json(result)
        for attempt in range(1, _WRITE_ATTEMPTS + 1):
            try:
                return self._commit(result, files)
            except StoreError:
                raise
            except OSError as error:
                if attempt == _WRITE_ATTEMPTS:
                    raise self._unusable(self.folder, error) from None
                time.sleep(0.1 * attempt)  # a network's file system may come back
        raise AssertionError  # for type checkers: the loop returns or raises

    def check_writable(self, keys: Iterable[str], *, attempt: bool = True) -> None:
        """Refuse a folder in which results could not be put.

        Parameters
        ----------
        keys
            Of the results.
        attempt : bool
            Whether to write, see `bench.base.folders.why_unwritable`.

        Raises
        ------
        StoreError
        """
        places = {self.path(key, "json").parent for key in keys}
        shards = sorted(place for place in places if place.is_dir())
        for place in (self.folder, *shards):
            # What is true of the folder's disk is true of the shards'.
            tried = attempt and place == self.folder
            if why := why_unwritable(place, attempt=tried):
                raise self._unusable(place, why)

    def set_aside(self, key: str) -> Path:
        """Move the damaged files of a key to a folder of the store that is not read."""
        shard = self.path(key, "json").parent
        is_folder = shard.is_dir()  # or a file in its place: that is what is damaged
        try:
            with locked(self._lock):
                if self.get(key) is None:  # another run may have mended it meanwhile
                    paths = [self.path(key, suffix) for suffix in _SUFFIXES]
                    for path in paths if is_folder else [shard]:
                        set_aside(path, self._aside)
        except OSError as error:
            raise self._unusable(self._aside, error) from None
        self.damaged.pop(key, None)
        return self._aside

    def arrays(self, key: str, *, weights: bool = False) -> dict[str, np.ndarray]:
        """Return labels, predictions, scores and history; if asked, weights as well.

        What is not asked for is not read: a network's weights are most of its file.
        """
        path = self.path(key, "npz")
        try:
            with np.load(path, allow_pickle=False) as packed:
                return {
                    name: packed[name]
                    for name in packed.files
                    if weights or not name.startswith(WEIGHT)
                }
        except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile):
            raise StoreError(f"{path}: cannot be read; expected arrays") from None

    def log(self, key: str) -> str:
        """Return the traceback, or what a crashed process said last."""
        try:
            return self.path(key, "log").read_text("utf-8", "replace")
        except OSError:
            return ""

    def keys(self) -> Iterator[str]:
        """Yield the key of every result."""
        for path in sorted(self.folder.glob("??/*.json")):
            if _KEY.fullmatch(path.stem) and path.stem[:2] == path.parent.name:
                yield path.stem

    def path(self, key: str, suffix: str) -> Path:
        """Return where a key's "json", "npz" or "log" lies, if it does."""
        return self.folder / key[:2] / f"{key}.{suffix}"

    def sweep(self) -> None:
        """Delete the temporary files of runs that were killed as they wrote."""
        for path in self.folder.glob("??/.*.tmp"):
            ours = _TEMPORARY.fullmatch(path.name)
            if ours is None:  # somebody else's
                continue
            with contextlib.suppress(OSError):
                age = time.time() - path.stat().st_mtime
                dead = ours[1] == _HOST and not psutil.pid_exists(int(ours[2]))
                if dead or age > _STALE_SECONDS:
                    path.unlink()

    def _commit(self, result: Result, files: dict[str, bytes]) -> Result:
        shard = self.path(result.key, "json").parent
        shard.mkdir(parents=True, exist_ok=True)
        temporary = {}
        try:
            for suffix, raw in files.items():
                name = f".{result.key}.{suffix}.{_HOST}.{os.getpid()}.tmp"
                temporary[suffix] = shard / name
                write_flushed(temporary[suffix], raw)
            with locked(self._lock):
                other = self.get(result.key)
                if other is not None and other.status == "done":
                    return other
                for suffix in _SUFFIXES:  # the JSON is the last
                    final = self.path(result.key, suffix)
                    if final.is_dir():  # no result, so `get` did not see it
                        set_aside(final, self._aside)
                    if suffix in temporary:
                        temporary[suffix].replace(final)
                    else:  # of an earlier result, such as one that failed
                        final.unlink(missing_ok=True)
        finally:
            for path in temporary.values():
                path.unlink(missing_ok=True)
        return result

    def _check_arrays(self, result: Result) -> None:
        if result.arrays_sha256 is None:
            if result.status == "done" and not result.is_audit:
                raise ValueError("a result without its predictions")
            return
        path = self.path(result.key, "npz")
        if not path.is_file():  # a pipe would block
            raise ValueError("its predictions (.npz) are missing, or no file")
        try:
            with path.open("rb") as stream:
                checksum = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError:
            raise ValueError("its predictions (.npz) cannot be read") from None
        if checksum != result.arrays_sha256:
            raise ValueError("its predictions (.npz) do not match their checksum")

    @property
    def _aside(self) -> Path:
        return self.folder / "damaged"

    @property
    def _lock(self) -> Path:
        """One for the whole store: it is held for some renames alone."""
        return self.folder / ".lock"

    def _unusable(self, path: Path, why: OSError | str) -> StoreError:
        words = why if isinstance(why, str) else why.strerror or why
        return StoreError(
            f"{path}: cannot be used ({words}); free its place, make room, or choose "
            "another folder with --store"
        )
