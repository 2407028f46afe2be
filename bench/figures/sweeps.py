"""Figures of sweeps: scores against the quantity in which datasets differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from bench.figures.drawing.labels import EndLabel, label_ends
from bench.figures.drawing.theme import (
    FAINT,
    INK,
    PAGE,
    PAPER,
    SMALL,
    ClassifierStyle,
    axes_or_new,
    gid_of,
    height_for,
    inches_of,
    plain,
    style,
    styles_of,
)
from bench.stats import CHANCE, OwnMetric, is_wide, metric_of, place_text, range_text

MARK_HEIGHT = 0.14  # inches: height of a crossing's line of text above the axes
_MOST_MARKS = 4
_FIVEFOLD = 5
_AXES = 0.8  # approximate share of the axes in a figure's width, beside the names


@style()
def plot_sweep(
    scores: pd.DataFrame,
    quantity: str,
    metric: str | OwnMetric,
    *,
    label: str | None = None,
    limit: str = "",
    logarithmic: bool | None = None,
    alpha: float = 0.05,
    crossings: pd.DataFrame | None = None,
    looks: Mapping[str, ClassifierStyle] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw held-out scores against a swept quantity, one line for each classifier.

    Highlighted classifiers have a colour, and a band where there is an interval of the
    mean; the others are thin grey lines. The name of each stands at the right end of
    its line; if some of its cells are not done, the name says how many are. A ring
    marks where another classifier has the best mean. For the clear crossings among
    these, see `marks`, a bar above the axes shows the interval.

    Parameters
    ----------
    scores : DataFrame
        One row for each classifier and value, as
        `bench.stats.sweeps.compare_along` returns them: classifier, value (infinite for
        the limit), n, n_cells, mean, low and high (NaN where unknown).
    quantity
        The name of the swept quantity.
    metric
        The metric of the scores.
    label
        Label of the horizontal axis, with the unit; by default `quantity`.
    limit
        Name of the quantity's limit, such as "grid". It is drawn to the right of all
        values, beyond a gap in the axis.
    logarithmic
        Whether the horizontal axis is logarithmic; by default it is for a wide range
        of values, and with a limit.
    alpha
        One minus the coverage of the bands.
    crossings
        Rows of `bench.stats.crossings.find_crossings`.
    looks
        Styles of all classifiers of the suite, from `classifier_styles`.
    """
    names = list(dict.fromkeys(scores["classifier"]))
    ax = axes_or_new(ax, PAGE, height=height_for(len(names)))
    looks = styles_of(names, looks)
    done = scores.dropna(subset=["mean", "value"])
    values = np.sort(done["value"].unique()).astype(float)
    values = values[np.isfinite(values)]
    log = is_wide(values) if logarithmic is None else logarithmic
    axis = _Axis(values, bool(limit) or (log and bool((values > 0).all())))
    ends: dict[str, tuple[float, float]] = {}
    for number, (name, rows) in enumerate(done.groupby("classifier", sort=False)):
        place = (number + 0.5) / max(done["classifier"].nunique(), 1)
        ends[str(name)] = _draw_line(ax, str(name), rows, looks[str(name)], axis, place)
    if axis.log:
        ax.set_xscale("log")
        ticks = axis.ticks(0.55 * inches_of(ax)[0])
        labels = [f"{value:g}" for value in ticks]
        if limit:
            ticks, labels = [*ticks, axis.right(0.25)], [*labels, plain(limit)]
            _draw_gap(ax, axis.right(0.1))
        ax.set_xticks(ticks, labels)
        ax.set_xticks([], minor=True)
    _limit_scores(ax, metric)
    ax.set_xlim(*ax.get_xlim())
    if crossings is not None:
        _draw_crossings(ax, crossings)
    label_ends(
        ax,
        [
            EndLabel(
                plain(name, 20) + _count(scores[scores["classifier"] == name]),
                ends.get(name),
                looks[name].colour if looks[name].is_highlighted else FAINT,
                gid_of(name),
            )
            for name in names
        ],
    )
    ax.set_xlabel(label or plain(quantity))
    ax.set_ylabel(
        f"held-out {metric_of(metric).title}, {100 * (1 - alpha):g}% interval"
    )
    return ax


def _draw_line(
    ax: Axes,
    name: str,
    rows: pd.DataFrame,
    look: ClassifierStyle,
    axis: "_Axis",
    place: float,
) -> tuple[float, float]:
    """Draw a classifier's line, and its band if it has a colour; return its end.

    `place`, from 0 to 1, is its place among all classifiers at the limit, where bars at
    one place would hide each other.
    """
    rows = rows.sort_values("value", kind="stable")
    x, mean, low, high = (
        rows[column].to_numpy(float, copy=True)
        for column in ("value", "mean", "low", "high")
    )
    is_limit = x == np.inf
    x[is_limit] = axis.right(0.2 + 0.1 * place)
    is_value = ~is_limit
    options: dict[str, Any] = {"color": look.colour, "gid": gid_of(name)}
    marker: dict[str, Any] = {"linewidth": 0.7, "zorder": 2}
    if look.is_highlighted:
        marker = {"marker": look.marker, "markersize": 3.4, "zorder": 3}
    if name == CHANCE:
        marker["linestyle"] = (0, (4, 2))
    ax.plot(x[is_value], mean[is_value], **options, **marker)
    if look.is_highlighted and np.isfinite(low[is_value]).any():
        ax.fill_between(
            x[is_value],
            low[is_value],
            high[is_value],
            alpha=0.13,
            linewidth=0,
            **options,
        )
    if is_limit.any():
        across_gap: dict[str, Any] = {"linewidth": 0.7, "linestyle": (0, (1, 2))}
        ax.plot(x[-2:], mean[-2:], **options, **across_gap)
        if look.is_highlighted:
            ax.plot(x[[-1, -1]], [low[-1], high[-1]], **options)
        marker |= {} if look.is_highlighted else {"marker": "o", "markersize": 1.8}
        ax.plot(x[-1:], mean[-1:], **options, **marker)
    return float(x[-1]), float(mean[-1])


