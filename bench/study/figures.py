"""Figures of a study: how its trials went, which parameter mattered, and how."""

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

_WIDE = 20  # times the smallest value: from here on the axis is logarithmic
_VALUE = "accuracy on validation curves"


@style()
def plot_search(trials: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the value of each trial in the order of sampling, and the best until then.

    A pruned trial stands where it was judged last; a failed one is a mark at the foot.

    Parameters
    ----------
    trials : DataFrame
        As `bench.study.trials.trials_frame` gives it.
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
    """Draw how much each parameter decides, by two measures, the largest on top.

    Parameters
    ----------
    shares : DataFrame
        As `bench.study.trials.importances` gives it.
    """
    ax = axes_or_new(ax)
    places = np.arange(len(shares))[::-1]
    for shift, (column, title, colour) in zip(
        (0.19, -0.19),
        (("fanova", "fANOVA", SYMBOLIC), ("ped_anova", "PED-ANOVA", NEURAL)),
        strict=True,
    ):
        height = 0.36
        ax.barh(places + shift, shares[column], height, color=colour, label=title)
    ax.set_yticks(places, [plain(str(name)) for name in shares["parameter"]])
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
    """Draw the values of trials against a parameter, and their medians.

    Only complete trials count for a median: a pruned one was judged earlier.

    Parameters
    ----------
    choices
        In their order, the first on top; none where the parameter is a number between
        two others.
    """
    ax = axes_or_new(ax)
    complete = trials[trials["state"] == "complete"]
    pruned = trials[trials["state"] == "pruned"]

    def place(rows: pd.DataFrame) -> Any:
        if not choices:
            return rows[name].astype(float)
        return [len(choices) - 1 - choices.index(value) for value in rows[name]]

    ax.plot(pruned["value"], place(pruned), "x", color=FAINT, markersize=3, alpha=0.6)
    ax.plot(complete["value"], place(complete), "o", color=SYMBOLIC, markersize=3)
    if choices:
        for position, choice in enumerate(choices):
            own = complete["value"][[value == choice for value in complete[name]]]
            if len(own):
                height = len(choices) - 1 - position
                ends = [height - 0.35, height + 0.35]
                ax.plot([own.median()] * 2, ends, color=INK, linewidth=1.6)
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


_A_ROW = 3  # parameters side by side stay readable


def search_figure(
    trials: pd.DataFrame, shares: pd.DataFrame, figures: FigureFolder
) -> FigureFile:
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
) -> list[FigureFile]:
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
