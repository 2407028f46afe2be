"""Scores of every repetition, held-out and training, of datasets side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.figures.drawing.theme import (
    FAINT,
    INK,
    PAGE,
    PAPER,
    SMALL,
    ClassifierStyle,
    drawn,
    gid_of,
    plain,
    set_title,
    style,
    styles_of,
)
from bench.figures.matrix import Chance, chance_of
from bench.stats import OwnMetric, metric_of, share_interval

_A_ROW = 3  # datasets side by side
_ROW = 0.2  # inches
_NOTE = SMALL - 1  # points
_LEAST_SPAN = 0.02  # of scores
_FAR = 2.0  # spans of the scores beyond which chance is not shown


@style()
def scores_figure(
    results: pd.DataFrame,
    metric: str | OwnMetric,
    *,
    datasets: Sequence[str],
    order: Sequence[str],
    chance: Chance = None,
    alpha: float = 0.05,
    looks: Mapping[str, ClassifierStyle] | None = None,
) -> Figure:
    """Draw every repetition of each classifier on each dataset.

    Small filled dots are held-out scores, small hollow ones training scores; a line
    joins their means, which are larger. Crosses are trainings that collapsed. All
    panels have one order and one range, and chance is a dashed line.

    Parameters
    ----------
    results : DataFrame
        Rows of `bench.read_results`; with a column collapsed, if it is known. Cells
        that are not done are counted in their row.
    metric
        The metric of the scores.
    datasets
        The panels, three in a row.
    order
        The classifiers from the top, in every panel.
    chance
        The score of guessing: of each dataset, or of all.
    alpha
        One minus the coverage of the interval of a share of collapses, which a figure
        of one dataset shows, unless its repetitions share curves (column overlap).
    looks
        Styles of all classifiers of the suite, from `classifier_styles`.
    """
    looks = styles_of(order, looks)
    n_rows = max(1, -(-len(datasets) // _A_ROW))
    n_columns = max(1, -(-len(datasets) // n_rows))
    single = len(datasets) == 1
    width = 5.4 if single else PAGE
    height = n_rows * (0.4 + _ROW * max(2, len(order))) + 0.55
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    chances = [chance_of(chance, name) for name in datasets]
    limits = _limits(results[results["dataset"].isin(list(datasets))], metric, chances)
    kinds: set[str] = set()
    for place, ax in enumerate(axes.ravel()):
        if place >= len(datasets):
            ax.set_axis_off()
            continue
        rows = results[results["dataset"] == datasets[place]]
        # Of repetitions that share curves the share has no interval.
        shares_curves = "overlap" in rows and bool((rows["overlap"] > 0).any())
        level = alpha if single and not shares_curves else None
        ax.set_xlim(*limits)
        ax.set_ylim(len(order) - 0.45, -0.55)
        at = chances[place]
        kinds |= _draw_panel(ax, rows, metric, order, looks, level, at)
        if limits[0] <= at <= limits[1]:
            ax.axvline(at, color=FAINT, linewidth=0.9, linestyle=(0, (4, 2)), zorder=1)
            kinds.add("chance")
        ax.set_yticks(range(len(order)), [plain(name) for name in order])
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="y", visible=False)
        if place % n_columns:
            ax.tick_params(labelleft=False)
        # The lowest of a column names the ticks, also above a place without a panel.
        ax.tick_params(labelbottom=place + n_columns >= len(datasets))
        set_title(ax, drawn(datasets[place], 36))
    for ax in axes.ravel()[: len(datasets)]:
        ax.locator_params(axis="x", nbins=5 if n_columns > 1 else 8)
    figure.supxlabel(metric_of(metric).title, fontsize=7.5)
    _add_legend(figure, kinds)
    return figure


def _limits(
    results: pd.DataFrame, metric: str | OwnMetric, chances: Sequence[float]
) -> tuple[float, float]:
    """Return one range for all panels, with chance unless it lies far away."""
    columns = [f"{part}_{metric}" for part in ("train", "test")]
    columns = [name for name in columns if name in results]
    values = results[columns].to_numpy(float).ravel()
    values = values[np.isfinite(values)]
    known = np.array([value for value in chances if np.isfinite(value)])
    if not len(values):
        values = known if len(known) else np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    span = max(high - low, _LEAST_SPAN)
    near = known[(known >= low - _FAR * span) & (known <= high + _FAR * span)]
    low, high = min([low, *near]), max([high, *near])
    if high - low < _LEAST_SPAN:  # all scores are equal: ticks of a readable size
        low -= _LEAST_SPAN / 2
        high += _LEAST_SPAN / 2
    pad = 0.04 * (high - low)
    return low - pad, high + pad


def _draw_panel(
    ax: Axes,
    results: pd.DataFrame,
    metric: str | OwnMetric,
    order: Sequence[str],
    looks: Mapping[str, ClassifierStyle],
    alpha: float | None,
    chance: float,
) -> set[str]:
    """Draw one dataset; return the kinds of marks that the legend must explain."""
    kinds = set()
    for row, name in enumerate(order):
        cells = results[results["classifier"] == name]
        done = cells[cells["status"] == "done"]
        collapsed = np.zeros(len(done), dtype=bool)
        if "collapsed" in done:
            collapsed = done["collapsed"].eq(True).fillna(False).to_numpy(dtype=bool)
        colour, gid = looks[name].colour, gid_of(name)
        jitter = np.linspace(-0.2, 0.2, len(done)) if len(done) > 1 else np.zeros(1)
        means, taken = {}, [np.array([chance] if np.isfinite(chance) else [])]
        for part in ("train", "test"):
            column = f"{part}_{metric}"
            values = (
                done[column].to_numpy(float)
                if column in done
                else np.full(len(done), np.nan)
            )
            known = np.isfinite(values)
            if not known.any():
                continue
            kinds.add(part)
            taken.append(values[known])
            means[part] = float(values[known].mean())
            face = colour if part == "test" else "none"
            _dots(ax, values, row + jitter, known & ~collapsed, colour, face, gid)
            if (known & collapsed).any():
                kinds.add("collapsed")
                at = known & collapsed
                ax.plot(
                    values[at],
                    (row + jitter)[at],
                    "x",
                    color=colour,
                    markersize=3,
                    markeredgewidth=0.8,
                    gid=gid,
                )
        if len(means) == 2:
            ends = [means["train"], means["test"]]
            ax.plot(ends, [row, row], color=colour, linewidth=1.0, zorder=2, gid=gid)
        for part, value in means.items():
            face = colour if part == "test" else PAPER
            ax.plot(
                value,
                row,
                "o",
                color=colour,
                markerfacecolor=face,
                markersize=4.6,
                markeredgewidth=0.9,
                zorder=4,
                gid=gid,
            )
        note = _note(cells, done, collapsed, alpha)
        if note:
            _write(ax, row, note, np.concatenate(taken))
    return kinds


def _dots(
    ax: Axes,
    values: np.ndarray,
    heights: np.ndarray,
    shown: np.ndarray,
    colour: str,
    face: str,
    gid: str,
) -> None:
    if shown.any():
        ax.plot(
            values[shown],
            heights[shown],
            "o",
            color=colour,
            markerfacecolor=face,
            markersize=2.1,
            markeredgewidth=0.0 if face == colour else 0.5,
            alpha=0.55,
            zorder=3,
            gid=gid,
        )


def _note(
    cells: pd.DataFrame, done: pd.DataFrame, collapsed: np.ndarray, alpha: float | None
) -> str:
    """Count what a row's dots do not show: collapses, and cells that are not done."""
    notes = []
    n_collapsed = int(collapsed.sum())
    if n_collapsed:
        text = f"{n_collapsed} of {len(done)} collapsed"
        if alpha is not None:
            low, high = share_interval(n_collapsed, len(done), alpha)
            text += f" [{low:.2f}, {high:.2f}]"
        notes.append(text)
    counts = cells.loc[cells["status"] != "done", "status"].value_counts()
    notes += [f"{n} {status}" for status, n in sorted(counts.items())]
    return ", ".join(notes)


