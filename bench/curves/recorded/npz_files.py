"""Archives of NumPy arrays (.npz): read within limits, and never unpickled."""

import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np

from bench.base import MissingFileError, did_you_mean, read_bytes, shown
from bench.curves.recorded.raw import LONGEST_NAME, RawCurves, Wanted, check_size

MAX_BYTES = 2**29  # of an archive
_MAX_DIRECTORY = 2**20  # bytes; zipfile reads the whole list of members at once
_PIECE = 2**22  # bytes
_END = b"PK\x05\x06"
_X = "X (n_curves, n_points) or (n_curves, n_channels, n_points)"


def read_npz(path: Path, wanted: Wanted) -> RawCurves:
    """Read ``X``, ``y`` and, if there are, ``x``, ``groups`` and ``license``.

    Raises
    ------
    MissingFileError
        If there is no such file.
    ValueError
        If the file is no such archive, or an array is missing, too large, of another
        shape or type, or pickled.
    """
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return _curves(_Arrays(archive), wanted)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"a broken archive: {error}; save it again") from None
    except (NotImplementedError, RuntimeError, struct.error) as error:
        # Encrypted, or split over disks.
        raise ValueError(f"not an archive as NumPy writes it: {error}") from None


def _check_directory(path: Path) -> None:
    """Refuse what is no archive, and one whose list of members would fill the memory.

    The list's size is checked here, since zipfile makes an object of each member before
    anybody can look.
    """
    try:
        read_bytes(path, 0)  # a regular file
        with path.open("rb") as stream:
            size = path.stat().st_size
            start = stream.read(4)
            stream.seek(max(0, size - 2**16 - 22))
            tail = stream.read()
    except FileNotFoundError:
        raise MissingFileError(f"no file of curves at {path}") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from None
    if size > MAX_BYTES:
        raise ValueError(f"{size} bytes; expected at most {MAX_BYTES}")
    position = tail.rfind(_END)
    if not start.startswith(b"PK") or position < 0 or len(tail) < position + 22:
        found = "an empty file" if not size else "no archive of NumPy arrays"
        raise ValueError(f"{found}; expected what np.savez(…, X=X, y=y) writes")
    n_members, length = struct.unpack("<HL", tail[position + 10 : position + 16])
    if length > _MAX_DIRECTORY or n_members == 0xFFFF:
        raise ValueError(f"an archive of {n_members} or more members; expected a few")


