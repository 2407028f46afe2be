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


def six(**columns):
    """Return a frame of six datasets with the same scores."""
    return scores_of({f"d{i}": columns for i in range(6)})


def test_one_winner_of_all_datasets_keeps_its_place():
    frame = stability(six(A=[0.9, 0.8], B=[0.5, 0.6], C=[0.1, 0.2]))
    assert frame["rank_low"].tolist() == frame["rank_high"].tolist() == [1, 2, 3]


def test_equal_classifiers_share_their_place():
    frame = stability(six(A=[0.1, 0.7], B=[0.1, 0.7], C=[0.1, 0.7], D=[0.1, 0.7]))
    assert (frame["rank_low"] == 2.5).all()
    assert (frame["rank_high"] == 2.5).all()


def test_one_dataset_of_six_that_disagrees_by_hand():
    # A resample of six holds the odd dataset four times or more with the chance .009,
    # three times, which is a tie, with .054: both are first in the central 95%.
    tables = {f"d{i}": {"A": [0.9], "B": [0.8]} for i in range(5)}
    frame = stability(scores_of(tables | {"d5": {"A": [0.8], "B": [0.9]}}))
    assert frame["rank_low"].tolist() == [1, 1.5]
    assert frame["rank_high"].tolist() == [1.5, 2]


@pytest.mark.parametrize(("n_datasets", "n_rows"), [(5, 0), (6, 3), (9, 3)])
def test_fewer_than_six_families_have_no_stability(n_datasets, n_rows):
    values = np.random.default_rng(0).normal(size=(n_datasets, 4, 3))
    assert len(stability(scores_from(values))) == n_rows


def test_resampled_datasets_agree_with_a_plain_bootstrap():
    rng = np.random.default_rng(5)
    values = rng.normal([0, 0.2, 0.4], 1, (7, 3, 3))
    frame = stability(scores_from(values), n_resamples=2000)
    ranks = stats.rankdata(-values.mean(axis=1), axis=1)
    places = np.array(
        [
            stats.rankdata(ranks[rng.integers(0, 7, 7)].mean(axis=0).round(9))
            for _ in range(2000)
        ]
    )
    low, high = np.quantile(places, [0.025, 0.975], axis=0, method="inverted_cdf")
    assert np.abs(frame["rank_low"] - low).max() <= 0.5
    assert np.abs(frame["rank_high"] - high).max() <= 0.5


def test_variants_of_one_library_are_resampled_as_one():
    values = np.random.default_rng(0).normal(size=(12, 4, 3))
    pairs = [[f"d{2 * i}", f"d{2 * i + 1}"] for i in range(6)]
    assert len(stability(scores_from(values), families=pairs)) == 3
    one = stability(scores_from(values), families=[[f"d{i}" for i in range(8)]])
    assert one.empty  # five families
    # Six copies of a suite, each copy one family, say no more than the suite.
    copies = np.repeat(values[:6], 2, axis=0)
    alone = stability(scores_from(values[:6]))
    pd.testing.assert_frame_equal(stability(scores_from(copies), families=pairs), alone)


def test_a_loss_puts_the_smallest_first():
    frame = stability(six(A=[0.9, 0.8], B=[0.1, 0.2]), larger_is_better=False)
    assert frame.loc["B", "rank_high"] == 1


def test_the_seed_is_fixed_and_the_global_random_state_untouched():
    scores = scores_from(np.random.default_rng(0).normal(size=(7, 8, 5)))
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    pd.testing.assert_frame_equal(stability(scores), stability(scores))
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    few = {"n_resamples": 5}
    assert not stability(scores, **few).equals(stability(scores, seed=1, **few))


def test_a_single_classifier_is_first():
    assert stability(six(A=[0.5, 0.6])).loc["A"].tolist() == [1, 1]


def test_a_classifier_that_lacks_a_dataset_takes_nothing_away():
    scores = six(A=[0.9, 0.8], B=[0.5, 0.6], C=[0.1, 0.2])
    is_lost = (scores["classifier"] == "C") & (scores["dataset"] == "d1")
    frame = stability(scores.assign(score=scores["score"].mask(is_lost)))
    assert frame["rank_high"].to_dict() == {"A": 1, "B": 2}


def test_bad_scores_and_no_resamples_are_refused():
    with pytest.raises(StatisticsError, match="d0, A, repetition 0"):
        stability(six(A=[math.inf], B=[0.2]))
    with pytest.raises(StatisticsError, match="n_resamples"):
        stability(six(A=[0.5, 0.6]), n_resamples=0)
