"""Check that a folder can be written, before the work whose results go there."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from bench.base.errors import OutputError

# The kinds of files that a report writes, and so must be able to replace.
_REPORT_SUFFIXES = (".csv", ".html", ".md", ".pdf", ".png", ".svg", ".tex")


def why_unwritable(folder: Path, *, attempt: bool) -> str:
    """Return why files cannot be created in a folder, which need not exist yet.

    Parameters
    ----------
    folder
        The folder. If it does not exist, its nearest existing parent is checked.
    attempt : bool
        Whether to create a temporary file as well: permissions do not tell that a disk
        is full or a quota is reached. Without it nothing is changed.

    Returns
    -------
    str
        The reason; empty if files can be created.
    """
    place = folder
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    prefix = "" if place == folder else f"{place}: "
    try:
        os.lstat(folder)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:  # such as a name that is too long
        # These two are about a parent, which is named below.
        if not isinstance(error, NotADirectoryError | PermissionError):
            return str(getattr(error, "strerror", None) or error)
    if place.is_symlink() and not place.exists():
        target = os.readlink(place)  # noqa: PTH115 (pathlib changes its spelling)
        return f"{prefix}a symbolic link to '{target}', which does not exist"
    if not place.is_dir():
        return f"{prefix}Not a directory"
    if not os.access(place, os.W_OK | os.X_OK):
        return f"{prefix}{_why_no_access(place)}"
    if attempt:
        try:
            with tempfile.TemporaryFile(dir=place) as stream:
                stream.write(b"0")
                stream.flush()
        except OSError as error:
            return f"{prefix}{error.strerror or error}"
    return ""


def check_output(
    folder: Path,
    *,
    attempt: bool = True,
    remedy: str = "choose another folder with --out",
) -> None:
    """Raise an error if a report cannot be written to a folder.

    Parameters
    ----------
    folder
        The folder, which need not exist yet.
    attempt : bool
        See `why_unwritable`.
    remedy
        The end of the message: what else the user can do.

    Raises
    ------
    OutputError
        If files cannot be created there, or a file of an earlier report cannot be
        replaced.
    """
    path, why = folder, why_unwritable(folder, attempt=attempt)
    figures = folder / "figures"
    if not why and os.path.lexists(figures):
        path, why = figures, why_unwritable(figures, attempt=attempt)
    if not why:
        path, why = _not_replaceable(folder, figures)
    if why:
        raise OutputError(
            f"{path}: cannot be written ({why}); check that it is a folder, its "
            f"permissions and the free space, or {remedy}"
        )


def _not_replaceable(*folders: Path) -> tuple[Path, str]:
    """Return a file of an earlier report that cannot be replaced, and the reason."""
    for folder in folders:
        with suppress(FileNotFoundError):
            for path in sorted(folder.iterdir()):
                if path.suffix not in _REPORT_SUFFIXES:
                    continue
                if path.is_dir():
                    return path, "Is a directory"
                if path.exists() and not os.access(path, os.W_OK):
                    return path, _why_no_access(path)
    return Path(), ""


def _why_no_access(path: Path) -> str:
    """Return why the system forbids writing; `os.access` only says that it does."""
    if hasattr(os, "statvfs"):
        with suppress(OSError):
            if os.statvfs(path).f_flag & os.ST_RDONLY:
                return "Read-only file system"
    return "Permission denied"
