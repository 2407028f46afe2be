"""The comparison of two sets of results: which classifiers became better or worse.

Scores are paired if both come from the same data, by the data hash. Without a pair they
are not comparable, and never count as equivalent.
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
    """A cell as one of the two sources has it."""

    status: str
    data_hash: str
    score: float


_Cells = dict[int, _Cell]  # repetition → cell
_ABSENT = _Cell("absent", "", math.nan)


def compare_results(
    base: pd.DataFrame,
    new: pd.DataFrame,
    *,
    metric: str = "accuracy",
    margin: float = 0.01,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Compare held-out scores that come from the same data.

    Parameters
    ----------
    base, new
        As `bench.compare.read.read_source` or `bench.read_results` return them.
    metric
        The metric of the scores, one of `bench.stats.metrics.METRICS`.
    margin
        The largest difference that does not matter, in the metric's unit.
    alpha
        One minus the probability that all intervals of a dataset hold together
        (paired t, Bonferroni over the classifiers compared on that dataset).

    Returns
    -------
    DataFrame
        One row a dataset and classifier: those of `base` in its order, then those that
        only `new` has. ``n`` is the number of pairs; ``base`` and ``new`` are the mean
        scores; ``difference`` is positive if `new` is better, with an interval from
        ``low`` to ``high`` (NaN for a single pair, unless both scores are equal).
        ``verdict`` is "better", "worse", "equivalent" or "inconclusive"; or "not
        comparable", with the reason in ``why`` and without scores; or "new", for rows
        that only `new` has, which no gate judges. ``frame.attrs`` holds metric, margin
        and alpha.

    Raises
    ------
    BenchError
        If a column is missing, a cell has two rows, or a number is out of range.
    """
    if metric not in METRICS:
        raise CompareError(
            f"unknown metric '{metric}'{did_you_mean(metric, METRICS)}. Known: "
            f"{', '.join(METRICS)}"
        )
    check_width("margin", margin)
    check_share("alpha", alpha)
    in_base = _by_row(base, "BASE", metric)
    in_new = _by_row(new, "NEW", metric)
    paired = {
        row: _pair(cells, in_new.get(row, {}), metric) for row, cells in in_base.items()
    }
    n_compared = Counter(
        dataset for (dataset, _), (_, why) in paired.items() if not why
    )
    rows = []
    for (dataset, classifier), (scores, why) in paired.items():
        row = {"dataset": dataset, "classifier": classifier, "n": len(scores)}
        if why:
            rows.append(row | {"verdict": "not comparable", "why": why})
        else:
            level = alpha / n_compared[dataset]
            rows.append(row | _judge(scores, metric, margin, level))
    for (dataset, classifier), cells in in_new.items():
        if (dataset, classifier) not in in_base:
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
    """Return a gate's exit code: 1 if a row is worse, else 4 if undecided, else 0.

    Undecided means that a row is inconclusive or not comparable, or that no row was
    compared at all.
    """
    verdicts = set(frame["verdict"])
    if "worse" in verdicts:
        return REGRESSION
    is_compared = verdicts & {"better", "equivalent"}
    is_undecided = verdicts & {"inconclusive", "not comparable"} or not is_compared
    return UNDECIDED if is_undecided else 0


def count_verdicts(frame: pd.DataFrame) -> str:
    """Write the counts as ``1 worse, 25 equivalent``, the most important first."""
    counts = Counter(frame["verdict"])
    return ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])


def describe(frame: pd.DataFrame) -> str:
    """Describe the columns of a comparison, and the numbers behind its verdicts."""
    metric = METRICS[frame.attrs["metric"]]
    better = "larger" if metric.larger_is_better else "smaller"
    return (
        f"Held-out {metric.title} ({better} is better), paired by data hash; a "
        f"positive difference is better. Intervals hold together over the "
        f"classifiers of a dataset with probability {1 - frame.attrs['alpha']:g}; "
        f"margin {frame.attrs['margin']:g}."
    )


def to_json(frame: pd.DataFrame) -> str:
    """Write a comparison as JSON: settings, exit code, rows; null stands for NaN."""
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
    """Write a comparison as markdown; texts from files are escaped."""
    table = as_text(frame)
    table["why"] = [escape(why) for why in table["why"]]
    return "\n\n".join(
        [f"**{count_verdicts(frame)}**", markdown_table(table), describe(frame)]
    )


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a comparison as a table for readers, with every value as text."""
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
    """Group the cells of a source by dataset and classifier."""
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
    """Pair the cells of a row that come from the same data.

    Returns
    -------
    scores : array of shape (n, 2)
        The score of each pair in both sources.
    why : str
        The reason why the row is not comparable; empty if it is.
    """
    by_hash: dict[str, _Cell] = {}
    for cell in new.values():
        if cell.status == "done":
            by_hash.setdefault(cell.data_hash, cell)
    pairs: list[tuple[float, float]] = []
    problems: dict[str, list[str]] = {}
    used: set[str] = set()

    def note(problem: str, repetition: int, detail: str = "") -> None:
        problems.setdefault(problem, []).append(f"{repetition}{detail}")

    for repetition, cell in base.items():
        # The same repetition first; another one if both sources number them
        # differently.
        same_repetition = new.get(repetition, _ABSENT)
        is_same_data = same_repetition.data_hash == cell.data_hash
        partner = same_repetition if is_same_data else by_hash.get(cell.data_hash)
        if cell.status != "done":
            note("missing cells: not done in BASE", repetition, f" ({cell.status})")
        elif cell.data_hash in used:
            note("changed data: BASE has the same data twice", repetition)
        elif partner is not None and partner.status == "done":
            if math.isnan(cell.score) or math.isnan(partner.score):
                source = "BASE" if math.isnan(cell.score) else "NEW"
                note(f"no {METRICS[metric].title} in {source}", repetition)
            pairs.append((cell.score, partner.score))
        elif same_repetition is _ABSENT:
            note("fewer repetitions: not in NEW", repetition)
        elif same_repetition.status != "done":
            status = same_repetition.status
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
    gains = differences(new, base, METRICS[metric].larger_is_better)
    interval = mean_interval(gains[:, None], level)
    low, high = float(interval.low[0]), float(interval.high[0])
    if not gains.any():  # equal scores need no interval, not even of a single pair
        low = high = 0.0
    return {
        "base": float(base.mean()),
        "new": float(new.mean()),
        "difference": float(interval.mean[0]),
        "low": low,
        "high": high,
        "verdict": verdict(low, high, margin),
        "why": "" if len(scores) > 1 or not gains.any() else "a single repetition",
    }


def _written(value: float, form: str) -> str:
    return "–" if math.isnan(value) else f"{value:{form}}"


def _plain(value: Any) -> Any:
    """Turn a value of a frame into a value of JSON, which has no NaN."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return value
