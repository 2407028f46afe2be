"""Whether a folder can be written, asked before the work whose result goes there."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from bench.base.errors import OutputError

_WRITTEN = (".csv", ".html", ".md", ".pdf", ".png", ".svg", ".tex")  # by reports


def why_unwritable(folder: Path, *, attempt: bool) -> str:
    """Say why files cannot be made in a folder, which need not exist yet.

    Parameters
    ----------
    attempt : bool
        Whether to make a file there, or where the folder itself would be made, and
        delete it at once: a full disk or a quota shows in no permission. Without it
        nothing is changed.

    Returns
    -------
    str
        Empty if they can.
    """
    place = folder
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    named = "" if place == folder else f"{place}: "
    try:
        os.lstat(folder)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:  # such as a name that is too long
        if not isinstance(error, NotADirectoryError | PermissionError):
            return str(getattr(error, "strerror", None) or error)
    if place.is_symlink() and not place.exists():
        target = os.readlink(place)  # noqa: PTH115 (as it is written)
        return f"{named}a symbolic link to '{target}', which does not exist"
    if not place.is_dir():
        return f"{named}Not a directory"
    if not os.access(place, os.W_OK | os.X_OK):
        return f"{named}{_why_no_access(place)}"
    if attempt:
        try:
            with tempfile.TemporaryFile(dir=place) as stream:
                stream.write(b"0")
                stream.flush()
        except OSError as error:
            return f"{named}{error.strerror or error}"
    return ""


def check_output(
    folder: Path,
    *,
    attempt: bool = True,
    remedy: str = "choose another folder with --out",
) -> None:
    """Refuse a folder that a report cannot be written to.

    Parameters
    ----------
    attempt : bool
        See `why_unwritable`.
    remedy
        What else can be done about it.

    Raises
    ------
    OutputError
        If files cannot be made there, or one of an earlier report not be replaced.
    """
    path, why = folder, why_unwritable(folder, attempt=attempt)
    figures = folder / "figures"
    if not why and os.path.lexists(figures):
        path, why = figures, why_unwritable(figures, attempt=attempt)
    if not why:
        path, why = _not_replaceable(folder, figures)
    if why:
        raise OutputError(
            f"{path}: cannot be written ({why}); free its place, make room, or {remedy}"
        )


def _not_replaceable(*folders: Path) -> tuple[Path, str]:
    """Return a file of an earlier report that cannot be replaced, and why."""
    for folder in folders:
        with suppress(FileNotFoundError):
            for path in sorted(folder.iterdir()):
                if path.suffix not in _WRITTEN:
                    continue
                if path.is_dir():
                    return path, "Is a directory"
                if path.exists() and not os.access(path, os.W_OK):
                    return path, _why_no_access(path)
    return Path(), ""


def _why_no_access(path: Path) -> str:
    """Say why the system forbids writing, which `os.access` does not."""
    if hasattr(os, "statvfs"):
        with suppress(OSError):
            if os.statvfs(path).f_flag & os.ST_RDONLY:
                return "Read-only file system"
    return "Permission denied"
