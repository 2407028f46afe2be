"""Accuracies against exactly 1/2, by hand, against SciPy and by simulation."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.base.errors import StatisticsError
from bench.stats.leaks import CANNOT_TELL, LEAK, NO_LEAK, find_leaks, smallest_leak


def frame(right, n_curves=1000):
    """Lay dataset → classifier → right predictions of repetitions out as cells."""
    return pd.DataFrame(
        [
            (dataset, repetition, classifier, count / n_curves, n_curves)
            for dataset, columns in right.items()
            for classifier, counts in columns.items()
            for repetition, count in enumerate(counts)
        ],
        columns=["dataset", "repetition", "classifier", "accuracy", "n_curves"],
    )


def rows(found):
    return found.set_index(["classifier", "dataset"])


FAIR = {"A": [510, 495, 497], "B": [488, 505, 512]}


def test_fair_guesses_hide_no_leak():
    found = find_leaks(frame({"d": FAIR}), alpha=0.05)
    assert found["verdict"].tolist() == [NO_LEAK] * 2
    assert found["right"].tolist() == [1502, 1505]
    assert found["n_curves"].tolist() == [3000, 3000]
    for row in found.itertuples():
        exact = stats.binomtest(row.right, 3000)
        assert row.p == pytest.approx(exact.pvalue)
        assert row.p_adjusted == min(1, 2 * row.p)
        interval = exact.proportion_ci(0.975, method="exact")
        assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
        assert 0 <= row.low < 0.5 < row.high <= 1


def test_a_leak_of_one_classifier_is_found_where_it_is():
    leaky = {"A": FAIR["A"], "B": [560, 566, 561]}
    found = rows(find_leaks(frame({"d": leaky, "e": FAIR}), alpha=0.05))
    assert found.loc[("B", "d"), "verdict"] == LEAK
    assert found.loc[("B", "d"), "low"] > 0.5
    assert found.loc[("B", ""), "verdict"] == LEAK
    assert found.loc[("B", ""), "n_curves"] == 6000
    others = found.drop([("B", "d"), ("B", "")])
    assert (others["verdict"] == NO_LEAK).all()


def test_a_leak_too_small_for_one_dataset_is_found_in_all_together():
    weak = {"A": [518] * 3}
    found = rows(find_leaks(frame({f"d{i}": weak for i in range(8)}), alpha=0.05))
    assert found.loc[("A", ""), "verdict"] == LEAK
    assert (found.drop(("A", ""))["verdict"] == NO_LEAK).all()


def test_fewer_right_than_chance_is_a_leak_too():
    found = find_leaks(frame({"d": {"A": [430] * 3}}), alpha=0.05)
    assert found["verdict"].tolist() == [LEAK]
    assert found["high"].iloc[0] < 0.5


def test_datasets_that_share_their_curves_are_not_pooled():
    cells = frame({"exact": FAIR, "noisy": FAIR, "other": FAIR})
    streams = {"exact": "one", "noisy": "one", "other": "two"}
    found = rows(find_leaks(cells, alpha=0.05, streams=streams))
    assert found.loc[("A", ""), "n_curves"] == 6000
    assert found.loc[("A", ""), "n_datasets"] == 2
    alike = rows(find_leaks(cells, alpha=0.05, streams=dict.fromkeys(streams, "one")))
    assert set(alike.reset_index()["dataset"]) == {"exact", "noisy", "other"}
    # Of two that share their curves, the one with more of them counts.
    fewer = cells[(cells["dataset"] != "exact") | (cells["repetition"] == 0)]
    found = rows(find_leaks(fewer, alpha=0.05, streams=streams))
    assert found.loc[("A", ""), "n_curves"] == 6000


def test_cells_that_are_not_done_take_nothing_away_from_others():
    cells = frame({"d": FAIR, "e": FAIR})
    whole = rows(find_leaks(cells, alpha=0.05))
    lost = (cells["classifier"] == "B") & (cells["repetition"] > 0)
    partial = cells.assign(accuracy=cells["accuracy"].mask(lost))
    partial = rows(find_leaks(partial, alpha=0.05))
    assert partial.loc[("B", "d"), ["n", "n_cells", "n_curves"]].tolist() == [
        1,
        3,
        1000,
    ]
    pd.testing.assert_frame_equal(partial.loc[["A"]], whole.loc[["A"]])
    none = cells.assign(accuracy=cells["accuracy"].where(cells["classifier"] == "A"))
    found = rows(find_leaks(none, alpha=0.05))
    assert found.loc["B", "verdict"].tolist() == [CANNOT_TELL] * 3
    assert found.loc["B", "accuracy"].isna().all()
    # What was not tested needs no share of alpha.
    assert found.loc[("A", "d"), "low"] > whole.loc[("A", "d"), "low"]


def test_too_few_curves_cannot_tell():
    found = find_leaks(frame({"d": {"A": [4]}}, n_curves=4), alpha=0.05)
    assert found["verdict"].tolist() == [CANNOT_TELL]
    assert math.isnan(smallest_leak(4, 0.05))
    assert smallest_leak(6, 0.05) < 0.5


@pytest.mark.parametrize("n_curves", [20, 999, 10_000])
def test_the_smallest_leak_is_found_with_the_power(n_curves):
    leak = smallest_leak(n_curves, 0.01)
    counts = np.arange(n_curves + 1)
    tails = stats.binom.sf(counts - 1, n_curves, 0.5)
    critical = counts[2 * tails <= 0.01][0]
    power = stats.binom.sf(critical - 1, n_curves, 0.5 + leak)
    assert power == pytest.approx(0.8)


def test_what_is_no_share_of_curves_is_refused():
    cells = frame({"d": FAIR})
    with pytest.raises(StatisticsError, match=r"d, A, repetition 0.*0\.3333"):
        find_leaks(cells.assign(accuracy=1 / 3), alpha=0.05)
    with pytest.raises(StatisticsError, match="no column n_curves"):
        find_leaks(cells.drop(columns="n_curves"), alpha=0.05)
    with pytest.raises(StatisticsError, match="no rows"):
        find_leaks(cells[:0], alpha=0.05)
    with pytest.raises(StatisticsError, match="alpha"):
        find_leaks(cells, alpha=1.0)


@pytest.mark.slow
def test_guesses_of_any_bias_are_called_a_leak_at_most_at_the_level():
    rng = np.random.default_rng(0)
    n_suites, n_repetitions, n_class = 1000, 5, 100
    false = 0
    for _ in range(n_suites):
        right = {}
        for dataset in ("d", "e"):
            # A classifier calls a curve symbolic with a chance that its fit decides:
            # some are fair, some nearly always say the same.
            bias = rng.beta(0.5, 0.5, (4, n_repetitions))
            bias[0] = 0.5
            counts = rng.binomial(n_class, bias) + rng.binomial(n_class, 1 - bias)
            right[dataset] = {f"C{i}": list(row) for i, row in enumerate(counts)}
        found = find_leaks(frame(right, 2 * n_class), alpha=0.05)
        false += (found["verdict"] == LEAK).any()
    assert false / n_suites <= 0.05 + 0.014  # two standard errors


@pytest.mark.slow
def test_the_smallest_leak_is_found_as_often_as_promised():
    rng = np.random.default_rng(0)
    n_curves = 500
    leak = smallest_leak(5 * n_curves, 0.05 / 12)
    found = 0
    for _ in range(500):
        chances = {dataset: {f"C{i}": 0.5 for i in range(4)} for dataset in ("d", "e")}
        chances["d"]["C2"] += leak
        right = {
            dataset: {
                name: list(rng.binomial(n_curves, chance, 5))
                for name, chance in columns.items()
            }
            for dataset, columns in chances.items()
        }
        verdicts = rows(find_leaks(frame(right, n_curves), alpha=0.05))["verdict"]
        found += verdicts["C2", "d"] == LEAK
    assert 0.76 <= found / 500 <= 0.84
