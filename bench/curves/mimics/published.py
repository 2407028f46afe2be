"""Published mimic pools: the fits of a published board, which come along as data.

Which fits are good, and the networks' outputs in all their digits, depend on the
processor that trained them. With the fits as data a board has the same curves
everywhere. The curves that were mimicked are not stored, since they are drawn again.

``python -m bench.curves.mimics.published suites/NAME.yaml`` fits the pools of a suite
that are not published yet, and adds them.
"""

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.base import (
    RESULTS,
    DatasetError,
    blas_name,
    cpu_name,
    digest,
    generator,
    package_version,
    read_bytes,
    resources,
    write_whole,
)
from bench.curves.mimics.pools import Pool, deal, draw_targets
from bench.curves.recipes import DatasetRecipe, resolve_dataset
from bench.suite import DatasetSpec, MimicCurves, load_suite

READ_BY = ("library", "inputs", "neural", "results")  # what a pool depends on
CELLS = "cells"  # the group of pools that training and test curves are taken from
_MAX_BYTES = 2**28  # of a file
_ARRAYS = ("good_neural", "good_symbolic", "values", "slopes")


def pool_names(recipe: DatasetRecipe, repetition: int, group: str) -> list[Any]:
    """Return the names of a pool's random streams, which identify it with its seed."""
    return [{name: recipe.identity[name] for name in READ_BY}, repetition, group]


def pool_source(recipe: DatasetRecipe, repetition: int, seed: int) -> str:
    """Say which fits the curves of a repetition are: part of the keys of its cells.

    Returns
    -------
    str
        ``sha256 …`` of the published pool, or the version of torch that fits it here;
        empty for a dataset without mimics.
    """
    if not isinstance(recipe.spec.neural, MimicCurves):
        return ""
    published = published_checksum(recipe, repetition, seed)
    return f"sha256 {published}" if published else f"torch {package_version('torch')}"


def published_checksum(recipe: DatasetRecipe, repetition: int, seed: int) -> str:
    """Return the SHA-256 of the published pool of a repetition; empty if none is."""
    pools = _listed()
    if not pools:
        return ""
    name = _name(recipe, repetition, seed)
    return str(pools[name]["sha256"]) if name in pools else ""


def read_published(recipe: DatasetRecipe, repetition: int, seed: int) -> Pool:
    """Read the published pool of a repetition.

    Raises
    ------
    DatasetError
        If its file is missing, or is not the one that was published.
    """
    path = resources.POOLS / f"{_name(recipe, repetition, seed)}.npz"
    remedy = "restore it from the repository, or install the package again"
    try:
        raw = read_bytes(path, _MAX_BYTES)
    except OSError as error:
        raise DatasetError(
            f"{path}: this published mimic pool cannot be read "
            f"({error.strerror or error}); {remedy}"
        ) from None
    checksum = published_checksum(recipe, repetition, seed)
    if hashlib.sha256(raw).hexdigest() != checksum:
        raise DatasetError(
            f"{path}: not the mimic pool that was published, whose checksum is "
            f"{checksum}; {remedy}"
        )
    with np.load(io.BytesIO(raw), allow_pickle=False) as packed:
        arrays = {name: packed[name] for name in _ARRAYS}
    targets = draw_targets(
        recipe.library, recipe.x, recipe.pool_size, _stream(recipe, repetition, seed)
    )
    good_neural, good_symbolic = (
        np.unpackbits(arrays[name], count=len(half)).astype(bool)
        for name, half in zip(_ARRAYS, targets.halves, strict=False)
    )
    values, slopes = (_from_planes(arrays[name]) for name in _ARRAYS[2:])
    return deal(targets, good_neural, good_symbolic, values, slopes)


