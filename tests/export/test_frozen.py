import copy
import inspect
import json
import pickle
import shutil

import numpy as np
import pytest
import safetensors.numpy
import torch
from torch.nn.functional import softplus

import bench
from bench.base.errors import DiscriminatorError, MissingFileError
from bench.discriminators import nets
from bench.discriminators.csd2 import CSD2
from bench.discriminators.estimators import CSD2Classifier, CSDClassifier, SDClassifier
from bench.export.card import CARD, WEIGHTS, write_discriminator
from bench.export.card_networks import CSD2Network, CSDNetwork, SDNetwork

N_POINTS = 16
GRID = np.linspace(-1, 1, N_POINTS)
OWN_FIELDS = {
    "SD": ("extension",),
    "CSD": ("convolution", "kernel_size"),
    "CSD2": ("flips", "noise", "windows", "width", "dropout"),
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def curves(n_classes=2, n_channels=1, n_curves=40):
    """Draw sines, one frequency a class, and their slopes as further channels."""
    rng = np.random.default_rng(0)
    y = np.arange(n_curves) % n_classes
    X = np.sin((1 + y[:, None]) * GRID) + 0.1 * rng.normal(size=(n_curves, N_POINTS))
    channels = [X, *(np.gradient(X, axis=1) for _ in range(n_channels - 1))]
    return np.hstack(channels).astype(np.float32), y


def fitted(kind=SDClassifier, n_classes=2, **changes):
    settings = {"hidden": (8,), "max_epochs": 5, "random_state": 0, "device": "cpu"}
    if kind is CSDClassifier:
        settings["convolution"] = (4, "pool", 3)
    if kind is CSD2Classifier:
        settings |= {"width": 8, "x": GRID}
    estimator = kind(**settings | changes)
    X, y = curves(n_classes, estimator.n_channels)
    return estimator.fit(X, y), X


def card_of(estimator):
    """Say what an estimator is that no suite trained."""
    n_classes = len(estimator.classes_)
    kind = type(estimator).__name__.removesuffix("Classifier")
    network = {
        "kind": kind,
        "n_points": N_POINTS,
        "n_channels": estimator.n_channels,
        "hidden": list(estimator.hidden),
        "n_outputs": 1 if n_classes == 2 else n_classes,
    }
    network |= {name: getattr(estimator, name) for name in OWN_FIELDS[kind]}
    if kind == "CSD2":
        network["reads"], augments = estimator.reading_
        network |= {} if augments else {"flips": [], "noise": 0.0}
    points = GRID if estimator.x is None else estimator.x
    return {
        "network": network,
        "classes": estimator.classes_.tolist(),
        "channels": [f"channel {i}" for i in range(estimator.n_channels)],
        "x": np.reshape(points, (-1, 1)).tolist(),
    }


def put(folder, estimator):
    write_discriminator(folder, card_of(estimator), estimator.weights())
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory, one_thread):
    """Write a small discriminator once; tests copy it."""
    return put(tmp_path_factory.mktemp("whole") / "SD", fitted()[0])


@pytest.fixture
def sd(tmp_path, whole):
    return shutil.copytree(whole, tmp_path / "SD")


