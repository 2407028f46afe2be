"""Whether results are of the same curves: one fingerprint for each draw.

A draw is a repetition of a dataset under a root seed. On every processor it has the
same curves but for their last bits, so two fingerprints of one draw are an error: the
code that draws was changed, or networks were fitted anew on another kind of processor.
"""

import sys
from array import array
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from bench.base import digest, same_curves
from bench.store.result import Result

# The fields of a key that a draw depends on; those of a target are a transfer's.
_DRAWN_FROM = ("dataset", "repetition", "seed", "pool", "target", "target_pool")
_RECIPE_DIGITS = 16
_POOL_DIGITS = 12
RECORDED = "recorded-"  # begins the name of a recipe of recorded curves
FITTED = "fitted"  # networks that were fitted where the curves were drawn


class _Seen(NamedTuple):
    """What is kept of the first result of a draw; a suite may have 100,000 draws."""

    fingerprint: Sequence[Sequence[float]]
    name: str
    machine: str


class Draws:
    """The fingerprints of the draws that results were seen of."""

    def __init__(self) -> None:
        self._seen: dict[Hashable, _Seen] = {}

    def problem(self, result: Result, draw: Hashable = None) -> str:
        """Compare a result with the others of its draw.

        Parameters
        ----------
        draw
            Any value that names the draw, if the caller knows one, such as
            `bench.cells.Cell.draw`; by default a hash of fields of the result.

        Returns
        -------
        str
            What is wrong if its curves are others; else empty, and the result counts as
            seen. A result without a fingerprint, of an older version or without curves,
            is never wrong.
        """
        if not result.fingerprint:
            return ""
        if draw is None:
            draw = digest({name: result.fields.get(name) for name in _DRAWN_FROM})
        other = self._seen.get(draw)
        if other is None:
            rows = tuple(array("d", row) for row in result.fingerprint)
            texts = map(sys.intern, (_name(result), _machine(result)))  # few, repeated
            self._seen[draw] = _Seen(rows, *texts)
            return ""
        if same_curves(result.fingerprint, other.fingerprint):
            return ""
        return (
            f"'{result.dataset}', {result.division}: "
            f"{_name(result)} and {other.name} are of {_kind_of_change(result)}; "
            f"one was computed on {_machine(result)}, the other on {other.machine}"
        )


def recipe_column(fields: dict[str, Any]) -> str:
    """Name what curves are drawn from, for a column of a table.

    Parameters
    ----------
    fields
        The fields of a cell's key.

    Returns
    -------
    str
        The start of the hash of the dataset's recipe; of a mimic dataset also which
        fits its networks are: ``RECIPE+CHECKSUM`` of the published ones, or
        ``RECIPE+fitted``; of recorded curves ``recorded-RECIPE``. A transfer has both
        datasets', separated by a space.
    """
    parts = []
    for dataset, pool in (("dataset", "pool"), ("target", "target_pool")):
        if dataset in fields:
            recipe = digest(fields[dataset])[:_RECIPE_DIGITS] + _fits(fields, pool)
            parts.append(RECORDED * is_recorded(fields[dataset]) + recipe)
    return " ".join(parts)


def is_recorded(recipe: Any) -> bool:
    """Tell whether a dataset's recipe, as it stands in a key, is of recorded curves."""
    return isinstance(recipe, dict) and "recorded" in recipe


def _fits(fields: dict[str, Any], pool: str) -> str:
    if pool not in fields:
        return ""
    kind, _, checksum = str(fields[pool]).partition(" ")
    return "+" + (checksum[:_POOL_DIGITS] if kind == "sha256" else FITTED)


def _name(result: Result) -> str:
    return result.classifier or "the audit"


def _kind_of_change(result: Result) -> str:
    pools = [str(result.fields.get(name, "")) for name in ("pool", "target_pool")]
    if any(pool and not pool.startswith("sha256") for pool in pools):
        return "the same draws, but of other fits, since networks were fitted anew"
    return "other curves, though their recipe is the same"


def _machine(result: Result) -> str:
    return f"{result.cpu or 'an unknown processor'} ({result.blas or 'unknown BLAS'})"
