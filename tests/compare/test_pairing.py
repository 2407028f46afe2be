"""Tests of `bench.compare.pairing`."""

from dataclasses import replace

import numpy as np
import pytest

from bench.base import fingerprint_text
from bench.compare.pairing import PairedCell, pair_cells

CELL = PairedCell(
    "done", "a" * 64, 0.5, "recipe", fingerprint_text([[1, 0.1, 0.2, 0.3]] * 2)
)
ROUNDED = fingerprint_text([[1 + 1e-7, 0.1, 0.2, 0.3]] * 2)
OTHER = fingerprint_text([[1, 0.1, 0.2, 0.3], [1, 0.101, 0.2, 0.3]])


def pairs_of(**changes):
    return pair_cells({0: CELL}, {0: replace(CELL, **changes)}, "accuracy")


def test_equal_hashes_are_the_same_curves_whatever_the_rest():
    pairs = pairs_of(score=0.7, recipe="", fingerprint="")
    np.testing.assert_array_equal(pairs.scores, [[0.5, 0.7]])
    assert (pairs.why, pairs.n_rounded) == ("", 0)


def test_the_same_fingerprint_and_recipe_are_the_same_curves_but_for_rounding():
    pairs = pairs_of(data_hash="b" * 64, fingerprint=ROUNDED)
    assert (len(pairs.scores), pairs.why, pairs.n_rounded) == (1, "", 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fingerprint": OTHER}, r"other curves in NEW \(1 of 2 classes"),
        ({"fingerprint": ROUNDED, "recipe": "another"}, "of another recipe in NEW"),
        ({"fingerprint": ""}, "not the same in NEW"),
        (
            {"fingerprint": OTHER, "recipe": "recipe+fitted"},
            "same draws, but other fits",
        ),
        ({"fingerprint": "1 2 3 4"}, "other curves"),
    ],
)
def test_other_curves_are_not_comparable(changes, words):
    pairs = pairs_of(data_hash="b" * 64, **changes)
    assert len(pairs.scores) == 0
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(pairs.why)


def test_networks_fitted_anew_in_both_are_other_fits():
    here = replace(CELL, recipe="recipe+fitted")
    there = replace(here, data_hash="b" * 64, fingerprint=OTHER)
    pairs = pair_cells({0: here}, {0: there}, "accuracy")
    assert "other fits" in pairs.why


def test_equal_scores_are_identical_whatever_the_last_bits():
    assert pairs_of(data_hash="b" * 64, fingerprint=ROUNDED).identical
    assert not pairs_of(data_hash="b" * 64, fingerprint=ROUNDED, score=0.6).identical
