import pickle
import re

import numpy as np
import pytest
import torch
from csd2_cases import GRID, N_POINTS, curves, make, network
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks
from skorch.callbacks import Callback

from bench.base.errors import ClassifierError
from bench.base.provenance import RESULTS
from bench.classifiers.class_paths import class_version, own_parameters
from bench.classifiers.recipes import resolve_classifier
from bench.discriminators.csd2_channels import MAX_CELLS, ValueQuantiles
from bench.discriminators.estimators import CSD2Classifier
from bench.discriminators.online import fit_online
from bench.suite.classifiers import ClassifierSpec
from bench.suite.fields import OnlineTraining

SKEWED = np.linspace(0.2, 1, N_POINTS) ** 3


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@parametrize_with_checks([CSD2Classifier(max_epochs=10)])
def test_passes_every_check_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("x", [None, GRID, SKEWED[:, None], SKEWED[::-1]])
def test_learns_to_separate_two_kinds_of_curves(x):
    points = GRID if x is None else np.ravel(x)
    model = make(x=x, max_epochs=20).fit(*curves(160, x=points))
    assert model.score(*curves(200, seed=1, x=points)) > 0.9


def test_three_classes_give_softmax_logits():
    model = make(max_epochs=20).fit(*curves(200, n_classes=3))
    X, y = curves(60, n_classes=3, seed=1)
    logits, p = model.decision_function(X), model.predict_proba(X)
    assert logits.shape == p.shape == (60, 3)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    np.testing.assert_array_equal(model.predict(X), p.argmax(1))
    assert model.score(X, y) > 0.8


@pytest.mark.parametrize(
    ("n_curves", "budget"),
    [
        (1, (120, 16)),
        (100, (120, 16)),
        (200, (120, 25)),
        (1000, (80, 64)),
        (2000, (40, 64)),
        (3000, (27, 64)),
        (10**6, (20, 64)),
    ],
)
def test_the_number_of_curves_decides_how_long_it_trains(n_curves, budget):
    assert CSD2Classifier()._budget(n_curves) == budget
    assert CSD2Classifier(max_epochs=3, batch_size=7)._budget(n_curves) == (3, 7)


class Steps(Callback):
    """Notes the rate, the gradient's norm and the size of each batch."""

    def __init__(self):
        self.rates, self.norms, self.sizes = [], [], []

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        if training:
            gradients = [p.grad.ravel() for p in net.module_.parameters()]
            self.norms.append(torch.cat(gradients).norm().item())
            self.rates.append(net.optimizer_.param_groups[0]["lr"])
            self.sizes.append(len(batch[0]))


def test_training_uses_the_documented_settings():
    steps = Steps()
    model = make(callbacks=[steps], max_epochs=10).fit(*curves(80))
    assert isinstance(model.net_.optimizer_, torch.optim.AdamW)
    assert model.net_.optimizer_.param_groups[0]["weight_decay"] == 0.01
    assert steps.sizes == 50 * [16]
    assert int(np.argmax(steps.rates)) == pytest.approx(0.2 * 50, abs=1)
    assert max(steps.rates) == pytest.approx(3e-3, rel=0.01)
    assert steps.rates[-1] < 1e-5
    assert max(steps.norms) == pytest.approx(1, abs=1e-3)  # cut, in the beginning
    assert model.n_iter_ == 10


@pytest.mark.parametrize("n_curves", [32, 80])
def test_a_rise_of_one_step_is_possible(n_curves):
    model = make(max_epochs=1, batch_size=16).fit(*curves(n_curves))
    assert np.isfinite(model.history_["loss"]).all()


def test_a_last_batch_of_one_curve_is_learnt_from():
    X, y = curves(33)
    model = make(batch_size=16).fit(X, y)
    assert np.isfinite(model.decision_function(X)).all()
    assert np.isfinite(model.history_["loss"]).all()


def test_weights_and_order_behave_as_in_sd_and_csd():
    X, y = curves()
    count = np.arange(60) % 3
    weighted = make(batch_size=16).fit(X, y, sample_weight=count)
    order = np.random.default_rng(1).permutation(count.sum())
    repeated = make(batch_size=16).fit(
        X.repeat(count, 0)[order], y.repeat(count)[order]
    )
    np.testing.assert_array_equal(
        weighted.decision_function(X), repeated.decision_function(X)
    )
    other = make(batch_size=16).fit(X, y)
    assert (other.decision_function(X) != weighted.decision_function(X)).any()


def test_only_the_same_random_state_gives_the_same_bits():
    X, y = curves()
    before = torch.get_rng_state()
    first, again = (make(batch_size=16).fit(X, y).decision_function(X) for _ in "12")
    np.testing.assert_array_equal(first, again)
    other = make(batch_size=16, random_state=1).fit(X, y).decision_function(X)
    assert (first != other).any()
    assert torch.equal(torch.get_rng_state(), before)


