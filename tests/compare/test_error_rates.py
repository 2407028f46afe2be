"""How often the gates pass, fail and cannot tell, by simulation; docs/gate.md has it.

Two classifiers are scored on 2000 test curves of each repetition. Their difference has
a true mean, and varies over repetitions with a normal distribution. The spreads are
those of the published reports: in `seed` and `hard`, the standard deviation of the
differences of two classifiers is below 0.007, 0.016 and 0.033 for a tenth, a half and
nine tenths of the pairs.
"""

import numpy as np
import pandas as pd
import pytest

from bench.base import resources
from bench.compare.check import ALPHA, _floor_verdict
from bench.compare.differences import (
    _answer,
    _ends,
    _Question,
    compare_results,
    exit_code,
)
from bench.stats.intervals import score_interval

pytestmark = pytest.mark.slow

N = 20_000  # simulations
N_SUITES = 2000
N_ROWS = 10  # of a suite
CURVES = 2000
SPREADS = (0.007, 0.016, 0.033)
REPETITIONS = (3, 5, 10)
# Two standard errors of a share of 0.05.
SLACK = 2 * (0.05 * 0.95 / N) ** 0.5
SLACK_OF_SUITES = 2 * (0.05 * 0.95 / N_SUITES) ** 0.5


def scores(rng, shape, loss, spread):
    """Draw pairs of scores, shape (2, *shape); the second is truly lower by `loss`."""
    base = rng.normal(0.85, 0.02, shape)
    new = base - loss + rng.normal(0, spread, shape)
    return np.round(np.clip([base, new], 0, 1) * CURVES) / CURVES


def verdicts(rng, n, loss, spread, question, columns):
    """Draw the verdicts on columns of n repetitions."""
    base, new = scores(rng, (n, columns), loss, spread)
    low, high = _ends(new - base, question, 0.5 / CURVES)
    return [_answer(*ends, question, n) for ends in zip(low, high, strict=True)]


def shares(found, names):
    return tuple(sum(f == name for f in found) / len(found) for name in names)


def one_row(n, loss, spread, margin):
    """Return how often `against` and `baseline_file` pass, fail and cannot tell."""
    rng = np.random.default_rng([n, round(1e4 * loss), round(1e4 * spread)])
    question = _Question.of(margin, margin, ALPHA, 1)
    found = verdicts(rng, n, loss, spread, question, N)
    return shares(found, ("noninferior", "worse", "inconclusive"))


def suite(n, loss, spread, margin, at_most_worse):
    """Return how often `bench check` ends with 0, 1 and 4, one of its rows worse."""
    rng = np.random.default_rng([n, round(1e4 * loss), round(1e4 * spread), 1])
    question = _Question.of(margin, at_most_worse, 0.05, N_ROWS)
    equal = verdicts(rng, n, 0.0, spread, question, N_SUITES * (N_ROWS - 1))
    last = verdicts(rng, n, loss, spread, question, N_SUITES)
    rows = np.array(equal).reshape(N_SUITES, -1)
    found = [
        exit_code(pd.DataFrame({"verdict": [*row, worse]}))
        for row, worse in zip(rows, last, strict=True)
    ]
    return shares(found, (0, 1, 4))


def floor(n, below, spread):
    """Return how often `at_least=0.9` passes, fails and cannot tell."""
    rng = np.random.default_rng([n, round(1e4 * below) + 1000, round(1e4 * spread)])
    values = np.clip(rng.normal(0.9 - below, spread, (n, N)), 0, 1)
    values = np.round(values * CURVES) / CURVES
    low, _ = score_interval(values, ALPHA, bounds=(0, 1), n_curves=CURVES)
    found = [
        _floor_verdict(mean, end, 0.9)
        for mean, end in zip(values.mean(axis=0), low, strict=True)
    ]
    return shares(found, ("pass", "fail", "cannot tell"))


def table(heading):
    """Read the rates of a table of the page: its first cells → shares."""
    text = (resources.CHECKOUT / "docs" / "gate.md").read_text("utf-8")
    lines = text.partition(f"{heading}\n\n")[2].partition("\n\n")[0].splitlines()
    rows = {}
    for line in lines[2:]:
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        rates = [cell for cell in cells if "/" in cell]
        rows[tuple(cells[: -len(rates)])] = [
            tuple(int(rate) / 100 for rate in cell.split("/")) for cell in rates
        ]
    return rows


