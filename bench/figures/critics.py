"""Figures of critics: the parts of their loss, told apart."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bench.figures.theme import (
    COLUMN,
    NEURAL,
    PAGE,
    SYMBOLIC,
    axes_or_new,
    new_grid,
    plain,
    style,
)
from bench.figures.training import over_repetitions, said_of_smoothing

# By part, not by classifier: one panel holds one critic.
_LOOKS: dict[str, dict[str, Any]] = {
    "loss_real": {"color": SYMBOLIC, "linestyle": "-"},
    "loss_fake": {"color": NEURAL, "linestyle": (0, (4, 1.2))},
    "loss_penalty": {"color": "#3A3A3A", "linestyle": (0, (1, 1))},
}
PARTS = {
    "loss_real": "real (symbolic curves)",
    "loss_fake": "fake (neural curves)",
    "loss_penalty": "penalty, times its weight",
}
_A_ROW = 4
_FAR = 30  # times the middle size of a loss: from here on the axis is no longer linear


@style()
def critics_figure(history: pd.DataFrame) -> Any:
    """Return a figure of the parts of critics' losses, a panel a critic, at most 8.

    Each panel has a scale of its own: without a penalty losses grow without bounds, and
    a heavy one is a hundred times what the others are.

    Parameters
    ----------
    history : DataFrame
        As `plot_parts` takes it, of those critics, in the order of the panels.
    """
    names = list(dict.fromkeys(history["classifier"]))
    single = len(names) == 1
    width, height = (COLUMN, 2.6) if single else (PAGE, 1.8)
    figure, axes, _ = new_grid(len(names), _A_ROW, width, height)
    for name, ax in zip(names, axes, strict=True):
        plot_parts(history[history["classifier"] == name], ax=ax)
        ax.set(xlabel="", ylabel="")
        ax.locator_params(axis="x", nbins=4)
        ax.set_title(plain(name))
    figure.supylabel("part of the loss", fontsize=7.5)
    said = said_of_smoothing(history)
    figure.supxlabel(said if single else said.replace("\n", "; "), fontsize=7.5)
    figure.legend(
        [Line2D([], [], **how) for how in _LOOKS.values()],
        list(PARTS.values()),
        loc="outside upper center",
        ncols=1 if single else 3,
    )
    return figure


@style()
def plot_parts(history: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the real, the fake and the penalty part of one critic's loss.

    Lines are means over repetitions, bands one std about them. Where the largest is far
    beyond the others, the axis is logarithmic on both sides of a linear middle.

    Parameters
    ----------
    history : DataFrame
        Rows of the critic, as `bench.stats.histories.history_frame` gives them.
    """
    ax = axes_or_new(ax)
    sizes = {"": pd.Series(dtype=float)}
    for part, how in _LOOKS.items():
        # A penalty without weight is none.
        if part not in history or not history[part].fillna(0).any():
            continue
        mean, std, _ = over_repetitions(history, part)
        ax.plot(mean.index, mean, **how)
        ax.fill_between(
            mean.index, mean - std, mean + std, color=how["color"], alpha=0.16, lw=0
        )
        sizes[part] = mean.abs()
    # The penalty vanishes as it is met, which is of no account for a scale.
    middle = pd.concat([own for part, own in sizes.items() if part != "loss_penalty"])
    _reach_far(ax, middle.median(), pd.concat(sizes).max())
    if len(sizes) == 1:
        ax.text(0.5, 0.5, "nothing recorded", transform=ax.transAxes, ha="center")
    ax.set_xlabel(said_of_smoothing(history))
    ax.set_ylabel("part of the loss")
    return ax


def _reach_far(ax: Axes, middle: float, largest: float) -> None:
    """Let an axis show small losses beside huge ones, of both signs."""
    if not largest > _FAR * middle > 0:
        return
    start = 10.0 ** np.floor(np.log10(middle))
    ax.set_yscale("symlog", linthresh=start)
    powers = np.arange(np.log10(start).round(), np.ceil(np.log10(largest)) + 1)
    powers = powers[:: -(-len(powers) // 4)]  # on each side, and zero: no more fits
    ticks = [sign * 10.0**power for sign in (-1, 1) for power in powers]
    ax.yaxis.set_major_locator(FixedLocator([0.0, *ticks]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(_power))


def _power(value: float, _: int) -> str:
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    return f"${sign}10^{{{np.log10(abs(value)):.0f}}}$"