def publish_pool(
    recipe: DatasetRecipe, repetition: int, seed: int, pool: Pool, made_for: str
) -> Path:
    """Write a pool to the published ones, and list it with its checksum.

    Parameters
    ----------
    pool
        The pool, as it was fitted here.
    made_for
        The suite that it is fitted for, for the list.
    """
    neural, symbolic = pool
    stream = _stream(recipe, repetition, seed)
    targets = draw_targets(recipe.library, recipe.x, recipe.pool_size, stream)
    flags = {}
    for name, half, dealt in zip(_ARRAYS, pool, targets.halves, strict=False):
        good = np.zeros(len(dealt), bool)
        good[half.places] = True
        flags[name] = np.packbits(good)
    outputs = {name: _to_planes(getattr(neural, name)) for name in _ARRAYS[2:]}
    raw = _packed(flags | outputs)
    name = _name(recipe, repetition, seed)
    path = resources.POOLS / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, raw)
    listed = dict(_listed()) | {
        name: {
            "sha256": hashlib.sha256(raw).hexdigest(),
            "suite": made_for,
            "library": recipe.library.name,
            "repetition": repetition,
            "seed": seed,
            "networks": recipe.pool_size,
            "kept": [len(neural.functions), len(symbolic.functions)],
            "torch": package_version("torch"),
            "cpu": cpu_name(),
            "blas": blas_name(),
        }
    }
    text = json.dumps(dict(sorted(listed.items())), indent=1)
    write_whole(_list_path(), f"{text}\n".encode())
    _listed.cache_clear()
    return path


def _to_planes(array: np.ndarray) -> np.ndarray:
    """Turn float32 curves into bytes that deflate makes a quarter smaller.

    They are the differences of the bits from point to point, first byte by first byte,
    then second by second, and so on.
    """
    bits = array.astype("<f4").view("<u4")
    steps = np.diff(bits, axis=1, prepend=np.uint32(0))  # modulo 2**32
    return np.moveaxis(steps[..., None].view(np.uint8), -1, 0).copy()


def _from_planes(planes: np.ndarray) -> np.ndarray:
    """Return the float32 curves that `_to_planes` took apart."""
    steps = np.moveaxis(planes, 0, -1).copy().view("<u4")[..., 0]
    return np.cumsum(steps, axis=1, dtype="<u4").view("<f4").astype(np.float32)


def _packed(arrays: dict[str, np.ndarray]) -> bytes:
    """Pack arrays so that equal arrays give equal bytes: members without a date."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy")
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    return packed.getvalue()


def _name(recipe: DatasetRecipe, repetition: int, seed: int) -> str:
    names = pool_names(recipe, repetition, CELLS)
    return digest([names, seed, RESULTS["mimic"]])[:32]


def _stream(recipe: DatasetRecipe, repetition: int, seed: int) -> Any:
    return partial(generator, seed, "pool", *pool_names(recipe, repetition, CELLS))


def _list_path() -> Path:
    return resources.POOLS / "pools.json"


@cache
def _listed() -> dict[str, dict[str, Any]]:
    try:
        return dict(json.loads(_list_path().read_text("utf-8")))
    except FileNotFoundError:  # none is published
        return {}


def publish_pools(suite_path: Path) -> Iterator[str]:
    """Fit the pools of a suite that are not published yet, and publish them.

    Yields
    ------
    str
        A line for each pool, when it is done.
    """
    from bench.curves.mimics.cache import load_pool  # which reads published pools

    suite = load_suite(suite_path)
    for position, spec in enumerate(suite.datasets):
        if not isinstance(spec, DatasetSpec):
            continue
        if not isinstance(spec.neural, MimicCurves):
            continue
        recipe = resolve_dataset(spec, suite.folder_of("datasets", position))
        for repetition in range(suite.repetitions):
            if published_checksum(recipe, repetition, suite.seed):
                continue
            pool = load_pool(recipe, repetition, suite.seed)
            path = publish_pool(recipe, repetition, suite.seed, pool, suite.name)
            kept = len(pool[0].functions), len(pool[1].functions)
            yield (
                f"{path.name}: repetition {repetition} of {suite.name}, {kept[0]} "
                f"networks and {kept[1]} functions, {path.stat().st_size} bytes"
            )


if __name__ == "__main__":
    for line in publish_pools(Path(sys.argv[1])):
        print(line, flush=True)  # noqa: T201 (the output of this command)
