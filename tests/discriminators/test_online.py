import numpy as np
import pytest
import torch

from bench.curves.datasets import make_dataset
from bench.curves.recipes import resolve_dataset
from bench.curves.streams import CurveStream
from bench.discriminators.estimators import CSDClassifier, SDClassifier
from bench.discriminators.online import fit_online
from bench.suite.datasets import DatasetSpec
from bench.suite.fields import OnlineTraining

CURVES = 4


@pytest.fixture(autouse=True)
def one_thread():
    """Use one thread: with others busy, threads that wait for each other are slow."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def recipe():
    described = {
        "id": "x11",
        "library": "F11_v1",
        "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 24},
        "neural": {"curves_per_net": CURVES},
        "dtype": "float32",
        "channels": ("value", "gradient"),
        "train": 5,
        "test": 60,
    }
    return resolve_dataset(DatasetSpec.model_validate(described, strict=False))


@pytest.fixture
def train(recipe):
    """Train discriminators online; return them and their held-out curves."""

    def fit(discriminators, repetitions=None, epochs=20, watch=None, **options):
        repetitions = range(len(discriminators)) if repetitions is None else repetitions
        n_channels = discriminators[0].n_channels
        channels = ("value", "gradient")[:n_channels]
        tests = []
        for repetition in repetitions:
            data = make_dataset(recipe, repetition)
            columns = data.columns(channels)
            tests.append((data.X_test[:, columns], data.y_test))
        streams = [CurveStream(recipe, channels, CURVES, r) for r in repetitions]
        training = OnlineTraining(
            mode="online", epochs=epochs, curves=CURVES, steps=3, evaluate_every=8
        )
        fit_online(discriminators, streams, training, tests, watch, **options)
        return discriminators, tests

    return fit


ARCHITECTURES = {
    "none": (SDClassifier, {}),
    "stack": (SDClassifier, {"extension": "stack", "n_channels": 2}),
    "embed": (SDClassifier, {"extension": "embed", "n_channels": 2}),
    "conv": (CSDClassifier, {"n_channels": 2}),
}


@pytest.mark.parametrize("loss", ["bce", "wgan"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_trained_together_each_is_what_it_would_be_alone(train, name, loss):
    kind, options = ARCHITECTURES[name]
    penalties = [0.0, 0.1, 0.1] if loss == "wgan" else [0.0] * 3
    rates = [(1e-3, 0.0), (1e-3, 1e-4), (3e-3, 1e-4)]

    def make(number):
        lr, weight_decay = rates[number]
        return kind(
            **options,
            loss=loss,
            lr=lr,
            weight_decay=weight_decay,
            gradient_penalty=penalties[number],
            random_state=number,
        )

    double = {"epochs": 100, "dtype": torch.float64}
    together, tests = train([make(number) for number in range(3)], **double)
    for number in range(3):
        [alone], _ = train([make(number)], [number], **double)
        X = torch.from_numpy(tests[number][0]).double()
        with torch.no_grad():
            difference = together[number].net_.module_(X) - alone.net_.module_(X)
        # A gradient penalty through max-pooling and Adam amplifies rounding.
        tolerance = 1e-5 if (name, loss) == ("conv", "wgan") else 1e-8
        assert difference.abs().max() < tolerance
        for quantity, values in alone.history_.items():
            np.testing.assert_allclose(
                together[number].history_[quantity], values, rtol=0, atol=tolerance
            )


def test_in_single_precision_rounding_drifts_little(train):
    def make(number):
        return SDClassifier(random_state=number)

    together, tests = train([make(number) for number in range(5)], epochs=100)
    drifts, accuracies = [], []
    for number, stacked in enumerate(together):
        [alone], _ = train([make(number)], [number], epochs=100)
        X, y = tests[number]
        both = [e.decision_function(X) for e in (stacked, alone)]
        drifts.append(np.abs(both[0] - both[1]).max())
        accuracies.append([np.mean((logits > 0) == y) for logits in both])
    assert np.median(drifts) < 1e-4
    assert np.abs(np.diff(accuracies)).max() <= 0.005


def test_a_step_is_adams(train, recipe):
    """One epoch against a loop in plain torch."""
    [trained], _ = train([SDClassifier(lr=0.01, random_state=3)], epochs=1)
    rng = np.random.RandomState(3)
    torch.manual_seed(rng.randint(2**31 - 1))
    net = SDClassifier(lr=0.01)
    net.classes_, net.n_features_in_ = np.array([0, 1]), 24
    module = net.make_net(1, [], "cpu").initialize().module_
    optimiser = torch.optim.Adam(module.parameters(), lr=0.01)
    X = torch.from_numpy(CurveStream(recipe, ("value",), CURVES).take(1)[0])
    labels = torch.tensor([1.0] * CURVES + [0.0] * CURVES)
    for _ in range(3):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            module(X)[:, 0], labels
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    state = trained.net_.module_.state_dict()
    for name, value in module.state_dict().items():
        torch.testing.assert_close(state[name], value, rtol=0, atol=1e-6)
    assert trained.history_["loss"][0] == pytest.approx(loss.item(), abs=1e-6)


def test_fitted_discriminators_predict_and_have_a_history(train):
    fitted, tests = train([SDClassifier(random_state=i) for i in range(2)], epochs=20)
    for one, (X, y) in zip(fitted, tests, strict=True):
        history = one.history_
        for name in ("loss", "accuracy", "prequential_accuracy", "largest_gradient"):
            assert history[name].shape == (20,)
        np.testing.assert_array_equal(history["held_out_epoch"], [8, 16, 20])
        assert history["held_out_accuracy"][-1] == pytest.approx(one.score(X, y))
        assert one.predict_proba(X).shape == (len(X), 2)
        assert one.n_iter_ == 20


def test_accuracy_rises_in_training(train):
    fitted, tests = train([SDClassifier(random_state=i) for i in range(3)], epochs=400)
    for one, (X, y) in zip(fitted, tests, strict=True):
        assert one.score(X, y) > 0.75
        # After two steps on a batch, its accuracy is higher than before any step.
        history = one.history_
        assert history["accuracy"].mean() > history["prequential_accuracy"].mean()


def test_the_training_is_reproducible(train):
    [one], [(X, _)] = train([SDClassifier(random_state=0)])
    [other], _ = train([SDClassifier(random_state=0)])
    np.testing.assert_array_equal(one.decision_function(X), other.decision_function(X))


def test_the_global_random_state_is_not_touched(train):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train([SDClassifier(loss="wgan", gradient_penalty=1.0, random_state=0)])
    assert torch.equal(torch.rand(1), expected)


def test_watch_can_end_the_training(train):
    seen = []

    def watch(epoch, accuracies):
        seen.append((epoch, accuracies.shape))
        return epoch == 16

    [first, _], _ = train([SDClassifier() for _ in range(2)], watch=watch)
    assert seen == [(8, (2,)), (16, (2,))]
    assert first.n_iter_ == len(first.history_["loss"]) == 16


def test_an_interruption_is_not_the_end_of_a_training(train):
    def watch(epoch, accuracies):
        raise KeyboardInterrupt

    unfitted = SDClassifier()
    with pytest.raises(KeyboardInterrupt):
        train([unfitted], watch=watch)
    assert not hasattr(unfitted, "net_")


@pytest.mark.parametrize(
    ("discriminators", "message"),
    [
        ([SDClassifier(), SDClassifier(hidden=(8,))], "different architectures"),
        ([SDClassifier(), CSDClassifier()], "different architectures"),
        ([SDClassifier(loss="bce"), SDClassifier(loss="wgan")], "different archi"),
        ([CSDClassifier(schedule="one-cycle")], "schedule = 'one-cycle' is only for"),
        ([SDClassifier(early_stopping=True)], "early_stopping = True is only for"),
        ([SDClassifier(lr=-1.0)], "lr = -1.0"),
        ([SDClassifier(gradient_penalty=1.0)], "gradient_penalty = 1.0 is used only"),
    ],
)
def test_discriminators_that_cannot_train_together_are_refused(
    train, discriminators, message
):
    with pytest.raises(ValueError, match=message):
        train(discriminators)


def test_callbacks_see_an_epochs_loss(train):
    from skorch.callbacks import Callback

    class Listener(Callback):
        losses = []  # noqa: RUF012 (shared on purpose: skorch may copy a callback)

        def on_epoch_end(self, net, **_):
            self.losses.append(net.history[-1]["train_loss"])

    [fitted], _ = train([SDClassifier(callbacks=[Listener()])], epochs=5)
    np.testing.assert_allclose(Listener.losses, fitted.history_["loss"], rtol=1e-6)
