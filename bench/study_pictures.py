"""The pictures of a study's report, written as PNG and SVG."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from bench import figures
from bench.dataset_picture import saved
from bench.document_parts import Figure
from bench.study_figures import plot_importances, plot_parameter, plot_search
from bench.study_schema import DimensionSpec

_A_ROW = 3  # parameters side by side stay readable


def search_figure(trials: pd.DataFrame, shares: pd.DataFrame, folder: Path) -> Figure:
    """Draw how the trials went, and what mattered."""
    figure, axes = figures.new_figure(2, figures.PAGE, 2.7)
    plot_search(trials, ax=axes[0])
    plot_importances(shares, ax=axes[1])
    return saved(
        figure,
        folder,
        "search",
        "Value of each trial, and importance of each parameter",
        "Left: values in the order of sampling, pruned trials where they were last "
        "judged. Right: importance of each parameter.",
    )


def parameter_figures(
    trials: pd.DataFrame, space: Mapping[str, DimensionSpec], folder: Path
) -> list[Figure]:
    """Draw the values against each parameter, some parameters a figure."""
    names = list(space)
    drawn = []
    for number, start in enumerate(range(0, len(names), _A_ROW), start=1):
        row = names[start : start + _A_ROW]
        height = 1.1 + 0.17 * max(6, *(len(space[name].labels) for name in row))
        figure, axes = figures.new_figure(_A_ROW, figures.PAGE, height)
        for name, ax in zip(row, axes, strict=False):
            plot_parameter(trials, name, space[name].labels, ax=ax)
        for ax in axes[len(row) :]:
            ax.set_axis_off()
        drawn.append(
            saved(
                figure,
                folder,
                f"parameters-{number}",
                f"Values of trials against {', '.join(row)}",
                "Dots: complete trials; crosses: pruned ones, where they were last "
                "judged; bars: medians of the complete ones.",
            )
        )
    return drawn
