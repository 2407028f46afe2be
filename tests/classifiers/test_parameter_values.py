"""Values of parameters that no fit would take, refused by a plan."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import GridSearchCV

from bench.base.errors import ClassifierError
from bench.base.resources import CHECKOUT
from bench.classifiers.class_paths import check_class, check_step
from bench.classifiers.recipes import seed_all
from bench.suite.presets import PRESETS

REMEDY = "cannot be written inside params: write a class that builds it, such as class"
LR = "sklearn.linear_model.LogisticRegression"


def checked(class_path, params, check=check_class):
    module, _, name = class_path.rpartition(".")
    check(class_path, getattr(importlib.import_module(module), name), params)


@pytest.mark.parametrize(
    ("class_path", "params", "said"),
    [
        (
            "sklearn.model_selection.GridSearchCV",
            {"estimator": {"class": "sklearn.svm.SVC"}, "param_grid": {"C": [1, 10]}},
            "params.estimator is {'class': 'sklearn.svm.SVC'}; ",
        ),
        (
            "sklearn.model_selection.GridSearchCV",
            {"param_grid": {"C": [1]}},
            "needs the parameter 'estimator'; ",
        ),
        (
            "sklearn.calibration.CalibratedClassifierCV",
            {"estimator": {"use": "SVC"}},
            "params.estimator is {'use': 'SVC'}; ",
        ),
        (
            "sklearn.ensemble.BaggingClassifier",
            {"estimator": "SD"},
            "estimator is 'SD'",
        ),
        (
            "sklearn.ensemble.StackingClassifier",
            {"estimators": [["lr", LR], ["rf", {"use": "RF"}]]},
            "params.estimators is ",
        ),
        (
            "sklearn.ensemble.VotingClassifier",
            {"estimators": ["RF", "GNB"]},
            "estimators",
        ),
        ("sklearn.ensemble.VotingClassifier", {}, "needs the parameter 'estimators'"),
        ("sklearn.pipeline.Pipeline", {"steps": [["pca", "PCA"]]}, "params.steps is "),
        (
            "sklearn.gaussian_process.GaussianProcessClassifier",
            {"kernel": "1.0 * RBF(1.0)"},
            "The 'kernel' parameter of GaussianProcessClassifier must be an inst",
        ),
        (
            "sklearn.semi_supervised.SelfTrainingClassifier",
            {},
            "The 'estimator' parameter of SelfTrainingClassifier must be an object",
        ),
        (
            "skorch.NeuralNetClassifier",
            {"module": "mynet.Net"},
            "module is 'mynet.Net'",
        ),
        ("skorch.NeuralNetClassifier", {}, "needs the parameter 'module'"),
    ],
)
def test_an_estimator_inside_params_is_refused_with_the_remedy(
    class_path, params, said
):
    with pytest.raises(ClassifierError) as caught:
        checked(class_path, params)
    message = str(caught.value)
    name = class_path.rpartition(".")[2]
    assert said in message
    assert f"{REMEDY} Mine({name}), in a file beside the suite" in message
    assert message.endswith("class: ./my.py:Mine")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("class_path", "params", "check"),
    [
        ("sklearn.svm.SVC", {"C": -1}, check_class),
        ("sklearn.svm.SVC", {"kernel": "rfb"}, check_class),
        ("sklearn.decomposition.PCA", {"n_components": -2}, check_step),
    ],
)
def test_a_value_that_its_fit_refuses_is_refused_without_that_remedy(
    class_path, params, check
):
    [name] = params
    with pytest.raises(ClassifierError) as caught:
        checked(class_path, params, check)
    assert f"The '{name}' parameter of" in str(caught.value)
    assert REMEDY not in str(caught.value)


@pytest.mark.parametrize(
    ("class_path", "params"),
    [
        ("sklearn.ensemble.BaggingClassifier", {"estimator": None}),
        ("sklearn.ensemble.RandomForestClassifier", {"class_weight": {"0": 1, "1": 2}}),
        ("skorch.NeuralNetClassifier", {"module": BaseEstimator, "max_epochs": 3}),
        *[
            (preset.class_path, preset.params)
            for preset in PRESETS.values()
            if preset.class_path.startswith("sklearn.")
        ],
    ],
)
def test_sound_values_are_accepted(class_path, params):
    checked(class_path, params)


def test_a_class_that_reads_its_own_parameters_is_left_alone():
    class Mine(BaggingClassifier):
        def __init__(self, estimator="DT", inner=None):
            super().__init__(n_estimators=2)
            self.estimator = estimator
            self.inner = inner

    check_class("./my.py:Mine", Mine, {"estimator": "RF", "inner": {"class": LR}})
    same = type("Same", (GridSearchCV,), {})
    with pytest.raises(ClassifierError, match="cannot be written inside params"):
        check_class("./my.py:Same", same, {"estimator": "RF", "param_grid": {}})


def test_the_remedy_of_the_page_works_and_is_seeded():
    page = (CHECKOUT / "docs" / "classifiers.md").read_text("utf-8")
    [code] = re.findall(r"```python\n(.*?class Search.*?)```", page, re.DOTALL)
    names = {"__name__": "my"}
    exec(code, names)
    check_class("./my.py:Search", names["Search"], {})
    search = names["Search"]().set_params(estimator__n_estimators=2)
    seed_all(search, 0, "stream")
    assert search.estimator.random_state is not None
    X = np.random.default_rng(0).normal(size=(20, 3))
    assert clone(search).fit(X, np.arange(20) % 2).predict(X).shape == (20,)


def test_every_entry_of_a_suite_of_nested_estimators_is_refused(write_suite, bench_run):
    nested = {"class": "sklearn.calibration.CalibratedClassifierCV"}
    suite = write_suite(classifiers=["GNB", nested | {"params": {"estimator": "SVC"}}])
    code, out, err = bench_run("run", suite, "--dry-run")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert ": classifiers[1]: 'sklearn.calibration.CalibratedClassifierCV': par" in err
    assert not Path("data").exists()
