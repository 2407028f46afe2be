"""Ten members that train online as one, against a plain loop, one after the other."""

import numpy as np
import pytest
import torch
from online_reference import CURVES, STEPS, train_online_bare

from bench import CSDClassifier, SDClassifier
from bench.curves.datasets import make_dataset
from bench.curves.recipes import resolve_dataset
from bench.curves.streams import CurveStream
from bench.discriminators.nets import CSD, SD
from bench.discriminators.online import fit_online
from bench.suite.datasets import DatasetSpec
from bench.suite.fields import OnlineTraining

N_MEMBERS, N_POINTS = 10, 700
DATASET = {
    "id": "X11",
    "library": "F11_v1",
    "inputs": {"kind": "grid", "low": -3, "high": 3, "size": N_POINTS},
    "neural": {"curves_per_net": CURVES},
    "dtype": "float32",
    "channels": ("value", "gradient"),
    "train": 1,
    "test": 1,
}
# estimator, its parameters, network, epochs, target
FITS = {
    "none": (SDClassifier, {}, SD, 200, 10.0),
    "stack": (SDClassifier, {"extension": "stack"}, SD, 200, 10.0),
    "embed": (SDClassifier, {"extension": "embed"}, SD, 20, 2.5),
    "conv": (CSDClassifier, {}, CSD, 20, 4.0),
}


@pytest.fixture(scope="module")
def recipe():
    return resolve_dataset(DatasetSpec.model_validate(DATASET, strict=False))


def train(recipe, estimator, options, n_channels, epochs):
    channels = ("value", "gradient")[:n_channels]
    fixed = {"lr": 1e-3, "weight_decay": 1e-7, "n_channels": n_channels, **options}
    members = [estimator(**fixed, random_state=i) for i in range(N_MEMBERS)]
    streams = [CurveStream(recipe, channels, CURVES, i) for i in range(N_MEMBERS)]
    data = make_dataset(recipe)
    test = data.X_test[:, data.columns(channels)], data.y_test
    training = OnlineTraining(
        mode="online", epochs=epochs, curves=CURVES, steps=STEPS, evaluate_every=epochs
    )
    fit_online(members, streams, training, [test] * N_MEMBERS)
    return members


@pytest.mark.parametrize("name", FITS)
def test_online(against, benchmark, recipe, name):
    benchmark.group = f"online training, 700 points, {name}"
    estimator, options, network, epochs, target = FITS[name]
    epochs = epochs if benchmark.enabled else 2
    n_channels = 1 if name == "none" else 2
    sizes = {"n_points": N_POINTS, "n_channels": n_channels, **options}
    x = torch.tensor(recipe.x, dtype=torch.float32)
    against(
        lambda: train(recipe, estimator, options, n_channels, epochs),
        lambda: train_online_bare(network(**sizes), x, epochs),
        kind="speed-up",
        target=target,
        scale=N_MEMBERS,
        unit="model-epochs",
        units=N_MEMBERS * epochs,
    )


def test_the_reference_learns_what_the_members_do(recipe):
    torch.manual_seed(0)
    x = torch.tensor(recipe.x, dtype=torch.float32)
    epochs = 300
    bare = train_online_bare(SD(n_points=N_POINTS), x, epochs)[-100:]
    members = train(recipe, SDClassifier, {}, 1, epochs)
    ours = [member.history_["accuracy"][-100:].mean() for member in members]
    assert abs(np.mean(ours) - np.mean(bare)) < 0.1
    assert np.mean(ours) > 0.7
