"""Large arrays of calls: written to a file once, which each call's process maps.

A call is pickled, and passes through two processes before the one that makes it. With
its large arrays in files, many calls about the same curves copy none of them.
"""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import TracebackType
from typing import Any, Self

import numpy as np

LARGE = 2**20  # bytes from which an array is put into a file


class SharedArrays:
    """Pickles calls for processes of this machine; closing it deletes the files.

    Parameters
    ----------
    folder
        Called for the folder of the files, which may become another one.
    """

    def __init__(self, folder: Callable[[], str]) -> None:
        self._folder = folder
        # With the arrays themselves, since an id may be used again.
        self._files: dict[tuple[str, int], tuple[np.ndarray, Path | None]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _, path in self._files.values():
            if path is not None:
                path.unlink(missing_ok=True)

    def pickled(self, call: Any) -> bytes:
        """Pickle a value, which `pickle.loads` reads as long as the files are there."""
        written = io.BytesIO()
        _Pickler(written, self._file_of).dump(call)
        return written.getvalue()

    def _file_of(self, array: np.ndarray) -> Path | None:
        """Return the file of an array; None if it cannot be written."""
        folder = self._folder()
        known = self._files.get((folder, id(array)))
        if known is not None:
            return known[1]
        path = None
        try:
            with NamedTemporaryFile(dir=folder, suffix=".npy", delete=False) as file:
                path = Path(file.name)
                np.save(file, array, allow_pickle=False)
        except OSError:  # such as a full disk: then it is pickled like any other
            if path is not None:
                path.unlink(missing_ok=True)
            path = None
        self._files[folder, id(array)] = array, path
        return path


class _Pickler(pickle.Pickler):
    def __init__(
        self, file: io.BytesIO, file_of: Callable[[np.ndarray], Path | None]
    ) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._file_of = file_of

    def reducer_override(self, value: Any) -> Any:
        """Let a large array be read from its file."""
        if (
            type(value) is np.ndarray
            and value.nbytes >= LARGE
            and not value.dtype.hasobject
            and (path := self._file_of(value)) is not None
        ):
            return _mapped, (str(path),)
        return NotImplemented


def _mapped(path: str) -> np.ndarray:
    """Map an array; it is read-only, as the arrays of datasets are."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