def test_survives_pickling_and_cloning():
    X, y = curves(x=SKEWED)
    model = make(x=SKEWED[::-1]).fit(X, y)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(model.decision_function(X), twin.decision_function(X))
    np.testing.assert_array_equal(clone(model).x, SKEWED[::-1])


def test_the_state_is_float32_and_holds_nothing_made_from_the_points():
    weights = make(x=SKEWED[::-1]).fit(*curves()).weights()
    assert {value.dtype for value in weights.values()} == {np.dtype(np.float32)}
    assert not [name for name in weights if "read" in name or "order" in name]
    assert sum(value.size for value in weights.values()) < 30_000


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"x": GRID[:, None].repeat(2, 1)}, "reads functions of one input, found x of"),
        ({"x": GRID[:5]}, "x has shape (5,); expected 20 points"),
        ({"x": 3.0}, "x has shape (); expected 20 points"),
        (
            {"x": np.zeros(N_POINTS)},
            "all 20 points of x are 0.0; expected at least two",
        ),
        ({"x": np.r_[np.nan, GRID[1:]]}, "x holds values that are not finite"),
        ({"dropout": 1.0}, "dropout = 1.0; expected a number below 1"),
        ({"dropout": -0.1}, "dropout = -0.1; expected a number of at least 0"),
        ({"windows": (0.1, 2)}, "windows = 2; expected a number below 1"),
        ({"windows": ("wide",)}, "windows = 'wide'; expected a number"),
        ({"windows": 0.1}, "windows = 0.1; expected a list"),
        ({"flips": ("z",)}, "flips = 'z'; expected one of y, x"),
        ({"flips": "yx"}, "flips = 'yx'; expected a list"),
        ({"noise": -1}, "noise = -1; expected a number of at least 0"),
        ({"n_channels": 0}, "n_channels = 0; expected a whole number of at least 1"),
        ({"width": 0}, "width = 0; expected a whole number of at least 1"),
        ({"max_epochs": 0}, "max_epochs = 0; expected a whole number of at least 1"),
        ({"batch_size": 0}, "batch_size = 0; expected a whole number of at least 1"),
        ({"hidden": 8}, "one width for each layer"),
        ({"lr": -1}, "lr = -1; expected a number of at least 0"),
        ({"recorded": 1}, "recorded = 1; expected True or False"),
    ],
)
def test_invalid_parameters_are_refused(params, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make(**params).fit(*curves(20))


def test_online_training_is_refused():
    X, y = curves(4)
    with pytest.raises(ValueError, match="CSD2Classifier does not support online"):
        fit_online([make()], [None], OnlineTraining(mode="online", epochs=1), [(X, y)])
    training = {"mode": "online", "epochs": 5}
    spec = ClassifierSpec.model_validate({"use": "CSD2", "training": training})
    with pytest.raises(
        ClassifierError, match="CSD2Classifier' does not support online"
    ):
        resolve_classifier(spec)


def test_parameters_read_in_the_source_are_those_of_the_class():
    found = own_parameters("bench.classifiers.CSD2Classifier")
    assert sorted(found) == sorted(CSD2Classifier().get_params())


def test_it_has_its_own_stage_in_results():
    found = class_version("bench.classifiers.CSD2Classifier")
    assert found.startswith(f"CSD2 {RESULTS['CSD2']}, torch ")
    assert class_version("bench.classifiers.CSDClassifier").startswith("CSD 1, torch ")


@pytest.mark.parametrize("n_points", [16, 17, 100, 255, 256, 257, 1000, 10_000])
def test_at_most_100_000_parameters_for_any_number_of_points(n_points):
    net = network(n_points=n_points, width=32, n_outputs=20)
    assert sum(p.numel() for p in net.parameters()) <= 100_000
    assert net.read.n_cells <= MAX_CELLS
    assert net.read.matrices.nelement() <= 8 * MAX_CELLS**2
    assert net(torch.randn(3, n_points)).shape == (3, 20)


@pytest.mark.parametrize("n_points", [1, 2, 3, 4, 5, 9, 16, 257])
def test_few_points_are_accepted(n_points):
    net = network(n_points=n_points).train()
    X = torch.randn(5, n_points, requires_grad=True)
    net(X).sum().backward()
    assert torch.isfinite(X.grad).all()
    assert torch.isfinite(net.eval()(X)).all()


def test_no_curves_have_no_logits():
    assert network()(torch.zeros(0, N_POINTS)).shape == (0, 1)


def test_points_may_come_in_any_order():
    X = torch.tensor(curves(x=SKEWED)[0])
    net = network(x=SKEWED).double()
    order = np.random.default_rng(0).permutation(N_POINTS)
    shuffled = network(x=SKEWED[order]).double()
    shuffled.load_state_dict(net.state_dict())
    torch.testing.assert_close(shuffled(X[:, order]), net(X))
    elsewhere = network(x=GRID).double()
    assert (elsewhere(X) - net(X)).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("settings", "invariant"),
    [
        ({}, "yx"),
        ({"x": GRID[::-1] * 3 + 7}, "yx"),
        ({"x": GRID.astype(np.float32) ** 3}, "yx"),
        ({"flips": ("x",)}, "x"),
        ({"flips": ()}, ""),
        ({"x": SKEWED}, "y"),
        ({"n_points": 10}, ""),
        ({"n_points": 10, "n_channels": 2}, ""),
    ],
)
def test_logits_are_invariant_under_the_flips_in_use(settings, invariant):
    net = network(**settings).double()
    X = torch.tensor(curves()[0])
    if net.read.n_cells == 10 and net.n_channels == 1:
        X = X[:, :10]
    for name, flipped in (("y", -X), ("x", X.flip(1))):
        change = (net(flipped) - net(X)).abs().max().item()
        assert (change < 1e-9) == (name in invariant), name


