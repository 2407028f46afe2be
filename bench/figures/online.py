"""Figures of online training: its three accuracies, and held-out accuracy of all."""

from collections.abc import Mapping
from textwrap import wrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bench.figures.drawing.theme import (
    COLUMN,
    HIGHLIGHTS,
    INK,
    PAGE,
    ClassifierStyle,
    axes_or_new,
    height_for,
    new_grid,
    note_empty,
    plain,
    style,
)
from bench.figures.training import epoch_label, over_repetitions, plot_training

# Styles of the kinds of accuracy. One panel holds one classifier, so colour is free for
# them. Line styles differ as well.
_LAST_STEP: dict[str, Any] = {"color": HIGHLIGHTS[1], "linestyle": (0, (4, 1.2))}
_PREQUENTIAL: dict[str, Any] = {"color": HIGHLIGHTS[2], "linestyle": "-"}
_HELD_OUT: dict[str, Any] = {"color": INK, "marker": "o", "markersize": 2.6}
KINDS = {
    "notebook's: the batch in its last step": _LAST_STEP,
    "prequential: the batch before any step": _PREQUENTIAL,
    "held-out: the fixed test curves": _HELD_OUT,
}
PANELS = 8  # the largest number of panels in a figure
_PANELS_A_ROW = 4
_MARKS = 12  # markers along a line; more would merge into a second line


@style()
def accuracies_figure(history: pd.DataFrame, held_out: pd.DataFrame) -> Any:
    """Return a figure of the three accuracies, one panel for each classifier.

    Parameters
    ----------
    history, held_out : DataFrame
        Rows as in `plot_accuracies`, of at most 8 classifiers, whose order is that of
        the panels.
    """
    names = list(dict.fromkeys([*history["classifier"], *held_out["classifier"]]))
    single = len(names) == 1
    width, height = (COLUMN, 2.6) if single else (PAGE, 1.8)
    figure, axes, _ = new_grid(len(names), _PANELS_A_ROW, width, height)
    n_rows = -(-len(names) // _PANELS_A_ROW)
    n_columns = -(-len(names) // n_rows)
    low, high = 1.0, 0.0
    for i, (name, ax) in enumerate(zip(names, axes, strict=True)):
        recorded, evaluated = (f[f["classifier"] == name] for f in (history, held_out))
        plot_accuracies(recorded, evaluated, ax=ax)
        low, high = min(low, ax.dataLim.y0), max(high, ax.dataLim.y1)
        ax.set(xlabel="", ylabel="")
        is_lowest = i + n_columns >= len(names)
        ax.tick_params(labelleft=i % n_columns == 0, labelbottom=is_lowest)
        ax.set_title(plain(name))
    for ax in axes:
        ax.set_ylim(low - 0.02, high + 0.02)
        ax.locator_params(axis="x", nbins=5)
    figure.supylabel("accuracy", fontsize=7.5)
    label = epoch_label(history if len(history) else held_out)
    label = "\n".join(wrap(label, 44)) if single else label
    figure.supxlabel(label, fontsize=7.5)
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

    Lines are medians over repetitions, and bands go from 10 to 90% of them. There is
    no legend: several axes share one, made from `accuracy_entries`.

    Parameters
    ----------
    history : DataFrame
        Rows of the classifier from `bench.stats.histories.history_frame`; the columns
        accuracy and prequential_accuracy are drawn.
    held_out : DataFrame
        Rows of the classifier from `bench.stats.histories.held_out_frame`.
    """
    ax = axes_or_new(ax)
    is_empty = True
    for frame, quantity, options in (
        (history, "accuracy", _LAST_STEP),
        (history, "prequential_accuracy", _PREQUENTIAL),
        (held_out, "accuracy", _HELD_OUT),
    ):
        if quantity in frame and frame[quantity].notna().any():
            _draw_median(ax, frame, quantity, options)
            is_empty = False
    if is_empty:
        note_empty(ax, "nothing recorded")
    ax.set_xlabel(epoch_label(history if len(history) else held_out))
    ax.set_ylabel("accuracy")
    return ax


def accuracy_entries() -> list[tuple[Line2D, str]]:
    """Return the lines and labels of a legend for `plot_accuracies`."""
    return [(Line2D([], [], **options), label) for label, options in KINDS.items()]


@style()
def plot_held_out(
    held_out: pd.DataFrame,
    *,
    looks: Mapping[str, ClassifierStyle] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the held-out accuracy during training, one line for each classifier.

    Lines are medians over repetitions; highlighted classifiers have a colour and a
    10–90% band. If some trainings are much longer, the axis of epochs is logarithmic.

    Parameters
    ----------
    held_out : DataFrame
        Rows of one dataset from `bench.stats.histories.held_out_frame`.
    looks
        Styles of all classifiers of the suite, from `classifier_styles`.
    """
    names = held_out["classifier"].nunique()
    ax = axes_or_new(ax, PAGE, height=height_for(names))
    plot_training(held_out, "accuracy", log=False, looks=looks, ax=ax)
    ax.set_ylabel("held-out accuracy")
    return ax


def _draw_median(
    ax: Axes, frame: pd.DataFrame, quantity: str, options: dict[str, Any]
) -> None:
    """Draw a median over repetitions and their 10–90% band."""
    median, low, high = over_repetitions(frame, quantity)
    ax.plot(median.index, median, markevery=max(1, len(median) // _MARKS), **options)
    ax.fill_between(
        median.index, low, high, color=options["color"], alpha=0.16, linewidth=0
    )