def _limit_scores(ax: Axes, metric: str | OwnMetric) -> None:
    """End the vertical axis at the score's bounds, where data come near them."""
    low, high = ax.get_ylim()
    least, most = metric_of(metric).bounds or (-np.inf, np.inf)
    pad = 0.015 * (high - low)  # of a marker at a bound
    ax.set_ylim(max(low, least - pad), min(high, most + pad))


def _count(rows: pd.DataFrame) -> str:
    """Say how many of a classifier's cells are done, if some are not."""
    n, planned = int(rows["n"].sum()), int(rows["n_cells"].sum())
    return "" if n == planned else f" ({n} of {planned})"


def marks(crossings: pd.DataFrame) -> pd.DataFrame:
    """Return the crossings that are described above a sweep.

    These are the clear changes of the best classifier with the shortest intervals, at
    most four, from right to left.
    """
    clear = crossings[crossings["leads"] & crossings["clear"]]
    shortest = (clear["high"] - clear["low"]).nsmallest(_MOST_MARKS).index
    return clear.loc[shortest].sort_values("at", ascending=False)


def _draw_crossings(ax: Axes, crossings: pd.DataFrame) -> None:
    """Draw a ring where the best classifier changes; describe some above the axes."""
    x_limits, y_limits = ax.get_xlim(), ax.get_ylim()  # which the rings must not change
    ring: dict[str, Any] = {
        "marker": "o",
        "color": INK,
        "markerfacecolor": PAPER,
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
        ax.plot([at, at], [entry["score"], y_limits[1]], **dotted)
        up = ScaledTranslation(0, line * MARK_HEIGHT, figure.dpi_scale_trans)
        above = ax.get_xaxis_transform() + up
        ax.plot([low, high], [1, 1], transform=above, **thin)
        ax.plot(at, 1, transform=above, **ring)
        names = " → ".join(plain(entry[name], 16) for name in ("before", "after"))
        text = f"{names}: {place_text(at)} {range_text(low, high)}"
        left, right = (_axes_fraction(ax, end) for end in (low, high))
        width = 0.02 + len(text) * 0.6 * SMALL / 72 / (_AXES * inches_of(ax)[0])
        if right + width <= 1:
            x, alignment = right + 0.01, "left"
        elif left >= width:
            x, alignment = left - 0.01, "right"
        else:  # no room beside the bar: on a line of its own above
            x, alignment = max(0.0, 1 - width), "left"
            line += 1
        ax.annotate(
            text,
            (x, 1),
            xycoords="axes fraction",
            xytext=(0, line * MARK_HEIGHT * 72),
            textcoords="offset points",
            ha=alignment,
            va="center",
            fontsize=SMALL,
            color=INK,
        )
        line += 1
    ax.set_xlim(*x_limits)
    ax.set_ylim(*y_limits)


def _axes_fraction(ax: Axes, value: float) -> float:
    """Return the position of a value along the horizontal axis, from 0 to 1."""
    scaled = ax.transScale.transform((value, ax.get_ylim()[0]))
    return float(ax.transLimits.transform(scaled)[0])


@dataclass(frozen=True)
class _Axis:
    """Positions on the horizontal axis of a sweep; `values` are finite, ascending."""

    values: np.ndarray
    log: bool

    def right(self, share: float) -> float:
        """Return a position to the right of all values, by a share of their span."""
        low, high = self.values[[0, -1]] if len(self.values) else (1.0, 10.0)
        return float(high * (high / low if high > low else np.e) ** share)

    def ticks(self, inches: float) -> list[float]:
        """Return the values whose labels do not touch on an axis of so many inches."""
        if not len(self.values):
            return []
        first, *rest = map(float, self.values)
        kept = [first]
        for value in rest:
            share = np.log(value / kept[-1]) / np.log(self.right(0.3) / first)
            n_letters = len(f"{kept[-1]:g}{value:g}") / 2 + 1
            # Tick labels have 7 points, and a letter is about 0.6 of that wide.
            if inches * share >= n_letters * 0.6 * 7 / 72:
                kept.append(value)
        return kept


def _draw_gap(ax: Axes, x: float) -> None:
    """Draw two slanted strokes that mark a gap in the horizontal axis."""
    options: dict[str, Any] = {
        "transform": ax.get_xaxis_transform(),
        "clip_on": False,
        "zorder": 6,
    }
    ax.plot(x, 0, "s", color=PAPER, markersize=5, markeredgewidth=0, **options)
    slanted = [(-1, -2), (1, 2)]
    for dx in (0.985, 1.015):
        ax.plot(
            x * dx,
            0,
            marker=slanted,
            color=INK,
            markersize=7,
            markeredgewidth=0.8,
            **options,
        )