def _write(ax: Axes, row: int, text: str, taken: np.ndarray) -> None:
    """Write a note in a row, in the gap between its dots where it fits best."""
    figure: Any = ax.get_figure(root=True)
    spot: Any = ax.get_subplotspec()
    n_columns = spot.get_gridspec().ncols
    inches = (figure.get_size_inches()[0] - 1.5) / n_columns
    low, high = ax.get_xlim()
    unit = (high - low) / inches  # of data, in an inch
    pad = 0.06 * unit
    taken = np.sort(taken[(taken >= low) & (taken <= high)])
    ends = np.array([low, *taken, high])
    gaps = np.diff(ends)
    at = int(gaps.argmax())
    lines, width = [text], len(text) * 0.56 * _NOTE / 72 * unit
    if width + 2 * pad > gaps[at] and ", " in text:
        lines = text.split(", ")
        width = max(map(len, lines)) * 0.56 * _NOTE / 72 * unit
    if width + 2 * pad > gaps[at]:
        # No gap is wide enough: the note goes to the right of the panel.
        ax.annotate(
            "\n".join(lines),
            (1.0, row),
            xycoords=ax.get_yaxis_transform(),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=_NOTE,
            color=FAINT,
            annotation_clip=False,
        )
        return
    # Beside the dots rather than in the middle of a wide gap.
    left_is_dots = at > 0
    ax.text(
        ends[at] + pad if left_is_dots or len(taken) == 0 else ends[at + 1] - pad,
        row,
        "\n".join(lines),
        ha="left" if left_is_dots or len(taken) == 0 else "right",
        va="center",
        fontsize=_NOTE,
        linespacing=0.9,
        color=FAINT,
    )


def _add_legend(figure: Figure, kinds: set[str]) -> None:
    """Explain above the panels the marks that they have."""
    dot: dict[str, Any] = {"color": INK, "linestyle": "", "marker": "o"}
    dot |= {"markersize": 4.2, "markeredgewidth": 0.9}
    entries = {
        "test": (dot, "held-out (mean and repetitions)"),
        "train": (dot | {"markerfacecolor": PAPER}, "training"),
        "collapsed": (dot | {"marker": "x", "markersize": 3.4}, "collapsed"),
        "chance": ({"color": FAINT, "linestyle": (0, (4, 2)), "lw": 0.9}, "chance"),
    }
    shown = [entry for kind, entry in entries.items() if kind in kinds]
    if shown:
        figure.legend(
            [Line2D([], [], **options) for options, _ in shown],
            [label for _, label in shown],
            loc="outside upper center",
            ncols=len(shown),
            handletextpad=0.4,
            columnspacing=1.4,
        )
