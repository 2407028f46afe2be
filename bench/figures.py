"""Pictures: ``plot_x(…, ax=None) -> Axes``; none shows or saves anything."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.metrics import METRICS
from bench.presets import PRESETS

SYMBOLIC, NEURAL = "#0072B2", "#D55E00"  # of Okabe and Ito's colour-blind safe palette
_INK = "#333333"
_COLOURS = [
    *sns.color_palette("colorblind").as_hex(),
    "#332288",
    "#999933",
    "#661100",
    "#44AA99",
    "#882255",
    "#AA4499",
]
STYLE: dict[Any, Any] = {
    "axes.edgecolor": _INK,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "savefig.dpi": 160,
}


def new_figure(n_axes: int, width: float = 7.0, height: float = 3.2) -> Any:
    """Return a figure of `n_axes` axes in a row, without pyplot's global state."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(1, n_axes, squeeze=False)[0]
    return figure, axes


def classifier_colours(names: Sequence[str]) -> dict[str, str]:
    """Give each classifier its colour: presets always theirs, others what is left."""
    order = [*PRESETS, *(name for name in names if name not in PRESETS)]
    return {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(order)}


def plot_scores(
    results: pd.DataFrame, metric: str, *, order: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Draw every repetition of one dataset: held-out filled, training hollow.

    Parameters
    ----------
    results
        Rows of one dataset, as `bench.read_results` gives them.
    order
        Classifiers from the top.
    """
    ax = _axes(ax)
    colours = classifier_colours(order)
    for row, name in enumerate(order):
        own = results[(results["classifier"] == name) & (results["status"] == "done")]
        spread = np.linspace(-0.12, 0.12, max(len(own), 1))[: len(own)]
        for part, shift, face in (
            ("train", 0.2, "none"),
            ("test", -0.2, colours[name]),
        ):
            values = own[f"{part}_{metric}"]
            ax.scatter(
                values,
                row + shift + spread,
                s=13,
                facecolors=face,
                edgecolors=colours[name],
                linewidths=0.8,
            )
            if len(values):
                ax.plot(
                    [values.mean()] * 2,
                    [row + shift - 0.2, row + shift + 0.2],
                    color=_INK,
                    linewidth=1.1,
                )
    ax.set_yticks(range(len(order)), [plain(name) for name in order])
    ax.set_ylim(len(order) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(METRICS[metric].title)
    return ax


def plot_overfitting(
    summary: pd.DataFrame, metric: str, *, ax: Axes | None = None
) -> Axes:
    """Draw training against held-out means of one dataset; on the line, no overfit."""
    ax = _axes(ax)
    colours = classifier_colours(list(summary["classifier"]))
    done = summary[summary["n"] > 0]
    xs, ys = done[f"test_{metric}_mean"], done[f"train_{metric}_mean"]
    if len(done):
        low = min(xs.min(), ys.min()) - 0.03
        ax.axline((low, low), slope=1, color=_INK, linewidth=0.8, linestyle=":")
        ax.set_ylim(low, 1.03)
    for name, x, y in zip(done["classifier"], xs, ys, strict=True):
        ax.scatter(
            x,
            y,
            s=34,
            color=colours[name],
            zorder=3,
            edgecolors="white",
            linewidths=0.6,
        )
    _label_points(ax, list(done["classifier"]), list(xs), list(ys))
    ax.set_xlabel(f"held-out {METRICS[metric].title}")
    ax.set_ylabel(f"training {METRICS[metric].title}")
    return ax


def _label_points(ax: Axes, names: list[str], xs: list[float], ys: list[float]) -> None:
    """Write names beside points, those of neighbours on lines of their own."""
    span = max(max(xs) - min(xs), max(ys) - min(ys), 0.05) if xs else 1.0
    placed: list[tuple[float, float]] = []
    for i in sorted(range(len(names)), key=lambda i: (-ys[i], xs[i])):
        x, y = xs[i] + 0.025 * span, ys[i]
        while any(
            abs(x - px) < 0.17 * span and abs(y - py) < 0.052 * span
            for px, py in placed
        ):
            y -= 0.012 * span
        placed.append((x, y))
        ax.text(x, y, plain(names[i]), fontsize=7.5, va="center", color=_INK)
    if xs:
        ax.set_xlim(right=max(xs) + 0.22 * span)


def plot_curves(
    x: np.ndarray, symbolic: np.ndarray, neural: np.ndarray, *, ax: Axes | None = None
) -> Axes:
    """Draw curves of both classes against the first column of the input.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs)
    symbolic, neural : arrays of shape (n_curves, n_points)
    """
    ax = _axes(ax)
    order = np.argsort(x[:, 0])
    line = "-" if x.shape[1] == 1 else ""
    marker = "" if x.shape[1] == 1 else "."
    for curves, colour, label in (
        (symbolic, SYMBOLIC, "symbolic"),
        (neural, NEURAL, "neural"),
    ):
        lines = ax.plot(
            x[order, 0],
            curves[:, order].T,
            color=colour,
            linewidth=0.9,
            alpha=0.6,
            linestyle=line,
            marker=marker,
            markersize=2,
        )
        if lines:
            lines[0].set_label(f"{label} ({len(curves)} curves)")
    ax.set_xlabel(_input_name(x))
    ax.set_ylabel("value")
    ax.legend(loc="upper center", fontsize=7.5)
    ax.margins(y=0.15)
    return ax


def plot_inputs(x: np.ndarray, *, ax: Axes | None = None) -> Axes:
    """Draw the histogram of each column of the input points, and the points."""
    ax = _axes(ax)
    for column in range(x.shape[1]):
        values = x[:, column]
        colour = _COLOURS[(column + 2) % len(_COLOURS)]
        ax.hist(
            values,
            bins=min(20, len(np.unique(values))),
            density=True,
            alpha=0.55,
            color=colour,
            label=f"x{column}" if x.shape[1] > 1 else None,
        )
        ax.plot(
            values,
            np.full(len(values), -0.02 * (column + 1)),
            "|",
            color=colour,
            markersize=5,
            alpha=0.6,
            transform=ax.get_xaxis_transform(),
            clip_on=False,
        )
    if x.shape[1] > 1:
        ax.legend(fontsize=7.5)
    ax.tick_params(axis="x", pad=8)
    ax.set_xlabel(f"input, {len(x)} points")
    ax.set_ylabel("density")
    return ax


def plot_tangents(
    x: np.ndarray,
    curves: Sequence[tuple[np.ndarray, np.ndarray, str, str]],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw curves with their exact tangents at six points: the gradient check.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs)
    curves
        Values (n_points,), gradients (n_points, n_inputs), colour and label of each.
    """
    ax = _axes(ax)
    order = np.argsort(x[:, 0])
    xs = x[order, 0]
    # Six points equally far apart along the input, not by their number.
    at = np.searchsorted(xs, np.linspace(xs[0], xs[-1], 8)[1:-1])
    reach = 0.06 * (xs[-1] - xs[0])
    for values, gradients, colour, label in curves:
        ys, slopes = values[order], gradients[order, 0]
        marker = (
            {"linewidth": 1.0}
            if x.shape[1] == 1
            else {"linestyle": "", "marker": ".", "markersize": 3}
        )
        ax.plot(xs, ys, color=colour, label=label, alpha=0.75, **marker)
        for i in at:
            ends = np.array([-reach, reach])
            ax.plot(
                xs[i] + ends, ys[i] + ends * slopes[i], color="black", linewidth=1.6
            )
            ax.plot(xs[i], ys[i], "o", color="black", markersize=3)
    ax.set_xlabel(_input_name(x))
    ax.set_ylabel("value, with tangents")
    ax.legend(loc="upper center", fontsize=7.5)
    ax.margins(y=0.2)
    return ax


def plain(text: str) -> str:
    """Keep matplotlib from reading a stranger's dollar signs as mathematics."""
    return text.replace("$", r"\$")


def _input_name(x: np.ndarray) -> str:
    return "input" if x.shape[1] == 1 else "input, first column"


def _axes(ax: Axes | None) -> Axes:
    if ax is None:
        axes: Axes = new_figure(1)[1][0]
        return axes
    return ax
