"""How often comparisons over repeated draws of one pool err, by simulation.

The rates that docs/statistics.md prints are those of these simulations.
"""

import sys

import numpy as np
import pytest
from resampled_pools import EXTREMES, KINDS, SHIFT, SIZES, accuracies
from score_frames import scores_from

from bench.stats.intervals import mean_interval, pool_overlap, score_interval
from bench.stats.within_dataset import LEAST_SPREAD, compare_to, verdict

pytestmark = pytest.mark.slow

ALPHA, MARGIN = 0.05, 0.01
N = 1000  # pools
REPETITIONS = (10, 30)
WEAKER = 0.505  # a distance of the classes at which the true accuracy is .10 lower


def say(line):
    """Show a measured rate; `pytest -s` shows them all."""
    sys.stdout.write(line + "\n")


def ends_of(scores, size, overlap):
    """Return the interval of each pool's difference, as `compare_to` has it."""
    gaps = scores[:, :, 1] - scores[:, :, 0]
    least = LEAST_SPREAD * 0.5 / size[1]
    found = mean_interval(gaps, ALPHA, least, overlap)
    return found.low, found.high


def verdicts(low, high):
    return np.array([verdict(*ends, MARGIN) for ends in zip(low, high, strict=True)])


def rates(scores, size, overlap):
    """Return how often zero is outside, and how often a verdict is better or worse."""
    low, high = ends_of(scores, size, overlap)
    decided = np.isin(verdicts(low, high), ["better", "worse"])
    return float(((low > 0) | (high < 0)).mean()), float(decided.mean())


def coverage(scores, size, overlap):
    """Return how often the interval of a mean accuracy holds its true value."""
    flat = scores.reshape(len(scores), -1)
    low, high = score_interval(
        flat, ALPHA, bounds=(0.0, 1.0), n_curves=size[1], overlap=overlap
    )
    truth = np.tile(scores.mean(axis=(0, 1)), scores.shape[1])
    return float(((low <= truth) & (truth <= high)).mean())


def described(name, kind, size_name, n_pools=N):
    """Measure two equal classifiers, and yield n and the rates of each n."""
    size = SIZES[size_name]
    scores = accuracies(kind, size, n_pools, max(REPETITIONS), seed=1)
    overlap = pool_overlap(*size)
    for n in REPETITIONS:
        first = scores[:n]
        outside, decided = rates(first, size, overlap)
        plain, said = rates(first, size, 0.0)
        covered = coverage(first, size, overlap)
        say(
            f"{name}, {size_name} {size}, n={n}: accuracy {scores.mean():.3f}; "
            f"verdict {decided:.3f}, interval without zero {outside:.3f}; uncorrected "
            f"{said:.3f}, {plain:.3f}; the mean covered {covered:.3f}"
        )
        yield n, outside, decided, plain, covered


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("kind", list(KINDS))
def test_equal_classifiers_are_rarely_told_apart(kind, size):
    for _, outside, decided, plain, covered in described(kind, KINDS[kind], size):
        assert decided <= 0.07
        assert 0.01 <= outside <= 0.07
        assert plain >= 0.25  # as independent draws they would be, nearly always
        assert covered >= 0.93


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_true_difference_is_found_where_the_test_part_is_the_larger(kind):
    size = SIZES["ItalyPowerDemand"]
    scores = accuracies(KINDS[kind], size, N, 30, seed=2, shifts=(WEAKER, SHIFT))
    difference = float((scores[:, :, 1] - scores[:, :, 0]).mean())
    assert difference == pytest.approx(0.10, abs=0.006)
    for n in REPETITIONS:
        found = verdicts(*ends_of(scores[:n], size, pool_overlap(*size)))
        ratio = verdicts(*uncapped(scores[:n], size))
        assert (found == "better").mean() >= 0.8
        assert (found == "worse").mean() == 0
        say(
            f"{kind}, {size}, n={n}: a difference of {difference:.3f} is found in "
            f"{(found == 'better').mean():.3f}; with the plain ratio in "
            f"{(ratio == 'better').mean():.3f}"
        )


def uncapped(scores, size):
    """Return the intervals of the plain ratio of Nadeau and Bengio."""
    found = mean_interval(scores[:, :, 1] - scores[:, :, 0], ALPHA)
    wider = np.sqrt(1 + len(scores) * size[1] / size[0])
    half = (found.high - found.low) / 2 * wider
    return found.mean - half, found.mean + half


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("kind", list(EXTREMES))
def test_at_the_extremes_the_correction_is_far_better_than_none(kind, size):
    # One correction cannot be right for each classifier: it is too large for one that
    # depends much on its few training curves, too small for one that hardly does.
    for _, outside, decided, plain, _ in described(kind, EXTREMES[kind], size, N // 2):
        assert decided <= 0.10
        assert outside <= 0.15
        assert plain >= 0.15


def test_compare_to_has_these_intervals_and_verdicts():
    size = SIZES["BasicMotions"]
    scores = accuracies(KINDS["linear discriminant"], size, 100, 10, seed=3)
    frame = compare_to(
        scores_from(scores.transpose(1, 0, 2)),
        "C0",
        alpha=ALPHA,
        margin=MARGIN,
        tie=0.5 / size[1],
        larger_is_better=True,
        overlap=pool_overlap(*size),
    )
    low, high = ends_of(scores, size, pool_overlap(*size))
    assert np.allclose(frame["low"], low)
    assert np.allclose(frame["high"], high)
    assert frame["verdict"].tolist() == verdicts(low, high).tolist()
