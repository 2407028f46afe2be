"""Figures of scores: every repetition, overfitting, and score against time."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.figures.labels import PointLabels
from bench.figures.theme import (
    FAINT,
    INK,
    SMALL,
    ClassifierStyle,
    axes_or_new,
    inches_of,
    log_seconds,
    plain,
    style,
    styles_of,
)
from bench.stats import METRICS, share_interval

_CLOCK = 1e-4  # seconds: stored times are rounded to it, and 0 has no logarithm


@style()
def plot_scores(
    results: pd.DataFrame,
    metric: str,
    *,
    order: Sequence[str],
    alpha: float = 0.05,
    looks: Mapping[str, ClassifierStyle] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw every repetition of one dataset: held-out dots filled, training dots hollow.

    Parameters
    ----------
    results : DataFrame
        Rows of one dataset from `bench.read_results`. The figure counts the cells that
        are not done, and marks classifiers that were trained online, without a training
        set. Cells whose column collapsed, if there is one, is true are crosses.
    metric
        The metric of the scores.
    order
        Classifiers from the top.
    alpha
        One minus the coverage of the interval of a share of collapses.
    looks
        Styles of all classifiers of the suite, from `classifier_styles`.
    """
    ax = axes_or_new(ax, height=0.4 + 0.21 * max(len(order), 2))
    looks = styles_of(order, looks)
    any_collapsed = False
    for row, name in enumerate(order):
        cells = results[results["classifier"] == name]
        done = cells[cells["status"] == "done"]
        online = len(done) > 0 and done[f"train_{metric}"].isna().all()
        online = online and done[f"test_{metric}"].notna().any()
        offsets = np.linspace(-0.1, 0.1, max(len(done), 1))[: len(done)]
        collapsed = np.zeros(len(done), dtype=bool)
        if "collapsed" in done:
            collapsed = done["collapsed"].fillna(False).to_numpy(dtype=bool)
        any_collapsed = any_collapsed or bool(collapsed.any())
        for part, shift in (("train", 0.21), ("test", -0.21)):
            values = done[f"{part}_{metric}"]
            heights = row + shift + offsets
            ax.scatter(
                values[~collapsed],
                heights[~collapsed],
                s=8,
                facecolors="none" if part == "train" else looks[name].colour,
                edgecolors=looks[name].colour,
                linewidths=0.7,
            )
            if collapsed.any():
                ax.scatter(
                    values[collapsed],
                    heights[collapsed],
                    s=12,
                    marker="x",
                    color=looks[name].colour,
                    linewidths=0.9,
                )
            if values.notna().any():
                ends = [row + shift - 0.19, row + shift + 0.19]
                ax.plot([values.mean()] * 2, ends, color=INK, linewidth=1.0)
        notes = []
        if len(done) < len(cells):
            counts = cells["status"].value_counts()
            notes = [f"{n} {status}" for status, n in sorted(counts.items())]
        if collapsed.any():
            n_collapsed = int(collapsed.sum())
            low, high = share_interval(n_collapsed, len(done), alpha)
            notes.append(
                f"{n_collapsed} of {len(done)} collapsed, [{low:.3f}, {high:.3f}]"
            )
        if online:
            notes.append("trained online")
        if notes == ["trained online"]:
            _note_in_row(ax, row + 0.23, notes[0])
        elif notes:
            # In the middle of a row without dots, or else below the dots.
            _note_in_row(ax, row if done.empty else row + 0.42, ", ".join(notes))
    ax.set_yticks(range(len(order)), [plain(name) for name in order])
    ax.set_ylim(len(order) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    # Aligned right: long names at the left leave little room below the axes.
    legend = "(● held-out, ○ training, | mean"
    legend += ", × collapsed)" if any_collapsed else ")"
    ax.set_xlabel(f"{METRICS[metric].title} {legend}", loc="right")
    return ax


@style()
def plot_overfitting(
    summary: pd.DataFrame,
    metric: str,
    *,
    looks: Mapping[str, ClassifierStyle] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw training against held-out means of one dataset; the line marks equality.

    Parameters
    ----------
    summary : DataFrame
        Rows of one dataset from `bench.analysis.results.summarise`.
    metric
        The metric of the scores.
    """
    ax = axes_or_new(ax)
    looks = styles_of(summary["classifier"], looks)
    columns = [f"test_{metric}_mean", f"train_{metric}_mean"]
    done = summary[summary["n"] > 0].dropna(subset=columns)
    points = done[columns].to_numpy(float)
    lines = []
    if len(done):
        low, high = points.min(), points.max()
        margin = 0.06 * (high - low) + 1e-3
        ends = np.array([low - margin, high + margin])
        ax.set_xlim(*ends)
        ax.set_ylim(*ends)
        ax.plot(ends, ends, color=INK, linewidth=0.7, linestyle=":", scalex=False)
        lines.append(np.column_stack([ends, ends]))
    _draw_points(ax, list(done["classifier"]), points, looks, lines)
    title = METRICS[metric].title
    ax.set_xlabel(f"held-out {title}")
    ax.set_ylabel(f"training {title}")
    known = summary[f"test_{metric}_mean"].notna()
    online = summary[known & summary[f"train_{metric}_mean"].isna()]
    _name_missing(ax, online, done, "no training set (online)")
    return _name_missing(ax, summary.drop(online.index), done)


@style()
def plot_pareto(
    summary: pd.DataFrame,
    metric: str,
    *,
    looks: Mapping[str, ClassifierStyle] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw held-out means of one dataset against seconds to fit, with the Pareto front.

    Seconds compare only on the same machine with the same number of threads, so state
    both in the title.

    Parameters
    ----------
    summary : DataFrame
        Rows of one dataset from `bench.analysis.results.summarise`.
    metric
        The metric of the scores.
    """
    ax = axes_or_new(ax)
    looks = styles_of(summary["classifier"], looks)
    score = f"test_{metric}_mean"
    done = summary[summary["n"] > 0].dropna(subset=[score, "fit_seconds_median"])
    seconds = done["fit_seconds_median"].clip(lower=_CLOCK).to_numpy(float)
    scores = done[score].to_numpy(float)
    larger_is_better = METRICS[metric].larger_is_better
    lines = []
    if len(done):
        on_front = pareto_front(seconds, scores, larger_is_better=larger_is_better)
        front = np.column_stack([seconds, scores])[on_front]
        front = np.unique(front, axis=0)  # sorted by seconds
        log_seconds(ax, seconds.min() / 2.5, seconds.max() * 2.5)
        corners = [front[0]]
        for before, after in pairwise(front):
            corners += [np.array([after[0], before[1]]), after]
        corners.append(np.array([seconds.max() * 2.5, front[-1][1]]))
        steps = np.array(corners)
        ax.plot(*steps.T, color=FAINT, linewidth=0.9, zorder=1)
        lines.append(steps)  # which names should avoid
        ax.margins(y=0.09)
    points = np.column_stack([seconds, scores])
    _draw_points(ax, list(done["classifier"]), points, looks, lines)
    ax.set_xlabel("time to fit (s), median; line: Pareto front")
    ax.set_ylabel(f"held-out {METRICS[metric].title}")
    return _name_missing(ax, summary, done)


def pareto_front(
    seconds: np.ndarray, scores: np.ndarray, *, larger_is_better: bool
) -> np.ndarray:
    """Find the points that no other point dominates.

    A point dominates another if it is as good in both seconds and score, and better in
    at least one of them.

    Parameters
    ----------
    seconds, scores : arrays of shape (n_points,)

    Returns
    -------
    array of bool, shape (n_points,)
        True on the front. Equal points are all on it or all off it.
    """
    gains = scores if larger_is_better else -scores
    as_good = (seconds[:, None] <= seconds) & (gains[:, None] >= gains)
    better = (seconds[:, None] < seconds) | (gains[:, None] > gains)
    dominated: np.ndarray = np.any(as_good & better, axis=0)
    return ~dominated


def _draw_points(
    ax: Axes,
    names: list[str],
    points: np.ndarray,
    looks: Mapping[str, ClassifierStyle],
    lines: list[np.ndarray],
) -> None:
    """Draw a marker and a name for each point; names avoid the lines."""
    for name, (x, y) in zip(names, points, strict=True):
        ax.scatter(
            x,
            y,
            s=22,
            color=looks[name].colour,
            marker=looks[name].marker,
            zorder=3,
            edgecolors="white",
            linewidths=0.4,
        )
    labels = PointLabels(
        [plain(name) for name in names], points, lines=lines, size=SMALL, colour=INK
    )
    labels.add_to(ax)


def _name_missing(
    ax: Axes, summary: pd.DataFrame, shown: pd.DataFrame, reason: str = "not done"
) -> Axes:
    """Name classifiers without a point below the axes, since a failure must show."""
    names = [n for n in summary["classifier"] if n not in set(shown["classifier"])]
    if names:
        listed = ", ".join(plain(name) for name in names[:3])
        listed += f" and {len(names) - 3} more" if len(names) > 3 else ""
        per_line = int(inches_of(ax)[0] * 72 / (0.56 * 7.5))
        rows = wrap(f"{reason}: {listed}", max(24, per_line))
        ax.set_xlabel("\n".join([ax.get_xlabel(), *rows]))
    return ax


def _note_in_row(ax: Axes, row: float, text: str) -> None:
    ax.text(
        0.01,
        row,
        text,
        transform=ax.get_yaxis_transform(),
        va="center",
        fontsize=SMALL - 1,
        color=FAINT,
    )