def written(rates):
    """Lay out the rates of a row as the page has them."""
    return " | ".join("/".join(f"{100 * r:.0f}" for r in rate) for rate in rates)


def assert_stands(found, stated):
    """The page states what was found, to one hundredth."""
    assert np.abs(np.array(found) - np.array(stated)).max() < 0.0151, written(found)


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("n", REPETITIONS)
def test_against_passes_a_loser_and_fails_an_equal_one_seldom(n, spread):
    margin = 0.01
    equal, limit, loser = (
        one_row(n, loss, spread, margin) for loss in (0, margin, 2 * margin)
    )
    assert equal[1] <= 0.025 + SLACK
    assert limit[0] <= 0.025 + SLACK
    assert limit[1] <= 0.025 + SLACK
    assert loser[0] <= 0.025 + SLACK
    stated = table("Error rates of `against` and `baseline_file`")
    assert_stands([equal, limit, loser], stated[f"{spread:g}", str(n)])


@pytest.mark.parametrize("spread", SPREADS[:2])
@pytest.mark.parametrize("n", REPETITIONS)
@pytest.mark.parametrize("at_most_worse", [None, 0.02])
def test_check_passes_a_loser_and_fails_an_equal_suite_seldom(at_most_worse, n, spread):
    margin = at_most_worse or 0.01
    equal, limit, loser = (
        suite(n, loss, spread, margin, at_most_worse)
        for loss in (0, margin, 2 * margin)
    )
    assert equal[1] <= 0.025 + SLACK_OF_SUITES
    assert limit[0] <= 0.025 + SLACK_OF_SUITES
    assert limit[1] <= 0.025 + SLACK_OF_SUITES
    assert loser[0] <= 0.025 + SLACK_OF_SUITES
    mode = "`--at-most-worse 0.02`" if at_most_worse else "`--margin 0.01`"
    stated = table("Error rates of `bench check`")
    assert_stands([equal, limit, loser], stated[mode, f"{spread:g}", str(n)])


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("n", REPETITIONS)
def test_a_floor_passes_what_is_truly_below_seldom(n, spread):
    above, limit, below = (floor(n, gap, spread) for gap in (-0.02, 0, 0.02))
    assert limit[0] <= 0.025 + SLACK
    assert below[0] <= 0.025 + SLACK
    stated = table("Error rates of `at_least`")
    assert_stands([above, limit, below], stated[f"{spread:g}", str(n)])


@pytest.mark.parametrize("n", REPETITIONS)
def test_a_rare_collapse_is_not_seen_before_it_happens(n):
    # One training in ten ends at chance: a mean loss of 0.035, beyond the margin.
    rng = np.random.default_rng(n)
    base, new = scores(rng, (n, N), 0.0, 0.007)
    new = np.where(rng.random(new.shape) < 0.1, 0.5, new)
    question = _Question.of(0.02, 0.02, ALPHA, 1)
    low, high = _ends(new - base, question, 0.5 / CURVES)
    found = [_answer(*ends, question, n) for ends in zip(low, high, strict=True)]
    passed, failed, _ = shares(found, ("noninferior", "worse", "inconclusive"))
    none_at_all = 0.9**n  # the chance that no training collapses
    assert 0.3 < passed <= none_at_all + 2 * (0.25 / N) ** 0.5
    assert failed <= 0.01


def test_the_simulation_judges_as_a_comparison_does():
    rng = np.random.default_rng(0)
    for at_most_worse in (None, 0.02):
        values = scores(rng, (10, 40), 0.016, 0.005)
        base, new = (
            pd.DataFrame(
                {
                    "dataset": "grid",
                    "repetition": np.repeat(range(10), 40),
                    "classifier": np.tile([f"C{i}" for i in range(40)], 10),
                    "status": "done",
                    "test_accuracy": half.ravel(),
                    "data_hash": np.repeat([f"h{i}" for i in range(10)], 40),
                }
            )
            for half in values
        )
        frame = compare_results(base, new, at_most_worse=at_most_worse)
        question = _Question.of(0.01, at_most_worse, 0.05, 40)
        low, high = _ends(values[1] - values[0], question, 0.5 / CURVES)
        found = [_answer(*ends, question, 10) for ends in zip(low, high, strict=True)]
        assert frame["verdict"].tolist() == found
        assert len(set(found)) > 1