class _Arrays:
    """The arrays of an archive, by name."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        members = [m for m in archive.infolist() if m.filename.endswith(".npy")]
        self.members = {member.filename[:-4]: member for member in members}

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def read(self, name: str, most: int) -> np.ndarray:
        """Return an array of at most `most` bytes; its header is checked before."""
        member = self.members[name]
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(
                f"{name}: packed in a way that NumPy does not use; save it again by "
                "np.savez_compressed"
            )
        with self.archive.open(member) as stream:
            shape, fortran, dtype = _header(stream, name)
            if dtype.hasobject:
                raise ValueError(
                    f"{name}: an array of Python objects, which could only be "
                    f"unpickled, and that is never done; {_object_remedy(name)}"
                )
            count = int(np.prod(shape, dtype=object)) if shape else 1
            if count * dtype.itemsize > most:
                raise ValueError(
                    f"{name}: found an array of {count * dtype.itemsize} bytes, of "
                    f"shape {_short(shape)}; expected at most {most}"
                )
            data = bytearray()
            n_bytes = count * dtype.itemsize
            while len(data) < n_bytes:
                piece = stream.read(min(_PIECE, n_bytes - len(data)))
                if not piece:
                    raise ValueError(
                        f"{name}: {len(data)} bytes; expected {n_bytes} for the shape "
                        f"{_short(shape)} of its header"
                    )
                data += piece
        array = np.frombuffer(data, dtype, count) if n_bytes else np.empty(count, dtype)
        return array.reshape(shape, order="F" if fortran else "C")


def _header(stream: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    headers = np.lib.format
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy warns of headers from Python 2
            if headers.read_magic(stream) == (1, 0):
                return headers.read_array_header_1_0(stream)
            return headers.read_array_header_2_0(stream)
    except (zipfile.BadZipFile, zlib.error, OSError):
        raise
    except Exception as error:  # NumPy parses a header as Python, which raises anything
        raise ValueError(f"{name}: no array: {shown(str(error), 200)}") from None


def _object_remedy(name: str) -> str:
    if name == "X":
        return (
            "save X=np.stack(X).astype(float), after the curves were brought to one "
            "length"
        )
    return f"save {name}=np.asarray({name}).astype(str)"


def _short(shape: tuple[int, ...]) -> str:
    return shown(str(shape), 60)


def _curves(arrays: _Arrays, wanted: Wanted) -> RawCurves:
    label = _name(wanted.label, "label", "y")
    for name in ("X", label):
        if name not in arrays:
            known = shown(", ".join(arrays.members) or "none", 200)
            raise ValueError(
                f"no array '{shown(name, 60)}'{did_you_mean(name, arrays.members)} "
                f"among {known}; expected {_X}, and {label} (n_curves,) with the "
                "classes"
            )
    values = _values(arrays)
    n_curves, _, n_points = values.shape
    labels = _texts(arrays, label, n_curves)
    groups = None
    if wanted.groups is not None:
        name = _name(wanted.groups, "groups", "groups")
        if name not in arrays:
            known = shown(", ".join(arrays.members), 200)
            raise ValueError(
                f"groups: no array '{shown(name, 60)}' among {known}"
                f"{did_you_mean(name, arrays.members)}"
            )
        groups = _texts(arrays, name, n_curves)
    x = _points(arrays, n_points) if "x" in arrays else None
    license = "".join(_texts(arrays, "license", 1)) if "license" in arrays else ""
    return RawCurves(
        values,
        labels,
        range(1, n_curves + 1),
        "curve",
        groups,
        x,
        shown(license, 200),
    )


def _name(column: int | str | None, key: str, default: str) -> str:
    if isinstance(column, int):
        raise ValueError(
            f"{key}: found position {column}, but arrays have names; expected one, "
            f"such as {default}"
        )
    return default if column is None else column


def _values(arrays: _Arrays) -> np.ndarray:
    X = arrays.read("X", MAX_BYTES)
    if X.ndim not in (2, 3) or X.dtype.kind not in "fiu" or 0 in X.shape:
        raise ValueError(
            f"X: found shape {_short(X.shape)} and type {shown(str(X.dtype), 40)}; "
            f"expected numbers, {_X}"
        )
    values = X[:, None] if X.ndim == 2 else X
    check_size(*values.shape)
    return np.ascontiguousarray(values, np.float64)


def _texts(arrays: _Arrays, name: str, n: int) -> list[str]:
    """Return an array of names or numbers as texts."""
    array = arrays.read(name, 2**26)
    flat = array.reshape(-1)
    if flat.dtype.kind not in "fiubSU" or array.shape[:1] not in ((n,), ()):
        raise ValueError(
            f"{name}: found shape {_short(array.shape)} and type "
            f"{shown(str(array.dtype), 40)}; expected one number or text for each of "
            f"{n} curves"
        )
    if len(flat) != n:
        raise ValueError(
            f"{name}: found shape {_short(array.shape)}; expected ({n},), one entry "
            "for each curve"
        )
    if flat.dtype.kind == "S":
        flat = np.char.decode(flat, "latin-1")
    texts = [str(entry).strip() for entry in flat.tolist()]
    if any(len(text) > LONGEST_NAME for text in texts):
        raise ValueError(f"{name}: found a text of more than {LONGEST_NAME} characters")
    return texts


def _points(arrays: _Arrays, n_points: int) -> np.ndarray:
    x = arrays.read("x", 2**24)
    if x.dtype.kind not in "fiu" or x.shape not in ((n_points,), (n_points, 1)):
        raise ValueError(
            f"x: found shape {_short(x.shape)} and type {shown(str(x.dtype), 40)}; "
            f"expected numbers of shape ({n_points},), one for each point of X"
        )
    return x.reshape(-1).astype(np.float64)