def test_training_flips_each_curve_at_random():
    net = network(noise=0)
    X = torch.arange(float(N_POINTS))[None, None].repeat(4000, 1, 1)
    torch.manual_seed(0)
    found = net._augmented(X)[:, 0]
    kinds = [found[:, [0, -1]].tolist().count(pair) for pair in
             ([0.0, 19.0], [-0.0, -19.0], [19.0, 0.0], [-19.0, -0.0])]  # fmt: skip
    assert sum(kinds) == 4000
    assert min(kinds) > 900


@pytest.mark.parametrize("noise", [0.5, 1.0])
def test_training_adds_a_share_of_a_curves_own_noise(noise):
    rng = np.random.default_rng(0)
    scale = np.array([1e-3, 1.0, 1e30])[:, None]
    X = scale * (GRID**2 + 0.1 * rng.normal(size=(3, 1, N_POINTS)))[:, 0]
    X = torch.tensor(np.repeat(X, 2000, 0))[:, None]
    torch.manual_seed(0)
    added = (network(flips=(), noise=noise)._augmented(X) - X)[:, 0]
    own = X.diff(n=3, dim=2).abs().mean(2) * np.sqrt(np.pi / 40)
    deviation = added.square().mean(1).sqrt() / own[:, 0]
    assert deviation.min() >= 0
    by_scale = deviation.reshape(3, 2000)
    # The root mean square of a share that is uniform.
    found = by_scale.square().mean(1).sqrt()
    torch.testing.assert_close(
        found, torch.full_like(found, noise / 3**0.5), rtol=0.05, atol=0
    )
    assert (deviation < 0.2 * noise).float().mean() > 0.1


@pytest.mark.parametrize("settings", [{"n_points": 10}, {"n_channels": 2}])
def test_short_rows_and_several_channels_are_not_augmented(settings):
    net = network(**settings).double()
    X = torch.randn(7, net.n_channels, net.read.n_cells, dtype=torch.float64)
    assert torch.equal(net._augmented(X), X)


def textures(n_curves, seed, n_points=1024):
    """Draw white noise of one variance; the values of one class are 1 and -1 alone."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_curves) % 2
    X = rng.normal(size=(n_curves, n_points))
    return np.where(y[:, None] == 1, np.sign(X), X), y


def ramps(n_curves, seed):
    """Draw noisy lines, the classes rising and falling: each other's negatives."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_curves) % 2
    X = (2 * y[:, None] - 1) * GRID + 0.3 * rng.normal(size=(n_curves, N_POINTS))
    return X, y


def recorded(**changes):
    return make(recorded=True, **{"max_epochs": 30} | changes)


def test_recorded_curves_keep_classes_that_are_each_others_negatives():
    assert make(max_epochs=20).fit(*ramps(24, 0)).score(*ramps(100, 1)) < 0.7
    model = recorded(max_epochs=20).fit(*ramps(24, 0))
    assert model.reading_ != ("channels", True)
    assert model.score(*ramps(100, 1)) > 0.95


def test_recorded_curves_are_told_apart_by_what_cells_average_away():
    model = recorded(max_epochs=8).fit(*textures(24, 0))
    assert model.reading_ == ("values", False)
    assert model.score(*textures(60, 1)) > 0.95


def test_a_later_channel_of_recorded_curves_is_read_too():
    def channels(seed):
        X, y = curves(60, seed=seed)
        noise = np.random.default_rng(seed).normal(size=X.shape)
        return np.hstack([noise, X]), y

    model = recorded(n_channels=2, max_epochs=10).fit(*channels(0))
    assert model.score(*channels(1)) > 0.9


