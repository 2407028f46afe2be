"""Differences to the baseline with their intervals, over classifiers or datasets."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bench.figures.drawing.cells import name_rows
from bench.figures.drawing.theme import (
    FAINT,
    INK,
    PAGE,
    PAPER,
    SMALL,
    ClassifierStyle,
    drawn,
    gid_of,
    note_empty,
    plain,
    set_title,
    style,
    styles_of,
)
from bench.stats import OwnMetric, metric_of

MOST_PANELS = 6  # classifiers with a panel each
_ONE_ROW = 4  # panels in one row; more are in two
_ROW = 0.185  # inches


@style()
def forest_figure(
    compared: pd.DataFrame,
    metric: str | OwnMetric,
    *,
    baseline: str,
    datasets: Sequence[str],
    classifiers: Sequence[str],
    margin: float,
    alpha: float = 0.05,
    looks: Mapping[str, ClassifierStyle] | None = None,
) -> Figure:
    """Draw paired differences to the baseline, each with its simultaneous interval.

    With several datasets each classifier has a panel, and the datasets are its rows;
    with one dataset the classifiers are the rows. A marker is filled where the
    interval excludes zero. The band is the margin, within which differences do not
    matter.

    Parameters
    ----------
    compared : DataFrame
        Rows of `bench.stats.within_dataset.compare_to`: dataset, classifier, n,
        difference (positive is better), low, high and, possibly, left_out.
    metric
        The metric that was compared.
    baseline, margin, alpha
        The values that `compare_to` was called with.
    datasets, classifiers
        The rows from the top and the panels from the left; the first six classifiers
        have a panel.
    looks
        Styles of all classifiers of the suite, from `classifier_styles`.
    """
    looks = styles_of([*classifiers, baseline], looks)
    names = [name for name in classifiers if name != baseline]
    single = len(datasets) == 1
    panels = [] if single else names[:MOST_PANELS]
    rows = names if single else list(datasets)
    n_panels = max(1, len(panels))
    n_rows = -(-n_panels // _ONE_ROW)
    n_columns = -(-n_panels // n_rows)
    height = n_rows * (0.3 + _ROW * max(2, len(rows))) + 0.5
    # A single panel need not be as wide as the page.
    width = 5.4 if n_panels == 1 else PAGE
    figure = Figure(figsize=(width, max(1.7, height)), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    columns = ["difference", "low", "high"]
    shown = compared[compared["dataset"].isin(list(datasets))]
    shown = shown[shown["classifier"].isin(panels or names)]
    limits = _limits(shown[columns].to_numpy(float), margin)
    for place, ax in enumerate(axes.ravel()):
        if place >= n_panels:
            ax.set_axis_off()
            continue
        ax.set_xlim(*limits)
        ax.set_ylim(max(len(rows), 1) - 0.4, -0.6)
        entries = []
        for row in rows:
            name, dataset = (row, datasets[0]) if single else (panels[place], row)
            entry = shown[(shown["classifier"] == name) & (shown["dataset"] == dataset)]
            entries.append((name, entry.iloc[0].to_dict() if len(entry) else {}))
        _draw_rows(ax, entries, margin, looks)
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="y", visible=False)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=4 if n_columns > 1 else 7))
        if single:
            name_rows(ax, rows, looks)
            set_title(ax, drawn(datasets[0], 50))
        else:
            ax.set_yticks(range(len(rows)), [plain(row) for row in rows])
            set_title(ax, drawn(panels[place], 30))
        ax.tick_params(
            labelleft=place % n_columns == 0,
            labelbottom=place + n_columns >= n_panels,
        )
    if shown.empty:
        note_empty(axes[0, 0], "nothing to compare")
    left_out = len(names) - len(panels) if panels else 0
    figure.supxlabel(
        _words(shown, baseline, metric, margin, alpha, left_out), fontsize=SMALL + 0.5
    )
    return figure


def _limits(values: np.ndarray, margin: float) -> tuple[float, float]:
    """Return one range for all panels, with zero and the margin."""
    known = values[np.isfinite(values)]
    low = min(-1.5 * margin, 0.0, *known.tolist())
    high = max(1.5 * margin, 0.0, *known.tolist())
    if low == high:
        low, high = -0.01, 0.01
    pad = 0.04 * (high - low)
    return low - pad, high + pad


def _draw_rows(
    ax: Axes,
    entries: Sequence[tuple[str, Mapping[Any, Any]]],
    margin: float,
    looks: Mapping[str, ClassifierStyle],
) -> None:
    """Draw a mark and its interval in each row, or a dash where nothing is known."""
    if margin > 0:
        ax.axvspan(-margin, margin, color=INK, alpha=0.1, linewidth=0, zorder=0)
    ax.axvline(0, color=INK, linewidth=0.8, zorder=1)
    for y, (name, entry) in enumerate(entries):
        difference = float(entry.get("difference", np.nan))
        if not np.isfinite(difference):
            ax.text(0, y, "–", ha="center", va="center", color=FAINT, fontsize=SMALL)
            continue
        colour, gid = looks[name].colour, gid_of(name)
        low, high = float(entry["low"]), float(entry["high"])
        ax.plot([low, high], [y, y], color=colour, linewidth=1.5, zorder=2, gid=gid)
        excludes = low > 0 or high < 0
        ax.plot(
            difference,
            y,
            "o",
            color=colour,
            markerfacecolor=colour if excludes else PAPER,
            markersize=4.4,
            markeredgewidth=1.0,
            zorder=3,
            gid=gid,
        )


def _words(
    shown: pd.DataFrame,
    baseline: str,
    metric: str | OwnMetric,
    margin: float,
    alpha: float,
    left_out: int,
) -> str:
    """Write the label that all panels share: the difference, the interval, n."""
    counts = sorted({int(n) for n in shown["n"].dropna()}) if "n" in shown else []
    words = f"difference to {plain(baseline)} in held-out {metric_of(metric).title}; "
    words += "right is better"
    second = f"{100 * (1 - alpha):g}% interval; filled: excludes zero"
    if margin > 0:
        second += f"; band: margin ±{margin:g}"
    if counts:
        ends = dict.fromkeys([counts[0], counts[-1]])
        second += f"; n = {' to '.join(str(n) for n in ends)}"
    if left_out:
        second += f"; {left_out} more not shown"
    return f"{words}\n{second}"
