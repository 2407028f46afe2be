import itertools

import numpy as np
import pytest
from readable import assert_readable

from bench.figures.comparisons import plot_critical_differences
from bench.figures.drawing.theme import plain
from bench.stats.rank_tests import maximal_cliques


def bars_of(ax):
    """Return the x ranges of the bars, by their height."""
    bars = [line for line in ax.lines if line.get_linewidth() == 2.2]
    return [
        (min(line.get_xdata()), max(line.get_xdata()), line.get_ydata()[0])
        for line in bars
    ]


def test_classifiers_that_all_differ_have_no_bar():
    ranks = {name: i + 1.0 for i, name in enumerate("ABCDE")}
    ax = plot_critical_differences(ranks, [])
    assert bars_of(ax) == []
    assert_readable(ax)
    singles = plot_critical_differences(ranks, [["A"], ["B"]])
    assert bars_of(singles) == []


def test_classifiers_that_do_not_differ_have_one_bar():
    ranks = {name: i + 1.0 for i, name in enumerate("ABCDE")}
    ax = plot_critical_differences(ranks, ["ABCDE"])
    assert [bar[:2] for bar in bars_of(ax)] == [(1, 5)]
    assert_readable(ax)


def test_overlapping_bars_have_different_heights():
    # The example of scikit-posthocs' issue 86: c and d have changed places.
    ranks = dict(zip("abcdef", [1, 2, 4, 3, 5, 6], strict=True))
    ax = plot_critical_differences(ranks, ["abc", "def"])
    first, second = bars_of(ax)
    assert first[:2] == (1, 4)
    assert second[:2] == (3, 6)
    assert first[2] != second[2]


def test_bars_of_many_groups_never_touch():
    rng = np.random.default_rng(0)
    for _ in range(10):
        n = int(rng.integers(2, 12))
        names = [f"C{i}" for i in range(n)]
        pairs = [p for p in itertools.combinations(names, 2) if rng.random() < 0.4]
        cliques = maximal_cliques(names, pairs)
        ranks = dict(zip(names, rng.uniform(1, n, n), strict=True))
        bars = bars_of(plot_critical_differences(ranks, cliques))
        ends = sorted(
            (min(ranks[m] for m in group), max(ranks[m] for m in group))
            for group in cliques
        )
        assert np.allclose(sorted(bar[:2] for bar in bars), ends)
        for (a, b, level), (c, d, other) in itertools.combinations(bars, 2):
            assert level != other or b < c or d < a


def test_groups_that_are_not_maximal_are_refused():
    ranks = {"A": 1.0, "B": 2.0, "C": 3.0}
    for cliques in (["AB", "BC", "AC"], ["ABC", "AB"]):
        with pytest.raises(ValueError, match="maximal groups"):
            plot_critical_differences(ranks, cliques)
    with pytest.raises(ValueError, match="have no rank"):
        plot_critical_differences(ranks, ["AZ"])


@pytest.mark.parametrize("equal", [False, True])
def test_critical_differences_are_readable_with_any_names(names, equal):
    n = len(names)
    ranks = {name: (n + 1) / 2 if equal else i + 1.0 for i, name in enumerate(names)}
    cliques = [names] if equal else [names[i : i + 3] for i in range(max(n - 2, 1))]
    ax = plot_critical_differences(ranks, cliques)
    texts = assert_readable(ax)
    for name in names:
        assert f"{plain(name)}  {ranks[name]:.2f}" in texts
