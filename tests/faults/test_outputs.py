"""Classifiers that give back what is no label, in another order, or with warnings.

One suite with one row for each, run as a user runs it: each row has the figures of the
sound classifier that it is made of, or says what was found.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml_text
from sklearn.cluster import KMeans
from sklearn.naive_bayes import GaussianNB

import bench
from bench.analysis.provenance import provenance
from bench.base.errors import ClassifierError
from bench.compare.check import check_classifier
from bench.store.store import Store

ZOO = """
import warnings
import numpy as np
from sklearn.naive_bayes import GaussianNB

class Column(GaussianNB):
    def predict(self, X):
        return super().predict(X)[:, None]

class Proba(GaussianNB):
    def predict(self, X):
        return super().predict_proba(X)[:, 1] * 0.8 + 0.1

class Reversed(GaussianNB):
    def fit(self, X, y):
        super().fit(X, y)
        self.inner_, self.classes_ = self.classes_, self.classes_[::-1]
        return self
    def predict(self, X):
        return (super().predict_proba(X)[:, 1] > 0.5).astype(int)
    def predict_proba(self, X):
        return super().predict_proba(X)[:, ::-1]

class Names(GaussianNB):
    def fit(self, X, y):
        return super().fit(X, np.array(["neural", "symbolic"])[y])

class Scores(GaussianNB):
    def predict_proba(self, X):
        return super().predict_proba(X) * 3

class Raises(GaussianNB):
    def predict_proba(self, X):
        raise NotImplementedError("not here")

class Warns(GaussianNB):
    n_iter_ = []
    def fit(self, X, y):
        for step in range(2000):
            warnings.warn(f"step {step} did not converge", RuntimeWarning)
        return super().fit(X, y)

class Double(GaussianNB):
    def fit(self, X, y):
        raise RuntimeError("expected the same dtype, but got Double and Float")
"""
NAMES = ["Column", "Proba", "Reversed", "Names", "Scores", "Raises", "Warns", "Double"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run the zoo once: the plan, its store and the results by classifier."""
    folder = tmp_path_factory.mktemp("zoo")
    (folder / "zoo.py").write_text(ZOO)
    path = folder / "suite.yaml"
    path.write_text(
        yaml_text.suite_text(
            repetitions=1,
            classifiers=[
                "GNB",
                *[f"./zoo.py:{name}" for name in NAMES],
                {
                    "id": "PCA-CUES",
                    "steps": [
                        {
                            "class": "sklearn.decomposition.PCA",
                            "params": {"n_components": 9},
                        },
                        "CUES",
                    ],
                },
            ],
            metrics=["accuracy", "roc_auc", "log_loss"],
            audits=False,
        )
    )
    store = Store(folder / "store")
    plan = bench.run_suite(path, store=store.folder)
    frame = bench.read_results(plan, store.folder)
    results = {cell.classifier.id: store.get(cell.key) for cell in plan.cells}
    return plan, frame.set_index("classifier"), results


SCORES = ["test_accuracy", "test_roc_auc", "test_log_loss", "train_accuracy"]


def test_a_column_and_reversed_classes_have_the_scores_of_the_sound_one(run):
    _, frame, _ = run
    for name in ("Column", "Reversed"):
        assert frame.loc[name, "status"] == "done"
        found, expected = (frame.loc[n, SCORES].astype(float) for n in (name, "GNB"))
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_predictions_that_are_no_labels_fail_with_what_was_found(run):
    _, frame, _ = run
    said = {
        "Proba": "expected one of the labels 0 and 1 for each curve, not a probability",
        "Names": "ClassifierError: predict gave the text 'neural' for curve",
        "Double": "write dtype: float32 in the dataset",
    }
    for name, words in said.items():
        assert frame.loc[name, "status"] == "failed"
        assert words in frame.loc[name, "error"]
        assert np.isnan(frame.loc[name, "test_accuracy"])


def test_probabilities_that_cannot_be_used_cost_their_own_scores_alone(run):
    _, frame, results = run
    said = {
        "Scores": "predict_proba gave",
        "Raises": "predict_proba raised NotImplementedError: not here",
    }
    for name, words in said.items():
        row = frame.loc[name]
        assert row["status"] == "done"
        assert row["test_accuracy"] == frame.loc["GNB", "test_accuracy"]
        assert np.isnan(row["test_log_loss"])
        assert row["absent"].startswith(words)
        assert results[name].absent.keys() == {"predict_proba"}
    assert (frame.loc[["GNB", "Reversed"], "absent"] == "").all()


def test_warnings_are_counted_and_odd_iterations_cost_nothing(run):
    plan, _, results = run
    found = results["Warns"]
    assert (found.status, found.iterations) == ("done", None)
    assert len(found.warnings) == 10
    assert found.other_warnings == 1990
    columns = ["dataset", "repetition", "classifier", "status", "data_hash"]
    columns.append("attempts")
    findings = SimpleNamespace(results=pd.DataFrame(columns=columns))
    chapter = " ".join(provenance(plan, findings, list(results.values())))
    assert "1990 others, which no result lists" in chapter


def test_a_step_that_changes_the_columns_may_stand_before_ours(run):
    _, frame, _ = run
    assert frame.loc["PCA-CUES", "status"] == "done"


class Half(GaussianNB):
    """Predicts probabilities, as networks do."""

    def predict(self, X):
        return super().predict_proba(X)[:, 1] * 0.8 + 0.1


def test_the_gate_refuses_what_a_cell_refuses():
    recipe = yaml_text.SUITE["datasets"][0]
    with pytest.raises(
        ClassifierError, match="not a probability: predict_proba is for"
    ):
        check_classifier(Half(), recipe, at_least=0.5)
    with pytest.raises(ClassifierError, match="'KMeans' is a clusterer; expected a cl"):
        check_classifier(KMeans(), recipe, at_least=0.5)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("sklearn.cluster.KMeans", "'sklearn.cluster.KMeans' is a clusterer"),
        ("sklearn.svm.OneClassSVM", "is an outlier detector; expected a classifier"),
        ("sklearn.linear_model.Ridge", "is a regressor; expected a classifier"),
        (
            "sklearn.decomposition.PCA",
            "is not a scikit-learn classifier: it lacks predict",
        ),
        (
            "./mine.py:Mine",
            "is a clusterer; expected a classifier; if it is one, derive",
        ),
        ({"steps": ["./mine.py:Samples", "DT"]}, "it changes the number of curves"),
    ],
)
def test_what_is_no_classifier_is_refused_by_the_plan(
    write_suite, bench_run, tmp_path, entry, said
):
    (tmp_path / "mine.py").write_text(
        "from sklearn.base import BaseEstimator\n"
        "from sklearn.cluster import KMeans\n"
        "class Mine(KMeans): pass\n"
        "class Samples(BaseEstimator):\n"
        "    def fit_resample(self, X, y): return X, y\n"
    )
    code, out, err = bench_run("plan", write_suite(classifiers=["GNB", entry]))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert ": classifiers[1]" in err
    assert said in err
