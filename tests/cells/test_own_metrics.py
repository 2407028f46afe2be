"""Metrics that a suite brings, called in this process and in others."""

import numpy as np
import pytest
import stored

import bench
from bench.base import BenchError, SuiteError
from bench.cells import own_metrics
from bench.cells.own_metrics import check_own_metrics, own_functions, score_own_metrics
from bench.stats import Predictions
from bench.store import Store

CODE = """\
import numpy as np
from sklearn.metrics import fbeta_score, make_scorer

def profit(y_true, y_pred, gain=10.0):
    y_true[:] = 0  # which must not reach anybody else
    return np.float32(gain * len(y_pred))

def raises_score(y_true, y_pred):
    raise ValueError("no\\nluck")

def exits_score(y_true, y_pred):
    raise SystemExit(3)

def moody_score(y_true, y_pred):
    if len(y_pred) == 3:
        raise ValueError("too few")
    return 0.5

def array_score(y_true, y_pred):
    return np.ones(2)

def none_score(y_true, y_pred):
    return None

def nan_score(y_true, y_pred):
    return float("nan")

def kill_score(y_true, y_pred):
    import os
    os.kill(os.getpid(), 9)

def shape_score(y_true, y_pred):
    return float(y_pred.ndim)

def wants_score(y_true, y_score):
    return 0.5

f2_scorer = make_scorer(fbeta_score, beta=2)
brier_scorer = make_scorer(
    lambda y, p: float(np.mean((y - p) ** 2)),
    greater_is_better=False,
    response_method="predict_proba",
)
number_score = 3
"""
LABELS = np.array([0, 1, 1, 0])
GIVEN = Predictions(LABELS, np.array([0, 1, 0, 0]))
SURE = Predictions(
    LABELS, LABELS, "probability", np.array([[1, 0], [0, 1], [0.5, 0.5], [1, 0]])
)


@pytest.fixture
def suite_of(write_suite, tmp_path):
    """Write a suite with the given metrics beside a file of functions; read it."""
    (tmp_path / "my metrics.py").write_text(CODE)

    def make(*metrics, **changes):
        written = [
            m.replace("FILE", "my metrics.py") if isinstance(m, str)
            else m | {"function": m["function"].replace("FILE", "my metrics.py")}
            for m in metrics
        ]  # fmt: skip
        path = write_suite(metrics=written, audits=False, **changes)
        return bench.load_suite(path)

    return make


def value_of(function, given=GIVEN):
    return own_metrics._value(function, own_metrics._load(function), given)


def value(suite, given=GIVEN):
    [function] = own_functions(suite)
    return value_of(function, given)


def test_a_function_gets_labels_predictions_and_params(suite_of):
    entry = {"function": "FILE:profit", "larger_is_better": True, "params": {"gain": 2}}
    assert value(suite_of(entry)) == (8.0, "")
    assert LABELS.tolist() == [0, 1, 1, 0]
    kappa = value(suite_of("sklearn.metrics.cohen_kappa_score"))
    assert kappa == (pytest.approx(0.5), "")


def test_scores_are_those_of_class_1_or_a_column_for_each(suite_of):
    suite = suite_of({"function": "FILE:shape_score", "needs": "probabilities"})
    three = Predictions(np.arange(3), np.arange(3), "probability", np.eye(3))
    assert value(suite, SURE) == (1.0, "")
    assert value(suite, three) == (2.0, "")
    assert value(suite) == (None, "")  # without any: a footnote says what it needs
    auc = suite_of({"id": "auc", "function": "sklearn.metrics.roc_auc_score"})
    assert value(auc, SURE) == (1.0, "")
    assert value(auc) == (None, "")


