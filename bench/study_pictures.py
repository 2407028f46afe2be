"""The pictures of a study's report, as figures of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bench.document_parts import Figure
from bench.figure_files import FigureFolder
from bench.figures import PAGE, new_figure
from bench.study_figures import plot_importances, plot_parameter, plot_search
from bench.study_schema import DimensionSpec

_A_ROW = 3  # parameters side by side stay readable


def search_figure(
    trials: pd.DataFrame, shares: pd.DataFrame, figures: FigureFolder
) -> Figure:
    """Draw how the trials went, and what mattered."""
    return figures.add(
        "search",
        "Value of each trial, and importance of each parameter",
        "Left: values in the order of sampling, pruned trials where they were last "
        "judged. Right: importance of each parameter.",
        _search,
        trials,
        shares,
    )


def parameter_figures(
    trials: pd.DataFrame, space: Mapping[str, DimensionSpec], figures: FigureFolder
) -> list[Figure]:
    """Draw the values against each parameter, some parameters a figure."""
    names = list(space)
    drawn = []
    for number, start in enumerate(range(0, len(names), _A_ROW), start=1):
        row = names[start : start + _A_ROW]
        drawn.append(
            figures.add(
                f"parameters-{number}",
                f"Values of trials against {', '.join(row)}",
                "Dots: complete trials; crosses: pruned ones, where they were last "
                "judged; bars: medians of the complete ones.",
                _parameters,
                trials,
                {name: space[name].labels for name in row},
            )
        )
    return drawn


def _search(trials: pd.DataFrame, shares: pd.DataFrame) -> Any:
    figure, axes = new_figure(2, PAGE, 2.7)
    plot_search(trials, ax=axes[0])
    plot_importances(shares, ax=axes[1])
    return figure


def _parameters(trials: pd.DataFrame, labels: Mapping[str, Sequence[Any]]) -> Any:
    height = 1.1 + 0.17 * max(6, *map(len, labels.values()))
    figure, axes = new_figure(_A_ROW, PAGE, height)
    for (name, own), ax in zip(labels.items(), axes, strict=False):
        plot_parameter(trials, name, own, ax=ax)
    for ax in axes[len(labels) :]:
        ax.set_axis_off()
    return figure
