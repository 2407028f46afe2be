"""The cache of mimic pools: one file a pool, named by the hash of its inputs.

A pool takes minutes to fit and is the same for every cell of a repetition. A file is
written whole or not at all, and begins with the checksum of the rest. A damaged file is
set aside, and the pool is fitted again. If several processes need the same pool, one
fits it and the others wait.
"""

import hashlib
import io
import os
import warnings
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.base import (
    RESULTS,
    StoreError,
    digest,
    generator,
    locked,
    package_version,
    read_bytes,
    set_aside,
    write_whole,
)
from bench.curves.mimics.pools import HALVES, Pool, PoolHalf, make_pool
from bench.curves.mimics.published import (
    CELLS,
    pool_names,
    published_checksum,
    read_published,
)
from bench.curves.recipes import DatasetRecipe
from bench.suite import MimicCurves

CACHE = Path("data/cache")
VARIABLE = "BENCH_CACHE"  # environment variable that names another folder
_DIGITS = 64  # length of the checksum, which a line break ends
# The arrays of a half, by their names in the files.
_ARRAYS = {
    "functions": np.int64,
    "places": np.int64,
    "values": np.float32,
    "slopes": np.float32,
}


def load_pool(
    recipe: DatasetRecipe, repetition: int, seed: int, group: str = CELLS
) -> Pool:
    """Read the pool of a repetition; fit it first if nobody has.

    It is read from the published pools, else from the cache. A pool depends on the
    recipe's library, points and networks, which include the pool's size. Datasets that
    differ only in noise, channels, dtype or split share a pool.

    Parameters
    ----------
    recipe
        The recipe of a dataset with ``neural: {kind: mimic}``.
    repetition, seed : int
        As in `bench.make_dataset`.
    group : str
        A name; pools of different names are independent.

    Raises
    ------
    StoreError
        If the cache cannot be written.
    """
    spec = recipe.spec.neural
    assert isinstance(spec, MimicCurves)  # only mimics have a pool
    names = pool_names(recipe, repetition, group)
    if group == CELLS and published_checksum(recipe, repetition, seed):
        return read_published(recipe, repetition, seed)
    # Versions are in the key, since the last bits of a fit depend on them.
    versions = {name: package_version(name) for name in ("torch", "numpy", "scipy")}
    key = digest([names, seed, RESULTS["mimic"], versions])
    folder = Path(os.environ.get(VARIABLE) or CACHE)
    path = folder / f"{key}.pool"
    shape = recipe.x.shape
    size = recipe.pool_size
    pool = _read(path, shape, size)
    if pool is not None:
        return pool
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / f".{key}.lock"):
            pool = _read(path, shape, size)  # another process may have fitted it
            if pool is None:
                if path.exists():
                    _set_aside(path)
                stream = partial(generator, seed, "pool", *names)
                pool = make_pool(recipe.library, recipe.x, spec, size, stream)
                _write(path, pool)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"{folder}: cannot write mimic pools ({error.strerror or error}); check "
            f"permissions and free space, or set {VARIABLE} to another folder"
        ) from None
    return pool


def _read(path: Path, shape: tuple[int, ...], size: int) -> Pool | None:
    """Return the pool of a file; None if the file is missing or damaged."""
    n_points, n_inputs = shape
    limit = size * (16 + 4 * n_points * (1 + n_inputs)) + 2**16  # arrays and headers
    try:
        raw = read_bytes(path, limit)
        checksum, content = raw[:_DIGITS], raw[_DIGITS + 1 :]
        if hashlib.sha256(content).hexdigest().encode() != checksum:
            return None
        with np.load(io.BytesIO(content), allow_pickle=False) as packed:
            arrays = {name: packed[name] for name in packed.files}
        halves = [
            PoolHalf(**{name: arrays[f"{half}_{name}"] for name in _ARRAYS})
            for half in HALVES
        ]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    for half in halves:
        n = len(half.functions)
        shapes = {"values": (n, n_points), "slopes": (n, *shape)}
        for name, dtype in _ARRAYS.items():
            array = getattr(half, name)
            if array.dtype != dtype or array.shape != shapes.get(name, (n,)):
                return None
    return halves[0], halves[1]


def _write(path: Path, pool: Pool) -> None:
    arrays: dict[str, Any] = {
        f"{name}_{part}": getattr(half, part)
        for name, half in zip(HALVES, pool, strict=True)
        for part in _ARRAYS
    }
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **arrays)
    content = packed.getvalue()
    checksum = hashlib.sha256(content).hexdigest().encode()
    # A fixed name, so that the file of a killed process is overwritten. The lock keeps
    # other processes out; on file systems without locks they write the same bytes.
    temporary = path.with_name(f".{path.name}.tmp")
    write_whole(path, checksum + b"\n" + content, temporary)


def _set_aside(path: Path) -> None:
    """Move a damaged file to a folder that is never read."""
    aside = path.parent / "damaged"
    set_aside(path, aside)
    warnings.warn(
        f"{path}: a mimic pool that does not match its checksum; moved to {aside}, and "
        "fitted again",
        RuntimeWarning,
        stacklevel=2,
    )