def test_a_scorer_is_called_with_the_stored_outputs(suite_of):
    f2, problem = value(suite_of("FILE:f2_scorer"))
    assert (round(f2, 4), problem) == (0.5556, "")
    brier = suite_of("FILE:brier_scorer")
    assert value(brier, SURE) == (-0.0625, "")
    assert value(brier)[1].startswith("is a scorer that needs scores")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("raises_score", "raised ValueError: no luck"),
        ("exits_score", "raised SystemExit: 3"),
        ("array_score", "returned an array of shape (2,), and no number"),
        ("none_score", "returned a value of type NoneType, and no number"),
        ("nan_score", "returned nan, which is not finite"),
    ],
)
def test_what_is_no_number_is_no_score_but_a_reason(suite_of, name, problem):
    suite = suite_of(f"FILE:{name}")
    assert value(suite) == (None, problem)
    [function] = own_functions(suite)
    said = own_metrics._try(function, [2])
    assert f"'my metrics.py:{name}' {problem} (tried with 20 curves" in said


def test_a_score_outside_its_bounds_is_none(suite_of):
    entry = {"function": "FILE:moody_score", "bounds": [0.6, 1]}
    assert value(suite_of(entry)) == (None, "returned 0.5, outside its bounds 0.6 to 1")


@pytest.mark.parametrize(
    ("metric", "problem"),
    [
        ("FILE:nothing_score", "'my metrics.py' has no function 'nothing_score'"),
        ("FILE:number_score", "is of type int; expected a function of y_true"),
        ("FILE:wants_score", "takes 'y_score' and not predictions; expected needs: s"),
        ("no_package.a_score", "cannot be imported: ModuleNotFoundError"),
        ("sklearn.metrics.f1_scores_score", "has no function 'f1_scores_score'"),
    ],
)
def test_a_path_that_names_no_function_is_refused(suite_of, metric, problem):
    [function] = own_functions(suite_of(metric))
    assert problem in own_metrics._try(function, [2])


def test_an_identity_is_of_all_that_scores_depend_on(suite_of, tmp_path):
    def identity(metric="FILE:moody_score"):
        [function] = own_functions(suite_of(metric))
        return function.identity

    known = identity()
    assert identity({"id": "other", "function": "FILE:moody_score"}) == known
    assert identity({"function": "FILE:moody_score", "params": {"a": 1}}) != known
    assert identity({"function": "FILE:moody_score", "bounds": [0, 1]}) != known
    assert identity("FILE:none_score") != known
    nearby = tmp_path / "my metrics.py"
    (tmp_path / "helper.py").write_text("x = 1\n")
    nearby.write_text(CODE + "import helper\n")
    [function] = own_functions(bench.load_suite(tmp_path / "suite.yaml"))
    with_helper = function.identity
    (tmp_path / "helper.py").write_text("x = 2\n")
    [function] = own_functions(bench.load_suite(tmp_path / "suite.yaml"))
    assert function.identity != with_helper  # what lies beside the file counts


def test_a_missing_file_is_an_error_of_the_plan(write_suite):
    path = write_suite(metrics=["./none.py:a_score"])
    with pytest.raises(BenchError, match=r"metrics\[0\]: no file './none"):
        stored.plan_of(path)


def test_scores_are_computed_in_other_processes_and_kept(suite_of, tmp_path):
    names = ["FILE:moody_score", "FILE:kill_score"]
    plan = stored.plan_of(suite_of(*names, classifiers=["KNN"]).path)
    with pytest.raises(SuiteError, match=r"metrics\[1\].*ended its process by SIGKILL"):
        check_own_metrics(plan)
    store = Store(tmp_path / "store")
    stored.put_cells(plan, store)
    [cell, _] = plan.cells
    before = store.get(cell.key)
    written = store.written(cell.key)
    score_own_metrics(plan, store)
    after = store.get(cell.key)
    assert after.key == before.key
    assert (after.train, after.test) == (before.train, before.test)
    # A function that raises, or ends its process, costs no cell anything else.
    problems = {scores["problem"] for scores in after.own_scores.values()}
    assert problems == {"raised ValueError: too few", "ended its process by SIGKILL"}
    assert store.written(cell.key) == written
