"""The figure files of a report: each is drawn only if what it shows has changed.

Drawing is by far the most expensive part of a report. Therefore every file carries a
seal: a fingerprint of everything that the figure depends on, and the SHA-256 of the
file itself. If a figure's file exists, has the right fingerprint and was not edited,
the figure is not drawn again.
"""

import gc
import hashlib
import re
import struct
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from inspect import getsourcefile, unwrap
from pathlib import Path
from typing import Any, Self

import joblib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.base import digest
from bench.figures import FORMATS, image_of
from bench.render import FigureFile
from bench.report.current import PACKAGE, code_digest
from bench.report.drawers import Drawers

_SUFFIXES = (".svg", ".png")
_SEAL = re.compile(rb"bench: drawn from ([0-9a-f]{64}), file ([0-9a-f]{64})")
_SEAL_NEAR_END = 300  # bytes: a seal begins at most so far from the end of a file
_AFTER_SEAL = {".svg": 0, ".png": 12}  # bytes: IEND must be the last chunk of a PNG
_PNG_KEY = b"Comment\0"  # a keyword of the PNG standard


class Deferred(ABC):
    """Data that is computed only when a figure that shows it is drawn."""

    @property
    @abstractmethod
    def identity(self) -> Any:
        """Everything that the data depends on, as plain values."""


class FigureFolder:
    """The folder ``figures`` of a report, with a list of the files the report uses.

    Parameters
    ----------
    folder
        The report's folder.
    formats
        The files of each figure: "png" for documents, "svg" for pages.
    check
        Called with the name and each figure that was drawn, after its layout. By
        default nothing is; a test can find texts there that overlap.
    jobs
        The number of processes that draw. With more than one, use the folder in a
        ``with`` statement: its figures are there after it. With `check`, which wants
        the figures themselves, this process draws.
    """

    def __init__(
        self,
        folder: Path,
        formats: Sequence[str] = FORMATS,
        check: Callable[[str, Figure], None] | None = None,
        jobs: int = 1,
    ) -> None:
        self.folder = folder
        self.formats = tuple(formats)
        self.check = check
        self._used: dict[Path, str] = {}  # to the fingerprint of its figure
        self._drawers = Drawers(jobs) if jobs > 1 and check is None else None
        self._begun: list[Callable[[], dict[Path, bytes]]] = []

    def add(
        self,
        name: str,
        alt: str,
        caption: str,
        draw: Callable[..., Any],
        *args: Any,
        **kwargs: Any,
    ) -> FigureFile:
        """Return a figure for a document; draw those of its files that are not current.

        The figure must depend on the arguments and the code only. The path in a
        document is that of the PNG, or of the only format; the SVG lies beside it.

        Parameters
        ----------
        name
            The file's name, without a suffix.
        alt, caption
            See `bench.render.blocks.FigureFile`.
        draw
            A function at the top level of a module. It is called with the arguments
            that follow, and returns a matplotlib figure or axes of one.

        On some file systems the names of two files may not differ in case alone, as
        those of the datasets X11 and x11 would. So a name with capital letters gets a
        hash at its end.

        Raises
        ------
        TypeError
            If an argument is a function: a hash cannot show what it computes.
        """
        if name != name.lower():
            name = f"{name}-{digest(name)[:6]}"
        fingerprint = fingerprint_of(draw, args, kwargs)
        paths = {kind: self._path(name, kind) for kind in self.formats}
        outdated = {
            kind: path
            for kind, path in paths.items()
            if fingerprint not in (self._used.get(path), _fingerprint_in(path))
        }
        if outdated and self._drawers is not None:
            drawing = draw, args, kwargs
            self._begun.append(
                self._drawers.begin(_contents, outdated, fingerprint, *drawing)
            )
        elif outdated:
            with _uncollected():
                drawn = _drawn(draw, args, kwargs)
                files = _files_of(drawn, outdated, fingerprint)
            _write(files)
            if self.check is not None:
                self.check(name, drawn)
        self._used.update(dict.fromkeys(paths.values(), fingerprint))
        shown = paths.get("png", paths[self.formats[0]])
        return FigureFile(shown.relative_to(self.folder).as_posix(), alt, caption)

    def __enter__(self) -> Self:
        """Return the folder."""
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Wait until all figures are drawn, unless an error makes them useless.

        Raises
        ------
        OutputError
            If a process that draws ended.
        """
        if self._drawers is None:
            return
        try:
            for files in self._begun if error is None else ():
                _write(files())
        finally:
            self._begun.clear()
            self._drawers.close()

    def remove_unused(self) -> None:
        """Remove figures of earlier reports that this one does not show.

        Call it after the new document is written: until then the old one shows them.
        Only files that this project wrote and nobody edited are removed: files with an
        intact seal, and files of earlier versions, which had no seal, if this report
        has the same figure in the other format.
        """
        for path in sorted((self.folder / "figures").glob("*")):
            if path in self._used or path.suffix not in _SUFFIXES:
                continue
            replaced = any(path.with_suffix(s) in self._used for s in _SUFFIXES)
            if _fingerprint_in(path) or (replaced and _by_matplotlib(path)):
                path.unlink()

    def _path(self, name: str, kind: str) -> Path:
        return self.folder / "figures" / f"{name}.{kind}"


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let nothing look for garbage while a figure is drawn, a sixth of its time.

    A figure makes many objects and keeps them to its end; then they are found at once.
    """
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()


