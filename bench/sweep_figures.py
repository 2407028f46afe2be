"""Figures of sweeps: a score against a quantity that datasets differ in."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.figures import (
    Look,
    axes_or_new,
    handle,
    legend_beside,
    looks_of,
    plain,
    style,
)
from bench.intervals import mean_interval
from bench.metrics import METRICS

_WIDE = 20  # times the smallest value: from here on the axis is logarithmic


@style()
def plot_sweep(
    scores: pd.DataFrame,
    quantity: str,
    metric: str,
    *,
    label: str | None = None,
    alpha: float = 0.05,
    looks: Mapping[str, Look] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw held-out scores against a swept quantity: a line a classifier.

    The band is the t interval of the mean over repetitions; one repetition has none.
    Where cells of a classifier are not done, the legend counts those that are.

    Parameters
    ----------
    scores : DataFrame
        Columns classifier, score (NaN where a cell is not done) and `quantity`, a
        number; one row a cell.
    label
        Of the horizontal axis, with the unit; the quantity's name by default.
    """
    ax = axes_or_new(ax)
    looks = looks_of(scores["classifier"], looks)
    done = scores.dropna(subset=["score", quantity])
    ends = {}
    for name, own in done.groupby("classifier", sort=False):
        look = looks[str(name)]
        groups = [
            (value, mean_interval(part["score"].to_numpy(float)[:, None], alpha))
            for value, part in own.groupby(quantity, sort=True)
        ]
        at = np.array([value for value, _ in groups], dtype=float)
        mean, low, high = (
            np.array([getattr(found, field)[0] for _, found in groups])
            for field in ("mean", "low", "high")
        )
        ax.plot(at, mean, color=look.colour, marker=look.marker, markersize=3.2)
        ax.fill_between(at, low, high, color=look.colour, alpha=0.13, linewidth=0)
        ends[str(name)] = mean[-1]
    values = np.sort(done[quantity].unique()).astype(float)
    if len(values) and values[0] > 0 and values[-1] >= _WIDE * values[0]:
        ax.set_xscale("log")
        ticks = _spaced(values)
        ax.set_xticks(ticks, [f"{value:g}" for value in ticks])
        ax.set_xticks([], minor=True)
    sign = -1 if METRICS[metric].larger_is_better else 1
    order = sorted(ends, key=lambda name: sign * ends[name])
    order += [name for name in scores["classifier"].unique() if name not in ends]
    entries = []
    for name in order:  # a failure is never a gap
        n, planned = (int((f["classifier"] == name).sum()) for f in (done, scores))
        lacking = "" if n == planned else f" ({n} of {planned})"
        entries.append((handle(looks[name]), plain(name) + lacking))
    if entries:
        legend_beside(ax, entries)
    ax.set_xlabel(label or plain(quantity))
    ax.set_ylabel(f"held-out {METRICS[metric].title}, {100 * (1 - alpha):g}% interval")
    return ax


def _spaced(values: np.ndarray) -> list[float]:
    """Leave out of ascending values those too near to one before on a log axis."""
    gap = 0.12 * np.log(values[-1] / values[0])
    kept = [float(values[0])]
    for value in values[1:]:
        if np.log(value / kept[-1]) >= gap:
            kept.append(float(value))
    return kept
