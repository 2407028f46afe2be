"""Figures of training: the quantities that discriminators record in each epoch."""

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from bench.figures.drawing.labels import EndLabel, label_ends
from bench.figures.drawing.theme import (
    FAINT,
    PAGE,
    ClassifierStyle,
    axes_or_new,
    gid_of,
    handle,
    height_for,
    log_ticks,
    new_grid,
    note_empty,
    plain,
    style,
    styles_of,
)
from bench.stats import spread

_TITLES = {
    "loss": "loss (of its own objective)",
    "accuracy": "training accuracy",
    "largest_gradient": "largest gradient, last layer",
}
_BAND = "line: median, band: 10–90%"
_VERTICES = 120  # points of a line; a panel cannot show more
_LONGER = 8  # ratio of trainings from which an axis of epochs is logarithmic


@style()
def training_figure(
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
        Rows as in `plot_training`.
    online
        Classifiers that were trained online. Their accuracy is left out, since they
        have three, which `bench.figures.online` draws.
    looks
        Styles of all classifiers of the suite, from `classifier_styles`.

    Raises
    ------
    ValueError
        If no quantity was recorded that a panel can show, see `has_training`.
    """
    shown = _panels(history, online)
    if not shown:
        raise ValueError(
            "history: found no quantity to draw; expected a loss, accuracy or gradient"
        )
    names = list(dict.fromkeys(history["classifier"]))
    looks = styles_of(names, looks)
    figure, axes, _ = new_grid(len(shown), 3, PAGE, 2.3)
    for (name, rows), ax in zip(shown.items(), axes, strict=True):
        plot_training(rows, name, names_of_all=False, looks=looks, ax=ax)
        ax.set_xlabel("")
    figure.supxlabel(epoch_label(history), fontsize=7.5)
    coloured = [name for name in names if looks[name].is_highlighted]
    if coloured:
        figure.legend(
            [handle(looks[name], marker="") for name in coloured],
            [plain(name) for name in coloured],
            loc="outside upper center",
            ncols=len(coloured) if len(coloured) <= 4 else 3,
        )
    return figure


def has_training(history: pd.DataFrame, online: Collection[str] = ()) -> bool:
    """Tell whether `training_figure` has anything to show."""
    return bool(_panels(history, online))


@style()
def plot_training(
    history: pd.DataFrame,
    quantity: str = "loss",
    *,
    log: bool | None = None,
    names_of_all: bool = True,
    looks: Mapping[str, ClassifierStyle] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a recorded quantity: its median over repetitions, and their 10–90% band.

    Where repetitions stopped at different epochs, both are of those that were still
    training. Only highlighted classifiers have a band; the others are thin grey lines,
    whose names stand at their right ends. If some trainings are much longer than
    others, epochs are on a logarithmic axis.

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
    names_of_all
        Whether highlighted classifiers have their name at the line as well. In a row
        of axes one legend does for all.
    looks
        Styles of all classifiers of the suite, from `classifier_styles`.
    """
    known = history.dropna(subset=[quantity]) if quantity in history else history[:0]
    names = list(dict.fromkeys(known["classifier"]))
    ax = axes_or_new(ax, height=height_for(len(names)))
    looks = styles_of(names, looks)
    drawn = {name: _draw_band(ax, name, known, quantity, looks) for name in names}
    medians = pd.concat(drawn.values()) if drawn else pd.Series([1.0])
    if log is None:
        falls = medians.min() * 10 <= medians.max()
        log = quantity == "largest_gradient" or (quantity.startswith("loss") and falls)
    if log and medians.min() > 0:
        ax.set_yscale("log", nonpositive="mask")
        # A quantile that is zero, or all but zero, does not stretch the axis.
        low, high = ax.get_ylim()
        low = max(low, medians.min() / 5)
        ax.set_ylim(low, high)
        log_ticks(ax.yaxis, low, high)
    elif quantity == "accuracy":
        ax.set_ylim(top=min(ax.get_ylim()[1], 1.01))
    spread_epochs(ax, [rows.index[-1] for rows in drawn.values()])
    ax.set_xlim(*ax.get_xlim())
    ax.set_ylim(*ax.get_ylim())
    label_ends(
        ax,
        [
            EndLabel(
                plain(name, 18),
                (float(rows.index[-1]), float(rows.iloc[-1])),
                looks[name].colour if looks[name].is_highlighted else FAINT,
                gid_of(name),
            )
            for name, rows in drawn.items()
            if names_of_all or not looks[name].is_highlighted
        ],
    )
    ax.set_xlabel(epoch_label(known))
    ax.set_ylabel(_TITLES.get(quantity, quantity.replace("_", " ")))
    if not drawn:
        note_empty(ax, "nothing recorded")
    return ax


def _draw_band(
    ax: Axes,
    name: str,
    known: pd.DataFrame,
    quantity: str,
    looks: Mapping[str, ClassifierStyle],
) -> pd.Series:
    """Draw a classifier's median, with a band if it has a colour; return the median."""
    look, gid = looks[name], gid_of(name)
    median, low, high = over_repetitions(known[known["classifier"] == name], quantity)
    width = 1.1 if look.is_highlighted else 0.7
    ax.plot(median.index, median, color=look.colour, linewidth=width, gid=gid)
    if look.is_highlighted:
        ax.fill_between(
            median.index, low, high, color=look.colour, alpha=0.2, linewidth=0, gid=gid
        )
    return median


def over_repetitions(
    rows: pd.DataFrame, quantity: str
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Return the median, 10% and 90% quantile by epoch over repetitions."""
    known = rows.dropna(subset=[quantity])
    by_epoch = known.groupby("epoch")[quantity]
    median, low, high = (by_epoch.quantile(share) for share in (0.5, 0.1, 0.9))
    kept = spread(len(median), _VERTICES)
    return median.iloc[kept], low.iloc[kept], high.iloc[kept]


def spread_epochs(ax: Axes, last: Collection[float]) -> None:
    """Make an axis of epochs logarithmic if some trainings are much longer."""
    if last and max(last) > _LONGER * min(last):
        ax.set_xscale("log")
        low, high = ax.get_xlim()
        log_ticks(ax.xaxis, max(low, 1.0), high)
    else:
        ax.locator_params(axis="x", nbins=4)  # the labels of more ticks would touch


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


def epoch_label(history: pd.DataFrame, what: str = _BAND) -> str:
    """Return the label of an axis of epochs; it says how the figure is smoothed."""
    windows = set(history["window"]) if "window" in history else {1}
    smoothed = "" if windows <= {1} else " (moving mean over 1% of them)"
    if len(windows) == 1 and smoothed:
        smoothed = f" (moving mean over {windows.pop()})"
    counts = history.groupby("classifier")["repetition"].nunique()
    ends = " to ".join(str(n) for n in sorted({counts.min(), counts.max()}))
    of = f" of n\xa0=\xa0{ends} repetitions" if len(counts) else ""
    return f"epoch{smoothed}; {what}{of}"
