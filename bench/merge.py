"""Joining stores from several machines."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from bench.errors import MissingFileError
from bench.result import Result
from bench.store import Store


def merge_stores(folders: Iterable[Path], into: Path) -> dict[str, int]:
    """Join stores.

    A result that is done is never replaced; one that is not gives way to one that is.

    Returns
    -------
    dict
        How many were "added", "known" already, "different" though both are done (ours
        are kept) and "damaged" (left where they are).
    """
    folders = list(folders)
    for folder in folders:
        if not folder.is_dir():
            raise MissingFileError(f"no store at {folder}; expected a folder")
    target = Store(into)
    counts = dict.fromkeys(("added", "known", "different", "damaged"), 0)
    for store in map(Store, folders):
        for key in store.keys():  # noqa: SIM118 (a method of ours, not a dictionary's)
            theirs, ours = store.get(key), target.get(key)
            if theirs is None:
                counts["damaged"] += 1
            elif ours is None or _rank(theirs) > _rank(ours):
                _copy(theirs, store, target)
                counts["added"] += 1
            elif ours.status == theirs.status == "done" and (
                (ours.data_hash, ours.train, ours.test)
                != (theirs.data_hash, theirs.train, theirs.test)
            ):
                counts["different"] += 1
            else:
                counts["known"] += 1
    return counts


def _rank(result: Result) -> int:
    return {"skipped": 0, "done": 2}.get(result.status, 1)


def _copy(result: Result, store: Store, into: Store) -> None:
    if result.error:
        error = result.error | {"traceback": store.log(result.key)}
        result = replace(result, error=error)
    arrays = store.arrays(result.key) if result.arrays_sha256 else None
    into.put(result, arrays)
