"""Results of older stores: a JSON file a cell beside an ``.npz`` file of its arrays.

They are read as they are, and never written. `bench.store.convert_store` turns them
into lines.
"""

import contextlib
import errno
import hashlib
import os
import re
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.base import set_aside
from bench.store.lines import MAX_LINE
from bench.store.result import STATUSES, Result, from_file

_SUFFIXES = ("npz", "log", "json")
# A temporary file of another machine, whose processes cannot be looked up, is deleted
# after this time.
_STALE_SECONDS = 86_400.0
_MAX_ARRAYS = 2**31  # bytes
_KEY = re.compile(r"[0-9a-f]{64}")
_STATUS = re.compile(rb'^ "status": "([a-z]+)",$', re.MULTILINE)
_TEMPORARY = re.compile(r"\.[0-9a-f]{64}\.\w+\.([0-9a-f]{8})\.([0-9]{1,9})\.tmp")
_HOST = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


class CellFiles:
    """The results of a folder that have files of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, key: str, suffix: str) -> Path:
        """Return the path of a key's "json", "npz" or "log" file; it may be missing."""
        return self._folder / key[:2] / f"{key}.{suffix}"

    def get(self, key: str) -> Result:
        """Read a result, and compare its arrays with their checksum.

        Raises
        ------
        FileNotFoundError
            If there is none.
        OSError, ValueError
            If it cannot be read, or is damaged.
        """
        result = from_file(_read(self.path(key, "json"), MAX_LINE))
        if result.key != key:
            raise ValueError("the result of another key")
        if result.arrays_sha256 is None:
            if result.has_arrays:
                raise ValueError("a result without predictions")
            return result
        try:
            checksum = hashlib.sha256(self.packed(key)).hexdigest()
        except OSError:
            what = "its predictions (.npz) are missing, or not a file"
            raise ValueError(what) from None
        if checksum != result.arrays_sha256:
            raise ValueError("its predictions (.npz) do not match their checksum")
        return result

    def packed(self, key: str) -> bytes:
        """Return the ``.npz`` file of a key; raise OSError if it cannot be read."""
        return _read(self.path(key, "npz"), _MAX_ARRAYS)

    def log(self, key: str) -> str:
        """Return the traceback of a key; empty if there is none."""
        try:
            return _read(self.path(key, "log"), MAX_LINE).decode("utf-8", "replace")
        except OSError:
            return ""

    def written(self, key: str) -> float:
        """Return when a result was written, in seconds since 1970."""
        return self.path(key, "json").stat().st_mtime

    def keys(self) -> Iterator[str]:
        """Yield the key of every result, in order."""
        for path in sorted(self._folder.glob("??/*.json")):
            if _KEY.fullmatch(path.stem) and path.stem[:2] == path.parent.name:
                yield path.stem

    def statuses(self) -> Iterator[tuple[str, str]]:
        """Yield the key and the status of every result, without checking it."""
        for key in self.keys():
            with contextlib.suppress(OSError):
                match = _STATUS.search(_read(self.path(key, "json"), MAX_LINE))
                if match and (status := match[1].decode()) in STATUSES:
                    yield key, status

    def texts(self) -> Iterator[bytes]:
        """Yield every result as JSON, unchecked; what cannot be read is left out."""
        for key in self.keys():
            with contextlib.suppress(OSError):
                yield _read(self.path(key, "json"), MAX_LINE)

    def size(self, key: str) -> int:
        """Return the bytes of the files of a key."""
        paths = [self.path(key, suffix) for suffix in _SUFFIXES]
        return sum(path.lstat().st_size for path in paths if os.path.lexists(path))

    def remove(self, key: str) -> None:
        """Delete the files of a key, its JSON last, and their folder if it is empty."""
        for suffix in _SUFFIXES:
            self.path(key, suffix).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # others are in it
            self.path(key, "json").parent.rmdir()

    def set_aside(self, key: str, folder: Path) -> None:
        """Move the files of a key into another folder."""
        shard = self.path(key, "json").parent
        is_folder = shard.is_dir()  # if not, a file is in its place and is moved itself
        paths = [self.path(key, suffix) for suffix in _SUFFIXES]
        for path in paths if is_folder else [shard]:
            set_aside(path, folder)

    def sweep(self) -> None:
        """Delete the temporary files of runs that were killed while they wrote.

        They are of older versions, which wrote results into files.
        """
        for path in self._folder.glob("??/.*.tmp"):
            if not (match := _TEMPORARY.fullmatch(path.name)):  # not a file of ours
                continue
            host, pid = match[1], int(match[2])
            with contextlib.suppress(OSError):
                age = time.time() - path.stat().st_mtime
                is_dead = host == _HOST and not psutil.pid_exists(pid)
                if is_dead or age > _STALE_SECONDS:
                    path.unlink(missing_ok=True)


def _read(path: Path, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes, in a folder that is no link."""
    if path.parent.is_symlink():
        raise OSError(errno.ELOOP, "its folder is a symbolic link")
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    if status.st_size > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit} bytes")
    return path.read_bytes()
