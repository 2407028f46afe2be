"""ROC curves: what a threshold on a classifier's scores gains, and what it costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bench.figures.drawing.theme import (
    FAINT,
    PAGE,
    SMALL,
    ClassifierStyle,
    handle,
    plain,
    style,
    styles_of,
)

_SIDE = 3.0  # inches of the axes
_LETTER = 0.068  # inches of a letter of the legend
_DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)))  # beside the colour, for lines on lines


@style()
def roc_figure(
    curves: Mapping[str, Sequence[float]],
    areas: Mapping[str, float],
    *,
    positive: str = "",
    looks: Mapping[str, ClassifierStyle] | None = None,
) -> Figure:
    """Draw the mean ROC curve of each classifier, with the area below it in a legend.

    Parameters
    ----------
    curves
        Classifier → true-positive rates at evenly spaced false-positive rates from 0
        to 1, at least two.
    areas
        Classifier → the mean area below its curves.
    positive
        The name of the positive class.
    looks
        Styles of all classifiers of the suite, from `classifier_styles`.
    """
    looks = styles_of(curves, looks)
    longest = 10 + max([10, *(len(plain(name)) for name in curves)])
    figure = Figure(
        figsize=(min(PAGE, _SIDE + 0.9 + _LETTER * longest), _SIDE + 0.5),
        layout="constrained",
    )
    ax = figure.subplots()
    ax.plot([0, 1], [0, 1], color=FAINT, linewidth=0.9, linestyle=(0, (4, 2)), zorder=1)
    best_first = sorted(curves, key=lambda name: -areas[name])
    handles: list[Any] = []
    for place, name in enumerate(best_first):
        true = np.array([0.0, *curves[name]])  # each curve begins in the corner
        false = np.array([0.0, *np.linspace(0, 1, len(curves[name]))])
        line: dict[str, Any] = {"linestyle": _DASHES[place % len(_DASHES)]}
        ax.plot(false, true, color=looks[name].colour, clip_on=False, zorder=2, **line)
        handles.append(handle(looks[name], marker="", **line))
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.set_aspect("equal")
    ax.set_xlabel("false-positive rate")
    of = f" ({plain(positive)})" if positive else ""
    ax.set_ylabel(f"true-positive rate{of}")
    texts = [f"{plain(name)}  {_area(areas[name])}" for name in best_first]
    legend = figure.legend(
        handles,
        texts,
        title="area below the curve",
        loc="outside right center",
        title_fontsize=SMALL,
        alignment="left",
        handlelength=3,
    )
    legend.get_title().set_color(FAINT)
    return figure


def _area(value: float) -> str:
    text = f"{value:.3f}"
    return text.removeprefix("0")