def rewrite(folder, changes=None, weights=None):
    """Change a card, or put other weights beside it, with a checksum that is right."""
    card = json.loads((folder / CARD).read_text())
    if weights is not None:
        raw = weights if isinstance(weights, bytes) else safetensors.numpy.save(weights)
        (folder / WEIGHTS).write_bytes(raw)
        from hashlib import sha256

        card["weights"]["sha256"] = sha256(raw).hexdigest()
    (folder / CARD).write_text(json.dumps(card | (changes or {})))


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (SDClassifier, {}),
        (SDClassifier, {"loss": "wgan", "gradient_penalty": 1.0}),
        (SDClassifier, {"hidden": ()}),
        (SDClassifier, {"hidden": (8, 4), "n_classes": 3}),
        (SDClassifier, {"extension": "stack", "n_channels": 2}),
        (SDClassifier, {"extension": "embed", "n_channels": 3}),
        (CSDClassifier, {"n_channels": 2}),
        (CSDClassifier, {"kernel_size": 5, "loss": "wgan"}),
        (CSDClassifier, {"n_classes": 4}),
        (CSD2Classifier, {}),
        (CSD2Classifier, {"n_classes": 3, "windows": (0.2,), "flips": ["y"]}),
        (CSD2Classifier, {"n_channels": 2, "hidden": ()}),
        (CSD2Classifier, {"n_channels": 2, "recorded": True, "max_epochs": 2}),
    ],
)
def test_logits_are_those_of_the_classifier(kind, settings, tmp_path):
    estimator, X = fitted(kind, **settings)
    discriminator = bench.load_discriminator(put(tmp_path / "out", estimator))
    logits = discriminator(torch.tensor(X))
    expected = estimator.decision_function(X)
    assert logits.shape == expected.shape
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    np.testing.assert_allclose(discriminator.x, GRID[:, None], atol=1e-7)
    assert list(discriminator.classes) == estimator.classes_.tolist()
    double = discriminator.double()
    assert double.x.dtype == torch.float64
    np.testing.assert_allclose(double(torch.tensor(X).double()), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (SDClassifier, {}),
        (SDClassifier, {"extension": "embed", "n_channels": 2}),
        (SDClassifier, {"loss": "wgan"}),
        (CSDClassifier, {"n_channels": 2}),
        (CSD2Classifier, {}),
    ],
)
def test_it_is_differentiable_in_the_curve(kind, settings, tmp_path):
    estimator, X = fitted(kind, **settings)
    discriminator = bench.load_discriminator(put(tmp_path / "out", estimator)).double()
    some = torch.tensor(X[:4], dtype=torch.float64, requires_grad=True)
    [slope] = torch.autograd.grad(discriminator(some).sum(), some)
    assert torch.isfinite(slope).all()
    assert (slope != 0).any(1).all()
    step = 1e-7 * torch.randn(some.shape, generator=torch.manual_seed(0))
    with torch.no_grad():
        rise = discriminator(some + step) - discriminator(some - step)
    torch.testing.assert_close(
        rise, 2 * (slope * step).sum(1).detach(), rtol=1e-3, atol=1e-12
    )


def test_it_regularises_another_network_and_does_not_change(sd):
    discriminator = bench.load_discriminator(str(sd))
    before = copy.deepcopy(discriminator.state_dict())
    assert not any(p.requires_grad for p in discriminator.parameters())
    torch.manual_seed(0)
    network = torch.nn.Linear(1, 1)
    both = torch.nn.ModuleList([network, discriminator])
    optimizer = torch.optim.Adam(both.parameters(), lr=0.05, weight_decay=0.1)
    logits = []
    for _ in range(30):
        logit = discriminator(network(discriminator.x).T)
        logits.append(logit.item())
        optimizer.zero_grad()
        softplus(-logit).mean().backward()
        optimizer.step()
    assert logits[-1] > logits[0]
    for name, value in discriminator.state_dict().items():
        assert torch.equal(value, before[name])


def test_it_is_copied_and_pickled_like_any_module(sd):
    discriminator = bench.load_discriminator(sd)
    X = torch.tensor(curves()[0])
    for other in (
        copy.deepcopy(discriminator),
        pickle.loads(pickle.dumps(discriminator)),
    ):
        assert torch.equal(other(X), discriminator(X))
        assert other.card == discriminator.card


def test_loading_draws_no_random_number_and_heeds_no_default(sd):
    state = torch.random.get_rng_state()
    torch.set_default_dtype(torch.float64)
    try:
        discriminator = bench.load_discriminator(sd)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert {v.dtype for v in discriminator.state_dict().values()} == {torch.float32}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (torch.zeros(N_POINTS), r"shape \(16,\); expected \(n_curves, 16\)"),
        (torch.zeros(3, 13), r"shape \(3, 13\); expected \(n_curves, 16\)"),
        (torch.zeros(3, 1, 16), "channel 0 at the 16 points"),
        (torch.zeros(3, 16).double(), "discriminator.to"),
    ],
)
def test_curves_of_another_kind_are_refused(sd, given, message):
    with pytest.raises(ValueError, match=message):
        bench.load_discriminator(sd)(given)


