import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from score_frames import scores_from, scores_of

from bench.base.errors import StatisticsError
from bench.stats.stability import rank_stability


def stability(scores, **changes):
    frame = rank_stability(scores, **({"larger_is_better": True} | changes))
    return frame.set_index("classifier")


def test_three_datasets_of_one_winner_by_hand():
    tables = {
        name: {"A": [0.9, 0.8], "B": [0.5, 0.6], "C": [0.1, 0.2]} for name in "def"
    }
    frame = stability(scores_of(tables))
    assert frame["p_first"].tolist() == [1, 0, 0]
    assert frame["rank_low"].tolist() == frame["rank_high"].tolist() == [1, 2, 3]
    assert (frame["resampled"] == "repetitions").all()


def test_two_repetitions_by_hand():
    # The mean of A's two draws is 1, 1/2 or 0 with the chances 1/4, 1/2, 1/4.
    frame = stability(scores_of({"d": {"A": [1.0, 0.0], "B": [0.6, 0.6]}}))
    assert frame.loc["A", "p_first"] == pytest.approx(0.25, abs=0.03)
    assert frame.loc["B", "p_first"] == pytest.approx(0.75, abs=0.03)
    assert (frame["rank_low"] == 1).all()
    assert (frame["rank_high"] == 2).all()


def test_a_tie_for_the_first_place_is_shared():
    frame = stability(scores_of({"d": {"A": [0.0, 1.0], "B": [0.5, 0.5]}}))
    assert frame["p_first"].sum() == pytest.approx(1)
    assert frame.loc["A", "p_first"] == pytest.approx(0.5, abs=0.02)
    equal = stability(scores_of({"d": {name: [0.1, 0.7] for name in "ABCD"}}))
    assert equal["p_first"].tolist() == pytest.approx([0.25] * 4)
    assert (equal["rank_low"] == 2.5).all()


def test_repetitions_are_resampled_alike_for_all_classifiers():
    # B is always a little behind A, and both vary far more than that.
    a = np.random.default_rng(0).uniform(0, 1, 10)
    frame = stability(scores_of({"d": {"A": list(a), "B": list(a - 0.001)}}))
    assert frame["p_first"].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("n_datasets", "unit"), [(5, "repetitions"), (6, "datasets"), (9, "datasets")]
)
def test_datasets_are_resampled_from_six_up(n_datasets, unit):
    values = np.random.default_rng(0).normal(size=(n_datasets, 4, 3))
    assert (stability(scores_from(values))["resampled"] == unit).all()


def test_resampled_datasets_agree_with_a_plain_bootstrap():
    rng = np.random.default_rng(5)
    values = rng.normal([0, 0.2, 0.4], 1, (7, 3, 3))
    frame = stability(scores_from(values), n_resamples=2000)
    ranks = stats.rankdata(-values.mean(axis=1), axis=1)
    places = []
    for _ in range(2000):
        drawn = ranks[rng.integers(0, 7, 7)].mean(axis=0).round(9)
        places.append(stats.rankdata(drawn))
    places = np.array(places)
    first = places == places.min(axis=1, keepdims=True)
    p_first = (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
    assert frame["p_first"].tolist() == pytest.approx(p_first.tolist(), abs=0.05)
    low, high = np.quantile(places, [0.025, 0.975], axis=0, method="inverted_cdf")
    assert np.abs(frame["rank_low"] - low).max() <= 0.5
    assert np.abs(frame["rank_high"] - high).max() <= 0.5


def test_resampled_repetitions_agree_with_a_plain_bootstrap():
    rng = np.random.default_rng(6)
    values = rng.normal([0, 0.2, 0.4], 1, (2, 5, 3))
    frame = stability(scores_from(values), n_resamples=2000)
    first = np.zeros(3)
    for _ in range(2000):
        ranks = [
            stats.rankdata(-table[rng.integers(0, 5, 5)].mean(axis=0))
            for table in values
        ]
        places = np.mean(ranks, axis=0)
        winners = places == places.min()
        first += winners / winners.sum() / 2000
    assert frame["p_first"].tolist() == pytest.approx(first.tolist(), abs=0.03)


def test_variants_of_one_library_are_resampled_as_one():
    values = np.random.default_rng(0).normal(size=(12, 4, 3))
    pairs = [[f"d{2 * i}", f"d{2 * i + 1}"] for i in range(6)]
    frame = stability(scores_from(values), families=pairs)
    assert (frame["resampled"] == "datasets").all()
    one = stability(scores_from(values), families=[[f"d{i}" for i in range(8)]])
    assert (one["resampled"] == "repetitions").all()
    # Six copies of a suite, each copy one family, say no more than the suite.
    copies = np.repeat(values[:6], 2, axis=0)
    alone = stability(scores_from(values[:6]))
    pd.testing.assert_frame_equal(stability(scores_from(copies), families=pairs), alone)


def test_a_loss_puts_the_smallest_first():
    scores = scores_of({"d": {"A": [0.9, 0.8], "B": [0.1, 0.2]}})
    assert stability(scores, larger_is_better=False).loc["B", "p_first"] == 1


def test_the_seed_is_fixed_and_the_global_random_state_untouched():
    scores = scores_from(np.random.default_rng(0).normal(size=(3, 8, 3)))
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    pd.testing.assert_frame_equal(stability(scores), stability(scores))
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    assert not stability(scores, seed=1).equals(stability(scores))


def test_one_repetition_of_few_datasets_gives_nan():
    frame = stability(scores_of({"d": {"A": [0.9], "B": [0.1]}}))
    assert frame[["p_first", "rank_low", "rank_high"]].isna().all(axis=None)
    many = stability(scores_from(np.random.default_rng(0).normal(size=(6, 1, 2))))
    assert many["p_first"].sum() == pytest.approx(1)


def test_a_single_classifier_is_first():
    frame = stability(scores_of({"d": {"A": [0.5, 0.6]}}))
    assert frame.loc["A", ["p_first", "rank_low", "rank_high"]].tolist() == [1, 1, 1]


def test_ragged_scores_and_no_resamples_are_refused():
    with pytest.raises(StatisticsError, match="B on e"):
        stability(scores_of({"d": {"A": [0.1], "B": [0.2]}, "e": {"A": [0.3]}}))
    with pytest.raises(StatisticsError, match="d, A, repetition 0"):
        stability(scores_of({"d": {"A": [math.nan], "B": [0.2]}}))
    with pytest.raises(StatisticsError, match="n_resamples"):
        stability(scores_of({"d": {"A": [0.5, 0.6]}}), n_resamples=0)
