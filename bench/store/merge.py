"""Joining stores from several machines."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from bench.base import MissingFileError, StoreError
from bench.store.result import Result
from bench.store.store import Store


def merge_stores(
    folders: Iterable[Path], into: Path, warn: Callable[[str], None] | None = None
) -> dict[str, int]:
    """Join stores.

    A result that is done is never replaced; one that is not gives way to one that is.
    A damaged one of ours is set aside where there is a sound one to take its place.

    Parameters
    ----------
    folders
        The stores to read.
    into
        The store to add to.
    warn
        Called with what is wrong with each damaged file.

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
            what, problem = _join(key, store, target)
            counts[what] += 1
            if problem and warn is not None:
                warn(problem)
    return counts


def _join(key: str, store: Store, target: Store) -> tuple[str, str]:
    """Take over a result where ours is less; say what it was, and what is damaged."""
    theirs = store.get(key)
    if theirs is None:
        return "damaged", f"{store.damaged.get(key, key)}; left where it is"
    ours = target.get(key)
    if ours is not None and _rank(theirs) <= _rank(ours):
        both_done = ours.status == theirs.status == "done"
        is_other = both_done and _outcome(ours) != _outcome(theirs)
        return "different" if is_other else "known", ""
    try:
        arrays = store.arrays(key, weights=True) if theirs.arrays_sha256 else None
    except StoreError as error:
        return "damaged", f"{error}; left where it is"
    problem = target.damaged.get(key, "")
    if problem:
        problem += f"; set aside in {target.set_aside(key)}"
    if theirs.error:  # the traceback lies in a file of its own
        told = theirs.error | {"traceback": store.log(key)}
        theirs = replace(theirs, error=told)
    target.put(theirs, arrays)
    return "added", problem


def _rank(result: Result) -> int:
    return {"skipped": 0, "done": 2}.get(result.status, 1)


def _outcome(result: Result) -> str:
    # As text: a score that is not a number differs from itself.
    scores = [sorted(scores.items()) for scores in (result.train, result.test)]
    figures = json.dumps(result.figures, sort_keys=True)
    return repr((result.data_hash, scores, figures))
