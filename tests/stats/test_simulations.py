"""Error rates and coverage on simulated suites, over 2000 of each."""

import gc

import numpy as np
import pytest
from scipy import stats
from score_frames import scores_from

from bench.stats.across_datasets import compare_across
from bench.stats.rank_tests import wilcoxon

pytestmark = pytest.mark.slow

N = 2000
ALPHA = 0.05
SUITES = [(6, 10), (8, 10), (8, 30), (20, 10)]


@pytest.fixture(autouse=True)
def quick_collections():
    """Let the collection that statsmodels asks for at each call find little to do."""
    gc.freeze()
    yield
    gc.unfreeze()


def suite(
    rng,
    n_datasets,
    n_repetitions,
    *,
    n_classifiers=2,
    effects=0.0,
    interaction=0.02,
    noise=0.01,
):
    """Draw accuracies, datasets × repetitions × classifiers.

    Each dataset has its difficulty and, with each classifier, an interaction whose
    mean over datasets is zero; each repetition has a part that its classifiers share.
    """
    shape = (n_datasets, n_repetitions, n_classifiers)
    difficulty = rng.uniform(0.6, 0.85, (n_datasets, 1, 1))
    shared = rng.normal(0, 0.02, (n_datasets, n_repetitions, 1))
    matched = rng.normal(0, interaction, (n_datasets, 1, n_classifiers))
    error = rng.normal(0, noise, shape)
    return difficulty + shared + matched + error + np.asarray(effects)


def rate(result):
    return float(np.mean(result))


@pytest.mark.parametrize(("n_datasets", "n_repetitions"), SUITES)
def test_across_datasets_a_true_null_is_rejected_at_the_level(
    n_datasets, n_repetitions
):
    rng = np.random.default_rng(n_datasets * 1000 + n_repetitions)
    rejected, covered = [], []
    for _ in range(N):
        values = suite(rng, n_datasets, n_repetitions)
        result = compare_across(
            scores_from(values), alpha=ALPHA, larger_is_better=True, n_draws=1
        )
        assert result.allowed
        pair = result.pairs.iloc[0]
        rejected.append(pair["p_holm"] <= ALPHA)
        covered.append(pair["low"] <= 0 <= pair["high"])
    assert 0.02 <= rate(rejected) <= 0.07
    assert 0.93 <= rate(covered) <= 0.97


@pytest.mark.parametrize(("n_datasets", "n_repetitions"), SUITES)
def test_repetitions_counted_as_blocks_would_reject_a_true_null_far_too_often(
    n_datasets, n_repetitions
):
    rng = np.random.default_rng(1)
    rejected = []
    for _ in range(200):
        values = suite(rng, n_datasets, n_repetitions)
        blocks = (values[..., 0] - values[..., 1]).ravel()
        rejected.append(stats.wilcoxon(blocks).pvalue <= ALPHA)
    assert rate(rejected) > 0.3


def test_across_datasets_the_interval_covers_a_true_difference():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(N):
        values = suite(rng, 8, 10, effects=[0.0, 0.015])
        result = compare_across(
            scores_from(values),
            baseline="C0",
            alpha=ALPHA,
            larger_is_better=True,
            n_draws=1,
        )
        pair = result.pairs.iloc[0]
        covered.append(pair["low"] <= 0.015 <= pair["high"])
    assert 0.93 <= rate(covered) <= 0.97


def test_across_datasets_five_equal_classifiers_differ_at_the_level():
    rng = np.random.default_rng(0)
    rejected = []
    for _ in range(N):
        values = suite(rng, 12, 5, n_classifiers=5)
        result = compare_across(
            scores_from(values), alpha=ALPHA, larger_is_better=True, n_draws=1
        )
        rejected.append(result.pairs["p_holm"].min() <= ALPHA)
        assert rejected[-1] == (result.cliques != (tuple(result.ranks.index),))
    assert rate(rejected) <= 0.06


def test_the_exact_wilcoxon_holds_its_level_with_ties_and_zeros():
    rng = np.random.default_rng(0)
    rejected = [wilcoxon(np.round(rng.normal(0, 1.5, 10))) <= ALPHA for _ in range(N)]
    assert rate(rejected) <= 0.06
