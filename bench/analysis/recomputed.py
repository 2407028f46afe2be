"""What computing again has changed: the scores that moved."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bench.base import flatten, shown
from bench.engines import Recomputed
from bench.store import Result

_MOST_LINES = 20
_DIGITS = 4  # of a score, as in tables


def describe_recomputed(recomputed: Sequence[Recomputed]) -> list[str]:
    """Say which scores moved when cells were computed again.

    Returns
    -------
    list of str
        A line for each score that moved and each status that changed, at most 20 of
        them; the last line counts.
    """
    if not recomputed:
        return ["no result was stored before, so no score can have moved"]
    n_scores = 0
    lines: list[str] = []
    n_moved = 0
    for each in recomputed:
        where = _where(each)
        if (each.before.status, each.after.status) != ("done", "done"):
            lines += [f"{where}: {text}" for text in _status(each)]
            continue
        before, after = _scores(each.before), _scores(each.after)
        names = sorted(before.keys() | after.keys())
        n_scores += len(names)
        moved = [f"{where}, {text}" for text in _moved(names, before, after)]
        n_moved += len(moved)
        lines += moved
    more = len(lines) - _MOST_LINES
    shown_lines = lines[:_MOST_LINES] + ([f"… and {more} more"] if more > 0 else [])
    if n_moved:
        return [*shown_lines, f"{n_moved} of {n_scores} scores moved"]
    if n_scores:
        shown_lines.append(f"all {n_scores} scores are the same")
    return shown_lines or ["no score was computed again"]


def _where(each: Recomputed) -> str:
    result = each.after
    dataset = result.dataset + (f" → {result.target}" if result.target else "")
    name = result.classifier or "audit"
    return f"{dataset}, {name}, {result.division}"


def _status(each: Recomputed) -> Iterator[str]:
    before, after = each.before.status, each.after.status
    why = ""
    if after != "done" and each.after.error:
        error = each.after.error
        why = f" ({shown(': '.join((error['type'], error['message'])), 120)})"
    if each.is_kept:
        yield f"{after} now{why}; the stored result is kept"
    elif before != after:
        yield f"{before} → {after}{why}"


def _scores(result: Result) -> dict[str, Any]:
    """Return the scores of a result; of an audit its figures."""
    parts = {"held-out": result.test, "training": result.train}
    scores = {
        f"{part} {name}": v for part, of in parts.items() for name, v in of.items()
    }
    return scores | flatten(result.figures)


def _moved(
    names: Iterable[str], before: dict[str, Any], after: dict[str, Any]
) -> Iterator[str]:
    for name in names:
        old, new = before.get(name), after.get(name)
        if old != new and not (old != old and new != new):  # both are not a number
            texts = _written(old), _written(new)
            if texts[0] == texts[1]:
                texts = repr(old), repr(new)
            yield f"{name}: {texts[0]} → {texts[1]}"


def _written(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:.{_DIGITS}f}" if isinstance(value, float) else str(value)
