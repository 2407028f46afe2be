"""The report's chapter on all datasets: scores, overfitting and cost, as figures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from bench.analysis import Findings, rows_of
from bench.cells import Plan
from bench.figures import (
    PAGE,
    ClassifierStyle,
    classifier_styles,
    new_figure,
    plot_overfitting,
    plot_pareto,
    plot_scores,
    set_title,
)
from bench.render import FigureFile, Section
from bench.report.figure_files import FigureFolder
from bench.report.tables import capitalised, counted, waiting
from bench.stats import METRICS

_A_ROW = 3  # datasets side by side; with more, labels would overlap


def overview_chapter(plan: Plan, findings: Findings, figures: FigureFolder) -> Section:
    """Draw the scores of every repetition, overfitting and cost of each dataset."""
    metric, summary = plan.suite.metrics[0], findings.summary
    styles = classifier_styles(c.id for c in plan.classifiers)
    title, results = METRICS[metric].title, findings.results
    names = [recipe.spec.id for recipe in plan.datasets]
    with_training = set(summary.loc[summary[f"train_{metric}_mean"].notna(), "dataset"])
    drawn: list[FigureFile] = []
    for number, group in enumerate(_rows_of_three(names), start=1):
        rows = summary[summary["dataset"].isin(group)]
        drawn.append(
            figures.add(
                f"scores-{number}",
                f"{capitalised(title)} of every classifier and repetition",
                "Each dot is one repetition. Filled: held-out; hollow: training; bars: "
                "means of all. Crosses, if any: trainings that collapsed, with the "
                "exact interval of their share.",
                _scores,
                group,
                results[results["dataset"].isin(group)],
                rows,
                metric,
                styles,
                plan.suite.stats.alpha,
                # Inches: a row for each classifier, and the labels of the axis.
                max(2.2, 0.2 * len(plan.classifiers) + 0.9),
            )
        )
        # Classifiers trained online have no training score to compare with.
        fitted = [name for name in group if name in with_training]
        if fitted:
            drawn.append(
                figures.add(
                    f"overfitting-{number}",
                    f"Training against held-out {title}",
                    "Dotted: the score on new curves equals the training score.",
                    _overfitting,
                    fitted,
                    rows,
                    metric,
                    styles,
                )
            )
        drawn.append(
            figures.add(
                f"cost-{number}",
                f"Held-out {title} against seconds to fit",
                "Seconds are medians over repetitions, on "
                f"{counted(plan.suite.threads, 'thread')} of the machine that "
                "Provenance names. Line: the Pareto front, classifiers that no "
                "other one beats in both score and cost."
                f"{waiting(findings.results)}",
                _costs,
                group,
                rows,
                metric,
                styles,
            )
        )
    return Section(f"{capitalised(title)}, overfitting, cost", drawn)


def _rows_of_three(names: list[str]) -> Iterable[list[str]]:
    """Split the datasets into groups that fit beside each other."""
    for start in range(0, len(names), _A_ROW):
        yield names[start : start + _A_ROW]


def _scores(
    names: Sequence[str],
    results: pd.DataFrame,
    summary: pd.DataFrame,
    metric: str,
    styles: Mapping[str, ClassifierStyle],
    alpha: float,
    height: float,
) -> Any:
    def draw(name: str, ax: Axes) -> None:
        order = list(rows_of(summary, name)["classifier"])
        rows = rows_of(results, name)
        plot_scores(rows, metric, order=order, alpha=alpha, looks=styles, ax=ax)

    return _panels(names, height, draw)


def _overfitting(
    names: Sequence[str],
    summary: pd.DataFrame,
    metric: str,
    styles: Mapping[str, ClassifierStyle],
) -> Any:
    def draw(name: str, ax: Axes) -> None:
        plot_overfitting(rows_of(summary, name), metric, looks=styles, ax=ax)

    return _panels(names, 3.0, draw)


def _costs(
    names: Sequence[str],
    summary: pd.DataFrame,
    metric: str,
    styles: Mapping[str, ClassifierStyle],
) -> Any:
    def draw(name: str, ax: Axes) -> None:
        plot_pareto(rows_of(summary, name), metric, looks=styles, ax=ax)

    return _panels(names, 3.0, draw)


def _panels(
    names: Sequence[str], height: float, draw: Callable[[str, Axes], None]
) -> Any:
    """Draw datasets side by side; a single one takes half of the page's width."""
    width = PAGE if len(names) > 1 else PAGE / 2
    figure, axes = new_figure(len(names), width, height)
    for name, ax in zip(names, axes, strict=True):
        draw(name, ax)
        set_title(ax, name)
    return figure
