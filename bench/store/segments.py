"""Pairs of files that hold results: lines of JSON, and the arrays that they name.

Each pair is written by one process at a time and only grows, so that nothing is ever
written where another writes, and whoever reads sees whole lines or none.
"""

import contextlib
import hashlib
import os
import re
import secrets
import socket
import stat
import sys
import uuid
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bench.store.lines import MAX_LINE, NAME, Place, is_sound

if sys.platform != "win32":
    import fcntl

LINES, ARRAYS = "jsonl", "arrays"  # suffixes of the two files

_LARGEST = 2**28  # bytes of a file from which on another pair is begun
_MOST_OPEN = 64
_PIECE = 2**20  # bytes that are read at once
_FILE = re.compile(rf"({NAME})\.{LINES}")
_SHARD = re.compile(r"[0-9a-f]{2}")
_FLAGS = (
    getattr(os, "O_BINARY", 0)  # Windows would change the ends of lines
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)  # a link could lead out of the folder
    | getattr(os, "O_NONBLOCK", 0)  # opening a pipe would block
)


class Found(NamedTuple):
    """A file of lines in the folder: its size in bytes and what identifies it."""

    size: int
    identity: tuple[int, int]


def listed(folder: Path) -> tuple[dict[str, Found], set[str]]:
    """List a folder.

    Returns
    -------
    pairs : dict
        Name → file of lines, for every pair of files.
    shards : set
        Names of two hexadecimal digits: folders of older stores.

    Raises
    ------
    OSError
        If the folder cannot be listed; one that does not exist is empty.
    """
    pairs: dict[str, Found] = {}
    shards: set[str] = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if match := _FILE.fullmatch(entry.name):
                    with contextlib.suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(status.st_mode):
                            identity = status.st_dev, status.st_ino
                            pairs[match[1]] = Found(status.st_size, identity)
                elif _SHARD.fullmatch(entry.name):
                    shards.add(entry.name)
    except FileNotFoundError:
        pass
    return pairs, shards


class OpenFiles:
    """Files of a folder that are read at offsets; the last few are kept open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: OrderedDict[str, int] = OrderedDict()
        weakref.finalize(self, _close_all, self._open)

    def read(self, name: str, offset: int, size: int) -> bytes:
        """Read at most so many bytes at an offset.

        Raises
        ------
        OSError
            If it is no regular file of the folder, or cannot be read.
        """
        descriptor = self._open.get(name)
        if descriptor is None:
            if len(self._open) >= _MOST_OPEN:
                os.close(self._open.popitem(last=False)[1])
            descriptor = _open_regular(self._folder / name, os.O_RDONLY)
            self._open[name] = descriptor
        if sys.platform == "win32":
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.read(descriptor, size)
        return os.pread(descriptor, size, offset)

    def close(self) -> None:
        """Close them all; the next to be read is opened anew."""
        _close_all(self._open)

    def new_lines(
        self, name: str, start: int, size: int
    ) -> Iterator[tuple[int, bytes]]:
        """Yield offset and bytes of each line of a pair from `start` on.

        A last line that is not whole is left out: somebody is writing it, or was
        killed then. One that is whole but for its end is damaged, and so is one that
        is too long, of which the parts are yielded.
        """
        file = f"{name}.{LINES}"
        rest = b""
        while start + len(rest) < size:
            piece = self.read(file, start + len(rest), _PIECE)
            if not piece:
                break
            rest += piece
            begin = 0
            while end := rest.find(b"\n", begin) + 1:
                yield start + begin, rest[begin:end]
                begin = end
            start, rest = start + begin, rest[begin:]
            if len(rest) > MAX_LINE:
                yield start, rest
                start, rest = start + len(rest), b""
        if has_damaged_end(rest):
            yield start, rest

    def arrays(self, place: Place) -> bytes:
        """Read the arrays at a place.

        Raises
        ------
        ValueError
            If the file ends before.
        OSError
            If it cannot be read.
        """
        file = f"{place.name}.{ARRAYS}"
        # Before so much memory is taken: the last byte must be there.
        if place.size and not self.read(file, place.offset + place.size - 1, 1):
            raise ValueError("its predictions are missing")
        return self.read(file, place.offset, place.size)

    def checksum(self, place: Place) -> str:
        """Return the SHA-256 of the arrays at a place, piece by piece.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        file, end = f"{place.name}.{ARRAYS}", place.offset + place.size
        checksum = hashlib.sha256()
        for offset in range(place.offset, end, _PIECE):
            piece = self.read(file, offset, min(_PIECE, end - offset))
            if not piece:
                break
            checksum.update(piece)
        return checksum.hexdigest()


def has_damaged_end(rest: bytes) -> bool:
    """Tell whether the last bytes of a file are a line whose end alone is damaged."""
    return is_sound(rest[:-1] + b"\n")


