"""The store: for each cell a small JSON file and an ``.npz`` file of its predictions.

Each file is written under a temporary name, flushed and renamed. The JSON file comes
last: a result exists if and only if its JSON does. Every file has a checksum; a damaged
one is reported, set aside and computed again.
"""

import contextlib
import hashlib
import io
import json
import math
import os
import re
import socket
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

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

WEIGHT = "weight_"  # prefix of the name of each array of a trained network
_SUFFIXES = ("npz", "log", "json")  # in the order in which they are renamed
_WRITE_ATTEMPTS = 3
_KEPT_SCORES = 20  # of metrics that a suite brought, and of their earlier code
# A temporary file of another machine, whose processes cannot be looked up, is deleted
# after this time.
_STALE_SECONDS = 86_400.0
_MAX_JSON = 2**26  # bytes; the longest part is the text of a library
_KEY = re.compile(r"[0-9a-f]{64}")
_TEMPORARY = re.compile(r"\.[0-9a-f]{64}\.\w+\.([0-9a-f]{8})\.([0-9]{1,9})\.tmp")
_HOST = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """Return arrays as they are stored."""
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    return packed.getvalue()


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

    def get(self, key: str) -> Result | None:
        """Return the result of a key, or None if it is missing or damaged.

        Raises
        ------
        StoreError
            If the folder of the store itself cannot be read.
        """
        path = self.path(key, "json")
        try:
            result = from_json(read_bytes(path, _MAX_JSON))
            if result.key != key:
                raise ValueError("the result of another key")
            self._check_arrays(result)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            # Then not one result is damaged, but the whole store cannot be read.
            if isinstance(error, OSError) and not os.path.isdir(self.folder):  # noqa: PTH112 (never raises)
                raise self._unusable(self.folder, error) from None
            self.damaged[key] = f"{path}: {getattr(error, 'strerror', None) or error}"
            return None
        return result

    def put_all(self, items, replaces=frozenset()):
        """Put all."""
        return [self.put(r, a, replaces=r.key in replaces) for r, a in items]

    def put(
        self,
        result: Result,
        arrays: dict[str, np.ndarray] | bytes | None,
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
            The stored result, with the checksum of its arrays and without the
            traceback. If one that is done is stored and not replaced, it is kept and
            returned: another run may have stored it in the meantime.

        Raises
        ------
        StoreError
            If the store cannot be written.
        """
        files: dict[str, bytes] = {}
        result = encodable(result)
        if arrays is not None:
            files["npz"] = arrays if isinstance(arrays, bytes) else pack(arrays)
            checksum = hashlib.sha256(files["npz"]).hexdigest()
            result = replace(result, arrays_sha256=checksum)
        if result.error:
            error = dict(result.error)
            files["log"] = error.pop("traceback", "").encode()
            result = replace(result, error=error)
        files["json"] = to_json(result)
        for attempt in range(1, _WRITE_ATTEMPTS + 1):
            try:
                return self._commit(result, files, replaces)
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

        Its file keeps its time, since the result is no newer. Nothing is added where
        another run has replaced it by one that is not done.

        Parameters
        ----------
        scores
            See `Result.own_scores`; of earlier ones the last few are kept.

        Raises
        ------
        StoreError
            If the store cannot be written.
        """
        path = self.path(key, "json")
        temporary = path.with_name(f".{key}.json.{_HOST}.{os.getpid()}.tmp")
        try:
            with locked(self._lock):
                result = self.get(key)
                if result is None or result.status != "done":
                    return
                others = {k: v for k, v in result.own_scores.items() if k not in scores}
                kept = list(others.items())[-_KEPT_SCORES:]
                result = replace(result, own_scores=dict(kept) | dict(scores))
                time_ns = path.stat().st_mtime_ns
                write_flushed(temporary, to_json(result))
                os.utime(temporary, ns=(time_ns, time_ns))
                temporary.replace(path)
        except OSError as error:
            raise self._unusable(self.folder, error) from None
        finally:
            temporary.unlink(missing_ok=True)

    def check_writable(self, keys: Iterable[str], *, attempt: bool = True) -> None:
        """Raise an error if results could not be written.

        Parameters
        ----------
        keys
            Keys of the results that will be put.
        attempt : bool
            Whether to write a temporary file, see `bench.base.why_unwritable`.

        Raises
        ------
        StoreError
            If the folder of the store, or one of the folders within it that the keys
            belong to, cannot be written.
        """
        folders = {self.path(key, "json").parent for key in keys}
        shards = sorted(folder for folder in folders if folder.is_dir())
        for folder in (self.folder, *shards):
            # The shards are on the same disk: one attempt to write is enough.
            may_write = attempt and folder == self.folder
            if why := why_unwritable(folder, attempt=may_write):
                raise self._unusable(folder, why)

    def set_aside(self, key: str) -> Path:
        """Move the damaged files of a key to a subfolder that is never read.

        Returns
        -------
        Path
            The subfolder.

        Raises
        ------
        StoreError
            If the files cannot be moved.
        """
        shard = self.path(key, "json").parent
        is_folder = shard.is_dir()  # if not, a file is in its place and is moved itself
        try:
            with locked(self._lock):
                # Another run may have computed the result again in the meantime.
                if self.get(key) is None:
                    paths = [self.path(key, suffix) for suffix in _SUFFIXES]
                    for path in paths if is_folder else [shard]:
                        set_aside(path, self._damaged_folder)
        except OSError as error:
            raise self._unusable(self._damaged_folder, error) from None
        self.damaged.pop(key, None)
        return self._damaged_folder

    def arrays(
        self, key: str, *, weights: bool = False, training: bool = True
    ) -> dict[str, np.ndarray]:
        """Return the arrays of a result: labels, predictions, scores, history.

        Parameters
        ----------
        key
            The result's key.
        weights : bool
            Whether to read the weights of a trained network too. They are most of the
            file, so that reading the rest alone is fast.
        training : bool
            Whether to read the predictions for training curves too.

        Raises
        ------
        StoreError
            If the file cannot be read.
        """
        path = self.path(key, "npz")
        try:
            with np.load(path, allow_pickle=False) as packed:
                return {
                    name: packed[name]
                    for name in packed.files
                    if (weights or not name.startswith(WEIGHT))
                    and (training or not name.endswith("_train"))
                }
        except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile):
            raise StoreError(f"{path}: cannot be read; expected arrays") from None

    def log(self, key: str) -> str:
        """Return the traceback, or the last output of a process that crashed."""
        try:
            return self.path(key, "log").read_text("utf-8", "replace")
        except OSError:
            return ""

    def keys(self) -> Iterator[str]:
        """Yield the key of every result."""
        for path in sorted(self.folder.glob("??/*.json")):
            if _KEY.fullmatch(path.stem) and path.stem[:2] == path.parent.name:
                yield path.stem

    def statuses(self) -> dict[str, str]:
        """Return the status of every sound result, by its key."""
        found = ((key, self.get(key)) for key in self.keys())
        return {key: result.status for key, result in found if result is not None}

    def read_all(self, keys: Iterable[str]) -> Iterator[Result | None]:
        """Yield the result of each key in turn, as `get` returns it."""
        return map(self.get, keys)

    def timings(self, most: int) -> Iterator[tuple[dict[str, Any], float]]:
        """Yield the fields of results and the seconds they took.

        Only the JSON is read, and what cannot be read is left out: this is for
        estimates, and not worth the time of checksums.

        Parameters
        ----------
        most : int
            The number of files that are read.
        """
        for key in islice(self.keys(), most):
            try:
                data = json.loads(read_bytes(self.path(key, "json"), _MAX_JSON))
                fields, seconds = data["fields"], float(data["seconds"])
                is_fit = not data.get("target")
            except (OSError, ValueError, TypeError, KeyError, RecursionError):
                continue
            if is_fit and isinstance(fields, dict) and math.isfinite(seconds):
                yield fields, seconds

    def path(self, key: str, suffix: str) -> Path:
        """Return the path of a key's "json", "npz" or "log" file; it may be missing."""
        return self.folder / key[:2] / f"{key}.{suffix}"

    def sweep(self) -> None:
        """Delete the temporary files of runs that were killed while they wrote.

        A result whose arrays were renamed already, and its JSON not yet, is completed:
        it may have been about to replace another, which is damaged by now.
        """
        for path in self.folder.glob("??/.*.tmp"):
            match = _TEMPORARY.fullmatch(path.name)
            if match is None:  # not a file of ours
                continue
            host, pid = match[1], int(match[2])
            with contextlib.suppress(OSError):
                age = time.time() - path.stat().st_mtime
                is_dead = host == _HOST and not psutil.pid_exists(pid)
                if is_dead or age > _STALE_SECONDS:
                    self._complete(path)
                    path.unlink(missing_ok=True)

    def _complete(self, temporary: Path) -> None:
        """Rename the JSON of a result whose arrays are in place, if none is there."""
        key, suffix = temporary.name.split(".")[1:3]
        if suffix != "json":
            return
        with locked(self._lock), contextlib.suppress(ValueError):
            result = from_json(read_bytes(temporary, _MAX_JSON))
            self._check_arrays(result)
            if result.key == key and self.get(key) is None:
                temporary.replace(self.path(key, "json"))
            self.damaged.pop(key, None)

    def _commit(
        self, result: Result, files: dict[str, bytes], replaces: bool
    ) -> Result:
        shard = self.path(result.key, "json").parent
        shard.mkdir(parents=True, exist_ok=True)
        temporary = {}
        is_between = False  # arrays were replaced, and their JSON not yet
        try:
            for suffix, raw in files.items():
                name = f".{result.key}.{suffix}.{_HOST}.{os.getpid()}.tmp"
                temporary[suffix] = shard / name
                write_flushed(temporary[suffix], raw)
            with locked(self._lock):
                other = self.get(result.key)
                had_arrays = other is not None and other.status == "done"
                if had_arrays and not (replaces and result.status == "done"):
                    assert other is not None  # for type checkers
                    return other
                for suffix in _SUFFIXES:  # the JSON is the last
                    final = self.path(result.key, suffix)
                    if final.is_dir():  # `get` does not look at it without a result
                        set_aside(final, self._damaged_folder)
                    if suffix in temporary:
                        temporary[suffix].replace(final)
                        is_between = suffix == "npz" and had_arrays
                    else:  # such as the traceback of an earlier result that failed
                        final.unlink(missing_ok=True)
        finally:
            for suffix, path in temporary.items():
                if suffix != "json" or not is_between:  # see `sweep`
                    path.unlink(missing_ok=True)
        return result

    def _check_arrays(self, result: Result) -> None:
        if result.arrays_sha256 is None:
            if result.status == "done" and not result.is_audit:
                raise ValueError("a result without predictions")
            return
        path = self.path(result.key, "npz")
        if not path.is_file():  # opening a pipe would block
            raise ValueError("its predictions (.npz) are missing, or not a file")
        try:
            with path.open("rb") as stream:
                checksum = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError:
            raise ValueError("its predictions (.npz) cannot be read") from None
        if checksum != result.arrays_sha256:
            raise ValueError("its predictions (.npz) do not match their checksum")

    @property
    def _damaged_folder(self) -> Path:
        return self.folder / "damaged"

    @property
    def _lock(self) -> Path:
        """The lock of the whole store; it is held only while files are renamed."""
        return self.folder / ".lock"

    def _unusable(self, path: Path, why: OSError | str) -> StoreError:
        reason = why if isinstance(why, str) else why.strerror or why
        return StoreError(
            f"{path}: cannot be used ({reason}); check that it is a folder, its "
            "permissions and the free space, or choose another folder with --store"
        )
