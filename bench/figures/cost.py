"""Score against the seconds of a fit, with the Pareto front."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.figures.drawing.labels import PointLabels
from bench.figures.drawing.theme import (
    FAINT,
    INK,
    PAGE,
    PAPER,
    SMALL,
    ClassifierStyle,
    drawn,
    gid_of,
    inches_of,
    log_seconds,
    log_ticks,
    note_empty,
    plain,
    set_title,
    style,
    styles_of,
)
from bench.figures.matrix import Chance, chance_of
from bench.stats import CHANCE, OwnMetric, metric_of

_CLOCK = 1e-4  # seconds: stored times are rounded to it, and 0 has no logarithm
_A_ROW = 3  # datasets side by side
_CROWDED = 16  # classifiers, up to which so many panels have room for their names


@style()
def cost_figure(
    summary: pd.DataFrame,
    metric: str | OwnMetric,
    *,
    datasets: Sequence[str],
    looks: Mapping[str, ClassifierStyle] | None = None,
    chance: Chance = None,
) -> Figure:
    """Draw held-out means against seconds to fit, a panel for each dataset.

    The line is the Pareto front: the classifiers that no other one beats in both.
    Seconds compare only on one machine with one number of threads.

    Parameters
    ----------
    summary : DataFrame
        Rows of `bench.analysis.results.summarise`.
    metric
        The metric of the scores.
    datasets
        The panels, three in a row, or two with more than 16 classifiers.
    looks
        Styles of all classifiers of the suite, from `classifier_styles`.
    chance
        The score of guessing, a dashed line: of each dataset, or of all.
    """
    shown = summary[summary["dataset"].isin(list(datasets))]
    shown = shown[shown["classifier"] != CHANCE]
    looks = styles_of(shown["classifier"], looks)
    # The names of many classifiers need wider panels.
    crowded = shown["classifier"].nunique() > _CROWDED
    a_row, height = (_A_ROW - 1, 3.9) if crowded else (_A_ROW, 2.75)
    n_rows = max(1, -(-len(datasets) // a_row))
    n_columns = max(1, -(-len(datasets) // n_rows))
    width = PAGE if len(datasets) > 1 else 5.4 if crowded else 4.2
    figure = Figure(figsize=(width, height * n_rows + 0.3), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    done = _done(shown, metric)
    seconds = done["fit_seconds_median"].clip(lower=_CLOCK)
    if len(done):
        low, high = float(seconds.min()) / 2.2, float(seconds.max()) * 2.2
        log_seconds(axes[0, 0], low, high)
        scores = done[f"test_{metric}_mean"]
        pad = 0.09 * max(float(scores.max() - scores.min()), 0.01)
        axes[0, 0].set_ylim(float(scores.min()) - pad, float(scores.max()) + pad)
    for place, ax in enumerate(axes.ravel()):
        if place >= len(datasets):
            ax.set_axis_off()
            continue
        rows = shown[shown["dataset"] == datasets[place]]
        at = chance_of(chance, datasets[place])
        plot_cost(rows, metric, looks=looks, chance=at, ax=ax)
        if len(done):
            log_ticks(ax.xaxis, low, high)
        set_title(ax, drawn(datasets[place], 36))
        ax.tick_params(
            labelleft=place % n_columns == 0,
            labelbottom=place + n_columns >= len(datasets),
        )
    words = "median time to fit (s); line: Pareto front"
    words += "; dashed: chance" if chance is not None else ""
    figure.supxlabel(words, fontsize=7.5)
    figure.supylabel(f"held-out {metric_of(metric).title}", fontsize=7.5)
    return figure


def plot_cost(
    summary: pd.DataFrame,
    metric: str | OwnMetric,
    *,
    looks: Mapping[str, ClassifierStyle],
    chance: float = np.nan,
    ax: Axes,
) -> Axes:
    """Draw the classifiers of one dataset and their Pareto front on axes with limits.

    Parameters
    ----------
    summary, metric, chance
        As in `cost_figure`, of one dataset.
    """
    done = _done(summary, metric)
    seconds = done["fit_seconds_median"].clip(lower=_CLOCK).to_numpy(float)
    scores = done[f"test_{metric}_mean"].to_numpy(float)
    points = np.column_stack([seconds, scores])
    lines = []
    if ax.get_ylim()[0] <= chance <= ax.get_ylim()[1]:
        ax.axhline(chance, color=FAINT, lw=0.9, linestyle=(0, (4, 2)), zorder=1)
        lines.append(np.array([[end, chance] for end in ax.get_xlim()]))
    if len(done):
        larger = metric_of(metric).larger_is_better
        on_front = pareto_front(seconds, scores, larger_is_better=larger)
        front = np.unique(points[on_front], axis=0)  # sorted by seconds
        corners = [front[0]]
        for before, after in pairwise(front):
            corners += [np.array([after[0], before[1]]), after]
        corners.append(np.array([ax.get_xlim()[1], front[-1][1]]))
        steps = np.array(corners)
        ax.plot(*steps.T, color=FAINT, linewidth=0.9, zorder=1)
        lines.append(steps)  # which names should avoid
    else:
        note_empty(ax, "nothing done")
    names = list(done["classifier"])
    for name, (x, y) in zip(names, points, strict=True):
        look = looks[name]
        ax.plot(
            x,
            y,
            look.marker if look.is_highlighted else "o",
            color=look.colour,
            markersize=5.2 if look.is_highlighted else 3.6,
            markeredgecolor=PAPER,
            markeredgewidth=0.4,
            zorder=4 if look.is_highlighted else 3,
            gid=gid_of(name),
        )
    labels = PointLabels(
        [plain(name, 16) for name in names],
        points,
        lines=lines,
        size=SMALL - 0.5,
        colour=INK,
        colours=[INK if looks[name].is_highlighted else FAINT for name in names],
        gids=[gid_of(name) for name in names],
    )
    labels.add_to(ax)
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


def _done(summary: pd.DataFrame, metric: str | OwnMetric) -> pd.DataFrame:
    columns = [f"test_{metric}_mean", "fit_seconds_median"]
    return summary[summary["n"] > 0].dropna(subset=columns)


def _name_missing(ax: Axes, summary: pd.DataFrame, shown: pd.DataFrame) -> Axes:
    """Name classifiers without a point below the axes, since a failure must show."""
    names = [n for n in summary["classifier"] if n not in set(shown["classifier"])]
    if names:
        listed = ", ".join(plain(name) for name in names[:3])
        listed += f" and {len(names) - 3} more" if len(names) > 3 else ""
        per_line = int(inches_of(ax)[0] * 72 / (0.56 * 7.5))
        rows = wrap(f"not done: {listed}", max(24, per_line))
        ax.set_xlabel("\n".join(rows))
    return ax
