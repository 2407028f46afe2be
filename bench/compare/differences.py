"""Two sets of results, cell by cell: what became better, and what worse.

Scores are compared where both are of the same data, which the data hash tells; what
cannot be paired so is not comparable, and never passes for equal.
"""

import json
import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench.base import CompareError, did_you_mean
from bench.compare.results_csv import cell_name
from bench.render import escape, markdown_table
from bench.stats import (
    METRICS,
    check_share,
    check_width,
    differences,
    mean_interval,
    name_some,
    verdict,
)

VERDICTS = ("worse", "inconclusive", "not comparable", "equivalent", "better", "new")
REGRESSION, UNDECIDED = 1, 4  # exit codes
_COLUMNS = ("dataset", "repetition", "classifier", "status", "data_hash")
_SHOWN = 5


@dataclass(frozen=True)
class _Cell:
    """What one source tells of a cell."""

    status: str
    data_hash: str
    score: float


_Cells = dict[int, _Cell]  # by repetition
_ABSENT = _Cell("absent", "", math.nan)


def compare_results(
    base: pd.DataFrame,
    new: pd.DataFrame,
    *,
    metric: str = "accuracy",
    margin: float = 0.01,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Compare held-out scores, paired by the data that they are of.

    Parameters
    ----------
    base, new
        As `bench.compare.read.read_source` or `bench.read_results` give them.
    metric
        Whose scores, one of `bench.stats.metrics.METRICS`; it knows its direction.
    margin
        The largest difference that does not matter, in the metric's unit.
    alpha
        One minus the probability that all intervals of a dataset hold together
        (paired t, Bonferroni over the classifiers compared there).

    Returns
    -------
    DataFrame
        One row a dataset and classifier, those of `base` in its order and then those
        that only `new` has: ``n`` pairs; ``base`` and ``new``, their mean scores;
        ``difference``, turned so that positive is better, with its interval from
        ``low`` to ``high`` (NaN of a single pair, unless both scores are the same);
        ``verdict``, "better", "worse", "equivalent" or "inconclusive", or "not
        comparable", and ``why``: scores are NaN there. Rows of "new" alone have that
        verdict, which no gate heeds. ``frame.attrs`` holds metric, margin and alpha.

    Raises
    ------
    BenchError
        If a column is missing, a cell stands twice, or a number is out of range.
    """
    if metric not in METRICS:
        raise CompareError(
            f"unknown metric '{metric}'{did_you_mean(metric, METRICS)}. Known: "
            f"{', '.join(METRICS)}"
        )
    check_width("margin", margin)
    check_share("alpha", alpha)
    ours = _by_row(base, "BASE", metric)
    theirs = _by_row(new, "NEW", metric)
    paired = {
        row: _pair(cells, theirs.get(row, {}), metric) for row, cells in ours.items()
    }
    compared = Counter(row[0] for row, (_, why) in paired.items() if not why)
    rows = []
    for (dataset, classifier), (scores, why) in paired.items():
        found = {"dataset": dataset, "classifier": classifier, "n": len(scores)}
        if why:
            rows.append(found | {"verdict": "not comparable", "why": why})
        else:
            level = alpha / compared[dataset]
            rows.append(found | _judge(scores, metric, margin, level))
    for (dataset, classifier), cells in theirs.items():
        if (dataset, classifier) not in ours:
            done = [c.score for c in cells.values() if c.status == "done"]
            rows.append(
                {
                    "dataset": dataset,
                    "classifier": classifier,
                    "n": len(done),
                    "new": float(np.mean(done)) if done else math.nan,
                    "verdict": "new",
                    "why": "not in BASE",
                }
            )
    numbers = ["base", "new", "difference", "low", "high"]
    columns = ["dataset", "classifier", "n", *numbers, "verdict", "why"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.astype(dict.fromkeys(numbers, float)).fillna({"why": ""})
    frame.attrs = {"metric": metric, "margin": margin, "alpha": alpha}
    return frame


def exit_code(frame: pd.DataFrame) -> int:
    """Return what a gate says: 0; 1 if any is worse; else 4 if any is undecided.

    Undecided is what is inconclusive or not comparable; so is a frame in which nothing
    was compared.
    """
    verdicts = set(frame["verdict"])
    if "worse" in verdicts:
        return REGRESSION
    decided = verdicts & {"better", "equivalent"}
    is_open = verdicts & {"inconclusive", "not comparable"} or not decided
    return UNDECIDED if is_open else 0


def count_verdicts(frame: pd.DataFrame) -> str:
    """Write ``1 worse, 25 equivalent``, what matters most first."""
    counts = Counter(frame["verdict"])
    return ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])


def describe(frame: pd.DataFrame) -> str:
    """Say what the columns hold and by which numbers it was judged."""
    metric = METRICS[frame.attrs["metric"]]
    better = "larger" if metric.larger_is_better else "smaller"
    return (
        f"Held-out {metric.title} ({better} is better), paired by data hash; a "
        f"positive difference is better. Intervals hold together over the "
        f"classifiers of a dataset with probability {1 - frame.attrs['alpha']:g}; "
        f"margin {frame.attrs['margin']:g}."
    )


def to_json(frame: pd.DataFrame) -> str:
    """Write a comparison as JSON: settings, exit code of the gate, rows; no NaN."""
    rows = [
        {name: _plain(value) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
    document = {
        **frame.attrs,
        "exit_code": exit_code(frame),
        "verdicts": dict(Counter(frame["verdict"])),
        "rows": rows,
    }
    return json.dumps(document, indent=1, allow_nan=False)


def to_markdown(frame: pd.DataFrame) -> str:
    """Write a comparison as markdown; text of strangers is escaped."""
    table = as_text(frame)
    table["why"] = [escape(why) for why in table["why"]]
    return "\n\n".join(
        [f"**{count_verdicts(frame)}**", markdown_table(table), describe(frame)]
    )


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Lay a comparison out for readers, every value a text."""
    rows = []
    for row in frame.to_dict("records"):
        interval = f"[{row['low']:+.4f}, {row['high']:+.4f}]"
        rows.append(
            {
                "dataset": row["dataset"],
                "classifier": row["classifier"],
                "n": str(row["n"]),
                "base": _written(row["base"], ".4f"),
                "new": _written(row["new"], ".4f"),
                "difference": _written(row["difference"], "+.4f"),
                "interval": "–" if math.isnan(row["low"]) else interval,
                "verdict": row["verdict"],
                "why": row["why"],
            }
        )
    return pd.DataFrame(rows)


def _by_row(
    frame: pd.DataFrame, name: str, metric: str
) -> dict[tuple[str, str], _Cells]:
    """Sort the cells of a source by dataset and classifier."""
    for column in _COLUMNS:
        if column not in frame:
            raise CompareError(
                f"{name} has no column '{column}'; expected {', '.join(_COLUMNS)}"
            )
    score = f"test_{metric}"
    rows: dict[tuple[str, str], _Cells] = {}
    for row in frame.to_dict("records"):
        cells = rows.setdefault((row["dataset"], row["classifier"]), {})
        if row["repetition"] in cells:
            cell = cell_name(row["dataset"], row["repetition"], row["classifier"])
            raise CompareError(f"{name} has two rows of {cell}; expected one a cell")
        cells[row["repetition"]] = _Cell(
            row["status"], row["data_hash"], float(row.get(score, math.nan))
        )
    return rows


def _pair(base: _Cells, new: _Cells, metric: str) -> tuple[np.ndarray, str]:
    """Return the scores of both on the same data, (n, 2), and why that is not all."""
    by_hash: dict[str, _Cell] = {}
    for cell in new.values():
        if cell.status == "done":
            by_hash.setdefault(cell.data_hash, cell)
    pairs: list[tuple[float, float]] = []
    problems: dict[str, list[str]] = {}
    used: set[str] = set()

    def note(problem: str, repetition: int, said: str = "") -> None:
        problems.setdefault(problem, []).append(f"{repetition}{said}")

    for repetition, cell in base.items():
        same_place = new.get(repetition, _ABSENT)
        is_same = same_place.data_hash == cell.data_hash
        partner = same_place if is_same else by_hash.get(cell.data_hash)
        if cell.status != "done":
            note("missing cells: not done in BASE", repetition, f" ({cell.status})")
        elif cell.data_hash in used:
            note("changed data: BASE has the same data twice", repetition)
        elif partner is not None and partner.status == "done":
            if math.isnan(cell.score) or math.isnan(partner.score):
                source = "BASE" if math.isnan(cell.score) else "NEW"
                note(f"no {METRICS[metric].title} in {source}", repetition)
            pairs.append((cell.score, partner.score))
        elif same_place is _ABSENT:
            note("fewer repetitions: not in NEW", repetition)
        elif same_place.status != "done":
            status = same_place.status
            note("missing cells: not done in NEW", repetition, f" ({status})")
        else:
            note("changed data: not the same in NEW", repetition)
        used.add(cell.data_hash)
    scores = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    if not new:
        return scores, "missing cells: not in NEW"
    return scores, "; ".join(
        f"{what}: repetitions {name_some(at, _SHOWN)}" for what, at in problems.items()
    )


def _judge(
    scores: np.ndarray, metric: str, margin: float, level: float
) -> dict[str, Any]:
    """Compare the two columns of (n, 2) paired scores, n at least 1."""
    base, new = scores.T
    turned = differences(new, base, METRICS[metric].larger_is_better)
    interval = mean_interval(turned[:, None], level)
    low, high = float(interval.low[0]), float(interval.high[0])
    if not turned.any():  # one pair suffices to tell that both are the same
        low = high = 0.0
    return {
        "base": float(base.mean()),
        "new": float(new.mean()),
        "difference": float(interval.mean[0]),
        "low": low,
        "high": high,
        "verdict": verdict(low, high, margin),
        "why": "" if len(scores) > 1 or not turned.any() else "a single repetition",
    }


def _written(value: float, form: str) -> str:
    return "–" if math.isnan(value) else f"{value:{form}}"


def _plain(value: Any) -> Any:
    """Turn a value of a frame into one of JSON."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return value
