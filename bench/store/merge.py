"""Merge stores, such as those of several machines."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from bench.base import MissingFileError, StoreError
from bench.store.draws import Draws
from bench.store.result import Result
from bench.store.store import Store

_BATCH = 100  # results that are written at once


def merge_stores(
    folders: Iterable[Path], into: Path, warn: Callable[[str], None] | None = None
) -> dict[str, int]:
    """Add the results of stores to another store.

    A result that is done is never replaced. A result with another status is replaced by
    one that is done, and one that was skipped by any that was not. A damaged result of
    the target is set aside if another store has an intact one.

    Parameters
    ----------
    folders
        The stores to read.
    into
        The store to add to.
    warn
        Called with a message about each damaged file.

    Returns
    -------
    dict
        Number of results that were "added", already "known", "different" (both are
        done, with different scores; the target's is kept), "damaged" and of "other
        curves" than those of their draw that are there already (both are left where
        they are).

    Raises
    ------
    MissingFileError
        If one of the folders does not exist.
    StoreError
        If a store cannot be read, or the target cannot be written.
    """
    folders = list(folders)
    for folder in folders:
        if not folder.is_dir():
            raise MissingFileError(f"no store at {folder}; expected a folder")
    target = Store(into)
    outcomes = ("added", "known", "different", "damaged", "other curves")
    counts = dict.fromkeys(outcomes, 0)
    draws = Draws()
    for key in target.keys():  # noqa: SIM118 (a method of ours, not a dictionary's)
        if (ours := target.get(key)) is not None and ours.status == "done":
            draws.problem(ours)
    for store in map(Store, folders):
        added: list[tuple[Result, bytes | None]] = []
        for key in store.keys():  # noqa: SIM118 (a method of ours, not a dictionary's)
            outcome, problem = _merge_result(key, store, target, draws, added)
            counts[outcome] += 1
            if problem and warn is not None:
                warn(problem)
            if len(added) == _BATCH:
                target.put_all(added)
                added.clear()
        if added:
            target.put_all(added)
    return counts


def _merge_result(
    key: str,
    store: Store,
    target: Store,
    draws: Draws,
    added: list[tuple[Result, bytes | None]],
) -> tuple[str, str]:
    """Add one result to a list unless the target's own ranks as high.

    Returns
    -------
    outcome : str
        The count that the result belongs to.
    problem : str
        A message about a damaged file, or about other curves; else empty.
    """
    theirs = store.get(key)
    if theirs is None:
        return "damaged", f"{store.damaged.get(key, key)}; left where it is"
    if theirs.status == "done" and (problem := draws.problem(theirs)):
        return "other curves", f"{store.where(key)}: {problem}"
    ours = target.get(key)
    if ours is not None and _rank(theirs) <= _rank(ours):
        both_done = ours.status == theirs.status == "done"
        is_other = both_done and _is_other(ours, theirs)
        return "different" if is_other else "known", ""
    packed = None
    if theirs.arrays_sha256:
        try:
            store.arrays(key, weights=True)  # they may be none for all their checksum
            packed = store.packed(key)
        except StoreError as error:
            return "damaged", f"{error}; left where it is"
    problem = target.damaged.get(key, "")
    if problem:
        problem += f"; set aside in {target.set_aside(key)}"
    if theirs.error:  # the store keeps the traceback apart
        error_with_log = theirs.error | {"traceback": store.log(key)}
        theirs = replace(theirs, error=error_with_log)
    added.append((theirs, packed))
    return "added", problem


def _rank(result: Result) -> int:
    """Rank a status: skipped lowest, done highest, and all faults between them."""
    return {"skipped": 0, "done": 2}.get(result.status, 1)


def _is_other(ours: Result, theirs: Result) -> bool:
    """Tell whether two fits or audits found different things.

    With fingerprints, which were compared before, curves may differ in their last bits.
    """
    is_same_curves = ours.data_hash == theirs.data_hash or (
        ours.fingerprint and theirs.fingerprint
    )
    return not is_same_curves or _outcome(ours) != _outcome(theirs)


def _outcome(result: Result) -> str:
    """Write what a fit or an audit found as text, to be compared.

    Text, since a score of NaN is not equal to itself.
    """
    scores = [sorted(scores.items()) for scores in (result.train, result.test)]
    figures = json.dumps(result.figures, sort_keys=True)
    return repr((scores, figures))