@pytest.mark.parametrize("reads", ["channels", "values"])
def test_one_recorded_channel_is_read_as_a_curve_of_its_own(reads):
    net = network(n_channels=2, reads=reads, noise=0).double()
    seen = []
    net.read.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    X = torch.randn(3, 2 * N_POINTS, dtype=torch.float64)
    net(X)
    torch.testing.assert_close(seen[0], X.reshape(6, 1, N_POINTS), rtol=0, atol=0)


def test_one_channel_has_the_same_network_whether_recorded_or_not():
    X = torch.tensor(curves()[0]).float()
    net, twin = network(), network(reads="channels")
    twin.load_state_dict(net.state_dict() | {"choice": twin.choice})
    assert torch.equal(net(X), twin(X))
    assert twin.choice.tolist() == [1, 0]
    plain = network(reads="channels", flips=(), noise=0)
    assert plain.choice.tolist() == [0, 0]
    assert network(reads="values").choice.tolist() == [0, 1]


def test_quantiles_are_those_of_values_and_differences_of_every_point():
    X = np.random.default_rng(0).normal(size=(2, 65)) * [[3], [1e20]]
    found = ValueQuantiles(65)(torch.tensor(X)).numpy()
    Z = (X - X.mean(1, keepdims=True)) / X.std(1, keepdims=True)
    np.testing.assert_allclose(found[:, :33], np.sort(Z)[:, ::2], rtol=1e-9)
    np.testing.assert_allclose(found[:, 33], np.diff(Z).min(1), rtol=1e-9)
    np.testing.assert_allclose(found[:, -1], np.diff(Z, 2).max(1), rtol=1e-9)
    assert found.shape == (2, 99) == (2, ValueQuantiles(65).n_numbers)


@pytest.mark.parametrize("n_points", [1, 2, 3, 5, 257])
@pytest.mark.parametrize("reads", ["channels", "values"])
def test_recorded_curves_may_be_short_or_constant(n_points, reads):
    net = network(n_points=n_points, n_channels=2, reads=reads).train()
    X = torch.randn(5, 2 * n_points)
    X[0] = 7
    X.requires_grad_()
    net(X).sum().backward()
    assert torch.isfinite(X.grad).all()
    assert torch.isfinite(net.eval()(X)).all()


def test_a_class_of_one_curve_leaves_nothing_to_choose():
    X, y = curves(21)
    y[-1] = 2
    model = recorded().fit(X, y)
    assert model.reading_ == ("channels", False)
    assert model.predict_proba(X).shape == (21, 3)


@pytest.mark.parametrize(
    ("n_curves", "n_trials"), [(12, 12), (50, 6), (99, 6), (100, 3)]
)
def test_quarters_are_held_out_until_they_have_25_curves(
    monkeypatch, n_curves, n_trials
):
    trials = []
    make_net = CSD2Classifier.make_net

    def noted(self, n, *arguments):
        trials.append((self._tried, n))
        return make_net(self, n, *arguments)

    monkeypatch.setattr(CSD2Classifier, "make_net", noted)
    make(recorded=True, max_epochs=1).fit(*curves(n_curves))
    assert len(trials) == n_trials + 1
    assert trials[-1] == (None, n_curves)
    assert {n for tried, n in trials if tried} <= {
        n_curves * 3 // 4,
        n_curves * 3 // 4 + 1,
    }


def test_the_choice_is_the_same_again_and_has_no_part_in_weights_of_zero():
    X, y = curves(40)
    weight = (np.arange(40) < 30).astype(float)
    first = recorded(max_epochs=3).fit(X, y, sample_weight=weight)
    again = recorded(max_epochs=3).fit(X[:30], y[:30])
    assert first.reading_ == again.reading_
    np.testing.assert_array_equal(
        first.decision_function(X), again.decision_function(X)
    )


@pytest.mark.parametrize("reads", ["channels", "values"])
def test_no_recorded_curves_have_no_logits(reads):
    net = network(n_channels=2, reads=reads)
    assert net(torch.zeros(0, 2 * N_POINTS)).shape == (0, 1)


def test_one_channel_whose_reading_stays_is_trained_as_ever(monkeypatch):
    monkeypatch.setattr("bench.discriminators.estimators._STANDARD_ERRORS", 1e9)
    X, y = curves(40)
    model = recorded(max_epochs=3).fit(X, y)
    assert model.reading_ == ("channels", True)
    ever = make(max_epochs=3).fit(X, y)
    np.testing.assert_array_equal(model.decision_function(X), ever.decision_function(X))
