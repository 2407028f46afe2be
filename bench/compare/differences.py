"""The comparison of two sets of results: which classifiers became better or worse.

Scores are paired if both come from the same curves, see `bench.compare.pairing`.
Without a pair they are not comparable, and never count as equivalent.

A comparison asks one of two questions of a row. By default: how does it differ, with
the verdicts of a report. With `at_most_worse`, a test of noninferiority: is a loss over
a margin excluded?
"""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from bench.base import CompareError, did_you_mean, name_grid, shown
from bench.compare.pairing import NOT_IN_NEW, PairedCell, PairedCells, Pairs, pair_cells
from bench.compare.resolution import SHARES, half_curves, overlaps_of
from bench.compare.results_csv import cell_name
from bench.render import escape, markdown_table
from bench.stats import (
    FEWEST_FOR_VERDICT,
    METRICS,
    OwnMetric,
    check_share,
    check_width,
    differences,
    mean_interval,
    metric_of,
    name_some,
    overlap_of,
    repetitions_needed,
    verdict,
)

VERDICTS = (
    "worse",
    "inconclusive",
    "not comparable",
    "noninferior",
    "equivalent",
    "identical",
    "better",
    "new",
)
PASSING = {"noninferior", "equivalent", "identical", "better"}
REGRESSION, UNDECIDED = 1, 4  # exit codes
NOT_IN_BASE = "not in BASE"
MANY = 1000  # more repetitions than this are no remedy
_NO_NUMBER = "no number of repetitions would do, since they share curves"
_UNKNOWN_OVERLAP = (
    "unknown design: repetitions of recorded curves share curves, and neither BASE nor "
    "NEW says how many (a column overlap, as `python -m bench report` writes it)"
)
_COLUMNS = ("dataset", "repetition", "classifier", "status", "data_hash")

_TEXT_COLUMNS = ["dataset", "classifier", "n", "base", "new", "difference", "interval"]
_TEXT_COLUMNS += ["verdict", "why"]


@dataclass(frozen=True)
class _Question:
    """What is asked of each row, and how surely it is to be answered.

    Attributes
    ----------
    margin
        The largest difference that does not matter.
    noninferiority
        Whether only a loss is looked for.
    low_alpha, high_alpha
        One minus the coverage of the two-sided intervals that give a row's lower end
        and its upper end.
    """

    margin: float
    noninferiority: bool
    low_alpha: float
    high_alpha: float

    @classmethod
    def of(
        cls, margin: float, at_most_worse: float | None, alpha: float, n_rows: int
    ) -> Self:
        """Spread alpha over the rows that are compared.

        All verdicts of a comparison are to be right together, so that its intervals
        hold simultaneously over all rows. The gate of noninferiority needs less: it
        passes only if every row does, and whichever row is truly worse must have been
        missed by its own interval. So lower ends need no adjustment (an
        intersection-union test), and only upper ends do, since one row is enough to
        fail.
        """
        simultaneous = alpha / max(1, n_rows)
        if at_most_worse is None:
            return cls(margin, False, simultaneous, simultaneous)
        return cls(at_most_worse, True, alpha, simultaneous)


