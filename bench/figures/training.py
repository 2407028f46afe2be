"""Figures of training: the quantities that discriminators record in each epoch."""

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
    note_empty,
    plain,
    style,
    styles_of,
)

_TITLES = {
    "loss": "loss (of its own objective)",
    "accuracy": "training accuracy",
    "largest_gradient": "largest gradient, last layer",
}
_ENTRIES_A_PANEL = 14  # entries of a legend for which a panel has room


@style()
def dynamics_figure(
    history: pd.DataFrame,
    *,
    online: Collection[str] = (),
    looks: Mapping[str, ClassifierStyle] | None = None,
) -> Any:
    """Return a figure of loss, accuracy and largest gradient, one panel for each.

    The loss of a critic is left out. It does not compare with cross-entropy, and
    `bench.figures.critics` draws its parts.

    Parameters
    ----------
    history : DataFrame
        Rows as in `plot_dynamics`.
    online
        Classifiers that were trained online. Their accuracy is left out, since they
        have three, which `bench.figures.online` draws.

    Raises
    ------
    ValueError
        If no quantity was recorded that a panel can show, see `has_dynamics`.
    """
    shown = _panels(history, online)
    if not shown:
        raise ValueError(
            "history: found no quantity to draw; expected a loss, accuracy or gradient"
        )
    looks = styles_of(history["classifier"], looks)
    figure, axes, free = new_grid(len(shown), 3, PAGE, 2.3)
    for (name, rows), ax in zip(shown.items(), axes, strict=True):
        plot_dynamics(rows, name, legend=False, looks=looks, ax=ax)
        ax.set_xlabel("")
    figure.supxlabel(epoch_label(history).replace("\n", "; "), fontsize=7.5)
    counts = history.groupby("classifier", sort=False)["repetition"].nunique()
    handles = [handle(looks[name], marker="") for name in counts.index]
    labels = [f"{plain(str(name))} (n={n})" for name, n in counts.items()]
    if free and len(labels) <= _ENTRIES_A_PANEL:
        free[0].legend(handles, labels, loc="center left")
    else:
        n_rows = -(-len(shown) // 3)
        columns = 1 if len(labels) <= _ENTRIES_A_PANEL * n_rows else 2
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
    """Draw a recorded quantity: its mean over repetitions, and one std around it.

    Where repetitions stopped at different epochs, the mean is over those that were
    still training.

    Parameters
    ----------
    history : DataFrame
        Rows of one dataset from `bench.stats.histories.history_frame`. They are
        smoothed; the axis says over how many epochs. Losses of different objectives do
        not compare, so draw such classifiers on different axes.
    quantity
        A column: "loss", "accuracy", "largest_gradient", "loss_real", ….
    log
        Whether the vertical axis is logarithmic. By default it is for the largest
        gradient, and for a loss that stays above 0 and falls at least tenfold.
    legend
        Whether to add a legend beside the axes. In a row of axes one is enough.
    """
    known = history.dropna(subset=[quantity]) if quantity in history else history[:0]
    n_lines = known["classifier"].nunique() if legend else 0
    ax = axes_or_new(ax, height=height_for(n_lines))
    looks = styles_of(known["classifier"], looks)
    entries, bands = [], []
    for name, rows in known.groupby("classifier", sort=False):
        mean, std, n = over_repetitions(rows, quantity)
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
        floor = means.min() / 3  # mean - std may be negative, which has no logarithm
    drawn = [means]
    for look, mean, std in bands:
        low = (mean - std).clip(lower=floor)
        high = mean + std
        if quantity == "accuracy":
            high = high.clip(upper=1.0)
        drawn += [low, high]
        ax.fill_between(
            mean.index, low, high, color=look.colour, alpha=0.2, linewidth=0
        )
    if np.isfinite(floor):
        values = pd.concat(drawn)
        ax.set_ylim(values.min() / 1.1, values.max() * 1.1)
    ax.set_xlabel(epoch_label(known))
    ax.set_ylabel(_TITLES.get(quantity, quantity.replace("_", " ")))
    if legend and entries:
        legend_beside(ax, entries)
    if not entries:
        note_empty(ax, "nothing recorded")
    return ax


def over_repetitions(
    rows: pd.DataFrame, quantity: str
) -> tuple[pd.Series, pd.Series, int]:
    """Return mean and std (ddof=1) by epoch over a classifier's repetitions, and n."""
    known = rows.dropna(subset=[quantity])
    by_epoch = known.groupby("epoch")[quantity]
    return by_epoch.mean(), by_epoch.std(ddof=1), int(known["repetition"].nunique())


def _panels(history: pd.DataFrame, online: Collection[str]) -> dict[str, pd.DataFrame]:
    """Return the recorded quantities, each with the rows that its panel shows."""
    shown = {name: _rows(history, name, online) for name in _TITLES}
    return {name: rows for name, rows in shown.items() if len(rows)}


def _rows(
    history: pd.DataFrame, quantity: str, online: Collection[str]
) -> pd.DataFrame:
    """Return the rows that the panel of a quantity shows."""
    if quantity not in history:
        return history[:0]
    rows = history[history[quantity].notna()]
    if quantity == "accuracy":
        rows = rows[~rows["classifier"].isin(list(online))]
    if quantity == "loss" and "loss_real" in rows:
        # The loss of a critic is not a cross-entropy, and is left out of this axis.
        rows = rows[rows["loss_real"].isna()]
    return rows


def epoch_label(history: pd.DataFrame) -> str:
    """Return the label of an axis of epochs; it says how the figure is smoothed."""
    windows = set(history["window"])
    smoothed = "" if windows <= {1} else " (moving mean over 1% of them)"
    if len(windows) == 1 and smoothed:
        smoothed = f" (moving mean over {windows.pop()})"
    return lines(f"epoch{smoothed}", "band: ±1 std over n repetitions")