def test_a_second_csd_stays_as_outside_of_training(tmp_path):
    estimator, X = fitted(CSD2Classifier, x=GRID[::-1] ** 3)
    discriminator = bench.load_discriminator(put(tmp_path / "out", estimator))
    both = torch.nn.Sequential(discriminator).train()
    before = copy.deepcopy(discriminator.state_dict())
    logits = [both(torch.tensor(X)) for _ in range(2)]
    assert torch.equal(*logits)
    np.testing.assert_allclose(logits[0], estimator.decision_function(X), atol=1e-5)
    for name, value in discriminator.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.zeros((N_POINTS, 1)), "all 16 points of x are 0.0"),
        (np.stack([GRID, GRID], 1), "reads functions of one input"),
    ],
)
def test_a_second_csd_at_points_that_cannot_be_is_named(tmp_path, points, message):
    estimator, _ = fitted(CSD2Classifier)
    folder = put(tmp_path / "out", estimator)
    rewrite(folder, {"x": points.tolist()})
    with pytest.raises(DiscriminatorError, match=f"{CARD}: .*{message}"):
        bench.load_discriminator(folder)


def test_no_curves_have_no_logits(sd):
    assert bench.load_discriminator(sd)(torch.zeros(0, N_POINTS)).shape == (0,)


def test_the_card_knows_every_argument_of_the_networks():
    for model, network in (
        (SDNetwork, nets.SD),
        (CSDNetwork, nets.CSD),
        (CSD2Network, CSD2),
    ):
        known = inspect.signature(network).parameters
        # The points are the card's.
        assert set(model.model_fields) - {"kind"} == set(known) - {"x"}
        for name, field in model.model_fields.items():
            if name != "kind" and not field.is_required() and name != "convolution":
                assert field.default == known[name].default


@pytest.mark.parametrize("name", [None, CARD, WEIGHTS])
def test_a_missing_file_is_named(sd, name):
    path = sd if name is None else sd / name
    shutil.rmtree(path) if name is None else path.unlink()
    with pytest.raises(MissingFileError, match=f"{path.name}: .*expected"):
        bench.load_discriminator(sd)


def test_a_folder_in_place_of_a_file_is_named(sd):
    (sd / WEIGHTS).unlink()
    (sd / WEIGHTS).mkdir()
    with pytest.raises(MissingFileError, match="not a regular file"):
        bench.load_discriminator(sd)


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_truncated_file_is_named(sd, name, share):
    raw = (sd / name).read_bytes()
    (sd / name).write_bytes(raw[: int(share * len(raw))])
    with pytest.raises(DiscriminatorError, match=f"{name}: .*truncated"):
        bench.load_discriminator(sd)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "null",
        '{"model_type": "bert"}',
        "\x00\x01",
        "[" * 100_000,
        '{"format": 1}',
    ],
)
def test_a_foreign_card_is_named(sd, text):
    (sd / CARD).write_text(text)
    with pytest.raises(DiscriminatorError, match=f"{CARD}: .*bench export"):
        bench.load_discriminator(sd)


def test_a_file_too_long_to_be_one_of_ours_is_not_read_whole(sd, monkeypatch):
    monkeypatch.setattr("bench.export.card._MAX_CARD", 100)
    with pytest.raises(DiscriminatorError, match=f"{CARD}: found more than 100 bytes"):
        bench.load_discriminator(sd)


