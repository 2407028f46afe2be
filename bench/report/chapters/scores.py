"""Figures of scores over datasets: every repetition, and score against cost."""

from collections.abc import Sequence

import pandas as pd

from bench.analysis import ReportData, rows_of
from bench.figures import cost_figure, scores_figure
from bench.render import FigureFile
from bench.report.chapters.matrix import ranked
from bench.report.figure_files import FigureFolder, slug
from bench.report.looks import looks_of
from bench.report.tables import capitalised, counted
from bench.stats import CHANCE

_MOST_COSTS = 6  # panels; more would be small


def draw_scores(
    data: ReportData, datasets: Sequence[str], figures: FigureFolder
) -> list[FigureFile]:
    """Draw every repetition of up to three datasets side by side."""
    metric, results = data.measure, data.findings.results
    title = data.metric.title
    name = f"scores-{slug(datasets[0])}" if len(datasets) == 1 else "scores"
    rows = results[results["dataset"].isin(list(datasets))]
    online = rows.loc[rows["status"] == "done", f"train_{metric}"].isna().all()
    caption = "Each dot is one repetition, filled: held-out"
    caption += "." if online else ", hollow: training; their means are joined."
    caption += " Dashed: chance."
    if "collapsed" in rows and rows["collapsed"].fillna(False).any():
        caption += " Crosses: trainings that collapsed."
    return [
        figures.add(
            name,
            f"{capitalised(title)} of every classifier and repetition",
            caption,
            scores_figure,
            rows,
            metric,
            datasets=list(datasets),
            order=ranked(data),
            chance={facts.id: facts.chance for facts in data.datasets},
            alpha=data.suite.alpha,
            looks=looks_of(data),
        )
    ]


def draw_costs(data: ReportData, figures: FigureFolder) -> list[FigureFile]:
    """Draw scores against seconds to fit, where a score differs from chance."""
    datasets = [
        facts.id
        for facts in data.datasets
        if facts.learnable and _differ(data, facts.id, facts.chance)
    ][:_MOST_COSTS]
    if not datasets or len(data.classifiers) < 3:
        return []
    title = data.metric.title
    left = len(data.datasets) - len(datasets)
    return [
        figures.add(
            "cost",
            f"Held-out {title} against seconds to fit",
            "Line: the Pareto front, classifiers that no other one beats in both score "
            "and cost. Seconds are medians over repetitions."
            + (f" {counted(left, 'dataset')} not shown." if left else ""),
            cost_figure,
            data.findings.summary,
            data.measure,
            datasets=datasets,
            looks=looks_of(data),
            chance={facts.id: facts.chance for facts in data.datasets},
        )
    ]


def _differ(data: ReportData, dataset: str, chance: float | None) -> bool:
    """Tell whether any classifier is significantly away from chance."""
    rows: pd.DataFrame = rows_of(data.findings.intervals, dataset)
    if rows.empty or chance is None:
        return True
    rows = rows[rows["classifier"] != CHANCE]
    return bool(((rows["low"] > chance) | (rows["high"] < chance)).any())
