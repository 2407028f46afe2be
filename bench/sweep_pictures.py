"""The pictures of a sweep: scores along it, and its points where they are swept."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.dataset_figures import plot_densities
from bench.dataset_picture import slug
from bench.document_parts import Figure
from bench.figure_files import FigureFolder
from bench.figures import PAGE, Look, height_for, new_figure
from bench.findings import Findings, sweep_rows
from bench.metrics import METRICS
from bench.runner import Plan
from bench.sweep_figures import MARK_HEIGHT, marks, plot_sweep
from bench.sweeps import SPREAD, Sweep


def draw_sweep(
    plan: Plan,
    found: Findings,
    sweep: Sweep,
    looks: Mapping[str, Look],
    figures: FigureFolder,
) -> list[Figure]:
    """Draw the scores along a sweep; of input points also how densely they lie.

    Parameters
    ----------
    figures
        The folder that the figure's file is written to.
    """
    name = f"sweep-{slug(sweep.family)}" if sweep.family else "sweep"
    drawn = [_scores(plan, found, sweep, looks, figures, name)]
    if sweep.name == SPREAD:
        points = {recipe.spec.id: recipe.x for recipe in plan.datasets}
        drawn.append(
            figures.add(
                f"densities-{slug(sweep.family)}" if sweep.family else "densities",
                "How densely the input points of each dataset lie",
                "A histogram of the points of each dataset, as a line.",
                plot_densities,
                {sweep.label(dataset): points[dataset] for dataset in sweep.values},
                even=sweep.limit,
            )
        )
    return drawn


def _scores(
    plan: Plan,
    found: Findings,
    sweep: Sweep,
    looks: Mapping[str, Look],
    figures: FigureFolder,
    name: str,
) -> Figure:
    metric, alpha = plan.suite.metrics[0], plan.suite.stats.alpha
    results = found.results[found.results["dataset"].isin(list(sweep.values))]
    scores = pd.DataFrame(
        {
            "classifier": results["classifier"],
            "score": results[f"test_{metric}"],
            sweep.name: results["dataset"].map(dict(sweep.values)),
        }
    )
    crossings = sweep_rows(found.crossings, sweep)
    caption = f"Bands: intervals at {1 - alpha:.0%} over repetitions."
    if len(crossings) and crossings["leads"].any():
        caption += (
            " Rings: where another classifier becomes the best; above, of those that "
            f"are clear, at which {sweep.quantity}, with a bar for the interval."
        )
    if sweep.limit:
        caption += (
            f" Beyond the gap: the {sweep.limit}, which the points approach as "
            f"{sweep.quantity} grows; its bars are the same intervals."
        )
    of = f" of {sweep.family}" if sweep.family else ""
    alt = f"Held-out {METRICS[metric].title}{of} against {sweep.name}"
    return figures.add(
        name,
        alt,
        caption,
        _lines,
        scores,
        sweep.name,
        metric,
        len(plan.classifiers),
        label=sweep.words,
        limit=sweep.limit,
        alpha=alpha,
        crossings=crossings,
        looks=looks,
    )


def _lines(
    scores: pd.DataFrame,
    quantity: str,
    metric: str,
    n_classifiers: int,
    *,
    crossings: pd.DataFrame,
    **options: Any,
) -> Any:
    """Draw the scores in a figure that is high enough for its legend and its marks."""
    height = height_for(n_classifiers, least=3.2)
    if len(crossings):
        height += MARK_HEIGHT * len(marks(crossings))
    figure, [ax] = new_figure(1, PAGE, height)
    plot_sweep(
        scores,
        quantity,
        metric,
        crossings=None if crossings.empty else crossings,
        ax=ax,
        **options,
    )
    return figure
