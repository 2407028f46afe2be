"""The table of scores that reports and the terminal print, and numbers as text."""

import math
from collections.abc import Container, Sequence

import pandas as pd

from bench.analysis import reference_facts, without_training_scores
from bench.cells import Plan
from bench.stats import OwnMetric, metric_of

# Fits that compute for less than this share of their seconds have waited.
_BUSY = 0.8
_LEAST_SECONDS = 10.0  # of all fits: less says nothing of a machine


def untrained_note(summary: pd.DataFrame, held_out: Container[str] = ()) -> str:
    """Explain the dash under training; return an empty text if there is no dash.

    Parameters
    ----------
    summary
        The rows of one dataset.
    held_out
        The classifiers that were fitted to a training set which they did not predict.
    """
    names = without_training_scores(summary)
    reasons = {
        "trained online, without a training set": [
            n for n in names if n not in held_out
        ],
        "only held-out curves are predicted (scores: held-out)": [
            n for n in names if n in held_out
        ],
    }
    notes = []
    for why, of in reasons.items():
        whose = "" if len(of) == len(summary) else f" ({', '.join(of)})"
        if of:
            notes.append(f"– under training{whose}: {why}.")
    return " ".join(notes)


def counted(n: int, noun: str) -> str:
    """Write ``1 thread`` or ``2 threads``."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def ranged(numbers: Sequence[int], noun: str) -> str:
    """Write ``10 repetitions``, or ``1 to 10 repetitions`` for different numbers."""
    low, high = min(numbers), max(numbers)
    return counted(high, noun) if low == high else f"{low} to {counted(high, noun)}"


def capitalised(text: str) -> str:
    """Make the first letter a capital; `str.capitalize` would turn AUC into auc."""
    return text[:1].upper() + text[1:]


def mean_std(mean: float, std: float) -> str:
    """Write ``0.990±0.003``, or ``0.990±–`` for one value, which has no deviation."""
    if math.isnan(mean):
        return "–"
    return f"{mean:.3f}±{'–' if math.isnan(std) else f'{std:.3f}'}"


def score_rows(
    plan: Plan,
    summary: pd.DataFrame,
    dataset: str,
    metrics: Sequence[str | OwnMetric] | None = None,
) -> pd.DataFrame:
    """Return a dataset's table as text: scores, n, seconds and published scores.

    Parameters
    ----------
    summary
        See `bench.analysis.results.summarise`; may hold other datasets too.
    metrics
        The metrics that have columns, by default all of the suite.

    Returns
    -------
    DataFrame
        One row for each classifier, in the order of `summary`; every value is a text.
    """
    if metrics is None:
        metrics = [entry.described for entry in plan.suite.metric_entries]
    reference = None if plan.reference is None else reference_facts(plan.reference)
    rows = []
    for entry in summary[summary["dataset"] == dataset].to_dict("records"):
        name = entry["classifier"]
        row = {"classifier": name}
        for metric in metrics:
            for part, title in (("test", "held-out"), ("train", "training")):
                column = f"{part}_{metric}"
                row[f"{title} {metric_of(metric).title}"] = mean_std(
                    entry[f"{column}_mean"], entry[f"{column}_std"]
                )
        row["n"] = str(entry["n"])
        if entry["n"] < entry["n_cells"]:
            row["n"] += f" of {entry['n_cells']}"
        fit = entry["fit_seconds_median"]
        row["fit (s)"] = "–" if math.isnan(fit) else f"{fit:.2f}"
        if reference and reference.has_repeated(dataset):
            part, _, metric = reference.measures.partition("_")
            title = (
                f"{reference.title} ({'training' if part == 'train' else 'held-out'})"
            )
            mean, _ = reference.datasets.get(dataset, {}).get(name, (math.nan, None))
            gap = entry.get(f"{reference.measures}_mean", math.nan) - mean
            row[title] = reference.repeated(dataset, name)
            # + 0.0 turns a rounded -0.0 into 0.0, which prints as +0.000.
            row[f"difference to {reference.title}"] = (
                "–" if math.isnan(gap) else f"{round(gap, 3) + 0.0:+.3f}"
            )
        rows.append(row)
    return pd.DataFrame(rows)


def waiting(results: pd.DataFrame) -> str:
    """Say for a caption that fits took longer than they computed; else nothing.

    Seconds of a machine that has other work to do are those of the machine, not of the
    classifier.
    """
    done = results[results["status"] == "done"]
    wall, processor = done["fit_seconds"].sum(), done["fit_cpu_seconds"].sum()
    if wall < _LEAST_SECONDS or processor > _BUSY * wall:
        return ""
    return (
        f" Processor time is {processor / wall:.0%} of these seconds: the machine had "
        "other work, or waited. summary.csv has the medians of both."
    )


def interval(low: float, high: float, form: str = ".3f") -> str:
    """Write ``[0.987, 0.991]``, or an en dash if there is no interval."""
    return "–" if math.isnan(low) else f"[{low:{form}}, {high:{form}}]"


def p_value(p: float) -> str:
    """Write a probability with three digits, or as a bound if it rounds to 0 or 1."""
    if math.isnan(p):
        return "–"
    if p < 0.001:
        return "<0.001"
    return ">0.999" if p > 0.999 else f"{p:.3f}"