NETWORK = {"kind": "SD", "n_points": N_POINTS, "hidden": [8]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "found version 2 of the format, this program reads 1"),
        ({"wieghts": 1}, "did you mean 'weights'"),
        ({"network": NETWORK | {"kind": "GPT"}}, "network: .*'GPT'"),
        ({"network": NETWORK | {"hidden": [8.5]}}, r"network.hidden.0: .*integer"),
        ({"network": NETWORK | {"hidden": [0]}}, r"network.hidden.0: .*greater"),
        ({"network": NETWORK | {"hidden": [10**30]}}, r"network.hidden.0: .*less"),
        ({"network": NETWORK | {"hidden": [1] * 1001}}, r"network.hidden: .*1000"),
        ({"network": NETWORK | {"extension": "conv"}}, "network.extension"),
        ({"network": NETWORK | {"n_points": 13}}, "n_points: found 13, expected 16"),
        ({"network": NETWORK | {"n_outputs": 3}}, "n_outputs: found 3, expected 1"),
        ({"channels": ["value", "gradient"]}, "n_channels: found 1, expected 2"),
        ({"classes": [0]}, "classes: .*at least 2"),
        ({"x": [[0.0]] * 15 + [["0"]]}, r"x.15.0: .*number"),
        ({"x": [[0.0]] * 15 + [[float("nan")]]}, r"x.15.0: .*finite"),
        (
            {"x": [[0.0]] * 15 + [[0.0, 1.0]]},
            r"x: found 2, expected 1 \(the lengths of its rows\)",
        ),
        ({"weights": {"file": "../else", "sha256": "0" * 64}}, "weights.file"),
        ({"weights": {"sha256": "0"}}, "weights.sha256"),
        ({"weights": {"sha256": "0" * 64}}, "checksum differs"),
    ],
)
def test_a_wrong_value_of_a_card_is_named(sd, changes, message):
    rewrite(sd, changes)
    with pytest.raises(DiscriminatorError, match=message):
        bench.load_discriminator(sd)


def weights_of(folder):
    return safetensors.numpy.load((folder / WEIGHTS).read_bytes())


def spoiled(kind, weights):
    first = "head.0.weight"
    if kind == "not a number":
        weights[first][1, 2] = np.nan
    elif kind == "infinite":
        weights[first][0, 0] = np.inf
    elif kind == "half":
        weights[first] = weights[first].astype(np.float16)
    elif kind == "whole":
        weights[first] = weights[first].astype(np.int64)
    elif kind == "narrow":
        weights[first] = weights[first][:, :-1].copy()
    elif kind == "fewer":
        weights.pop("head.2.bias")
    elif kind == "more":
        weights["body.0.weight"] = weights[first]
    return weights


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("not a number", r"not finite \(head.0.weight\)"),
        ("infinite", "the training diverged"),
        ("half", "head.0.weight is float16; expected float32"),
        ("whole", "head.0.weight is int64; expected float32"),
        (
            "narrow",
            r"head.0.weight: found shape \(8, 15\); expected shape \(8, 16\) by card",
        ),
        ("fewer", r"head.2.bias: found no such weight; expected shape \(1,\) by card"),
        (
            "more",
            r"body.0.weight: found shape \(8, 16\); expected no such weight by card",
        ),
    ],
)
def test_weights_that_do_not_fit_are_named(sd, kind, message):
    rewrite(sd, weights=spoiled(kind, weights_of(sd)))
    with pytest.raises(DiscriminatorError, match=f"{WEIGHTS}: .*{message}"):
        bench.load_discriminator(sd)


class Trap:
    def __reduce__(self):
        return (print, ("unpickled",))


@pytest.mark.parametrize(
    "raw", [pickle.dumps(Trap()), b"", b"\xff" * 64, b"PK\x03\x04" + bytes(100)]
)
def test_weights_of_another_format_are_never_executed(sd, raw, capsys):
    rewrite(sd, weights=raw)
    with pytest.raises(DiscriminatorError, match="not a safetensors file"):
        bench.load_discriminator(sd)
    assert capsys.readouterr().out == ""


def test_a_card_of_a_huge_network_takes_no_memory(sd):
    rewrite(sd, {"network": NETWORK | {"hidden": [2**20] * 1000}})
    with pytest.raises(DiscriminatorError, match=r"by card\.json"):
        bench.load_discriminator(sd)


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    estimator, _ = fitted()
    weights = {k: np.full_like(v, np.nan) for k, v in estimator.weights().items()}
    with pytest.raises(DiscriminatorError, match="the training diverged"):
        write_discriminator(tmp_path / "out", card_of(estimator), weights)
    assert not (tmp_path / "out").exists()


def test_a_card_that_cannot_be_read_is_not_written(tmp_path):
    estimator, _ = fitted()
    card = card_of(estimator) | {"classes": [0, 1, 2]}
    with pytest.raises(DiscriminatorError, match="n_outputs"):
        write_discriminator(tmp_path / "out", card, estimator.weights())
    assert not (tmp_path / "out").exists()
