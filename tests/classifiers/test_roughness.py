import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from bench.classifiers.roughness import CueClassifier, roughness

x = np.linspace(-3, 3, 60)


def draw(n_curves, seed=0):
    """Draw waves, those of class 1 with noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_curves) % 2
    X = np.sin(x + rng.uniform(0, 6, (n_curves, 1)))
    return X + 0.05 * y[:, None] * rng.normal(size=X.shape), y


@parametrize_with_checks([CueClassifier()])
def test_it_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


def test_roughness_by_hand():
    [found] = roughness(np.array([[0.0, 1, 0, 1, 3, 2]]))
    first, second, third = found.reshape(3, 8)
    # Steps 1 -1 1 2 -1, their steps -2 2 1 -3, theirs 4 -1 -4.
    np.testing.assert_allclose(first[:7], np.quantile([1, 1, 1, 2, 1], QUANTILES))
    np.testing.assert_allclose(second[:7], np.quantile([2, 2, 1, 3], QUANTILES))
    np.testing.assert_allclose(third[:7], np.quantile([4, 1, 4], QUANTILES))
    assert (first[7], second[7], third[7]) == (3, 2, 1)


QUANTILES = [0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1]


@pytest.mark.parametrize("n_points", [1, 2, 3, 4])
def test_too_few_points_have_no_roughness(n_points):
    found = roughness(np.arange(3.0)[:, None] * np.ones(n_points))
    np.testing.assert_array_equal(found, np.zeros((3, 24)))


def test_noise_is_recognised_and_shapes_are_not():
    found = CueClassifier(random_state=0).fit(*draw(200))
    assert found.score(*draw(200, seed=1)) > 0.95
    X, y = draw(200)
    X[y == 1] = -X[y == 0]  # mirrored, they are just as rough
    assert found.fit(X, y).score(X, y) < 0.9


def test_order_of_points_and_further_channels_are_respected():
    X, y = draw(200)
    order = np.random.default_rng(0).permutation(60)
    plain = CueClassifier(random_state=0).fit(X, y)
    mixed = CueClassifier(x=x[order, None], random_state=0).fit(X[:, order], y)
    np.testing.assert_array_equal(
        plain.predict_proba(X), mixed.predict_proba(X[:, order])
    )
    flat = np.zeros_like(X)
    two = CueClassifier(n_channels=2, random_state=0).fit(np.hstack([flat, X]), y)
    assert two.estimator_.n_features_in_ == 48
    assert two.score(np.hstack([flat, X]), y) > 0.95


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_channels": 7}, "60 columns do not divide into n_channels = 7"),
        ({"n_channels": 0}, "60 columns do not divide into n_channels = 0"),
        ({"x": np.arange(5)}, r"x has shape \(5,\); expected 60"),
    ],
)
def test_options_that_do_not_match_the_curves_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        CueClassifier(**options).fit(*draw(20))
