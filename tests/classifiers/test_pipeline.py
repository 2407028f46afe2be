"""The steps of a classifier: names, parameters, keys, and mistakes."""

import numpy as np
import pytest
import stored
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import bench
from bench.analysis.status import explain_missing
from bench.base.errors import ClassifierError, SuiteError
from bench.classifiers.class_paths import class_version
from bench.classifiers.recipes import build, resolve_classifier
from bench.suite.classifiers import ClassifierSpec
from bench.suite.presets import PRESETS

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


def test_steps_make_a_pipeline_named_after_the_last():
    recipe = resolve({"steps": STEPS})
    assert recipe.id == "KNN"
    pipeline = made({"steps": STEPS})
    assert isinstance(pipeline, Pipeline)
    assert [type(step) for _, step in pipeline.steps[:2]] == [StandardScaler, PCA]
    assert list(pipeline.named_steps) == [
        "standardscaler",
        "pca",
        "kneighborsclassifier",
    ]
    assert pipeline.get_params()["pca__n_components"] == 5
    assert pipeline.get_params()["kneighborsclassifier__n_neighbors"] == 3


def test_params_of_a_pipeline_go_to_the_named_step_or_the_last():
    params = {"pca__n_components": 7, "weights": "distance", "pca__whiten": True}
    found = made({"steps": STEPS, "params": params}).get_params()
    assert found["pca__n_components"] == 7
    assert found["pca__whiten"]
    assert found["kneighborsclassifier__weights"] == "distance"
    assert found["kneighborsclassifier__n_neighbors"] == 3


def test_steps_of_the_same_class_are_numbered_and_each_is_seeded():
    class_path = "sklearn.decomposition.PCA"
    entry = {"steps": [class_path, class_path, "RF"]}
    pipeline = made(entry)
    assert list(pipeline.named_steps) == ["pca-1", "pca-2", "randomforestclassifier"]
    seeds = [step.random_state for _, step in pipeline.steps]
    assert None not in seeds
    assert len(set(seeds)) == 3
    assert seeds == [step.random_state for _, step in made(entry).steps]


def test_a_preset_that_is_a_pipeline_takes_parameters_of_its_last_step():
    found = made({"use": "LOGREG", "params": {"C": 0.5, "standardscaler__copy": False}})
    assert found.get_params()["logisticregression__C"] == 0.5
    assert not found.get_params()["standardscaler__copy"]
    nested = made({"steps": ["sklearn.decomposition.PCA", "LOGREG"]})
    assert list(nested.named_steps) == ["pca", "standardscaler", "logisticregression"]


def test_the_key_depends_on_class_parameters_and_version_of_each_step(monkeypatch):
    def identity(*steps, **more):
        return resolve({"steps": list(steps)} | more).identity

    knn = identity(*STEPS)
    scaler, pca = knn["before"]["0"], knn["before"]["1"]
    assert scaler["class"] == "sklearn.preprocessing.StandardScaler"
    assert pca["params"] == {"n_components": 5}
    assert {step["version"] for step in (scaler, pca, knn)} == {
        class_version("sklearn.svm.SVC")
    }
    assert identity(*STEPS, params={"pca__n_components": 6}) != identity(*STEPS)
    assert identity(STEPS[0], STEPS[2]) != identity(STEPS[1], STEPS[2])
    # What a suite spells out is what a preset is short for.
    spelt = {"class": PRESETS["KNN"].class_path, "params": {"n_neighbors": 3}}
    assert identity(STEPS[0], spelt) == identity(STEPS[0], STEPS[2])
    assert identity(*STEPS) == identity(*STEPS, id="another")


