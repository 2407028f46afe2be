import pickle
import re

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks
from skorch.callbacks import Callback

from bench.discriminators.estimators import CSDClassifier, SDClassifier

BOTH = pytest.mark.parametrize("kind", [SDClassifier, CSDClassifier])
N_POINTS = 16


class Counter(Callback):
    """Counts the epochs and the optimizer's steps."""

    def __init__(self):
        self.epochs = self.steps = 0

    def on_epoch_end(self, net, **kwargs):
        self.epochs += 1

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.steps += 1


class Rates(Callback):
    """Notes the learning rate of each batch."""

    def __init__(self):
        self.rates = []

    def on_batch_begin(self, net, training=None, **kwargs):
        if training:
            self.rates.append(net.optimizer_.param_groups[0]["lr"])


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def curves(n_curves=60, n_classes=2, seed=0, n_points=N_POINTS):
    """Draw noisy sines, one frequency a class."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_curves) % n_classes
    x = np.linspace(-1, 1, n_points)
    X = np.sin((1 + 2 * y[:, None]) * x) + 0.1 * rng.normal(size=(n_curves, n_points))
    return X, y


def two_channels(n_curves=60):
    X, y = curves(n_curves)
    return np.hstack([X, np.gradient(X, axis=1)]), y


def make(kind=SDClassifier, **changes):
    settings = {"hidden": (8,), "max_epochs": 3, "random_state": 0, "device": "cpu"}
    if kind is CSDClassifier:
        settings["convolution"] = (4, "pool")
    return kind(**settings | changes)


@parametrize_with_checks([SDClassifier(), CSDClassifier()])
def test_passes_every_check_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (SDClassifier, {"hidden": (64, 64), "max_epochs": 100}),
        (CSDClassifier, {"hidden": (16,), "max_epochs": 20, "lr": 1e-2}),
    ],
)
def test_learns_to_separate_two_kinds_of_curves(kind, settings):
    model = make(kind, **settings).fit(*curves(200))
    assert model.score(*curves(200, seed=1)) > 0.95


@BOTH
def test_labels_may_be_strings(kind):
    X, y = curves()
    names = np.array(["neural", "symbolic"])[y]
    model = make(kind, max_epochs=30, lr=1e-2).fit(X, names)
    assert model.classes_.tolist() == ["neural", "symbolic"]
    assert model.score(X, names) > 0.9
    positive = model.decision_function(X) > 0
    np.testing.assert_array_equal(model.predict(X) == "symbolic", positive)


@BOTH
def test_two_classes_give_one_logit_and_two_probabilities(kind):
    X, y = curves()
    model = make(kind).fit(X, y)
    logits, p = model.decision_function(X), model.predict_proba(X)
    assert logits.shape == (60,)
    assert p.shape == (60, 2)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(p[:, 1], 1 / (1 + np.exp(-logits)), rtol=1e-5)


@BOTH
def test_three_classes_give_softmax_logits(kind):
    X, y = curves(n_classes=3)
    model = make(kind).fit(X, y)
    logits, p = model.decision_function(X), model.predict_proba(X)
    assert logits.shape == p.shape == (60, 3)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    exp = np.exp(logits)
    np.testing.assert_allclose(p, exp / exp.sum(1, keepdims=True), rtol=1e-5)
    np.testing.assert_array_equal(model.predict(X), p.argmax(1))


@BOTH
def test_wgan_refuses_three_classes(kind):
    with pytest.raises(ValueError, match="loss='wgan' supports two classes, found"):
        make(kind, loss="wgan").fit(*curves(n_classes=3))


@BOTH
def test_wgan_has_a_decision_function_but_no_probabilities(kind):
    X, y = curves()
    model = make(kind, loss="wgan").fit(X, y)
    assert not hasattr(model, "predict_proba")
    assert hasattr(make(kind), "predict_proba")
    assert model.decision_function(X).shape == (60,)


@BOTH
@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_wgan_records_the_terms_of_its_loss(kind, penalty):
    model = make(kind, loss="wgan", gradient_penalty=penalty).fit(*curves())
    history = model.history_
    total = history["loss_real"] + history["loss_fake"]
    assert ("loss_penalty" in history) == (penalty > 0)
    if penalty:
        assert (history["loss_penalty"] > 0).all()
        total = total + history["loss_penalty"]
    np.testing.assert_allclose(history["loss"], total, rtol=1e-4, atol=1e-6)


@BOTH
@pytest.mark.parametrize("batch_size", [7, 60, 1000, None])
def test_history_has_one_entry_an_epoch(kind, batch_size):
    model = make(kind, batch_size=batch_size, max_epochs=4).fit(*curves())
    assert set(model.history_) == {"loss", "accuracy", "largest_gradient"}
    assert all(values.shape == (4,) for values in model.history_.values())
    assert model.n_iter_ == 4
    assert ((model.history_["accuracy"] >= 0) & (model.history_["accuracy"] <= 1)).all()
    assert (model.history_["largest_gradient"] > 0).all()


def test_callbacks_reach_skorch():
    counter = Counter()
    make(callbacks=[counter], max_epochs=5).fit(*curves())
    assert counter.epochs == 5


@BOTH
@pytest.mark.parametrize(("iterations", "batch_size"), [(1, 20), (5, 20), (5, None)])
def test_takes_as_many_steps_a_batch_as_iterations(kind, iterations, batch_size):
    counter = Counter()
    batches = 1 if batch_size is None else 60 // batch_size
    make(
        kind,
        callbacks=[counter],
        iterations=iterations,
        batch_size=batch_size,
        max_epochs=2,
    ).fit(*curves())
    assert counter.steps == 2 * batches * iterations


@BOTH
@pytest.mark.parametrize("loss", ["bce", "wgan"])
def test_weight_zero_equals_leaving_a_curve_out(kind, loss):
    X, y = curves()
    weight = (np.arange(60) % 5 > 0).astype(float)
    weighted = make(kind, loss=loss, batch_size=16).fit(X, y, sample_weight=weight)
    fewer = make(kind, loss=loss, batch_size=16).fit(X[weight > 0], y[weight > 0])
    np.testing.assert_array_equal(
        weighted.decision_function(X), fewer.decision_function(X)
    )


@BOTH
def test_weight_two_equals_repeating_a_curve(kind):
    X, y = curves()
    count = 1 + np.arange(60) % 3
    weighted = make(kind, batch_size=16).fit(X, y, sample_weight=count)
    repeated = make(kind, batch_size=16).fit(X.repeat(count, 0), y.repeat(count))
    np.testing.assert_array_equal(
        weighted.decision_function(X), repeated.decision_function(X)
    )


@BOTH
@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_order_of_curves_does_not_matter(kind, early_stopping):
    X, y = curves()
    order = np.random.default_rng(1).permutation(60)
    settings = {"batch_size": 16, "early_stopping": early_stopping}
    model = make(kind, **settings).fit(X, y)
    shuffled = make(kind, **settings).fit(X[order], y[order])
    np.testing.assert_array_equal(
        model.decision_function(X), shuffled.decision_function(X)
    )


@BOTH
def test_the_same_random_state_gives_the_same_bits(kind):
    X, y = curves()
    settings = {"loss": "wgan", "gradient_penalty": 1.0, "batch_size": 16}
    first, again = (make(kind, **settings).fit(X, y) for _ in range(2))
    other = make(kind, **settings, random_state=1).fit(X, y)
    logits = first.decision_function(X)
    np.testing.assert_array_equal(logits, again.decision_function(X))
    assert (logits != other.decision_function(X)).any()
    for name, values in first.history_.items():
        np.testing.assert_array_equal(values, again.history_[name])


@BOTH
def test_fit_does_not_touch_the_global_random_states(kind):
    torch_before = torch.get_rng_state()
    numpy_before = pickle.dumps(np.random.get_state())  # noqa: NPY002
    make(kind, batch_size=16, early_stopping=True).fit(*curves())
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert pickle.dumps(np.random.get_state()) == numpy_before  # noqa: NPY002


@BOTH
@pytest.mark.parametrize(
    "settings", [{}, {"schedule": "one-cycle", "early_stopping": True}]
)
def test_survives_pickling(kind, settings):
    X, y = curves()
    model = make(kind, **settings).fit(X, y)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(model.decision_function(X), twin.decision_function(X))
    assert twin.history_.keys() == model.history_.keys()


@BOTH
def test_clone_copies_parameters_and_no_fit(kind):
    model = make(kind, lr=0.5).fit(*curves())
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert not hasattr(twin, "net_")


@BOTH
def test_grid_search_runs_over_hidden(kind):
    search = GridSearchCV(make(kind), {"hidden": [(4,), (8, 8), ()]}, cv=2)
    search.fit(*curves())
    assert search.best_params_["hidden"] in [(4,), (8, 8), ()]
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (SDClassifier, {"extension": "stack"}),
        (SDClassifier, {"extension": "embed"}),
        (CSDClassifier, {}),
    ],
)
def test_reads_the_second_channel(kind, settings):
    X, y = two_channels()
    model = make(kind, n_channels=2, **settings).fit(X, y)
    changed = X.copy()
    changed[:, N_POINTS:] += 1
    assert model.decision_function(X).shape == (60,)
    assert (model.decision_function(X) != model.decision_function(changed)).any()


def test_embed_takes_a_single_channel():
    X, y = curves()
    assert make(extension="embed").fit(X, y).predict(X).shape == (60,)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"extension": "none", "n_channels": 2}, "extension='none' reads one channel"),
        ({"extension": "stack"}, "extension='stack' needs a second channel"),
        ({"extension": "stak"}, "extension = 'stak'"),
    ],
)
def test_refuses_an_extension_that_does_not_fit_the_channels(settings, message):
    with pytest.raises(ValueError, match=message):
        make(**settings).fit(*two_channels())


@BOTH
def test_refuses_columns_that_do_not_divide_into_channels(kind):
    extension = {"extension": "stack"} if kind is SDClassifier else {}
    with pytest.raises(ValueError, match="16 columns do not divide into n_channels"):
        make(kind, n_channels=3, **extension).fit(*curves())


@BOTH
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "wgam"}, "loss = 'wgam'"),
        ({"loss": "hinge"}, "expected one of bce, wgan"),
        ({"schedule": "one-cycel"}, "schedule = 'one-cycel'"),
        ({"schedule": "cosine"}, "expected one of None, one-cycle"),
        ({"batch_size": 0}, "batch_size = 0; expected a whole number of at least 1"),
        ({"batch_size": 2.5}, "batch_size = 2.5; expected a whole number"),
        ({"lr": -1}, "lr = -1; expected a number of at least 0"),
        ({"lr": "fast"}, "lr = 'fast'; expected a number"),
        ({"lr": float("nan")}, "lr = nan; expected a number"),
        ({"max_epochs": 0}, "max_epochs = 0; expected a whole number of at least 1"),
        ({"iterations": True}, "iterations = True; expected a whole number"),
        ({"n_channels": 0}, "n_channels = 0; expected a whole number of at least 1"),
        ({"hidden": (8, 0)}, "hidden = 0; expected a whole number of at least 1"),
        ({"gradient_penalty": 1.0}, "gradient_penalty = 1.0 is used only under"),
        ({"early_stopping": True, "loss": "wgan"}, "early_stopping needs a loss"),
    ],
)
def test_refuses_parameters_out_of_range(kind, settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make(kind, **settings).fit(*curves())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kernel_size": 4}, "kernel_size = 4; expected an odd one"),
        ({"kernel_size": 0}, "kernel_size = 0; expected a whole number of at least 1"),
        ({"convolution": (8, "pol")}, "convolution = 'pol'"),
    ],
)
def test_csd_refuses_convolutions_it_cannot_build(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make(CSDClassifier, **settings).fit(*curves())


@BOTH
def test_refuses_one_class(kind):
    X, _ = curves()
    with pytest.raises(ValueError, match="needs at least 2 classes; found one class"):
        make(kind).fit(X, np.ones(60))


@BOTH
def test_refuses_weights_that_are_all_zero(kind):
    X, y = curves()
    with pytest.raises(ValueError, match=r"weight|class"):
        make(kind).fit(X, y, sample_weight=np.zeros(60))


@BOTH
def test_refuses_x_of_another_length(kind):
    with pytest.raises(ValueError, match="x has shape"):
        make(kind, x=np.linspace(-1, 1, 5)).fit(*curves())


@BOTH
def test_keeps_x_without_computing_with_it(kind):
    X, y = curves()
    x = np.linspace(0, 9, N_POINTS)
    model, plain = make(kind, x=x).fit(X, y), make(kind).fit(X, y)
    np.testing.assert_array_equal(model.x_, x)
    np.testing.assert_array_equal(
        model.decision_function(X), plain.decision_function(X)
    )


@BOTH
def test_early_stopping_stops_early_and_watches_a_validation_loss(kind):
    X = np.random.default_rng(0).normal(size=(100, N_POINTS))
    y = np.arange(100) % 2
    model = make(kind, early_stopping=True, max_epochs=200, lr=1e-2).fit(X, y)
    losses = model.history_["valid_loss"]
    assert 10 < model.n_iter_ < 200
    assert losses.shape == model.history_["loss"].shape == (model.n_iter_,)
    assert losses[-10:].min() > (1 - 1e-4) * losses[:-10].min()


@BOTH
def test_early_stopping_keeps_the_best_epoch(kind):
    X = np.random.default_rng(0).normal(size=(100, N_POINTS))
    y = np.arange(100) % 2
    settings = {"early_stopping": True, "lr": 1e-2}
    model = make(kind, max_epochs=200, **settings).fit(X, y)
    best = int(model.history_["valid_loss"].argmin()) + 1
    short = make(kind, max_epochs=best, **settings).fit(X, y)
    np.testing.assert_array_equal(
        model.decision_function(X), short.decision_function(X)
    )


@BOTH
@pytest.mark.parametrize("max_epochs", [1, 4])
@pytest.mark.parametrize("batch_size", [25, None])
def test_one_cycle_runs_to_its_end(kind, max_epochs, batch_size):
    counter = Counter()
    model = make(
        kind,
        schedule="one-cycle",
        max_epochs=max_epochs,
        batch_size=batch_size,
        callbacks=[counter],
    ).fit(*curves())
    assert counter.epochs == model.n_iter_ == max_epochs


def test_one_cycle_rises_to_lr_and_falls_again():
    rates = Rates()
    make(
        schedule="one-cycle",
        lr=0.01,
        max_epochs=10,
        batch_size=10,
        iterations=2,
        callbacks=[rates],
    ).fit(*curves())
    peak = int(np.argmax(rates.rates))
    assert len(rates.rates) == 60
    assert 0 < peak < 59
    assert rates.rates[peak] == pytest.approx(0.01, rel=0.02)
    assert rates.rates[0] < 0.001
    assert rates.rates[-1] < 0.0001


@pytest.mark.parametrize(
    ("params", "message"),
    [({"hidden": 8}, "one width for each layer"), ({"x": 3.0}, "x has shape"),
     ({"lr": np.inf}, "lr = inf")],
)  # fmt: skip
def test_parameters_of_the_wrong_kind_are_named(params, message):
    X = np.random.default_rng(0).normal(size=(20, 8))
    with pytest.raises(ValueError, match=message):
        SDClassifier(max_epochs=1, **params).fit(X, np.arange(20) % 2)


def test_only_ratios_of_weights_matter():
    X = np.random.default_rng(0).normal(size=(20, 8))
    weight = np.r_[np.ones(19), 2.0]
    fits = [
        SDClassifier(max_epochs=3, random_state=0)
        .fit(X, np.arange(20) % 2, sample_weight=scale * weight)
        .decision_function(X)
        for scale in (1.0, 2.0**-200)
    ]
    assert np.array_equal(*fits)


@pytest.mark.parametrize("name", ["SDClassifier", "CSDClassifier"])
def test_parameters_read_in_the_source_are_those_of_the_class(name):
    from inspect import signature

    from bench.classifiers.class_paths import own_parameters
    from bench.discriminators import estimators as classifiers

    known = list(signature(getattr(classifiers, name)).parameters)
    assert own_parameters(f"bench.classifiers.{name}") == known
