"""Building an estimator from a recipe: what a discriminator is given."""

import numpy as np
import pytest

import bench
from bench.base.errors import ClassifierError
from bench.classifiers.recipes import build, resolve_classifier
from bench.suite.classifiers import ClassifierSpec

X = np.linspace(-1, 1, 20)[:, None]


def resolve(entry, folder=None):
    spec = ClassifierSpec.model_validate(entry, strict=False)
    return resolve_classifier(spec, folder=folder)


def made(entry, n_channels=1):
    return build(resolve(entry), 0, "stream", X, n_channels)


STEPS = [
    "sklearn.preprocessing.StandardScaler",
    {"class": "sklearn.decomposition.PCA", "params": {"n_components": 5}},
    {"use": "KNN", "params": {"n_neighbors": 3}},
]


@pytest.mark.parametrize(
    ("name", "params"), [("SD", {"extension": "stack"}), ("CSD", {})]
)
def test_a_discriminator_after_a_scaler_gets_points_channels_and_device(name, params):
    last = {"use": name, "params": {"max_epochs": 2} | params}
    entry = {"steps": [STEPS[0], last]}
    pipeline = made(entry, n_channels=2)
    last = pipeline[-1]
    assert (last.n_channels, last.device) == (2, resolve(entry).device)
    np.testing.assert_array_equal(last.x, X)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(12, 40)).astype(np.float32)
    assert pipeline.fit(rows, np.arange(12) % 2).predict(rows).shape == (12,)


def test_a_discriminator_after_a_scaler_runs_in_a_suite(write_suite, tmp_path):
    entry = {"steps": [STEPS[0], {"use": "SD", "params": {"max_epochs": 3}}]}
    path = write_suite(classifiers=[entry, "GNB"], repetitions=1)
    bench.run_suite(path, store=tmp_path / "store")
    results = bench.read_results(path, tmp_path / "store")
    assert list(results["status"]) == ["done", "done"]
    assert results["iterations"][0] == 3


@pytest.mark.parametrize(
    ("channels", "n_channels", "params", "extension"),
    [
        (["value"], 6, {}, "stack"),  # of recorded curves
        (["value"], 6, {"extension": "embed"}, "embed"),
        (["value"], 1, {}, "none"),
        (["value", "gradient"], 2, {}, "none"),  # which its fit refuses
    ],
)
def test_sd_reads_several_channels_of_values_in_a_row(
    channels, n_channels, params, extension
):
    entry = {"use": "SD", "params": {"max_epochs": 2} | params, "channels": channels}
    sd = made(entry, n_channels)
    assert (sd.extension, sd.n_channels) == (extension, n_channels)


@pytest.mark.parametrize("name", ["SD", "CSD", "CSD2", "CUES", "1NN-ED"])
def test_a_classifier_reads_six_channels(name):
    short = {"max_epochs": 1} if name in ("SD", "CSD", "CSD2") else {}
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(24, 120)), np.arange(24) % 4
    estimator = made({"use": name, "params": short}, n_channels=6)
    estimator.fit(rows.astype(np.float32), labels)
    assert estimator.predict_proba(rows.astype(np.float32)).shape == (24, 4)


@pytest.mark.parametrize(
    ("entry", "recorded", "expected"),
    [
        ("CSD2", False, False),
        ("CSD2", True, True),
        ({"use": "CSD2", "params": {"recorded": False}}, True, False),
        ({"steps": [*STEPS[:2], "CSD2"]}, True, False),
        ({"steps": [STEPS[0], "CSD2"]}, True, True),
    ],
)
def test_the_second_csd_is_told_of_recorded_curves(entry, recorded, expected):
    recipe = resolve(entry)
    before = recipe.identity
    last = build(recipe, 0, "stream", X, 1, recorded=recorded)
    last = last[-1] if "steps" in entry else last
    assert last.recorded is expected
    assert recipe.identity == before


def test_other_classifiers_are_not_told_of_recorded_curves():
    for name in ("SD", "CSD", "CUES", "KNN"):
        assert build(resolve(name), 0, "stream", X, 1, recorded=True) is not None


@pytest.mark.parametrize(
    ("n_gpus", "device", "expected"),
    [(1, "auto", "cuda"), (1, "cuda", "cuda"), (2, "cuda:1", "cuda:1")],
)
def test_a_cell_with_gpus_computes_on_them_wherever_it_is_planned(
    n_gpus, device, expected
):
    entry = {"use": "SD", "params": {"device": device}, "resources": {"gpu": n_gpus}}
    assert resolve(entry).device == expected


@pytest.mark.parametrize(
    ("n_gpus", "device", "said"),
    [
        (1, "cpu", "found params.device: cpu beside resources.gpu: 1; expected auto"),
        (1, "cuda:1", "expected auto, cuda or cuda:0, since a cell sees its own GPUs"),
        (3, "cuda:3", "expected auto, cuda or cuda:0 to cuda:2, since"),
        (1, "mps", "found params.device: mps beside resources.gpu: 1"),
    ],
)
def test_a_device_that_a_cell_with_gpus_cannot_have_is_refused(n_gpus, device, said):
    entry = {"use": "CSD", "params": {"device": device}, "resources": {"gpu": n_gpus}}
    with pytest.raises(ClassifierError, match=said):
        resolve(entry)


def test_gpus_of_other_classes_are_their_own_affair():
    entry = {"use": "KNN", "resources": {"gpu": 1}}
    assert resolve(entry).identity == resolve("KNN").identity
