"""Figures of training: what SD and CSD recorded in each epoch."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.figures import (
    Look,
    axes_or_new,
    handle,
    legend_beside,
    lines,
    looks_of,
    plain,
    style,
)

_PREFIX = "history_"
_TITLES = {
    "loss": "loss (of its own objective)",
    "accuracy": "training accuracy",
    "largest_gradient": "largest gradient, last layer",
}


def history_frame(
    arrays: Mapping[tuple[str, int], Mapping[str, np.ndarray]],
) -> pd.DataFrame:
    """Lay recorded histories out as `plot_dynamics` wants them.

    Parameters
    ----------
    arrays
        (classifier, repetition) → the arrays of its result. Those named ``history_…``,
        of shape (n_epochs,), are taken; results without any are passed over.

    Returns
    -------
    DataFrame
        One row an epoch: classifier, repetition, epoch (from 1) and a column for each
        quantity, NaN where a classifier did not record it.
    """
    parts = []
    for (classifier, repetition), found in arrays.items():
        history = {
            name.removeprefix(_PREFIX): np.asarray(values, dtype=float)
            for name, values in found.items()
            if name.startswith(_PREFIX)
        }
        if history:
            part = pd.DataFrame(history)
            part.insert(0, "epoch", np.arange(1, len(part) + 1))
            part.insert(0, "repetition", repetition)
            part.insert(0, "classifier", classifier)
            parts.append(part)
    if not parts:
        return pd.DataFrame({"classifier": [], "repetition": [], "epoch": []})
    return pd.concat(parts, ignore_index=True)


@style()
def plot_dynamics(
    history: pd.DataFrame,
    quantity: str = "loss",
    *,
    log: bool | None = None,
    legend: bool = True,
    looks: Mapping[str, Look] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what training recorded: the mean over repetitions, and one std about it.

    Each repetition is first smoothed by a moving mean over a hundredth of its epochs;
    the axis says over how many. Where repetitions stopped at different epochs, the
    mean is over those still training.

    Parameters
    ----------
    history : DataFrame
        As `history_frame` gives it, of one dataset. Losses of different objectives do
        not compare: give those classifiers axes of their own.
    quantity
        A column: "loss", "accuracy", "largest_gradient", "loss_real", ….
    log
        Whether the vertical axis is logarithmic. By default the largest gradient's is,
        and that of a loss that stays above 0 and falls at least tenfold.
    legend
        Whether to put one beside the axes: of a row of axes the last will do.
    """
    ax = axes_or_new(ax)
    known = history.dropna(subset=[quantity]) if quantity in history else history[:0]
    looks = looks_of(known["classifier"], looks)
    window = 1 + 2 * (int(known["epoch"].max()) // 200) if len(known) else 1
    entries, bands = [], []
    for name, own in known.groupby("classifier", sort=False):
        table = own.pivot(index="epoch", columns="repetition", values=quantity)
        table = (
            table.rolling(window, center=True, min_periods=1)
            .mean()
            .where(table.notna())
        )
        mean, std = table.mean(axis=1), table.std(axis=1, ddof=1)
        look = looks[str(name)]
        ax.plot(mean.index, mean, color=look.colour)
        bands.append((look, mean, std))
        entries.append(
            (handle(look, marker=""), f"{plain(str(name))} (n={table.shape[1]})")
        )
    means = pd.concat([mean for _, mean, _ in bands]) if bands else pd.Series([1.0])
    if log is None:
        falls = means.min() * 10 <= means.max()
        log = quantity == "largest_gradient" or (quantity.startswith("loss") and falls)
    floor = -np.inf
    if log and means.min() > 0:
        ax.set_yscale("log")
        floor = means.min() / 3  # mean - std may be below 0, which has no logarithm
        ax.set_ylim(bottom=floor)
    for look, mean, std in bands:
        low = (mean - std).clip(lower=floor)
        high = mean + std
        if quantity == "accuracy":
            high = high.clip(upper=1.0)
        ax.fill_between(
            mean.index, low, high, color=look.colour, alpha=0.2, linewidth=0
        )
    smoothed = f" (moving mean over {window})" if window > 1 else ""
    ax.set_xlabel(lines(f"epoch{smoothed}", "band: ±1 std over n repetitions"))
    ax.set_ylabel(_TITLES.get(quantity, quantity.replace("_", " ")))
    if legend and entries:
        legend_beside(ax, entries)
    if not entries:
        ax.text(0.5, 0.5, "nothing recorded", transform=ax.transAxes, ha="center")
    return ax