class Writer:
    """A pair of files that this process alone writes, until it is closed.

    A pair of this machine that no process writes any more is continued, so that the
    number of files does not grow with the number of runs. On a file system without
    locks each writer begins a pair of its own.

    Parameters
    ----------
    folder
        The folder, which exists.
    is_new : bool
        Whether to begin a pair in any case.

    Raises
    ------
    OSError
        If no pair can be opened.
    """

    def __init__(self, folder: Path, *, is_new: bool = False) -> None:
        self.pid = os.getpid()
        for name in [] if is_new else sorted(listed(folder)[0]):
            if name.startswith(_machine()) and self._take(folder, name):
                return
        self._begin(folder)

    @property
    def is_full(self) -> bool:
        """Whether another pair should be begun."""
        return max(os.fstat(d).st_size for d in self._descriptors) >= _LARGEST

    def add_arrays(self, arrays: Sequence[bytes | None]) -> list[Place | None]:
        """Write arrays and wait until the disk has them; return their places."""
        _, descriptor = self._descriptors
        offset = os.fstat(descriptor).st_size
        places: list[Place | None] = []
        for raw in arrays:
            places.append(None if raw is None else Place(self.name, offset, len(raw)))
            offset += len(raw or b"")
        _append(descriptor, b"".join(filter(None, arrays)))
        return places

    def add_lines(self, lines: Sequence[bytes]) -> None:
        """Write lines and wait until the disk has them.

        Raises
        ------
        OSError
            If they cannot be written, or somebody has deleted the pair.
        """
        if not os.path.samestat(os.fstat(self._descriptors[0]), self._path.stat()):
            raise OSError(f"{self._path}: another file has taken its place")
        _append(self._descriptors[0], b"".join(lines))

    def close(self) -> None:
        """Let another process continue the pair; without lines it is deleted."""
        self._close()

    def _take(self, folder: Path, name: str) -> bool:
        """Continue a pair unless another process writes it, or it is large."""
        paths = _paths(folder, name)
        descriptors: list[int] = []
        try:
            for path in paths:
                descriptors.append(_open_regular(path, os.O_RDWR | os.O_APPEND))
            sizes = [os.fstat(descriptor).st_size for descriptor in descriptors]
            is_ours = max(sizes) < _LARGEST and who_writes(descriptors[0]) == "nobody"
            # Unless it was removed before we held it.
            if is_ours and os.path.samestat(os.fstat(descriptors[0]), paths[0].stat()):
                _mend_end(descriptors[0])
                self._keep(name, descriptors, paths)
                return True
        except OSError:  # it is somebody else's, or half of it is missing
            pass
        for descriptor in descriptors:
            os.close(descriptor)
        return False

    def _begin(self, folder: Path) -> None:
        name = f"{_machine()}-{secrets.token_hex(4)}"
        paths = _paths(folder, name)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | _FLAGS
        descriptors: list[int] = []
        try:
            for path in paths:
                descriptors.append(os.open(path, flags, 0o666))
            who_writes(descriptors[0])  # nobody: we hold it from now on
            _flush_folder(folder)
        except BaseException:
            for path, descriptor in zip(paths, descriptors, strict=False):
                os.close(descriptor)
                path.unlink()
            raise
        self._keep(name, descriptors, paths)

    def _keep(self, name: str, descriptors: list[int], paths: Sequence[Path]) -> None:
        self.name = name
        self._path = paths[0]
        self._descriptors = descriptors
        self._close = weakref.finalize(self, _end, self.pid, descriptors, paths)


def who_writes(descriptor: int) -> str:
    """Try to hold a file of lines, which its writer does as long as it is open.

    Returns
    -------
    str
        "nobody", and until the file is closed this process holds it; "somebody"; or
        "unknown" where the file system has no locks.
    """
    if sys.platform == "win32":
        return "unknown"
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return "somebody"
    except OSError:
        return "unknown"
    return "nobody"


def open_lines(folder: Path, name: str) -> int:
    """Open the lines of a pair to see who writes them, see `who_writes`."""
    return _open_regular(folder / f"{name}.{LINES}", os.O_RDWR)


def is_of_this_machine(name: str) -> bool:
    """Tell whether a process of this machine wrote a pair."""
    return name.startswith(_machine())


def remove_pair(folder: Path, name: str) -> None:
    """Delete a pair, its lines first: arrays alone are no results."""
    for path in _paths(folder, name):
        path.unlink(missing_ok=True)


def _paths(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / f"{name}.{LINES}", folder / f"{name}.{ARRAYS}"


@cache
def _machine() -> str:
    """Return a hash that tells this machine from others that share a folder."""
    names = f"{socket.gethostname()} {uuid.getnode()}"
    return hashlib.sha256(names.encode()).hexdigest()[:8]


def _open_regular(path: Path, flags: int) -> int:
    descriptor = os.open(path, flags | _FLAGS)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(f"{path}: it is not a regular file")


def _append(descriptor: int, raw: bytes) -> None:
    """Write bytes at the end of a file and flush them, or leave the file as it was."""
    if not raw:
        return
    size = os.fstat(descriptor).st_size
    try:
        rest = memoryview(raw)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except BaseException:
        os.ftruncate(descriptor, size)
        raise


def _mend_end(descriptor: int) -> None:
    """Take away a last line that a killed writer did not finish."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - MAX_LINE)
    os.lseek(descriptor, start, os.SEEK_SET)
    end = os.read(descriptor, size - start)
    rest = end[end.rfind(b"\n") + 1 :]
    if has_damaged_end(rest):
        _append(descriptor, b"\n")
    elif rest:
        os.ftruncate(descriptor, size - len(rest))


def _flush_folder(folder: Path) -> None:
    """Wait until the disk has the names of new files; Windows does it by itself."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _end(pid: int, descriptors: list[int], paths: Sequence[Path]) -> None:
    """Close a pair; a fork of the process that wrote it deletes nothing."""
    try:
        if pid == os.getpid() and not os.fstat(descriptors[0]).st_size:
            for path in paths:
                path.unlink(missing_ok=True)
    except OSError:
        pass
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _close_all(descriptors: OrderedDict[str, int]) -> None:
    while descriptors:
        os.close(descriptors.popitem()[1])
