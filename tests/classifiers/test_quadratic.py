import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from bench.classifiers.quadratic import GRID, RegularisedQDA


def draw(n_curves, n_columns, seed=0, noise=1.0):
    """Draw two classes that differ in the covariance of neighbours."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_curves) % 2
    X = noise * rng.normal(size=(n_curves, n_columns))
    X[y == 1, 1:] += X[y == 1, :-1]
    return X, y


@parametrize_with_checks([RegularisedQDA()])
def test_it_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


def test_the_best_candidate_is_fitted_to_all_curves():
    X, y = draw(400, 20)
    found = RegularisedQDA(random_state=0).fit(X, y)
    assert list(found.scores_) == list(GRID)
    best = max(found.scores_.values())
    assert found.scores_[found.reg_param_] == best
    # The first of equals: the least regularised.
    assert found.reg_param_ == next(p for p in GRID if found.scores_[p] == best)
    plain = QuadraticDiscriminantAnalysis(reg_param=found.reg_param_, tol=0).fit(X, y)
    np.testing.assert_array_equal(found.predict(X), plain.predict(X))
    np.testing.assert_array_equal(found.predict_proba(X), plain.predict_proba(X))
    assert found.score(*draw(400, 20, seed=1)) > 0.9


def test_strong_regularisation_is_chosen_if_it_is_best():
    # Two columns tell the classes apart, 60 others are noise of hardly more curves.
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    X = rng.normal(size=(200, 62))
    X[:, :2] *= np.where(y == 1, 6, 1)[:, None]
    found = RegularisedQDA(random_state=0).fit(X, y)
    assert found.reg_param_ == 0.1


def test_few_curves_are_reduced_to_components():
    X, y = draw(60, 40)
    found = RegularisedQDA(random_state=0).fit(X, y)
    assert found.estimator_[0].n_components_ == 20
    expected = make_pipeline(
        PCA(20, random_state=0),
        QuadraticDiscriminantAnalysis(reg_param=found.reg_param_, tol=0),
    ).fit(X, y)
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))
    many = RegularisedQDA(random_state=0).fit(*draw(200, 40))
    assert len(many.estimator_) == 1


def test_the_smallest_class_decides_how_many_components_there_are():
    X, y = draw(60, 40)
    y[:] = 0
    y[:8] = 1
    found = RegularisedQDA(random_state=0).fit(X, y)
    assert found.estimator_[0].n_components_ == 6


def test_without_held_out_curves_the_largest_candidate_is_chosen():
    X, y = draw(5, 3)
    found = RegularisedQDA(random_state=0).fit(X, y)
    assert (found.reg_param_, found.scores_) == (0.1, {})


def test_a_class_of_one_curve_is_refused():
    X, y = draw(20, 3)
    y[:] = 0
    y[0] = 1
    with pytest.raises(ValueError, match="a covariance is singular at reg_param"):
        RegularisedQDA().fit(X, y)


@pytest.mark.parametrize("fraction", [0, 1.5])
def test_an_invalid_fraction_is_refused(fraction):
    with pytest.raises(ValueError, match="expected a number above 0 and below 1"):
        RegularisedQDA(validation_fraction=fraction).fit(*draw(20, 3))


def test_constant_columns_are_accepted():
    X, y = draw(200, 5)
    X = np.hstack([X, np.ones((200, 2))])
    found = RegularisedQDA(random_state=0).fit(X, y)
    assert found.reg_param_ > 0
    assert found.score(X, y) > 0.7