def compare_results(
    base: pd.DataFrame,
    new: pd.DataFrame,
    *,
    metric: str | OwnMetric = "accuracy",
    margin: float = 0.01,
    alpha: float = 0.05,
    at_most_worse: float | None = None,
    half_curve: float | None = None,
    overlap: float | Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Compare held-out scores that come from the same data.

    Parameters
    ----------
    base, new
        As `bench.compare.read.read_source` or `bench.read_results` return them.
    metric
        The metric of the scores: the name of one of `bench.stats.metrics.METRICS`, or
        the description of another.
    margin
        The largest difference that does not matter, in the metric's unit. It has no
        meaning where `at_most_worse` is given.
    alpha
        One minus the probability that all intervals hold together (paired t,
        Bonferroni over all rows that are compared and not identical). With
        `at_most_worse` only the upper ends do; the lower ends are those of each row's
        own interval.
    at_most_worse
        The largest loss that is allowed, in the metric's unit: asks for noninferiority.
    half_curve
        Half a test curve as a difference of the metric, below which the standard
        deviation of differences is never taken. By default it is found from the
        accuracies of each dataset, see `bench.compare.resolution`; it is zero for
        metrics that do not move in steps of a curve.
    overlap
        What repetitions that divide one pool of curves add to 1/n in the variance of a
        mean (`bench.stats.intervals.pool_overlap`), a number or dataset → number; 0 for
        independent draws. By default it is the larger of what `base` and `new` have in
        their columns of that name; a recorded dataset without it in either is not
        comparable, unless its scores are identical.

    Returns
    -------
    DataFrame
        One row a dataset and classifier: those of `base` in its order, then those that
        only `new` has. ``n`` is the number of pairs, ``rounded`` of those whose curves
        differ in their last bits; ``base`` and ``new`` are the mean
        scores; ``difference`` is positive if `new` is better, with an interval from
        ``low`` to ``high`` (NaN for a single pair and for identical scores).
        ``verdict`` is

        - "identical" if the scores are equal in each repetition;
        - "better", "worse", "equivalent" or "inconclusive", as in a report; with
          `at_most_worse` "noninferior" if the interval excludes a larger loss, "worse"
          if it lies wholly beyond, else "inconclusive". With fewer than three pairs
          always "inconclusive". ``why`` then says what is missing;
        - "not comparable", with the reason in ``why`` and without scores;
        - "new" for rows that only `new` has, which no gate judges.

        ``frame.attrs`` holds metric, alpha, margin or at_most_worse, and overlap, of
        the datasets where it is above 0.

    Raises
    ------
    BenchError
        If a column is missing, a cell has two rows, or a number is out of range.
    """
    if not isinstance(metric, OwnMetric) and metric not in METRICS:
        raise CompareError(
            f"unknown metric '{metric}'{did_you_mean(metric, METRICS)}. Known: "
            f"{', '.join(METRICS)}"
        )
    check_width("margin", margin)
    check_share("alpha", alpha)
    if at_most_worse is not None:
        check_width("at_most_worse", at_most_worse)
    in_base = _by_row(base, "BASE", metric)
    in_new = _by_row(new, "NEW", metric)
    paired = {
        row: pair_cells(cells, in_new.get(row, {}), metric)
        for row, cells in in_base.items()
    }
    shared = overlaps_of(base, new) if overlap is None else {}
    for (dataset, classifier), pairs in paired.items():
        if overlap is not None:
            shared.setdefault(dataset, overlap_of(overlap, dataset))
        if math.isnan(shared[dataset]) and not (pairs.why or pairs.identical):
            paired[dataset, classifier] = replace(pairs, why=_UNKNOWN_OVERLAP)
    n_judged = sum(not (pairs.why or pairs.identical) for pairs in paired.values())
    question = _Question.of(margin, at_most_worse, alpha, n_judged)
    least_std = {}
    if half_curve is None and metric in SHARES:
        least_std = half_curves(base, new)
    rows = []
    for (dataset, classifier), pairs in paired.items():
        row = {
            "dataset": dataset,
            "classifier": classifier,
            "n": len(pairs.scores),
            "rounded": pairs.n_rounded,
        }
        if pairs.why:
            rows.append(row | {"verdict": "not comparable", "why": pairs.why})
        else:
            least = least_std.get(dataset, half_curve or 0.0)
            rows.append(row | _judge(pairs, metric, question, least, shared[dataset]))
    for (dataset, classifier), cells in in_new.items():
        if (dataset, classifier) not in in_base:
            done = [c.score for c in cells.values() if c.status == "done"]
            rows.append(
                {
                    "dataset": dataset,
                    "classifier": classifier,
                    "n": len(done),
                    "rounded": 0,
                    "new": float(np.mean(done)) if done else math.nan,
                    "verdict": "new",
                    "why": NOT_IN_BASE,
                }
            )
    numbers = ["base", "new", "difference", "low", "high"]
    columns = ["dataset", "classifier", "n", "rounded", *numbers, "verdict", "why"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.astype(dict.fromkeys(numbers, float)).fillna({"why": ""})
    frame.attrs = {"metric": metric, "alpha": alpha}
    if at_most_worse is None:
        frame.attrs["margin"] = margin
    else:
        frame.attrs["at_most_worse"] = at_most_worse
    if known := {name: value for name, value in shared.items() if value > 0}:
        frame.attrs["overlap"] = known
    return frame


def exit_code(frame: pd.DataFrame) -> int:
    """Return a gate's exit code: 1 if a row is worse, else 4 if undecided, else 0.

    Undecided means that a row is inconclusive or not comparable, or that no row was
    compared at all.
    """
    verdicts = set(frame["verdict"])
    if "worse" in verdicts:
        return REGRESSION
    is_undecided = verdicts & {"inconclusive", "not comparable"}
    return UNDECIDED if is_undecided or not verdicts & PASSING else 0


def what_is_missing(
    values: np.ndarray,
    least_std: float,
    distance: float,
    alpha: float,
    overlap: float = 0.0,
) -> str:
    """Say how many repetitions would give a verdict, should mean and spread stay.

    Parameters
    ----------
    values
        A score or a difference for each repetition, shape (n,), n at least 1.
    least_std
        The least standard deviation that they are taken to have.
    distance
        From their mean to the value that the interval must exclude, 0 or more.
    alpha
        One minus the coverage of the interval.
    overlap
        See `compare_results`. With it, more repetitions do not tell more than the pool
        of their curves can.

    Returns
    -------
    str
        A clause such as "at this spread, about 24 repetitions would do": they exclude
        the value with 80% power.
    """
    if len(values) < FEWEST_FOR_VERDICT:
        return f"a verdict needs {FEWEST_FOR_VERDICT} repetitions"
    std, spread = float(values.std(ddof=1)), "at this spread"
    if std < least_std:
        std, spread = least_std, f"at a spread of half a test curve ({least_std:g})"
    if overlap and not distance:
        return f"{spread}, {_NO_NUMBER}"
    # Else the search would go on for long: the power at MANY is below one half.
    if overlap or distance * math.sqrt(MANY) > 2 * std:
        needed = repetitions_needed(std, distance, alpha=alpha, overlap=overlap)
        if needed is None:
            return f"{spread}, {_NO_NUMBER}"
        if needed <= MANY:
            return f"{spread}, about {needed} repetitions would do"
    return f"{spread}, more than {MANY} repetitions would be needed"


def count_verdicts(frame: pd.DataFrame) -> str:
    """Write the counts as ``1 worse, 25 equivalent``, the most important first."""
    counts = Counter(frame["verdict"])
    return ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])


def signed(difference: float) -> str:
    """Write a difference with its sign and four decimals, ``–`` for NaN."""
    # Rounded, plus 0.0: else a difference of rounding alone is written as -0.0000.
    return "–" if math.isnan(difference) else f"{round(difference, 4) + 0.0:+.4f}"


def name_rows(frame: pd.DataFrame, shown_names: int = 6) -> str:
    """Name the first few rows, each with its difference, and count the rest."""
    names = []
    for row in frame.to_dict("records"):
        gain = row["difference"]
        change = "" if math.isnan(gain) else f" ({signed(gain)})"
        names.append(f"{shown(row['classifier'])} on {shown(row['dataset'])}{change}")
    return name_some(names, shown_names)


def differing(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows whose scores differ: better, worse or inconclusive."""
    return frame[frame["verdict"].isin(["better", "worse", "inconclusive"])]


def shares_nothing(frame: pd.DataFrame) -> bool:
    """Return whether no dataset and classifier of one source is in the other."""
    return bool(frame["why"].isin([NOT_IN_BASE, NOT_IN_NEW]).all())


def what_each_has(frame: pd.DataFrame) -> str:
    """Say what two sources have that share nothing."""
    parts = []
    for source, why in (("BASE", NOT_IN_NEW), ("NEW", NOT_IN_BASE)):
        rows = frame[frame["why"] == why]
        parts.append(f"{source} has {len(rows)} ({_grid(rows)})")
    return (
        f"BASE and NEW share no classifier on the same dataset: {'; '.join(parts)}; "
        "compare two reports of one suite"
    )


def alike(frame: pd.DataFrame) -> list[str]:
    """Name the rows that do not differ, one text for each verdict."""
    texts = []
    for name in ("noninferior", "equivalent", "identical"):
        rows = frame[frame["verdict"] == name]
        if len(rows):
            largest = rows["difference"].abs().max()
            more = ", equal in every repetition"
            if name != "identical":
                more = f", largest difference {largest:.4f}"
            texts.append(f"{len(rows)} {name} ({_grid(rows)}){more}")
    return texts


def reasons(frame: pd.DataFrame) -> list[str]:
    """Write the reasons of verdicts, one text for all rows that share one."""
    with_reason = frame[frame["why"] != ""]
    groups = with_reason.groupby(["verdict", "why"], sort=False)
    texts = []
    for (answer, why), rows in groups:
        # Rows without a difference to name are named together.
        no_difference = rows["difference"].isna().all() and len(rows) > 1
        if no_difference:
            texts.append(f"{len(rows)} {answer} ({_grid(rows)}): {why}")
        else:
            texts.append(f"{answer}: {name_rows(rows)}: {why}")
    return texts


def _grid(rows: pd.DataFrame) -> str:
    """Name rows together, as ``KNN, GNB × normal, uniform``."""
    names = (rows["dataset"].map(shown), rows["classifier"].map(shown))
    return name_grid(zip(*names, strict=True), most=5)


def describe(frame: pd.DataFrame) -> str:
    """Describe the columns of a comparison, and the numbers behind its verdicts."""
    metric = metric_of(frame.attrs["metric"])
    if frame["verdict"].isin(["identical", "not comparable", "new"]).all():
        return f"Held-out {metric.title}, of the same curves."
    better = "larger" if metric.larger_is_better else "smaller"
    alpha = frame.attrs["alpha"]
    shared = _shared_words(frame.attrs.get("overlap", {}))
    text = (
        f"Held-out {metric.title} ({better} is better), of the same curves; a "
        "positive difference is better. identical: equal in every repetition. "
    )
    if "margin" in frame.attrs:
        return (
            f"{text}All intervals hold together with probability {1 - alpha:g}; "
            f"margin {frame.attrs['margin']:g}.{shared}"
        )
    loss = frame.attrs["at_most_worse"]
    return (
        f"{text}noninferior: the interval lies above {-loss:g}, so that a larger loss "
        f"is excluded; worse: it lies below. An interval's lower end holds with "
        f"probability {1 - alpha / 2:g}; all upper ends hold together with "
        f"probability {1 - alpha / 2:g}.{shared}"
    )


def _shared_words(overlap: Mapping[str, float]) -> str:
    """Say of which datasets repetitions share curves, and what follows."""
    if not overlap:
        return ""
    names = [f"{shown(name)} ({value:.2g})" for name, value in overlap.items()]
    return (
        " Repetitions that divide the same recorded curves are not independent: to 1/n "
        "in the variance of a mean over n of them is added, for "
        f"{name_some(names)}, the number in brackets."
    )


def to_json(frame: pd.DataFrame) -> str:
    """Write a comparison as JSON: settings, exit code, rows; null stands for NaN."""
    rows = [
        {name: _plain(value) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
    document = {
        **frame.attrs,
        "metric": str(frame.attrs["metric"]),
        "exit_code": exit_code(frame),
        "verdicts": dict(Counter(frame["verdict"])),
        "rows": rows,
    }
    return json.dumps(document, indent=1, allow_nan=False)


def to_markdown(frame: pd.DataFrame, every_row: bool = False) -> str:
    """Write a comparison as markdown; texts from files are escaped.

    With `every_row` the table has all rows, else those that differ.
    """
    if shares_nothing(frame) and not every_row:
        return escape(what_each_has(frame))
    rows = frame if every_row else differing(frame)
    table = as_text(rows).drop(columns="why")
    notes = reasons(frame) if every_row else [*alike(frame), *reasons(frame)]
    parts = []
    if every_row or frame["verdict"].nunique() > 1:  # else the line below says it
        parts.append(f"**{count_verdicts(frame)}**")
    if len(rows):
        parts.append(markdown_table(table))
    if notes:
        parts.append("\n".join(f"- {escape(note)}" for note in notes))
    return "\n\n".join([*parts, describe(frame)])


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a comparison as a table for readers, with every value as text."""
    rows = []
    for row in frame.to_dict("records"):
        interval = f"[{signed(row['low'])}, {signed(row['high'])}]"
        rows.append(
            {
                "dataset": row["dataset"],
                "classifier": row["classifier"],
                "n": str(row["n"]),
                "base": "–" if math.isnan(row["base"]) else f"{row['base']:.4f}",
                "new": "–" if math.isnan(row["new"]) else f"{row['new']:.4f}",
                "difference": signed(row["difference"]),
                "interval": "–" if math.isnan(row["low"]) else interval,
                "verdict": row["verdict"],
                "why": row["why"],
            }
        )
    return pd.DataFrame(rows, columns=_TEXT_COLUMNS)


def _by_row(
    frame: pd.DataFrame, name: str, metric: str | OwnMetric
) -> dict[tuple[str, str], PairedCells]:
    """Group the cells of a source by dataset and classifier."""
    for column in _COLUMNS:
        if column not in frame:
            raise CompareError(
                f"{name} has no column '{column}'; expected {', '.join(_COLUMNS)}"
            )
    score = f"test_{metric}"
    rows: dict[tuple[str, str], PairedCells] = {}
    for row in frame.to_dict("records"):
        cells = rows.setdefault((row["dataset"], row["classifier"]), {})
        if row["repetition"] in cells:
            cell = cell_name(row["dataset"], row["repetition"], row["classifier"])
            raise CompareError(f"{name} has two rows of {cell}; expected one a cell")
        cells[row["repetition"]] = PairedCell.of(row, score)
    return rows


def _judge(
    pairs: Pairs,
    metric: str | OwnMetric,
    question: _Question,
    least_std: float,
    overlap: float,
) -> dict[str, Any]:
    """Compare the two columns of at least one pair of scores."""
    base, new = pairs.scores.T
    row: dict[str, Any] = {"base": float(base.mean()), "new": float(new.mean())}
    if pairs.identical:
        return row | {"difference": 0.0, "verdict": "identical", "why": ""}
    gains = differences(new, base, metric_of(metric).larger_is_better)
    ends = _ends(gains[:, None], question, least_std, overlap)
    low, high = (float(end[0]) for end in ends)
    answer = _answer(low, high, question, len(gains))
    why = ""
    if answer == "inconclusive":
        distance, level = _distance(float(gains.mean()), question)
        why = what_is_missing(gains, least_std, distance, level, overlap)
        if pairs.n_rounded:
            why = f"{_rounded(pairs)}; {why}"
    row |= {"difference": float(gains.mean()), "low": low, "high": high}
    return row | {"verdict": answer, "why": why}


def _rounded(pairs: Pairs) -> str:
    """Say that scores differ on curves that differ in their last bits alone."""
    return (
        f"the curves differ in their last bits in {pairs.n_rounded} of "
        f"{len(pairs.scores)} repetitions, as on another processor, and its scores "
        "with them"
    )


def _ends(
    gains: np.ndarray, question: _Question, least_std: float, overlap: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the interval of each column's mean; NaN for a single gain."""
    low = mean_interval(gains, question.low_alpha, least_std, overlap).low
    high = mean_interval(gains, question.high_alpha, least_std, overlap).high
    return low, high


def _answer(low: float, high: float, question: _Question, n: int) -> str:
    """Return the verdict on an interval that rests on n gains."""
    found = verdict(low, high, question.margin, n)
    if not question.noninferiority or found == "worse" or n < FEWEST_FOR_VERDICT:
        return found
    # A loss of exactly the margin is allowed, whatever its last bits are.
    return "noninferior" if low >= -question.margin - 1e-12 else "inconclusive"


def _distance(gain: float, question: _Question) -> tuple[float, float]:
    """Return the way from a gain to the end of its verdict, and the level there."""
    if not question.noninferiority:
        return abs(abs(gain) - question.margin), question.low_alpha
    is_lost = gain < -question.margin
    level = question.high_alpha if is_lost else question.low_alpha
    return abs(gain + question.margin), level


def _plain(value: Any) -> Any:
    """Turn a value of a frame into a value of JSON, which has no NaN."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return value
