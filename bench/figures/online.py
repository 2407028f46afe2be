"""Figures of online training: its three accuracies told apart, and held-out ones."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bench.figures.theme import (
    COLUMN,
    INK,
    PAGE,
    ClassifierStyle,
    axes_or_new,
    handle,
    height_for,
    legend_beside,
    lines,
    new_grid,
    plain,
    style,
    styles_of,
)
from bench.figures.training import over_repetitions, said_of_smoothing
from bench.stats import spread

# By kind, not by classifier: one panel holds one classifier. Of Okabe and Ito's
# palette, and no two lines of a kind.
_LAST_STEP: dict[str, Any] = {"color": "#D98E00", "linestyle": (0, (4, 1.2))}
_PREQUENTIAL: dict[str, Any] = {"color": "#009E73", "linestyle": "-"}
_HELD_OUT: dict[str, Any] = {"color": INK, "marker": "o", "markersize": 2.6}
KINDS = {
    "notebook's: the batch in its last step": _LAST_STEP,
    "prequential: the batch before any step": _PREQUENTIAL,
    "held-out: the fixed test curves": _HELD_OUT,
}
PANELS = 8  # of a figure
_A_ROW = 4
_MARKS = 12  # along a line; more would be a line of their own


@style()
def accuracies_figure(history: pd.DataFrame, held_out: pd.DataFrame) -> Any:
    """Return a figure of the three accuracies, a panel a classifier, at most 8.

    Parameters
    ----------
    history, held_out : DataFrame
        As `plot_accuracies` takes them, of those classifiers; the order of their
        first rows is that of the panels.
    """
    names = list(dict.fromkeys([*history["classifier"], *held_out["classifier"]]))
    single = len(names) == 1
    width, height = (COLUMN, 2.6) if single else (PAGE, 1.8)
    figure, axes, _ = new_grid(len(names), _A_ROW, width, height)
    n_columns = -(-len(names) // -(-len(names) // _A_ROW))
    low, high = 1.0, 0.0
    for i, (name, ax) in enumerate(zip(names, axes, strict=True)):
        mine, evaluated = (f[f["classifier"] == name] for f in (history, held_out))
        plot_accuracies(mine, evaluated, ax=ax)
        low, high = min(low, ax.dataLim.y0), max(high, ax.dataLim.y1)
        ax.set(xlabel="", ylabel="")
        lowest = i + n_columns >= len(names)
        ax.tick_params(labelleft=i % n_columns == 0, labelbottom=lowest)
        ax.set_title(plain(name))
    for ax in axes:
        ax.set_ylim(low - 0.02, high + 0.02)
        ax.locator_params(axis="x", nbins=5)
    figure.supylabel("accuracy", fontsize=7.5)
    said = said_of_smoothing(history)
    figure.supxlabel(said if single else said.replace("\n", "; "), fontsize=7.5)
    figure.legend(
        [line for line, _ in accuracy_entries()],
        [label for _, label in accuracy_entries()],
        loc="outside upper center",
        ncols=1 if single else 3,
    )
    return figure


@style()
def plot_accuracies(
    history: pd.DataFrame, held_out: pd.DataFrame, *, ax: Axes | None = None
) -> Axes:
    """Draw the three accuracies of one classifier that was trained online.

    Lines are means over repetitions, bands one std about them. What the lines are
    stands in `accuracy_entries`, for a legend that several axes share.

    Parameters
    ----------
    history : DataFrame
        Rows of the classifier, as `bench.stats.histories.history_frame` gives them; its
        columns accuracy and prequential_accuracy are drawn.
    held_out : DataFrame
        Its rows, as `bench.stats.histories.held_out_frame` gives them.
    """
    ax = axes_or_new(ax)
    drawn = False
    for frame, quantity, how in (
        (history, "accuracy", _LAST_STEP),
        (history, "prequential_accuracy", _PREQUENTIAL),
        (held_out, "accuracy", _HELD_OUT),
    ):
        if quantity in frame and frame[quantity].notna().any():
            _draw(ax, frame, quantity, how)
            drawn = True
    if not drawn:
        ax.text(0.5, 0.5, "nothing recorded", transform=ax.transAxes, ha="center")
    ax.set_xlabel(said_of_smoothing(history))
    ax.set_ylabel("accuracy")
    return ax


def accuracy_entries() -> list[tuple[Line2D, str]]:
    """Return what a legend says of the lines of `plot_accuracies`."""
    return [(Line2D([], [], **how), label) for label, how in KINDS.items()]


@style()
def plot_held_out(
    held_out: pd.DataFrame,
    *,
    looks: Mapping[str, ClassifierStyle] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the held-out accuracy of all classifiers as they train: a line each.

    Parameters
    ----------
    held_out : DataFrame
        As `bench.stats.histories.held_out_frame` gives it, of one dataset.
    """
    n_lines = held_out["classifier"].nunique()
    ax = axes_or_new(ax, height=height_for(n_lines))
    looks = styles_of(held_out["classifier"], looks)
    found = []
    for name, own in held_out.groupby("classifier", sort=False):
        look = looks[str(name)]
        how = {"color": look.colour, "marker": look.marker, "markersize": 3.2}
        last, n = _draw(ax, own, "accuracy", how)
        label = f"{plain(str(name))} (n={n})"
        found.append((-last, handle(look), label))
    if found:  # in the order in which the lines end, to be found by eye
        found.sort(key=lambda entry: (entry[0], entry[2]))
        legend_beside(ax, [(line, label) for _, line, label in found])
    else:
        ax.text(0.5, 0.5, "nothing recorded", transform=ax.transAxes, ha="center")
    ax.locator_params(axis="x", nbins=5)  # long numbers would touch
    ax.set_xlabel(lines("epoch", "band: ±1 std over n repetitions"))
    ax.set_ylabel("held-out accuracy")
    return ax


def _draw(
    ax: Axes, frame: pd.DataFrame, quantity: str, how: dict[str, Any]
) -> tuple[float, int]:
    """Draw a mean and its band; return where the mean ends, and over how many."""
    mean, std, n = over_repetitions(frame, quantity)
    some = spread(len(mean), 300)
    mean, std = mean.iloc[some], std.iloc[some]
    how = how | {"markevery": max(1, len(mean) // _MARKS)}
    ax.plot(mean.index, mean, **how)
    ax.fill_between(
        mean.index,
        (mean - std).clip(lower=0.0),
        (mean + std).clip(upper=1.0),
        color=how["color"],
        alpha=0.16,
        linewidth=0,
    )
    return float(mean.iloc[-1]), n
