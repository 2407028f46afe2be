"""SD, CSD and CSD2 against a bare loop that takes the same steps."""

import pytest
import references
import torch

from bench import CSD2Classifier, CSDClassifier, SDClassifier
from bench.curves.datasets import make_dataset
from bench.discriminators.csd2 import CSD2
from bench.discriminators.nets import CSD, SD

DATASET = {
    "id": "uniform-100",
    "library": "F11_v1",
    "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 100},
    "dtype": "float32",
    "train": 1000,
    "test": 1,
}
# estimator, network, epochs, steps a batch, batch, learning rate, target
FITS = {
    "SD, full batch": (SDClassifier, SD, 60, 5, 2000, 1e-3, 1.15),
    "SD, batches of 200": (SDClassifier, SD, 40, 1, 200, 1e-3, 1.35),
    "CSD, batches of 64": (CSDClassifier, CSD, 4, 1, 64, 3e-3, 1.15),
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
    estimator, network, epochs, iterations, batch_size, lr, target = FITS[name]
    epochs = epochs if benchmark.enabled else 2
    settings = {"iterations": iterations, "batch_size": batch_size, "lr": lr}
    X, y = data.X_train, data.y_train
    against(
        lambda: estimator(max_epochs=epochs, random_state=0, **settings).fit(X, y),
        lambda: references.train_bare(
            network(n_points=100), X, y, epochs=epochs, **settings
        ),
        kind="overhead",
        target=target,
        rounds=9,
        unit="steps",
        units=epochs * iterations * -(-len(X) // batch_size),
    )


def test_a_fit_of_csd2(against, benchmark, data):
    """The network of the reference is the same, which flips curves and adds noise."""
    benchmark.group = "training, CSD2, batches of 64"
    epochs = 2 if benchmark.enabled else 1
    X, y = data.X_train, data.y_train
    if not benchmark.enabled:
        X, y = X[:200], y[:200]
    settings = {"batch_size": 64}
    against(
        lambda: CSD2Classifier(max_epochs=epochs, random_state=0, **settings).fit(X, y),
        lambda: references.train_csd2_bare(
            CSD2(n_points=100), X, y, epochs=epochs, **settings
        ),
        kind="overhead",
        target=1.15,
        rounds=9,
        unit="steps",
        units=epochs * -(-len(X) // 64),
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
