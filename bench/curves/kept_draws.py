"""The curves of one repetition in a folder: drawn once, read by several processes.

The first process that needs them draws and writes them, and the others wait for it. All
map the files: privately, so that whoever writes to its arrays changes a copy of its own
pages, and nobody reads a page before it is used.
"""

import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bench.base import locked
from bench.curves.datasets import Dataset, make_dataset
from bench.curves.recipes import Recipe

_ARRAYS = ("X_train", "y_train", "X_test", "y_test", "x")
_IDENTITY = "identity.json"


def draw_once(recipe: Recipe, repetition: int, seed: int, folder: Path) -> Dataset:
    """Return one repetition of a dataset, from the files of a folder if it is there.

    Parameters
    ----------
    recipe, repetition, seed
        As for `make_dataset`; a folder belongs to one draw.
    folder
        Made by the first process that draws. Its parent must exist. Where it cannot be
        written, such as on a full disk, each process draws for itself.

    Raises
    ------
    DatasetError
        If a curve is not finite; nothing is kept then.
    """
    if not folder.is_dir():
        with locked(folder.with_suffix(".lock")):
            if not folder.is_dir():
                data = make_dataset(recipe, repetition, seed)
                with suppress(OSError):
                    _write(data, folder)
                if not folder.is_dir():
                    return data
    return _read(recipe, folder)


def _write(data: Dataset, folder: Path) -> None:
    with TemporaryDirectory(dir=folder.parent) as parent:
        whole = Path(parent, folder.name)
        whole.mkdir()
        for name in _ARRAYS:
            np.save(whole / f"{name}.npy", getattr(data, name), allow_pickle=False)
        identity = {"data_hash": data.data_hash, "fingerprint": data.fingerprint}
        (whole / _IDENTITY).write_text(json.dumps(identity))
        whole.rename(folder)


def _read(recipe: Recipe, folder: Path) -> Dataset:
    arrays: dict[str, Any] = {
        name: np.asarray(
            np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False)
        )
        for name in _ARRAYS
    }
    for array in arrays.values():
        array.setflags(write=False)
    identity: dict[str, Any] = json.loads((folder / _IDENTITY).read_bytes())
    return Dataset(**arrays, **identity, channels=recipe.channel_names)
