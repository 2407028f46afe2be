"""Read files up to a size, write them atomically, lock them and set them aside."""

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
    """Read at most `limit` + 1 bytes of a regular file.

    The one byte more tells the caller that the file is too large.

    Raises
    ------
    OSError
        If the path is not a regular file. It is not opened then: a pipe or a device may
        block, or never end.
    """
    try:
        status = path.stat()
    except ValueError:
        raise OSError(errno.EINVAL, "its name holds a null byte") from None
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    # Every file under /proc has the size 0, and reading some of them blocks.
    if status.st_size == 0:
        return b""
    with path.open("rb") as stream:
        return stream.read(limit + 1)


def is_file(path: Path) -> bool:
    """Return whether a path is a regular file; False where the system cannot tell."""
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
    """Write a file atomically: readers see the old content or the new, never a part.

    Parameters
    ----------
    path
        Replaced if it exists. Its folder must exist.
    raw
        The new content.
    temporary
        Path in the same folder at which the content is written before it is renamed.
        By default a hidden name that contains the process id, so that two processes
        never write to the same one.

    Raises
    ------
    OSError
        If the file cannot be written. The old content is kept and the temporary file is
        deleted.
    """
    if temporary is None:
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write_flushed(temporary, raw)
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):  # already renamed, or never created
            temporary.unlink()


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock on a file, so that only one process at a time runs the block.

    The operating system releases the lock when the process ends, however it ends.

    The lock is not a guarantee: on a file system without locks it is not taken, and on
    NFS a process may not notice that the file it locked was deleted. Therefore the
    block must write whole files only (`write_whole`): two processes may then do the
    same work, but they never leave a broken file.

    Parameters
    ----------
    path
        The lock file. It is created if necessary and deleted at the end.
    wait
        Whether to wait while another process holds the lock.

    Raises
    ------
    TimeoutError
        If another process holds the lock and `wait` is False.
    """
    # filelock's fallback is a marker file, which a killed process would leave behind.
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
            # Deleted while the lock is held: later it may be another process's file.
            if lock.is_locked:
                with contextlib.suppress(OSError):
                    path.unlink()


def set_aside(path: Path, folder: Path) -> None:
    """Move a file or folder into another folder, without replacing anything there.

    A number is added to the name if it is taken. A path that no longer exists is
    ignored. The caller must hold a lock: two processes could choose the same name.

    Raises
    ------
    OSError
        If the folder cannot be created, or the path cannot be moved into it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = (f"{path.name}.{i}" if i else path.name for i in count())
    free_name = next(name for name in names if not os.path.lexists(folder / name))
    with contextlib.suppress(FileNotFoundError):
        path.rename(folder / free_name)