def test_why_names_the_field_of_a_step(write_suite, tmp_path):
    path = write_suite(classifiers=[{"id": "own", "steps": STEPS}], repetitions=1)
    store = bench.store.Store(tmp_path / "store")
    bench.run_suite(path, store=store.folder)
    changed = {"id": "own", "steps": STEPS, "params": {"pca__n_components": 6}}
    path = write_suite(classifiers=[changed], repetitions=1)
    [line] = explain_missing(stored.plan_of(path), store)
    assert "classifier.before.1.params.n_components is 6, stored 5" in line


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"steps": ["KNN"]}, "at least 2 items"),
        ({"steps": ["KNN", "KNN"]}, "cannot be a step before the last: it lacks trans"),
        ({"steps": ["SD", "KNN"]}, "has no transform; expected it as the last step"),
        ({"steps": STEPS[:2]}, "is not a scikit-learn classifier: it lacks predict"),
        ({"steps": [STEPS[0], "KN"]}, "unknown classifier 'KN' (did you mean 'KNN'?)"),
        ({"steps": [STEPS[0], {"id": "a"}]}, "unknown key 'id'"),
        ({"steps": STEPS, "use": "KNN"}, "expected either 'use' (a preset), 'class'"),
        ({"steps": STEPS, "wrap": "aeon"}, "found 'wrap' beside 'steps'"),
        (
            {"steps": STEPS, "params": {"pac__whiten": 1}},
            "(did you mean 'pca'?). Steps",
        ),
        ({"steps": STEPS, "params": {"pca__whitn": 1}}, "(did you mean 'whiten'?)"),
        ({"steps": STEPS, "params": {"neighbors": 1}}, "(did you mean 'n_neighbors'?)"),
        (
            {"steps": [STEPS[0], "SD"], "training": {"mode": "online", "epochs": 5}},
            "a pipeline does not support online",
        ),
        ({"class": "sklearn.svm.SVC", "wrap": "aeno"}, "classifiers[0].wrap: found"),
    ],
)
def test_a_mistake_in_steps_is_named(write_suite, entry, message):
    with pytest.raises((SuiteError, ClassifierError)) as caught:
        stored.plan_of(write_suite(classifiers=[{"id": "own"} | entry]))
    assert message in str(caught.value)
    assert "suite.yaml:" in str(caught.value)
    assert "classifiers[0]" in str(caught.value)


def test_the_list_of_presets_names_their_steps(bench_run):
    _, out, _ = bench_run("list")
    text = " ".join(out.split())  # a terminal of any width breaks the lines
    assert "sklearn.preprocessing.StandardScaler → sklearn.linear_model.Log" in text
    for name in ("HGB", "QDA-REG", "CUES", "MRH", "1NN-ED", "1NN-DTW", "QUANT"):
        assert f" {name} {PRESETS[name].summary} (" in text


def last_of(*steps, n_channels=2):
    return made({"steps": list(steps)}, n_channels=n_channels)[-1].get_params()


SCALER, DECOMPOSITION = STEPS[:2]
OURS = {"use": "CSD", "params": {"max_epochs": 1}}


def test_points_and_channels_are_given_after_steps_that_keep_the_columns():
    kept = last_of(SCALER, "sklearn.preprocessing.FunctionTransformer", OURS)
    np.testing.assert_array_equal(kept["x"], X)
    assert kept["n_channels"] == 2


@pytest.mark.parametrize("last", [OURS, "SD", "CUES"])
def test_neither_is_given_after_a_step_that_may_change_the_columns(last):
    found = last_of(SCALER, DECOMPOSITION, last)
    assert found["x"] is None
    assert found["n_channels"] == 1
    written = {"use": "CSD", "params": {"n_channels": 5}}
    assert last_of(DECOMPOSITION, written)["n_channels"] == 5
    # It is part of the key, since the scores depend on it.
    assert resolve({"steps": [DECOMPOSITION, last]}).identity["points"] is False
    assert "points" not in resolve({"steps": [SCALER, last]}).identity
    assert "points" not in resolve({"steps": [DECOMPOSITION, "KNN"]}).identity


def test_a_step_from_a_file_may_say_that_it_keeps_the_columns(tmp_path):
    (tmp_path / "my.py").write_text(
        "from sklearn.base import BaseEstimator, OneToOneFeatureMixin\n"
        "class Diffs(BaseEstimator):\n"
        "    def fit(self, X, y=None): return self\n"
        "    def transform(self, X): return X[:, 1:] - X[:, :-1]\n"
        "class Flips(OneToOneFeatureMixin, Diffs):\n"
        "    def transform(self, X): return -X\n"
    )
    for name, keeps in (("Flips", True), ("Diffs", False)):
        recipe = resolve({"steps": [f"./my.py:{name}", "SD"]}, tmp_path)
        assert recipe.gets_points is keeps
