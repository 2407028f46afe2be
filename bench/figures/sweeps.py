"""Figures of sweeps: a score against a quantity that datasets differ in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from bench.figures.theme import (
    INK,
    SMALL,
    ClassifierStyle,
    axes_or_new,
    handle,
    height_for,
    inches_of,
    legend_beside,
    plain,
    style,
    styles_of,
)
from bench.stats import METRICS, is_wide, mean_interval, place_text, range_text

MARK_HEIGHT = 0.14  # inches of a crossing written above the axes
_MOST_MARKS = 4
_AXES = 0.8  # of a figure's width, about: the rest is the legend's


@style()
def plot_sweep(
    scores: pd.DataFrame,
    quantity: str,
    metric: str,
    *,
    label: str | None = None,
    limit: str = "",
    alpha: float = 0.05,
    crossings: pd.DataFrame | None = None,
    looks: Mapping[str, ClassifierStyle] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw held-out scores against a swept quantity: a line a classifier.

    The band is the t interval of the mean over repetitions; one repetition has none.
    Where cells of a classifier are not done, the legend counts those that are. A ring
    stands where another classifier becomes the best; of those that are clear, a bar
    above the axes shows the interval, see `marks`.

    Parameters
    ----------
    scores : DataFrame
        Columns classifier, score (NaN where a cell is not done) and `quantity`, a
        number, or infinity for the limit; one row a cell.
    label
        Of the horizontal axis, with the unit; the quantity's name by default.
    limit
        What the quantity approaches, such as "grid": it stands to the right of all
        values, beyond a gap in the axis.
    crossings
        As `bench.stats.crossings.find_crossings` gives them.
    """
    n_all = scores["classifier"].nunique()
    ax = axes_or_new(ax, height=height_for(n_all))
    looks = styles_of(scores["classifier"], looks)
    done = scores.dropna(subset=["score", quantity])
    values = np.sort(done[quantity].unique()).astype(float)
    values = values[np.isfinite(values)]
    axis = _Axis(values, is_wide(values) or bool(limit))
    ends = {}
    n_lines = done["classifier"].nunique()
    for number, (name, own) in enumerate(done.groupby("classifier", sort=False)):
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
        ends[str(name)] = mean[-1]
        own_limit = at == np.inf
        # Side by side, since bars on one spot would hide each other.
        at[own_limit] = axis.right(0.2 + 0.1 * (number + 0.5) / n_lines)
        here = ~own_limit
        how: dict[str, Any] = {
            "color": look.colour,
            "marker": look.marker,
            "markersize": 3.2,
        }
        ax.plot(at[here], mean[here], **how)
        ax.fill_between(
            at[here], low[here], high[here], color=look.colour, alpha=0.13, linewidth=0
        )
        if own_limit.any():
            across: dict[str, Any] = {
                "color": look.colour,
                "linewidth": 0.7,
                "linestyle": (0, (1, 2)),
            }
            ax.plot(at[-2:], mean[-2:], **across)
            ax.plot(at[[-1, -1]], [low[-1], high[-1]], color=look.colour)
            ax.plot(at[-1:], mean[-1:], **how)
    if axis.log:
        ax.set_xscale("log")
        ticks = axis.spaced(0.55 * inches_of(ax)[0])
        names = [f"{value:g}" for value in ticks]
        if limit:
            ticks, names = [*ticks, axis.right(0.25)], [*names, plain(limit)]
            _cut(ax, axis.right(0.1))
        ax.set_xticks(ticks, names)
        ax.set_xticks([], minor=True)
    if crossings is not None:
        _mark(ax, crossings)
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


def marks(crossings: pd.DataFrame) -> pd.DataFrame:
    """Return the crossings that are written above a sweep: few, and the surest."""
    clear = crossings[crossings["leads"] & crossings["clear"]]
    sure = (clear["high"] - clear["low"]).nsmallest(_MOST_MARKS).index
    return clear.loc[sure].sort_values("at", ascending=False)


