"""The figure files of a report: each is drawn only if what it shows has changed.

Drawing is by far the most expensive part of a report. So every file carries a seal:
the fingerprint of all that the figure depends on, and the SHA-256 of the file itself.
A figure whose file is there, unedited, with the right fingerprint, is not drawn again.
"""

import hashlib
import re
import struct
import sys
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from inspect import getsourcefile, unwrap
from pathlib import Path
from typing import Any

import joblib
from matplotlib.axes import Axes

from bench.figures import image_of
from bench.render import FigureFile

_SUFFIXES = (".svg", ".png")
_SEAL = re.compile(rb"bench: drawn from ([0-9a-f]{64}), file ([0-9a-f]{64})")
_SEAL_NEAR_END = 300  # bytes from the end in which a seal begins
_AFTER_SEAL = {".svg": 0, ".png": 12}  # bytes: IEND must be the last chunk of a PNG
_PNG_KEY = b"Comment\0"  # a keyword of PNG's standard
_LIBRARIES = ("matplotlib", "numpy", "pandas")  # what figures are computed and drawn by


class Deferred(ABC):
    """Data that is computed only if a figure that shows it must be drawn."""

    @property
    @abstractmethod
    def identity(self) -> Any:
        """Everything that the data depends on, as plain values."""


class FigureFolder:
    """The folder ``figures`` of a report, and which of its files the report uses.

    Parameters
    ----------
    folder
        The report's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._used: set[Path] = set()

    def add(
        self,
        name: str,
        alt: str,
        caption: str,
        draw: Callable[..., Any],
        *args: Any,
        **kwargs: Any,
    ) -> FigureFile:
        """Return what a document shows of a figure, drawn first if that is needed.

        The figure may depend on nothing but the arguments and the code.

        Parameters
        ----------
        name
            The file's name, without a suffix.
        alt, caption
            See `bench.render.blocks.FigureFile`.
        draw
            A function of a module; called with the arguments that follow, it returns
            a matplotlib figure, or axes of one.

        Raises
        ------
        TypeError
            If an argument is a function: what it computes cannot be compared.
        """
        fingerprint = fingerprint_of(draw, args, kwargs)
        path = self._current(name, fingerprint)
        if path is None:
            drawn = draw(*args, **kwargs)
            if isinstance(drawn, Axes):
                drawn = drawn.get_figure(root=True)
            suffix, content = image_of(drawn)
            path = self._path(name, suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_sealed(suffix, content, fingerprint))
        self._used.add(path)
        return FigureFile(path.relative_to(self.folder).as_posix(), alt, caption)

    def remove_unused(self) -> None:
        """Remove figures of earlier reports that this one does not show.

        Call it once the document is written. Removed is only what this project wrote
        and nobody edited: files with an intact seal, and those of earlier versions,
        which had none, where this report has the same figure in the other format.
        """
        for path in sorted((self.folder / "figures").glob("*")):
            if path in self._used or path.suffix not in _SUFFIXES:
                continue
            replaced = any(path.with_suffix(s) in self._used for s in _SUFFIXES)
            if _fingerprint_in(path) or (replaced and _by_matplotlib(path)):
                path.unlink()

    def _current(self, name: str, fingerprint: str) -> Path | None:
        """Return the file that shows the figure as it would be drawn now."""
        for suffix in _SUFFIXES:
            path = self._path(name, suffix)
            if _fingerprint_in(path) == fingerprint:
                return path
        return None

    def _path(self, name: str, suffix: str) -> Path:
        return self.folder / "figures" / f"{name}{suffix}"


def fingerprint_of(
    draw: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> str:
    """Return a hash of all that a figure depends on: what is drawn, and by what code.

    Any change of this project's code changes it: which modules a figure depends on
    could only be guessed, and an outdated figure is worse than seconds of drawing.
    """
    hasher = hashlib.sha256(_code(_source_of(draw)).encode())
    hasher.update(f"{draw.__module__}.{draw.__qualname__}".encode())
    hasher.update(joblib.hash(_plain([args, kwargs]), "sha1").encode())
    return hasher.hexdigest()


@cache
def _code(source: Path | None) -> str:
    """Hash the project's source, that of a caller from elsewhere, and the versions."""
    hasher = hashlib.sha256()
    for name in _LIBRARIES:
        hasher.update(f"{name} {version(name)}\n".encode())
    package = sys.modules[__name__.partition(".")[0]]
    root = Path(str(package.__file__)).parent
    paths = sorted(root.rglob("*.py"))
    if source is not None and not source.is_relative_to(root):
        paths.append(source)
    for path in paths:
        hasher.update(hashlib.sha256(path.read_bytes()).digest())
    return hasher.hexdigest()


def _source_of(draw: Callable[..., Any]) -> Path | None:
    path = getsourcefile(unwrap(draw))  # a decorator is not what draws
    return None if path is None else Path(path)


def _plain(value: Any) -> Any:
    """Return what stands for a value in a hash that must not overlook its order."""
    if isinstance(value, Deferred):
        return [type(value).__qualname__, _plain(value.identity)]
    if isinstance(value, Mapping):
        # joblib takes mappings of another order as equal; a figure may follow it.
        return [[_plain(key), _plain(own)] for key, own in value.items()]
    if isinstance(value, (list, tuple)):
        return [_plain(own) for own in value]
    if callable(value) and not isinstance(value, type):
        raise TypeError(f"a figure's data: expected no function, got {value!r}")
    return value


def _sealed(suffix: str, content: bytes, fingerprint: str) -> bytes:
    """Add the seal to an image file, where it changes nothing that is shown."""
    digest = hashlib.sha256(content).hexdigest()
    at = len(content) - _AFTER_SEAL[suffix]
    seal = _seal(suffix, fingerprint, digest)
    return content[:at] + seal + content[at:]


def _seal(suffix: str, fingerprint: str, digest: str) -> bytes:
    words = f"bench: drawn from {fingerprint}, file {digest}".encode()
    if suffix == ".svg":
        return b"<!-- " + words + b" -->\n"
    chunk = b"tEXt" + _PNG_KEY + words
    length = struct.pack(">I", len(chunk) - 4)
    return length + chunk + struct.pack(">I", zlib.crc32(chunk))


def _fingerprint_in(path: Path) -> str | None:
    """Return the fingerprint in a file's seal, or None if no intact seal is there."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    found = _SEAL.search(content, max(0, len(content) - _SEAL_NEAR_END))
    if found is None:
        return None
    fingerprint, digest = (part.decode() for part in found.groups())
    end = len(content) - _AFTER_SEAL[path.suffix]
    start = end - len(_seal(path.suffix, fingerprint, digest))
    bare = content[: max(0, start)] + content[end:]
    # Any edit of the file changes its own hash, which is a part of the seal.
    intact = _sealed(path.suffix, bare, fingerprint) == content
    return fingerprint if intact else None


def _by_matplotlib(path: Path) -> bool:
    """Tell whether an image names matplotlib as its maker, near its beginning."""
    with path.open("rb") as file:
        return b"matplotlib" in file.read(4096).lower()