def _drawn(
    draw: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Figure:
    drawn = draw(*args, **kwargs)
    if isinstance(drawn, Axes):
        drawn = drawn.get_figure(root=True)
    assert isinstance(drawn, Figure)  # and not the part of one
    return drawn


def _files_of(
    figure: Figure, paths: Mapping[str, Path], fingerprint: str
) -> dict[Path, bytes]:
    """Return the content of a figure's files: path → bytes."""
    return {
        paths[kind]: _sealed(f".{kind}", content, fingerprint)
        for kind, content in image_of(figure, paths).items()
    }


def _contents(
    paths: Mapping[str, Path],
    fingerprint: str,
    draw: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> dict[Path, bytes]:
    """Draw a figure in a process of its own, which writes no file."""
    with _uncollected():
        return _files_of(_drawn(draw, args, kwargs), paths, fingerprint)


def _write(files: Mapping[Path, bytes]) -> None:
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def slug(name: str) -> str:
    """Turn an id into a file name; different ids give different names."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")
    return safe if safe == name else f"{safe}-{digest(name)[:6]}"


def fingerprint_of(
    draw: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> str:
    """Return a hash of everything that a figure depends on: its data and the code.

    Any change of this project's code changes it: which modules a figure depends on
    could only be guessed, and an outdated figure costs more than drawing it again.
    """
    hasher = hashlib.sha256(_code(_source_of(draw)).encode())
    hasher.update(f"{draw.__module__}.{draw.__qualname__}".encode())
    hasher.update(joblib.hash(_plain([args, kwargs]), "sha1").encode())
    return hasher.hexdigest()


@cache
def _code(source: Path | None) -> str:
    """Hash the project's source, `source` if it lies outside, and the versions."""
    ours = code_digest("*.py")
    if source is None or source.is_relative_to(PACKAGE):
        return ours
    return hashlib.sha256(ours.encode() + source.read_bytes()).hexdigest()


def _source_of(draw: Callable[..., Any]) -> Path | None:
    path = getsourcefile(unwrap(draw))  # without unwrap, the file of a decorator
    return None if path is None else Path(path)


def _plain(value: Any) -> Any:
    """Replace mappings and deferred data in a value by lists, for a hash."""
    if isinstance(value, Deferred):
        return [type(value).__qualname__, _plain(value.identity)]
    if isinstance(value, Mapping):
        # joblib ignores the order of a mapping, but a figure may depend on it.
        return [[_plain(key), _plain(item)] for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if callable(value) and not isinstance(value, type):
        raise TypeError(
            f"data of a figure: found the function {value!r}; expected data, which can "
            "be compared; pass what the function returns"
        )
    return value


def _sealed(suffix: str, content: bytes, fingerprint: str) -> bytes:
    """Insert the seal at a place where image viewers ignore it."""
    content_hash = hashlib.sha256(content).hexdigest()
    at = len(content) - _AFTER_SEAL[suffix]
    seal = _seal(suffix, fingerprint, content_hash)
    return content[:at] + seal + content[at:]


def _seal(suffix: str, fingerprint: str, content_hash: str) -> bytes:
    words = f"bench: drawn from {fingerprint}, file {content_hash}".encode()
    if suffix == ".svg":
        return b"<!-- " + words + b" -->\n"
    # A PNG chunk: length of the data, type, data, CRC of type and data.
    chunk = b"tEXt" + _PNG_KEY + words
    length = struct.pack(">I", len(chunk) - 4)
    return length + chunk + struct.pack(">I", zlib.crc32(chunk))


def _fingerprint_in(path: Path) -> str | None:
    """Return the fingerprint in a file's seal, or None without an intact seal."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    match = _SEAL.search(content, max(0, len(content) - _SEAL_NEAR_END))
    if match is None:
        return None
    fingerprint, content_hash = (part.decode() for part in match.groups())
    end = len(content) - _AFTER_SEAL[path.suffix]
    start = end - len(_seal(path.suffix, fingerprint, content_hash))
    bare = content[: max(0, start)] + content[end:]
    # The seal holds the hash of the bare image, so that any edit breaks it.
    intact = _sealed(path.suffix, bare, fingerprint) == content
    return fingerprint if intact else None


def _by_matplotlib(path: Path) -> bool:
    """Return whether an image names matplotlib as its creator, near its start."""
    with path.open("rb") as file:
        return b"matplotlib" in file.read(4096).lower()
