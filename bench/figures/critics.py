"""Figures of critics (WGAN discriminators): the parts of their loss."""

from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bench.figures.drawing.theme import (
    COLUMN,
    INK,
    NEURAL,
    PAGE,
    SYMBOLIC,
    axes_or_new,
    new_grid,
    note_empty,
    plain,
    style,
)
from bench.figures.training import epoch_label, over_repetitions
from bench.stats import spread

# Styles of the parts of a loss. One panel holds one critic, so colour is free for them.
_LINES: dict[str, dict[str, Any]] = {
    "loss_real": {"color": SYMBOLIC, "linestyle": "-"},
    "loss_fake": {"color": NEURAL, "linestyle": (0, (4, 1.2))},
    "loss_penalty": {"color": INK, "linestyle": (0, (1, 1))},
}
PARTS = {
    "loss_real": "real (symbolic curves)",
    "loss_fake": "fake (neural curves)",
    "loss_penalty": "penalty, times its weight",
}
_LINES_ARE = "thick: median, thin: each"
_PANELS_A_ROW = 4
_THIN_LINES, _VERTICES = 10, 60  # repetitions drawn, and points of each
_FAR = 30  # ratio of the largest loss to the median from which an axis is logarithmic


@style()
def critics_figure(history: pd.DataFrame) -> Any:
    """Return a figure of the parts of critics' losses, one panel for each critic.

    Each panel has its own scale: without a penalty losses grow without bounds, and a
    large penalty is a hundred times the other parts.

    Parameters
    ----------
    history : DataFrame
        Rows as in `plot_parts`, of at most 8 critics, in the order of the panels.
    """
    names = list(dict.fromkeys(history["classifier"]))
    single = len(names) == 1
    width, height = (COLUMN, 2.6) if single else (PAGE, 1.8)
    figure, axes, _ = new_grid(len(names), _PANELS_A_ROW, width, height)
    for name, ax in zip(names, axes, strict=True):
        plot_parts(history[history["classifier"] == name], ax=ax)
        ax.set(xlabel="", ylabel="")
        ax.locator_params(axis="x", nbins=4)
        ax.set_title(plain(name))
    figure.supylabel("part of the loss", fontsize=7.5)
    label = epoch_label(history, _LINES_ARE)
    label = "\n".join(wrap(label, 44)) if single else label
    figure.supxlabel(label, fontsize=7.5)
    figure.legend(
        [Line2D([], [], **options) for options in _LINES.values()],
        list(PARTS.values()),
        loc="outside upper center",
        ncols=1 if single else 3,
    )
    return figure


@style()
def plot_parts(history: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the real, the fake and the penalty part of one critic's loss.

    Thin lines are repetitions, at most ten of them, and thick ones their medians. If
    the largest loss is far above the median, the axis is logarithmic on both sides of
    a linear middle.

    Parameters
    ----------
    history : DataFrame
        Rows of the critic from `bench.stats.histories.history_frame`.
    """
    ax = axes_or_new(ax)
    sizes = {"": pd.Series(dtype=float)}
    for part, options in _LINES.items():
        # A penalty of weight zero is recorded too, as zeros; it is not drawn.
        if part not in history or not history[part].fillna(0).any():
            continue
        median, _, _ = over_repetitions(history, part)
        for _, rows in list(history.groupby("repetition"))[:_THIN_LINES]:
            values = rows.dropna(subset=[part]).set_index("epoch")[part]
            values = values.iloc[spread(len(values), _VERTICES)]
            ax.plot(
                values.index, values, color=options["color"], linewidth=0.4, alpha=0.4
            )
        ax.plot(median.index, median, linewidth=1.3, **options)
        sizes[part] = median.abs()
    # A satisfied penalty tends to zero, so it does not count for the scale.
    losses = [size for part, size in sizes.items() if part != "loss_penalty"]
    _scale_losses(ax, pd.concat(losses).median(), pd.concat(sizes).max())
    if len(sizes) == 1:
        note_empty(ax, "nothing recorded")
    ax.set_xlabel(epoch_label(history, _LINES_ARE))
    ax.set_ylabel("part of the loss")
    return ax


def _scale_losses(ax: Axes, median: float, largest: float) -> None:
    """Make the axis logarithmic on both sides of zero if the largest loss is far."""
    if not largest > _FAR * median > 0:
        return
    linear_end = 10.0 ** np.floor(np.log10(median))
    ax.set_yscale("symlog", linthresh=linear_end)
    powers = np.arange(np.log10(linear_end).round(), np.ceil(np.log10(largest)) + 1)
    powers = powers[:: -(-len(powers) // 4)]  # a panel has room for 4 on each side
    ticks = [sign * 10.0**power for sign in (-1, 1) for power in powers]
    ax.yaxis.set_major_locator(FixedLocator([0.0, *ticks]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(_power))


def _power(value: float, _: int) -> str:
    """Format a tick as a power of ten; `_` is its position, which matplotlib passes."""
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    return f"${sign}10^{{{np.log10(abs(value)):.0f}}}$"
