"""Error rates and coverage within a dataset, over simulated repetitions.

The rates that docs/statistics.md prints are those of these simulations.
"""

import sys

import numpy as np
import pytest
from scipy import optimize, special, stats
from score_frames import scores_from

from bench.stats.collapses import find_collapses
from bench.stats.intervals import score_interval
from bench.stats.within_dataset import compare_to, summarise_scores

pytestmark = pytest.mark.slow

ALPHA = 0.05
N = 1000  # simulated datasets, each compared by itself
NOISE = 3 * (ALPHA * (1 - ALPHA) / N) ** 0.5  # of a rate of 5%


def rates_of(rng, shape, mean, spread):
    """Draw true rates: normal on the logit scale, with a given mean and spread."""
    nodes = spread * special.ndtri((np.arange(2000) + 0.5) / 2000)
    shift = optimize.brentq(lambda a: special.expit(a + nodes).mean() - mean, -40, 40)
    return special.expit(shift + rng.normal(0, spread, shape))


def say(line):
    """Show a measured rate; `pytest -s` shows them all."""
    sys.stdout.write(line + "\n")


def options_of(n_curves):
    return {
        "alpha": ALPHA,
        "margin": 0.0,  # a verdict is then as easy as it can be
        "tie": 0.5 / n_curves,
        "larger_is_better": True,
    }


@pytest.mark.parametrize("n_curves", [20, 200, 2000])
@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_a_verdict_under_the_null_is_rare(n, n_curves):
    rng = np.random.default_rng(n * n_curves)
    for n_classifiers in (2, 4, 13):
        for mean, spread in ((0.6, 0.0), (0.9, 0.3), (0.99, 0.0)):
            shape = (N, n, n_classifiers)
            # The curves of a repetition are as hard for all classifiers.
            shared = rates_of(rng, (N, n, 1), mean, spread)
            values = rng.binomial(n_curves, np.broadcast_to(shared, shape)) / n_curves
            scores = scores_from(values)
            found = compare_to(scores, "C0", **options_of(n_curves))
            is_false = found["verdict"].isin(["better", "worse"])
            false = is_false.groupby(found["dataset"]).any().mean()
            assert false <= (ALPHA + NOISE if n > 2 else 0)
            say(f"n={n} curves={n_curves} k={n_classifiers - 1} mean={mean} "
                f"spread={spread}: any verdict {false:.3f}")  # fmt: skip
            excludes = (found["low"] > 0) | (found["high"] < 0)
            assert (excludes == is_false).all()
            if n >= 5:
                assert ((found["p_adjusted"] < ALPHA) == is_false).all()
            if n_classifiers == 13:  # too slow for what it adds
                continue
            table = summarise_scores(
                scores, ALPHA, larger_is_better=True, n_curves=n_curves
            )
            if n == 2:
                assert not table["near_best"].any()
            else:
                # All are the best in truth: one without a mark is an error.
                unmarked = (~table["near_best"]).groupby(table["dataset"]).any()
                assert unmarked.mean() <= ALPHA + NOISE


@pytest.mark.parametrize("n", [5, 10])
@pytest.mark.parametrize("effect", [0.0, 0.01])
def test_five_intervals_of_differences_are_simultaneous(n, effect):
    rng = np.random.default_rng(n)
    effects = np.array([0.0, 0.0, 0.0, 0.0, effect])
    shared = rng.normal(0.75, 0.02, (N, n, 1))
    values = shared + effects + rng.normal(0, 0.01, (N, n, 5))
    found = compare_to(scores_from(np.round(values * 2000) / 2000), "C0",
                       **options_of(2000))  # fmt: skip
    truth = found["classifier"].map({f"C{i}": e for i, e in enumerate(effects)})
    missed = (found["low"] > truth) | (truth > found["high"])
    assert 0.02 <= missed.groupby(found["dataset"]).any().mean() <= ALPHA + NOISE


@pytest.mark.parametrize("n", [2, 3, 5, 10])
@pytest.mark.parametrize("spread", [0.0, 0.25, 0.6])
def test_the_interval_of_a_mean_score_covers_it(n, spread):
    rng = np.random.default_rng(n)
    n_draws = 4000
    for n_curves in (20, 200, 2000):
        for mean in (0.5, 0.7, 0.9, 0.99, 0.999, 1.0):
            rates = 1.0
            if mean < 1:
                rates = rates_of(rng, (n, n_draws), mean, spread)
            scores = rng.binomial(n_curves, rates, (n, n_draws)) / n_curves
            low, high = score_interval(
                scores, ALPHA, bounds=(0.0, 1.0), n_curves=n_curves
            )
            assert ((low >= 0) & (high <= 1) & (high > low)).all()
            covered = float(((low <= mean) & (mean <= high)).mean())
            assert covered >= 0.93
            say(f"n={n} spread={spread} curves={n_curves} mean={mean}: {covered:.3f} "
                  f"width {np.median(high - low):.4f}")  # fmt: skip


@pytest.mark.parametrize("n_curves", [200, 2000])
@pytest.mark.parametrize("n", [5, 10])
def test_with_one_collapse_in_ten_the_interval_covers_those_that_left_chance(
    n, n_curves
):
    rng = np.random.default_rng(n)
    for mean in (0.75, 0.9, 0.97):
        rates = rates_of(rng, (N, n, 1), mean, 0.3)
        collapses = rng.random(rates.shape) < 0.1
        rates = np.where(collapses, 0.5, rates)
        scores = scores_from(rng.binomial(n_curves, rates) / n_curves)
        names = scores["dataset"].unique()
        scores["collapsed"] = find_collapses(
            scores,
            scores["score"],
            n_curves=dict.fromkeys(names, n_curves),
            n_classes=dict.fromkeys(names, 2),
        )
        table = summarise_scores(
            scores,
            ALPHA,
            larger_is_better=True,
            bounds=(0.0, 1.0),
            n_curves=n_curves,
        )
        compared = table[table["n_compared"] >= 3]
        covered = ((compared["low"] <= mean) & (mean <= compared["high"])).mean()
        assert covered >= 0.93
        share = (table["collapsed_low"] <= 0.1) & (table["collapsed_high"] >= 0.1)
        known = table["collapsed_low"].notna()
        assert share[known].mean() >= 0.93
        say(f"n={n} curves={n_curves} mean={mean}: interval {covered:.3f}, "
              f"share {share[known].mean():.3f}")  # fmt: skip


def test_the_interval_of_a_loss_covers_it():
    rng = np.random.default_rng(0)
    for n in (3, 5, 10):
        for mean in (0.01, 0.3, 2.0):
            scores = mean * rng.gamma(10, 1 / 10, (n, 4000))  # spread: a third
            low, high = score_interval(
                scores, ALPHA, bounds=(0.0, np.inf), n_curves=2000
            )
            assert (low >= 0).all()
            covered = float(((low <= mean) & (mean <= high)).mean())
            assert covered >= 0.93
            say(f"n={n} mean={mean}: {covered:.3f}")


def test_the_p_of_one_comparison_is_uniform_under_the_null():
    rng = np.random.default_rng(0)
    values = rng.binomial(2000, 0.8, (N, 10, 2)) / 2000
    found = compare_to(scores_from(values), "C0", **options_of(2000))
    assert stats.kstest(found["p"], "uniform").statistic < 0.05
