import numpy as np
import pytest

from bench.discriminators.estimators import (
    CSD2Classifier,
    CSDClassifier,
    SDClassifier,
)
from bench.discriminators.stacked_fit import fit_stacked

N_MEMBERS, N_CURVES, N_POINTS = 3, 45, 16
SMALL = {"hidden": (6,), "max_epochs": 3, "batch_size": 16, "device": "cpu"}


def curves(state, *, n_classes=2, n_channels=1, repeated=0, n=N_CURVES):
    random = np.random.RandomState(state)
    y = np.arange(n) % n_classes
    X = random.standard_normal((n, n_channels * N_POINTS)).astype(np.float32)
    X[np.arange(n), y] += 2
    if repeated:
        X[-repeated:], y[-repeated:] = X[:repeated], y[:repeated]
    return X, y


def members(kind, **params):
    return [kind(**params, random_state=i) for i in range(N_MEMBERS)]


@pytest.mark.parametrize(
    ("kind", "params", "of_curves"),
    [
        (SDClassifier, {}, {}),
        (SDClassifier, {"batch_size": None, "iterations": 3}, {}),
        (SDClassifier, {"schedule": "one-cycle", "weight_decay": 0.1}, {}),
        (SDClassifier, {"betas": (0.5, 0.9)}, {"n_classes": 4}),
        (SDClassifier, {"n_channels": 2, "extension": "embed"}, {"n_channels": 2}),
        (CSDClassifier, {"schedule": "one-cycle"}, {}),
        (CSDClassifier, {"n_channels": 2}, {"n_channels": 2, "n_classes": 3}),
    ],
)
@pytest.mark.parametrize("repeated", [(0, 0, 0), (0, 2, 5), (0, 14, 0)])
def test_a_member_is_what_its_fit_alone_gives_but_for_rounding(
    kind, params, of_curves, repeated
):
    """Also if curves come twice, and so the numbers of rows and of batches differ."""
    params = SMALL | params
    data = [curves(i, **of_curves, repeated=n) for i, n in enumerate(repeated)]
    stacked = members(kind, **params)
    fit_stacked(stacked, data)
    for member, alone, (X, y) in zip(
        stacked, members(kind, **params), data, strict=True
    ):
        alone.fit(X, y)
        assert (member.n_iter_, list(member.history_)) == (3, list(alone.history_))
        for name, values in alone.history_.items():
            np.testing.assert_allclose(member.history_[name], values, atol=1e-5)
        weights = member.weights()
        assert list(weights) == list(alone.weights())
        for name, values in alone.weights().items():
            np.testing.assert_allclose(weights[name], values, atol=1e-4)
        np.testing.assert_allclose(
            member.decision_function(X), alone.decision_function(X), atol=1e-3
        )
        np.testing.assert_array_equal(member.classes_, alone.classes_)


@pytest.mark.parametrize("kind", [SDClassifier, CSDClassifier])
@pytest.mark.parametrize("penalty", [0.0, 2.0])
def test_a_critic_takes_the_steps_of_its_fit(kind, penalty):
    """Where it is one step: Adam blows up the rounding of biases that cancel."""
    params = SMALL | {"max_epochs": 1, "batch_size": None, "iterations": 2}
    params |= {"loss": "wgan", "gradient_penalty": penalty}
    data = [curves(i, repeated=2 * i) for i in range(N_MEMBERS)]
    stacked = members(kind, **params)
    fit_stacked(stacked, data)
    for member, alone, (X, y) in zip(
        stacked, members(kind, **params), data, strict=True
    ):
        alone.fit(X, y)
        assert list(member.history_) == list(alone.history_)
        for name in set(alone.history_) - {"loss_real", "loss_fake"}:
            np.testing.assert_allclose(
                member.history_[name], alone.history_[name], rtol=1e-3, atol=1e-5
            )


@pytest.mark.parametrize("kind", [SDClassifier, CSDClassifier])
def test_a_member_has_the_same_bits_in_any_company(kind):
    def first(*others):
        stacked = members(kind, **SMALL)
        fit_stacked(stacked, [curves(0), *others])
        return stacked[0].weights() | stacked[0].history_

    expected = first(curves(1), curves(2))
    diverging = curves(4)
    diverging[0][:] *= 1e36
    for company in ((curves(2), curves(3)), (curves(1), diverging)):
        found = first(*company)
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        (SDClassifier, {"early_stopping": True}, "early_stopping = True"),
        (SDClassifier, {"callbacks": [object()]}, "callbacks = "),
        (CSD2Classifier, {}, "CSD2Classifier cannot be stacked"),
        (SDClassifier, {"lr": -1.0}, "lr = -1.0"),
    ],
)
def test_what_has_no_meaning_in_a_stack_is_refused(kind, params, message):
    with pytest.raises(ValueError, match=message):
        fit_stacked(members(kind, **params), [curves(i) for i in range(N_MEMBERS)])


def test_members_differ_in_seed_and_points_alone():
    different = [SDClassifier(lr=1e-3), SDClassifier(lr=1e-2)]
    with pytest.raises(ValueError, match="of different parameters"):
        fit_stacked(different, [curves(0), curves(1)])
