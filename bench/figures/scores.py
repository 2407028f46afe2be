"""Figures of scores: every repetition, overfitting, and accuracy against time."""

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
from bench.stats import METRICS

_CLOCK = 1e-4  # seconds: what is stored is rounded to it, so nothing took less


@style()
def plot_scores(
    results: pd.DataFrame,
    metric: str,
    *,
    order: Sequence[str],
    looks: Mapping[str, ClassifierStyle] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw every repetition of one dataset: held-out filled, training hollow.

    Parameters
    ----------
    results : DataFrame
        Rows of one dataset, as `bench.read_results` gives them. What is not done is
        counted in the figure; what was trained online, without a training set, says
        so.
    order
        Classifiers from the top.
    looks
        Of the whole suite's classifiers, from `classifier_looks`.
    """
    ax = axes_or_new(ax, height=0.4 + 0.21 * max(len(order), 2))
    looks = styles_of(order, looks)
    for row, name in enumerate(order):
        own = results[results["classifier"] == name]
        done = own[own["status"] == "done"]
        online = len(done) > 0 and done[f"train_{metric}"].isna().all()
        online = online and done[f"test_{metric}"].notna().any()
        spread = np.linspace(-0.1, 0.1, max(len(done), 1))[: len(done)]
        for part, shift in (("train", 0.21), ("test", -0.21)):
            values = done[f"{part}_{metric}"]
            ax.scatter(
                values,
                row + shift + spread,
                s=8,
                facecolors="none" if part == "train" else looks[name].colour,
                edgecolors=looks[name].colour,
                linewidths=0.7,
            )
            if values.notna().any():
                ends = [row + shift - 0.19, row + shift + 0.19]
                ax.plot([values.mean()] * 2, ends, color=INK, linewidth=1.0)
        if len(done) < len(own):
            counts = own["status"].value_counts()
            said = ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))
            said += ", trained online" if online else ""
            # Where the row has no dots, or else in what room is left under them.
            _say_in_row(ax, row if done.empty else row + 0.42, said)
        elif online:
            _say_in_row(ax, row + 0.23, "trained online")
    ax.set_yticks(range(len(order)), [plain(name) for name in order])
    ax.set_ylim(len(order) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    # From the right, since long names leave less room below the axes than there is.
    key = "(● held-out, ○ training, | mean)"
    ax.set_xlabel(f"{METRICS[metric].title} {key}", loc="right")
    return ax


@style()
def plot_overfitting(
    summary: pd.DataFrame,
    metric: str,
    *,
    looks: Mapping[str, ClassifierStyle] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw training against held-out means of one dataset; on the line, no overfit.

    Parameters
    ----------
    summary : DataFrame
        Rows of one dataset, as `bench.analysis.results.summarise` gives them.
    """
    ax = axes_or_new(ax)
    looks = styles_of(summary["classifier"], looks)
    columns = [f"test_{metric}_mean", f"train_{metric}_mean"]
    done = summary[summary["n"] > 0].dropna(subset=columns)
    points = done[columns].to_numpy(float)
    lines = []
    if len(done):
        low, high = points.min(), points.max()
        room = 0.06 * (high - low) + 1e-3
        ax.set_xlim(low - room, high + room)
        ax.set_ylim(low - room, high + room)
        ends = np.array([low - room, high + room])
        ax.plot(ends, ends, color=INK, linewidth=0.7, linestyle=":", scalex=False)
        lines.append(np.column_stack([ends, ends]))
    _draw_points(ax, list(done["classifier"]), points, looks, lines)
    title = METRICS[metric].title
    ax.set_xlabel(f"held-out {title}")
    ax.set_ylabel(f"training {title}")
    known = summary[f"test_{metric}_mean"].notna()
    online = summary[known & summary[f"train_{metric}_mean"].isna()]
    _say_what_lacks(ax, online, done, "no training set (online)")
    return _say_what_lacks(ax, summary.drop(online.index), done)


@style()
def plot_pareto(
    summary: pd.DataFrame,
    metric: str,
    *,
    looks: Mapping[str, ClassifierStyle] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw held-out means of one dataset against seconds to fit, and their front.

    On the front are the classifiers that no other beats in one without losing in the
    other. Seconds compare on one machine with one number of threads only: say both in
    the title.

    Parameters
    ----------
    summary : DataFrame
        Rows of one dataset, as `bench.analysis.results.summarise` gives them.
    """
    ax = axes_or_new(ax)
    looks = styles_of(summary["classifier"], looks)
    score = f"test_{metric}_mean"
    done = summary[summary["n"] > 0].dropna(subset=[score, "fit_seconds_mean"])
    seconds = done["fit_seconds_mean"].clip(lower=_CLOCK).to_numpy(float)
    scores = done[score].to_numpy(float)
    better = METRICS[metric].larger_is_better
    lines = []
    if len(done):
        chosen = pareto_front(seconds, scores, larger_is_better=better)
        front = np.column_stack([seconds, scores])[chosen]
        front = np.unique(front, axis=0)  # by seconds
        log_seconds(ax, seconds.min() / 2.5, seconds.max() * 2.5)
        corners = [front[0]]
        for before, after in pairwise(front):
            corners += [np.array([after[0], before[1]]), after]
        corners.append(np.array([seconds.max() * 2.5, front[-1][1]]))
        steps = np.array(corners)
        ax.plot(*steps.T, color=FAINT, linewidth=0.9, zorder=1)
        # Where lines are drawn on a log axis, names keep away from them there too.
        lines.append(steps)
        ax.margins(y=0.09)
    points = np.column_stack([seconds, scores])
    _draw_points(ax, list(done["classifier"]), points, looks, lines)
    ax.set_xlabel("time to fit (s), mean; line: Pareto front")
    ax.set_ylabel(f"held-out {METRICS[metric].title}")
    return _say_what_lacks(ax, summary, done)


def pareto_front(
    seconds: np.ndarray, scores: np.ndarray, *, larger_is_better: bool
) -> np.ndarray:
    """Say which points no other beats in one without losing in the other.

    Parameters
    ----------
    seconds, scores : arrays of shape (n_points,)

    Returns
    -------
    array of bool, shape (n_points,)
        Of equal points, all or none.
    """
    gains = scores if larger_is_better else -scores
    as_good = (seconds[:, None] <= seconds) & (gains[:, None] >= gains)
    beyond = (seconds[:, None] < seconds) | (gains[:, None] > gains)
    beaten: np.ndarray = np.any(as_good & beyond, axis=0)
    return ~beaten


def _draw_points(
    ax: Axes,
    names: list[str],
    points: np.ndarray,
    looks: Mapping[str, ClassifierStyle],
    lines: list[np.ndarray],
) -> None:
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


def _say_what_lacks(
    ax: Axes, summary: pd.DataFrame, shown: pd.DataFrame, why: str = "not done"
) -> Axes:
    """Name the classifiers that have no point: a failure is never a gap."""
    names = [n for n in summary["classifier"] if n not in set(shown["classifier"])]
    if names:
        said = ", ".join(plain(name) for name in names[:3])
        said += f" and {len(names) - 3} more" if len(names) > 3 else ""
        per_line = int(inches_of(ax)[0] * 72 / (0.56 * 7.5))
        rows = wrap(f"{why}: {said}", max(24, per_line))
        ax.set_xlabel("\n".join([ax.get_xlabel(), *rows]))
    return ax


def _say_in_row(ax: Axes, row: float, text: str) -> None:
    ax.text(
        0.01,
        row,
        text,
        transform=ax.get_yaxis_transform(),
        va="center",
        fontsize=SMALL - 1,
        color=FAINT,
    )