def _mark(ax: Axes, crossings: pd.DataFrame) -> None:
    """Ring where the best classifier changes; write above it which, and how sure."""
    x_ends, y_ends = ax.get_xlim(), ax.get_ylim()
    ring: dict[str, Any] = {
        "marker": "o",
        "color": INK,
        "markerfacecolor": "white",
        "markersize": 4.5,
        "zorder": 5,
        "clip_on": False,
    }
    thin: dict[str, Any] = {"color": INK, "linewidth": 0.9, "clip_on": False}
    for entry in crossings[crossings["leads"]].to_dict("records"):
        ax.plot(entry["at"], entry["score"], **ring)
    figure: Any = ax.get_figure(root=True)
    line = 1
    for entry in marks(crossings).to_dict("records"):
        at, low, high = (float(entry[name]) for name in ("at", "low", "high"))
        dotted = thin | {"linewidth": 0.6, "linestyle": (0, (1, 2)), "zorder": 1}
        ax.plot([at, at], [entry["score"], y_ends[1]], **dotted)
        up = ScaledTranslation(0, line * MARK_HEIGHT, figure.dpi_scale_trans)
        above = ax.get_xaxis_transform() + up
        ax.plot([low, high], [1, 1], transform=above, **thin)
        ax.plot(at, 1, transform=above, **ring)
        names = " → ".join(plain(entry[name], 16) for name in ("before", "after"))
        text = f"{names}: {place_text(at)} {range_text(low, high)}"
        left, right = (_share(ax, end) for end in (low, high))
        needed = 0.02 + len(text) * 0.6 * SMALL / 72 / (_AXES * inches_of(ax)[0])
        if right + needed <= 1:
            place, side = right + 0.01, "left"
        elif left >= needed:
            place, side = left - 0.01, "right"
        else:  # no room beside the bar
            place, side = max(0.0, 1 - needed), "left"
            line += 1
        ax.annotate(
            text,
            (place, 1),
            xycoords="axes fraction",
            xytext=(0, line * MARK_HEIGHT * 72),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=SMALL,
            color=INK,
        )
        line += 1
    ax.set_xlim(*x_ends)
    ax.set_ylim(*y_ends)


def _share(ax: Axes, value: float) -> float:
    """Return where a value stands along the horizontal axis, from 0 to 1."""
    scaled = ax.transScale.transform((value, ax.get_ylim()[0]))
    return float(ax.transLimits.transform(scaled)[0])


@dataclass(frozen=True)
class _Axis:
    """Where on the horizontal axis things stand; `values` are finite and ascend."""

    values: np.ndarray
    log: bool

    def right(self, share: float) -> float:
        """Return what lies to the right of all values, by a share of their span."""
        low, high = self.values[[0, -1]] if len(self.values) else (1.0, 10.0)
        return float(high * (high / low if high > low else np.e) ** share)

    def spaced(self, inches: float) -> list[float]:
        """Leave out values whose labels would touch one before on an axis so long."""
        if not len(self.values):
            return []
        first, *rest = map(float, self.values)
        kept = [first]
        for value in rest:
            apart = inches * np.log(value / kept[-1]) / np.log(self.right(0.3) / first)
            letters = len(f"{kept[-1]:g}{value:g}") / 2 + 1
            if apart >= letters * 0.6 * 7 / 72:  # of the labels' size in points
                kept.append(value)
        return kept


def _cut(ax: Axes, x: float) -> None:
    """Mark that an axis goes on elsewhere."""
    where: dict[str, Any] = {
        "transform": ax.get_xaxis_transform(),
        "clip_on": False,
        "zorder": 6,
    }
    ax.plot(x, 0, "s", color="white", markersize=5, markeredgewidth=0, **where)
    slanted = [(-1, -2), (1, 2)]
    for dx in (0.985, 1.015):
        ax.plot(
            x * dx,
            0,
            marker=slanted,
            color=INK,
            markersize=7,
            markeredgewidth=0.8,
            **where,
        )
