"""Results as data frames, and data frames as text."""

import math
from collections.abc import Sequence

import pandas as pd

from bench.analysis import trained_online
from bench.cells import Plan
from bench.stats import METRICS


def online_note(summary: pd.DataFrame) -> str:
    """Say what the dash under training is; empty where there is none.

    `summary` holds rows of one dataset.
    """
    names = trained_online(summary)
    if not names:
        return ""
    whose = "" if len(names) == len(summary) else f", {', '.join(names)}"
    return f"– under training{whose}: trained online, there is no training set."


def mean_std(mean: float, std: float) -> str:
    """Write ``0.990±0.003``; ``0.990±–`` where one value has no deviation."""
    if math.isnan(mean):
        return "–"
    return f"{mean:.3f}±{'–' if math.isnan(std) else f'{std:.3f}'}"


def score_rows(
    plan: Plan,
    summary: pd.DataFrame,
    dataset: str,
    metrics: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Lay out a dataset's table: scores, n, seconds, and the reference beside them.

    `metrics` are the suite's by default.
    """
    metrics = plan.suite.metrics if metrics is None else metrics
    reference = plan.reference
    figures = reference.datasets.get(dataset, {}) if reference else {}
    rows = []
    for entry in summary[summary["dataset"] == dataset].to_dict("records"):
        name = entry["classifier"]
        row = {"classifier": name}
        for metric in metrics:
            for part, title in (("test", "held-out"), ("train", "training")):
                column = f"{part}_{metric}"
                row[f"{title} {METRICS[metric].title}"] = mean_std(
                    entry[f"{column}_mean"], entry[f"{column}_std"]
                )
        row["n"] = str(entry["n"])
        if entry["n"] < entry["n_cells"]:
            row["n"] += f" of {entry['n_cells']}"
        fit = entry["fit_seconds_mean"]
        row["fit (s)"] = "–" if math.isnan(fit) else f"{fit:.2f}"
        if reference and figures:
            figure = figures.get(name)
            part, _, metric = reference.measures.partition("_")
            title = (
                f"{reference.title} ({'training' if part == 'train' else 'held-out'})"
            )
            std = math.nan if figure is None or figure.std is None else figure.std
            ours = entry.get(f"{reference.measures}_mean", math.nan)
            row[title] = mean_std(figure.mean, std) if figure else "–"
            row["ours − theirs"] = (
                f"{round(ours - figure.mean, 3) + 0.0:+.3f}"
                if figure and not math.isnan(ours)
                else "–"
            )
        rows.append(row)
    return pd.DataFrame(rows)


def interval(low: float, high: float, form: str = ".3f") -> str:
    """Write ``[0.987, 0.991]``, or an en dash where there is none."""
    return "–" if math.isnan(low) else f"[{low:{form}}, {high:{form}}]"


def p_value(p: float) -> str:
    """Write a probability with three digits, and what rounds to 0 or 1 as a bound."""
    if math.isnan(p):
        return "–"
    if p < 0.001:
        return "<0.001"
    return ">0.999" if p > 0.999 else f"{p:.3f}"
