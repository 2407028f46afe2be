"""Figures of training: what SD and CSD recorded in each epoch."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.figures.theme import (
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

_TITLES = {
    "loss": "loss (of its own objective)",
    "accuracy": "training accuracy",
    "largest_gradient": "largest gradient, last layer",
}
_IN_A_PANEL = 14  # entries of a legend


@style()
def dynamics_figure(
    history: pd.DataFrame,
    *,
    online: Collection[str] = (),
    looks: Mapping[str, ClassifierStyle] | None = None,
) -> Any:
    """Return a figure of loss, accuracy and largest gradient, a panel each.

    A critic's loss is another quantity than cross-entropy, and has parts: see
    `bench.figures.critics`.

    Parameters
    ----------
    history : DataFrame
        As `plot_dynamics` takes it.
    online
        Classifiers that were trained online. Their accuracy is left out, since they
        have three: see `bench.figures.online`.

    Raises
    ------
    ValueError
        If nothing was recorded that a panel could show, see `has_dynamics`.
    """
    shown = _panels(history, online)
    if not shown:
        raise ValueError("history: expected a loss, accuracy or gradient, got none")
    looks = styles_of(history["classifier"], looks)
    figure, axes, free = new_grid(len(shown), 3, PAGE, 2.3)
    for (name, rows), ax in zip(shown.items(), axes, strict=True):
        plot_dynamics(rows, name, legend=False, looks=looks, ax=ax)
        ax.set_xlabel("")
    said = said_of_smoothing(history)
    figure.supxlabel(said.replace("\n", "; "), fontsize=7.5)
    counts = history.groupby("classifier", sort=False)["repetition"].nunique()
    handles = [handle(looks[name], marker="") for name in counts.index]
    labels = [f"{plain(str(name))} (n={n})" for name, n in counts.items()]
    if free and len(labels) <= _IN_A_PANEL:
        free[0].legend(handles, labels, loc="center left")
    else:
        columns = 1 if len(labels) <= _IN_A_PANEL * -(-len(shown) // 3) else 2
        figure.legend(handles, labels, loc="outside right center", ncols=columns)
    return figure


def has_dynamics(history: pd.DataFrame, online: Collection[str] = ()) -> bool:
    """Tell whether `dynamics_figure` has anything to show."""
    return bool(_panels(history, online))


@style()
def plot_dynamics(
    history: pd.DataFrame,
    quantity: str = "loss",
    *,
    log: bool | None = None,
    legend: bool = True,
    looks: Mapping[str, ClassifierStyle] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what training recorded: the mean over repetitions, and one std about it.

    Where repetitions stopped at different epochs, the mean is over those still
    training.

    Parameters
    ----------
    history : DataFrame
        As `bench.stats.histories.history_frame` gives it, of one dataset: smoothed, and
        the axis says over how many epochs. Losses of different objectives do not
        compare: give those classifiers axes of their own.
    quantity
        A column: "loss", "accuracy", "largest_gradient", "loss_real", ….
    log
        Whether the vertical axis is logarithmic. By default the largest gradient's is,
        and that of a loss that stays above 0 and falls at least tenfold.
    legend
        Whether to put one beside the axes: of a row of axes the last will do.
    """
    known = history.dropna(subset=[quantity]) if quantity in history else history[:0]
    n_lines = known["classifier"].nunique() if legend else 0
    ax = axes_or_new(ax, height=height_for(n_lines))
    looks = styles_of(known["classifier"], looks)
    entries, bands = [], []
    for name, own in known.groupby("classifier", sort=False):
        mean, std, n = over_repetitions(own, quantity)
        look = looks[str(name)]
        ax.plot(mean.index, mean, color=look.colour)
        bands.append((look, mean, std))
        entries.append((handle(look, marker=""), f"{plain(str(name))} (n={n})"))
    means = pd.concat([mean for _, mean, _ in bands]) if bands else pd.Series([1.0])
    if log is None:
        falls = means.min() * 10 <= means.max()
        log = quantity == "largest_gradient" or (quantity.startswith("loss") and falls)
    floor = -np.inf
    if log and means.min() > 0:
        ax.set_yscale("log")
        floor = means.min() / 3  # mean - std may be below 0, which has no logarithm
    ends = [means]
    for look, mean, std in bands:
        low = (mean - std).clip(lower=floor)
        high = mean + std
        if quantity == "accuracy":
            high = high.clip(upper=1.0)
        ends += [low, high]
        ax.fill_between(
            mean.index, low, high, color=look.colour, alpha=0.2, linewidth=0
        )
    if np.isfinite(floor):
        reach = pd.concat(ends)
        ax.set_ylim(reach.min() / 1.1, reach.max() * 1.1)
    ax.set_xlabel(said_of_smoothing(known))
    ax.set_ylabel(_TITLES.get(quantity, quantity.replace("_", " ")))
    if legend and entries:
        legend_beside(ax, entries)
    if not entries:
        ax.text(0.5, 0.5, "nothing recorded", transform=ax.transAxes, ha="center")
    return ax


def over_repetitions(
    own: pd.DataFrame, quantity: str
) -> tuple[pd.Series, pd.Series, int]:
    """Reduce one classifier's repetitions to mean and std (ddof=1) by epoch, and n."""
    known = own.dropna(subset=[quantity])
    by_epoch = known.groupby("epoch")[quantity]
    return by_epoch.mean(), by_epoch.std(ddof=1), int(known["repetition"].nunique())


def _panels(history: pd.DataFrame, online: Collection[str]) -> dict[str, pd.DataFrame]:
    """Return the quantities that were recorded, and the rows that their panels show."""
    shown = {name: _rows(history, name, online) for name in _TITLES}
    return {name: rows for name, rows in shown.items() if len(rows)}


def _rows(
    history: pd.DataFrame, quantity: str, online: Collection[str]
) -> pd.DataFrame:
    """Return the rows that a panel of a quantity shows."""
    if quantity not in history:
        return history[:0]
    rows = history[history[quantity].notna()]
    if quantity == "accuracy":
        rows = rows[~rows["classifier"].isin(list(online))]
    if quantity == "loss" and "loss_real" in rows:
        # A critic's loss is no cross-entropy: it has no place on that axis.
        rows = rows[rows["loss_real"].isna()]
    return rows


def said_of_smoothing(history: pd.DataFrame) -> str:
    """Name the horizontal axis of a figure of training."""
    windows = set(history["window"])
    smoothed = "" if windows <= {1} else " (moving mean over 1% of them)"
    if len(windows) == 1 and smoothed:
        smoothed = f" (moving mean over {windows.pop()})"
    return lines(f"epoch{smoothed}", "band: ±1 std over n repetitions")
