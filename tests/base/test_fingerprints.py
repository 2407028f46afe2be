"""Tests of `bench.base.fingerprints`."""

import numpy as np
import pytest

from bench.base import (
    differing,
    fingerprint_of,
    fingerprint_text,
    parse_fingerprint,
    same_curves,
)


def _curves(dtype: str = "float64") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return rng.normal(size=(1200, 40)).astype(dtype), rng.permutation(1200) % 2


def _fingerprint(X: np.ndarray, y: np.ndarray) -> list[list[float]]:
    return fingerprint_of([(X[:800], y[:800]), (X[800:], y[800:])], 2, 1)


def test_it_is_the_root_mean_square_and_projections_of_each_class():
    X, y = _curves()
    rows = fingerprint_of([(X, y)], 2, 1)
    assert [len(row) for row in rows] == [4, 4]
    for label, row in enumerate(rows):
        assert row[0] == pytest.approx(np.sqrt((X[y == label] ** 2).mean()), rel=1e-8)
        assert all(abs(value) < 5 for value in row[1:])


def test_each_channel_has_a_row():
    X, y = _curves()
    X[:, 20:] *= 100
    rows = fingerprint_of([(X, y)], 2, 2)
    assert np.round([row[0] for row in rows], -1).tolist() == [0, 100, 0, 100]


@pytest.mark.parametrize("error", [2.4e-7, 1e-6])
def test_rounding_does_not_change_it(error):
    X, y = _curves("float32")
    noise = np.random.default_rng(1).uniform(-error, error, X.shape)
    moved = (X * (1 + noise)).astype("float32")
    assert same_curves(_fingerprint(X, y), _fingerprint(moved, y))


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X * 1.001,
        lambda X: X + 1e-3,
        lambda X: X + 1e-3 * np.sin(np.arange(40)),
        lambda X: np.roll(X, 2, axis=0),
        lambda X: X[::-1],
        lambda X: np.concatenate([X[:1] + 1, X[1:]]),
    ],
    ids=["scaled", "shifted", "bent", "rolled", "reversed", "one-curve"],
)
def test_other_curves_change_it(change):
    X, y = _curves()
    assert differing(_fingerprint(X, y), _fingerprint(change(X), y))


def test_only_the_class_that_changed_differs():
    X, y = _curves()
    other = np.where((y == 1)[:, None], X + 1, X)
    assert differing(_fingerprint(X, y), _fingerprint(other, y)) == [1]


def test_curves_of_zeros_agree_with_themselves():
    rows = fingerprint_of([(np.zeros((4, 3)), np.array([0, 0, 1, 1]))], 2, 1)
    assert same_curves(rows, rows)
    assert not same_curves([], [])


def test_its_text_is_read_back():
    rows = _fingerprint(*_curves("float32"))
    assert parse_fingerprint(fingerprint_text(rows)) == rows
    assert parse_fingerprint("") == []


@pytest.mark.parametrize("text", ["1 2 3", "1 2 3 nan", "a b c d", "1 2 3 4;5"])
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match="4 finite numbers"):
        parse_fingerprint(text)
