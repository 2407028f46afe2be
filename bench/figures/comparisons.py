"""Mean ranks over datasets, with bars over classifiers that do not differ."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.figures.drawing.theme import (
    INK,
    PAGE,
    ClassifierStyle,
    axes_or_new,
    plain,
    style,
    styles_of,
)


@style()
def plot_critical_differences(
    ranks: Mapping[str, float] | pd.Series,
    cliques: Iterable[Sequence[str]],
    *,
    looks: Mapping[str, ClassifierStyle] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw mean ranks over datasets, with bars over classifiers that do not differ.

    Dots on a bar mark its members, since a bar may pass over a classifier that differs
    significantly from some of the group.

    Parameters
    ----------
    ranks
        Mean rank of each classifier; 1 is best.
    cliques
        All maximal groups of classifiers without a significant difference in any pair.
        Groups of one member may be included.

    Raises
    ------
    ValueError
        If a clique names a classifier without a rank, or the cliques are not exactly
        the maximal groups: then bars would contradict the tests.
    """
    # Imported late: it takes half a second, which most reports do not need.
    from scikit_posthocs import critical_difference_diagram

    ordered = pd.Series(ranks, dtype=float).sort_values(kind="stable")
    names = [str(name) for name in ordered.index]
    n = len(names)
    ax = axes_or_new(ax, PAGE, 0.9 + 0.19 * n)
    # The library gets numbers instead of names: a user's name may hold anything, two
    # shortened names may be equal, and the order of a set of strings differs from
    # process to process, which would change the figure's bytes.
    alike, n_bars = _alike(names, cliques)
    numbers = ordered.set_axis(range(n))
    looks = styles_of(names, looks)
    span = max(n - 1, 1)
    drawn = critical_difference_diagram(
        numbers,
        alike,
        ax=ax,
        label_fmt_left="{label}",
        label_fmt_right="{label}",
        color_palette={i: looks[name].colour for i, name in enumerate(names)},
        marker_props={"s": 22, "linewidths": 0},
        elbow_props={"linewidth": 0.9},
        crossbar_props={"color": INK, "linewidth": 2.2, "marker": "o", "markersize": 4},
        text_h_margin=0.02 * span,
    )
    if len(drawn["crossbars"]) != n_bars:
        raise ValueError(
            f"found {n_bars} groups of two or more classifiers; expected the "
            f"{len(drawn['crossbars'])} maximal groups that their pairs make"
        )
    for text in drawn["labels"]:
        i = int(text.get_text())
        text.set_text(f"{plain(names[i])}  {numbers[i]:.2f}")
        text.set_color(INK)
        direction = -1 if text.get_ha() == "right" else 1  # away from its line
        text.set_x(text.get_position()[0] + direction * 0.01 * span)
    ax.spines["top"].set_visible(True)
    ax.spines["top"].set_bounds(1, max(n, 2))
    ax.set_xlim(1 - 0.04 * span, max(n, 2) + 0.04 * span)
    ax.set_xticks(range(1, n + 1))
    ax.set_ylim(top=0.25)
    ax.grid(visible=False)
    ax.xaxis.set_label_position("top")
    ax.set_xlabel(
        "mean rank over datasets (1 is best; bars: no significant difference)"
    )
    return ax


def _alike(
    names: list[str], cliques: Iterable[Sequence[str]]
) -> tuple[pd.DataFrame, int]:
    """Return a matrix with 1 for two of one group, else 0; and the number of groups.

    Only groups of two or more are counted.
    """
    index = {name: i for i, name in enumerate(names)}
    alike = pd.DataFrame(np.eye(len(names)))
    groups = set()
    for clique in cliques:
        unknown = sorted(set(clique) - index.keys())
        if unknown:
            raise ValueError(
                f"found a clique with {unknown}, which have no rank; expected names of "
                "ranked classifiers"
            )
        members = sorted(index[name] for name in clique)
        alike.iloc[members, members] = 1.0
        if len(members) > 1:
            groups.add(tuple(members))
    return alike, len(groups)
