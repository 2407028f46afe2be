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
TIE = 0.5 / 2000  # half a curve of 2000
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


@pytest.mark.parametrize("n_families", [5, 8, 12])
@pytest.mark.parametrize(("of_family", "of_dataset"), [(0.03, 0.01), (0.01, 0.03)])
def test_across_unequal_families_the_interval_covers(n_families, of_family, of_dataset):
    rng = np.random.default_rng(n_families)
    sizes = [1 + i % 6 for i in range(n_families)]
    names = iter(range(sum(sizes)))
    groups = [[f"d{next(names)}" for _ in range(size)] for size in sizes]
    family = np.repeat(np.arange(n_families), sizes)
    covered, as_datasets = [], []
    for _ in range(1000):
        # A difference has a part of its family and a part of its dataset.
        gaps = rng.normal(0, of_family, n_families)[family]
        gaps = gaps + rng.normal(0, of_dataset, len(family))
        values = np.stack([0.8 + gaps, np.full(len(family), 0.79)], axis=-1)
        options = {"alpha": ALPHA, "larger_is_better": True, "n_draws": 1}
        options |= {"baseline": "C1", "bounds": (0.0, 1.0), "tie": TIE}
        frame = scores_from(values[:, None])
        pair = compare_across(frame, families=groups, **options).pairs.iloc[0]
        covered.append(pair["low"] <= 0.01 <= pair["high"])
        pair = compare_across(frame, **options).pairs.iloc[0]
        as_datasets.append(pair["low"] <= 0.01 <= pair["high"])
    assert rate(covered) >= 0.93
    if of_family > of_dataset:
        assert rate(as_datasets) < 0.85  # variants counted as independent


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
