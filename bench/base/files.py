"""Read files within bounds, write them whole or not at all, lock and set them aside."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

_POLL = 0.01  # seconds between two attempts to take a lock


def read_bytes(path: Path, limit: int) -> bytes:
    """Read a regular file, at most `limit` bytes of it and one more.

    Anything else is an OSError before it is opened: a pipe or a device may block, or
    never end.
    """
    try:
        status = path.stat()
    except ValueError:
        raise OSError(errno.EINVAL, "its name holds a null byte") from None
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")
    if status.st_size == 0:  # some of /proc block, and all of it says that it is empty
        return b""
    with path.open("rb") as stream:
        return stream.read(limit + 1)


def is_file(path: Path) -> bool:
    """Tell whether a path is a regular file; one that cannot be asked for is not."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # such as a name too long for the file system
        return False


def write_flushed(path: Path, raw: bytes) -> None:
    """Write bytes and wait until the disk holds them.

    Without the wait, a rename that follows could reach the disk before the bytes do,
    and a machine that loses power would keep an empty file under the final name.
    """
    with path.open("wb") as stream:
        stream.write(raw)
        stream.flush()
        os.fsync(stream.fileno())


def write_whole(path: Path, raw: bytes, temporary: Path | None = None) -> None:
    """Write a file so that readers see the old content or the new, never a part.

    Parameters
    ----------
    path
        Replaced if it exists. Its folder must exist.
    raw
        The new content.
    temporary
        Where the content is written before it is renamed, in the same folder. By
        default a hidden name of this process, so that two processes cannot mix theirs.

    Raises
    ------
    OSError
        If the file cannot be written; the old content and no temporary file are left.
    """
    if temporary is None:
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write_flushed(temporary, raw)
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):  # renamed, or never made
            temporary.unlink()


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Let one process at a time be inside; the lock ends with its process.

    Two may be inside where no lock can be taken, as on a file system without locks, or
    where a process does not notice that the file which it locked was deleted meanwhile,
    as on NFS. Therefore whoever is inside writes whole files only: two processes may
    do the same work, but they leave nothing broken.

    Parameters
    ----------
    path
        The lock's file, made if need be, and deleted at the end.
    wait
        Whether to wait for another process that is inside.

    Raises
    ------
    TimeoutError
        If another process is inside, without `wait`.
    """
    # No fallback to a lock that is a marker file: a killed process would leave it.
    lock = FileLock(
        path, timeout=-1 if wait else 0, poll_interval=_POLL, fallback_to_soft=False
    )
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(lock)
        except Timeout:
            raise
        except OSError:
            pass
        try:
            yield
        finally:
            if lock.is_locked:  # afterwards it might already be another process's
                with contextlib.suppress(OSError):
                    path.unlink()


def set_aside(path: Path, folder: Path) -> None:
    """Move what lies at a path into a folder, beside what was moved there earlier.

    Whatever is gone by then is left out. Only one process at a time may move things of
    the same name into a folder.

    Raises
    ------
    OSError
        If the folder cannot be made, or nothing can be moved there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = (f"{path.name}.{i}" if i else path.name for i in count())
    free = next(name for name in names if not os.path.lexists(folder / name))
    with contextlib.suppress(FileNotFoundError):
        path.rename(folder / free)
