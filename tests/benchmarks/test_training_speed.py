"""SD, CSD and CSD2 against a bare loop that takes the same steps."""

import pytest
import references
import torch

from bench import CSD2Classifier, CSDClassifier, SDClassifier
from bench.curves.datasets import make_dataset
from bench.discriminators.csd2 import CSD2
from bench.discriminators.nets import CSD, SD
from bench.discriminators.stacked_fit import fit_stacked

DATASET = {
    "id": "uniform-100",
    "library": "F11_v1",
    "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 100},
    "dtype": "float32",
    "train": 1000,
    "test": 1,
}


def _settings(batch_size, iterations=1, lr=1e-3):
    return {"batch_size": batch_size, "iterations": iterations, "lr": lr}


# estimator, network, epochs, other settings, target
FITS = {
    "SD, full batch": (SDClassifier, SD, 60, _settings(2000, 5), 1.15),
    "SD, batches of 200": (SDClassifier, SD, 40, _settings(200), 1.35),
    "CSD, batches of 64": (CSDClassifier, CSD, 4, _settings(64, lr=3e-3), 1.15),
    "CSD2, batches of 64": (CSD2Classifier, CSD2, 2, {"batch_size": 64}, 1.15),
}

# estimator, epochs, target: at most 60% of the time of the members alone
N_MEMBERS = 5
STACKS = {
    "SD, batches of 64": (SDClassifier, 20, 1 / 0.6),
    "CSD, batches of 64": (CSDClassifier, 3, 1 / 0.6),
}


@pytest.fixture(scope="module")
def data():
    return make_dataset(DATASET)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", FITS)
def test_a_fit(against, benchmark, data, name):
    benchmark.group = f"training, {name}"
    estimator, network, epochs, settings, target = FITS[name]
    epochs = epochs if benchmark.enabled else 1
    train = references.train_bare
    if network is CSD2:  # whose network itself flips curves and adds noise
        train = references.train_csd2_bare
    X, y = data.X_train, data.y_train
    steps = settings.get("iterations", 1) * -(-len(X) // settings["batch_size"])
    against(
        lambda: estimator(max_epochs=epochs, random_state=0, **settings).fit(X, y),
        lambda: train(network(n_points=100), X, y, epochs=epochs, **settings),
        kind="overhead",
        target=target,
        rounds=9,
        unit="steps",
        units=epochs * steps,
    )


def test_the_reference_of_csd2_learns_what_the_estimator_does(data):
    X, y = data.X_train[:600], data.y_train[:600]
    torch.manual_seed(0)
    settings = {"batch_size": 64}
    net = references.train_csd2_bare(CSD2(n_points=100), X, y, epochs=3, **settings)
    with torch.no_grad():
        bare = ((net.eval()(torch.tensor(X))[:, 0] > 0).numpy() == y).mean()
    ours = CSD2Classifier(max_epochs=3, random_state=0, **settings).fit(X, y)
    assert abs(bare - ours.score(X, y)) < 0.1
    assert bare > 0.8


@pytest.mark.parametrize("name", STACKS)
def test_a_stack(against, benchmark, data, name):
    benchmark.group = f"stacked training, {name}"
    estimator, epochs, target = STACKS[name]
    settings = {"max_epochs": epochs if benchmark.enabled else 1, "batch_size": 64}
    curves = [(data.X_train, data.y_train)] * N_MEMBERS

    def members():
        return [estimator(**settings, random_state=i) for i in range(N_MEMBERS)]

    def alone():
        for member, (X, y) in zip(members(), curves, strict=True):
            member.fit(X, y)

    against(
        lambda: fit_stacked(members(), curves),
        alone,
        kind="speed-up",
        target=target,
        rounds=5,
        unit="fits",
        units=N_MEMBERS,
    )


def test_the_reference_learns_what_the_estimator_does(data):
    settings = {"iterations": 1, "batch_size": 200, "lr": 1e-3}
    X, y = data.X_train, data.y_train
    torch.manual_seed(0)
    net = references.train_bare(SD(n_points=100), X, y, epochs=60, **settings)
    with torch.no_grad():
        bare = ((net(torch.tensor(X))[:, 0] > 0).numpy() == y).mean()
    ours = SDClassifier(max_epochs=60, random_state=0, **settings).fit(X, y).score(X, y)
    assert abs(bare - ours) < 0.05
    assert ours > 0.9


FETCHES = ("item", "tolist", "numpy", "cpu", "__bool__", "__float__", "__int__")


def test_training_fetches_nothing_from_the_device_until_its_end(data, monkeypatch):
    """On a GPU each would wait for all that is queued; here they can be counted."""
    fetched = []

    def counting(name):
        inner = getattr(torch.Tensor, name)

        def method(tensor, *args, **kwargs):
            fetched.append(name)
            return inner(tensor, *args, **kwargs)

        return method

    for name in FETCHES:
        monkeypatch.setattr(torch.Tensor, name, counting(name))
    counts = []
    for epochs in (2, 8):
        fetched.clear()
        sd = SDClassifier(max_epochs=epochs, random_state=0)
        sd.fit(data.X_train, data.y_train)
        assert len(sd.history_["loss"]) == epochs
        counts.append(list(fetched))
    assert counts[0] == counts[1]
    assert "tolist" in counts[0]
