"""Pair the cells of two sources that were computed from the same curves.

Curves are the same if their bytes are, by the data hash; or if both come from the same
recipe and have the same fingerprint: then they differ in their last bits alone, as on
another kind of processor.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.base import differing, parse_fingerprint, same_curves
from bench.stats import OwnMetric, differences, metric_of, name_some
from bench.store import FITTED

NOT_IN_NEW = "missing cells: not in NEW"
SHOWN = 5  # repetitions that a message names


@dataclass(frozen=True)
class PairedCell:
    """A cell as one of the two sources has it.

    Attributes
    ----------
    status, data_hash, score
        The cell's status, the hash of its curves, and its held-out score.
    recipe, fingerprint
        What the curves were drawn from, and their fingerprint, as columns of a
        results.csv have them; empty in files of earlier versions.
    """

    status: str
    data_hash: str
    score: float
    recipe: str = ""
    fingerprint: str = ""

    @classmethod
    def of(cls, row: dict[Any, Any], score: str) -> "PairedCell":
        """Take a cell from a row of a frame; `score` is the score's column."""
        return cls(
            row["status"],
            row["data_hash"],
            float(row.get(score, math.nan)),
            str(row.get("recipe", "")),
            str(row.get("fingerprint", "")),
        )


PairedCells = dict[int, PairedCell]  # repetition → cell
_ABSENT = PairedCell("absent", "", math.nan)


@dataclass(frozen=True)
class Pairs:
    """The pairs of one dataset and classifier.

    Attributes
    ----------
    scores : array of shape (n, 2)
        The score of each pair in both sources.
    why : str
        The reason why the row is not comparable; empty if it is.
    n_rounded : int
        The number of pairs whose curves differ in their last bits.
    """

    scores: np.ndarray
    why: str
    n_rounded: int = 0

    @property
    def identical(self) -> bool:
        """Whether no score differs, though last bits of curves may.

        Then no interval is needed, whatever the number of pairs is.
        """
        base, new = self.scores.T
        return not differences(new, base, True).any()


def pair_cells(base: PairedCells, new: PairedCells, metric: str | OwnMetric) -> Pairs:
    """Pair the cells of a row that come from the same curves."""
    by_hash: dict[str, PairedCell] = {}
    for cell in new.values():
        if cell.status == "done":
            by_hash.setdefault(cell.data_hash, cell)
    pairs: list[tuple[float, float]] = []
    problems: dict[str, list[str]] = {}
    used: set[str] = set()
    n_rounded = 0

    def note(problem: str, repetition: int, detail: str = "") -> None:
        problems.setdefault(problem, []).append(f"{repetition}{detail}")

    for repetition, cell in base.items():
        # The same repetition first; another one if both sources number them
        # differently.
        same_repetition = new.get(repetition, _ABSENT)
        is_same = _is_same_draw(cell, same_repetition)
        partner = same_repetition if is_same else by_hash.get(cell.data_hash)
        if cell.status != "done":
            note("missing cells: not done in BASE", repetition, f" ({cell.status})")
        elif cell.data_hash in used:
            note("changed data: BASE has the same data twice", repetition)
        elif partner is not None and partner.status == "done":
            if math.isnan(cell.score) or math.isnan(partner.score):
                source = "BASE" if math.isnan(cell.score) else "NEW"
                note(f"no {metric_of(metric).title} in {source}", repetition)
            pairs.append((cell.score, partner.score))
            n_rounded += partner.data_hash != cell.data_hash
        elif same_repetition is _ABSENT:
            note("fewer repetitions: not in NEW", repetition)
        elif same_repetition.status != "done":
            status = same_repetition.status
            note("missing cells: not done in NEW", repetition, f" ({status})")
        else:
            note(f"changed data: {_change(cell, same_repetition)}", repetition)
        used.add(cell.data_hash)
    scores = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    if not new:
        return Pairs(scores, NOT_IN_NEW)
    why = "; ".join(
        f"{what}: repetitions {name_some(at, SHOWN)}" for what, at in problems.items()
    )
    return Pairs(scores, why, n_rounded)


def _is_same_draw(cell: PairedCell, other: PairedCell) -> bool:
    if cell.data_hash == other.data_hash:
        return True
    return (
        cell.recipe == other.recipe != ""
        and other.status == "done"
        and same_curves(*_fingerprints(cell, other))
    )


def _fingerprints(cell: PairedCell, other: PairedCell) -> tuple[Any, Any]:
    return parse_fingerprint(cell.fingerprint), parse_fingerprint(other.fingerprint)


def _change(cell: PairedCell, other: PairedCell) -> str:
    """Say in which way the curves of a repetition are not the same."""
    if not (cell.fingerprint and other.fingerprint):  # by an earlier version
        return "not the same in NEW"
    recipe, fits = cell.recipe.partition("+")[::2]
    other_recipe, other_fits = other.recipe.partition("+")[::2]
    if recipe != other_recipe:
        return "of another recipe in NEW"
    if fits != other_fits or fits == FITTED:
        return "the same draws, but other fits in NEW (networks were fitted anew)"
    first, second = _fingerprints(cell, other)
    if len(first) != len(second):
        return "other curves in NEW"
    rows = differing(first, second)
    return f"other curves in NEW ({len(rows)} of {len(first)} classes and channels)"
