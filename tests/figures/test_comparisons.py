import itertools

import numpy as np
import pandas as pd
import pytest
from figure_frames import results_of
from readable import assert_readable

from bench.figures.comparisons import plot_critical_differences, plot_differences
from bench.figures.theme import plain
from bench.stats.rank_tests import maximal_cliques
from bench.stats.within_dataset import VERDICTS, compare_to


def differences_of(names, repetitions=10, **how):
    results = results_of(names, repetitions, **how)
    scores = results.rename(columns={"test_accuracy": "score"})
    return compare_to(
        scores[["dataset", "repetition", "classifier", "score"]],
        "SD",
        alpha=0.05,
        margin=0.01,
        tie=0.00025,
        larger_is_better=True,
    )


def plot_against_sd(frame, **how):
    return plot_differences(frame, "accuracy", baseline="SD", margin=0.01, **how)


@pytest.mark.parametrize("repetitions", [1, 10])
def test_every_difference_to_the_baseline_is_drawn_with_n(names, repetitions):
    frame = differences_of(names, repetitions)
    ax = plot_against_sd(frame)
    texts = assert_readable(ax)
    others = [plain(name) for name in names if name != "SD"]
    assert set(others) <= set(texts)
    counted = [text for text in texts if f"(n={repetitions})" in text]
    assert len(counted) == len(others)
    if not others:
        assert "nothing to compare" in texts


def test_the_best_difference_is_at_the_top_and_verdicts_have_shapes():
    frame = pd.DataFrame(
        {
            "classifier": ["A", "B", "C", "D", "E"],
            "n": 5,
            "difference": [0.0, -0.1, 0.2, 0.05, np.nan],
            "low": [0.0, -0.12, 0.18, -0.1, np.nan],
            "high": [0.0, -0.08, 0.22, 0.2, np.nan],
            "verdict": ["equivalent", "worse", "better", *["inconclusive"] * 2],
        }
    )
    ax = plot_against_sd(frame)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["C", "D", "A", "B", "E"]
    shapes = [line.get_marker() for line in ax.lines if line.get_marker() in "^vso"]
    assert shapes[:4] == ["^", "o", "s", "v"]
    assert "not compared" in assert_readable(ax)
    assert "95% simultaneous; band: margin ±0.01" in ax.get_xlabel()
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_collapses_stand_beside_the_verdict():
    row = {"classifier": "A", "n": 9, "difference": 0.1, "low": 0.05, "high": 0.15}
    frame = pd.DataFrame([row | {"verdict": "better", "collapsed": 1}])
    assert "better (n=9), 1 collapsed" in assert_readable(plot_against_sd(frame))
    frame = frame.assign(left_out="lacks 3 of 10 repetitions", collapsed=0)
    assert "not compared (n=9)" in assert_readable(plot_against_sd(frame))


def test_every_verdict_has_a_shape():
    for verdict in VERDICTS:
        frame = pd.DataFrame(
            [{"classifier": "A", "n": 3, "difference": 0.1, "verdict": verdict}]
        ).assign(low=0.0, high=0.2)
        assert verdict in " ".join(assert_readable(plot_against_sd(frame)))


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
