"""Figures of a study: the course of its trials, and the influence of each parameter."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.figures import (
    FAINT,
    INK,
    NEURAL,
    PAGE,
    SYMBOLIC,
    axes_or_new,
    new_figure,
    plain,
    style,
)
from bench.render import FigureFile
from bench.report import FigureFolder
from bench.suite import DimensionSpec

_WIDE = 20  # ratio of largest to smallest value from which an axis is logarithmic
_VALUE = "accuracy on validation curves"


@style()
def plot_search(trials: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the value of each trial in the order of sampling, and the best so far.

    A pruned trial is drawn at its last value; a failed one is a mark at the bottom.

    Parameters
    ----------
    trials : DataFrame
        As `bench.study.trials.trials_frame` returns it.
    """
    ax = axes_or_new(ax)
    complete = trials[trials["state"] == "complete"]
    pruned = trials[trials["state"] == "pruned"]
    failed = trials[trials["state"] == "failed"]
    if len(complete):
        best = complete["value"].cummax()
        end = [*complete["number"], trials["number"].max()]
        ax.step(end, [*best, best.iloc[-1]], where="post", color=INK, label="best")
    low = ax.get_ylim()[0] if trials["value"].isna().all() else trials["value"].min()
    for rows, name, marker, colour in (
        (complete, "complete", "o", SYMBOLIC),
        (pruned, "pruned", "x", FAINT),
        (failed, "failed", "v", NEURAL),
    ):
        if len(rows):
            ax.plot(
                rows["number"],
                rows["value"].fillna(low),
                linestyle="",
                marker=marker,
                markersize=3.5,
                color=colour,
                label=f"{name} ({len(rows)})",
            )
    ax.set_xlabel("trial")
    ax.set_ylabel(_VALUE)
    if len(trials):
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.2)
    return ax


@style()
def plot_importances(shares: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw two measures of the importance of each parameter, the largest on top.

    Parameters
    ----------
    shares : DataFrame
        As `bench.study.trials.importances` returns it.
    """
    ax = axes_or_new(ax)
    positions = np.arange(len(shares))[::-1]
    for shift, (column, title, colour) in zip(
        (0.19, -0.19),
        (("fanova", "fANOVA", SYMBOLIC), ("ped_anova", "PED-ANOVA", NEURAL)),
        strict=True,
    ):
        height = 0.36
        ax.barh(positions + shift, shares[column], height, color=colour, label=title)
    ax.set_yticks(positions, [plain(str(name)) for name in shares["parameter"]])
    ax.set_xlabel("share of importance")
    ax.grid(visible=False, axis="y")
    if len(shares):
        ax.legend(loc="lower right")
    else:
        ax.set_xticks([])
        ax.text(0.5, 0.5, "too few trials", transform=ax.transAxes, ha="center")
    return ax


@style()
def plot_parameter(
    trials: pd.DataFrame,
    name: str,
    choices: Sequence[Any] = (),
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw the values of trials against a parameter, and the median for each choice.

    A median is over complete trials only, since a pruned one was evaluated earlier in
    its training.

    Parameters
    ----------
    choices
        The choices of the parameter, the first on top; empty if it has a range.
    """
    ax = axes_or_new(ax)
    complete = trials[trials["state"] == "complete"]
    pruned = trials[trials["state"] == "pruned"]

    def heights(rows: pd.DataFrame) -> Any:
        if not choices:
            return rows[name].astype(float)
        return [len(choices) - 1 - choices.index(value) for value in rows[name]]

    height_of_pruned = heights(pruned)
    ax.plot(
        pruned["value"], height_of_pruned, "x", color=FAINT, markersize=3, alpha=0.6
    )
    ax.plot(complete["value"], heights(complete), "o", color=SYMBOLIC, markersize=3)
    if choices:
        for position, choice in enumerate(choices):
            with_choice = [value == choice for value in complete[name]]
            values = complete["value"][with_choice]
            if len(values):
                height = len(choices) - 1 - position
                ends = [height - 0.35, height + 0.35]
                ax.plot([values.median()] * 2, ends, color=INK, linewidth=1.6)
        names = [plain(short_choice(choice)) for choice in choices]
        ax.set_yticks(range(len(choices))[::-1], names)
        ax.set_ylim(-0.6, len(choices) - 0.4)
    else:
        numbers = trials[name].dropna().astype(float)
        if len(numbers) and numbers.max() >= _WIDE * numbers.min() > 0:
            ax.set_yscale("log")
    ax.set_title(plain(name), fontsize=8)
    ax.set_xlabel(_VALUE)
    return ax


def short_choice(label: Any) -> str:
    """Write a choice for a reader: ``[64, 64, 64, 64]`` as ``4 × 64``."""
    try:
        widths = json.loads(label) if isinstance(label, str) else None
    except ValueError:
        widths = None
    if isinstance(widths, list) and widths:
        if len(set(map(str, widths))) == 1:
            return f"{len(widths)} × {widths[0]}"
        return ", ".join(map(str, widths))
    return f"{label:.3g}" if isinstance(label, float) else str(label)


_COLUMNS = 3  # parameters side by side that are still readable


def search_figure(
    trials: pd.DataFrame, shares: pd.DataFrame, figures: FigureFolder
) -> FigureFile:
    """Draw the course of the trials, and the importance of each parameter."""
    return figures.add(
        "search",
        "Value of each trial, and importance of each parameter",
        "Left: values in the order of sampling, for pruned trials the last value. "
        "Right: importance of each parameter.",
        _search,
        trials,
        shares,
    )


def parameter_figures(
    trials: pd.DataFrame, space: Mapping[str, DimensionSpec], figures: FigureFolder
) -> list[FigureFile]:
    """Draw the values against each parameter, three parameters a figure."""
    names = list(space)
    drawn = []
    for number, start in enumerate(range(0, len(names), _COLUMNS), start=1):
        row = names[start : start + _COLUMNS]
        drawn.append(
            figures.add(
                f"parameters-{number}",
                f"Values of trials against {', '.join(row)}",
                "Dots: complete trials; crosses: pruned trials at their last value; "
                "bars: medians of the complete trials.",
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
    figure, axes = new_figure(_COLUMNS, PAGE, height)
    for (name, choices), ax in zip(labels.items(), axes, strict=False):
        plot_parameter(trials, name, choices, ax=ax)
    for ax in axes[len(labels) :]:
        ax.set_axis_off()
    return figure
