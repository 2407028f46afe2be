"""The gate for what a classifier gives back: labels, probabilities, decision values."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from bench.base.errors import ClassifierError
from bench.cells.outputs import (
    as_decisions,
    as_labels,
    as_probabilities,
    ask,
    columns_of,
    listed,
)

TWO, THREE = np.arange(2), np.arange(3)
N = 30
X = np.random.default_rng(0).normal(size=(N, 4))
LABELS = (X[:, 0] > 0).astype(int)
THIRDS = np.digitize(X[:, 0], [-0.4, 0.4])


@pytest.mark.parametrize(
    "found",
    [
        [0, 1, 1],
        [[0], [1], [1]],
        np.array([[0, 1, 1]]),
        np.array([0, 1, 1], np.uint8),
        np.array([False, True, True]),
        np.array([0.0, 1.0, 1.0], np.float16),
        np.array([-0.0, 1, 1], np.longdouble),
        np.array([0, True, 1.0], object),
        np.array([np.int8(0), np.float32(1), np.bool_(True)], object),
        pd.DataFrame({"label": [0, 1, 1]}),
        pd.Series([0, 1, 1], index=[7, 8, 9], dtype="Int64"),
        np.ma.masked_array([0, 1, 1], mask=False),
    ],
)
def test_one_whole_number_for_each_curve_is_a_label(found):
    labels = as_labels(found, 3, TWO)
    assert labels.dtype == np.int32
    assert labels.tolist() == [0, 1, 1]


PROBABILITY = "not a probability: predict_proba is for those"
NAMES = "keep the names in fit and let predict give their positions"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            [0, 0.9, 0.1],
            f"gave 0.9 for curve 1, and no label for 1 more; .*{PROBABILITY}",
        ),
        (
            [0, 1, np.nan],
            "gave nan for curve 2; expected one of the labels 0 and 1 for",
        ),
        ([0, np.inf, 1], "gave inf for curve 1;"),
        ([0, 1, 1.5], "gave 1.5 for curve 2; .* the numbers that fit was given$"),
        (
            [0, 2**40 + 1, 2**32],
            "gave 1099511627777 for curve 1, and no label for 1 more",
        ),
        ([0, -1, 1], "gave -1 for curve 1"),
        ([7, 7, 7], "gave 7 for curve 0, and no label for 2 more"),
        ([0, 1, 2**70], f"gave {2**70} for curve 2"),
        (
            ["0", "1", "1"],
            f"gave the text '0' for curve 0, and no label for 2 more; .*{NAMES}",
        ),
        ([b"a", b"b", b"a"], "gave the text b'a' for curve 0"),
        (np.array([0, "symbolic", 1], object), "gave the text 'symbolic' for curve 1"),
        (["neural", "symbolic", "x" * 500], f"the text 'neural' for .*{NAMES}"),
        (np.array([0, 1, 1], "M8[D]"), "gave 1970-01-01 for curve 0"),
        (np.array([0, 1, 1], "m8[s]"), "gave 0 seconds for curve 0"),
        (np.array([0, 1, 1], complex), "gave 0j for curve 0"),
        (np.array([0, 1 + 0j, 1], object), r"gave \(1\+0j\) for curve 1"),
        (np.array([0, None, 1], object), "gave None for curve 1"),
        (np.array([0, Decimal(1), 1], object), "gave 1 for curve 1"),
        (pd.Series([0, 1, None], dtype="Int64"), "gave (<NA>|nan) for curve 2"),
        (
            [[0, 1], [1, 0], [1, 0]],
            r"shape \(3, 2\), expected \(3,\): .* the largest col",
        ),
        ([0, 1], r"gave shape \(2,\), expected \(3,\): one of the labels 0 and 1 for"),
        (None, r"gave shape \(\)"),
        ([[0], [1, 0], [1]], r"gave a list that is no array \(ValueError: "),
        (torch.ones(3, requires_grad=True), r"a Tensor that is no array .*detach\(\)"),
        (np.ma.masked_array([0, 1, 1], mask=[0, 0, 1]), "gave masked values"),
    ],
)
def test_anything_else_is_refused_with_what_was_found(found, said):
    with pytest.raises(ClassifierError, match=said):
        as_labels(found, 3, TWO)


def probabilities(first, n=3):
    return np.tile([first, 1 - first], (n, 1))


GUESSES = np.array([0, 1, 1])


def test_probabilities_are_kept_as_float32_whatever_holds_them():
    for found in (
        probabilities(0.25),
        probabilities(0.25).tolist(),
        probabilities(0.25).astype(object),
        pd.DataFrame(probabilities(0.25)),
        probabilities(0.25) * 1.0009,
    ):
        kept = as_probabilities(found, GUESSES, TWO)
        assert kept.dtype == np.float32
        assert kept == pytest.approx(probabilities(0.25), abs=1e-3)
    # Rounding outside of [0, 1] is no fault, and is cut.
    kept = as_probabilities([[-1e-9, 1 + 1e-7]] * 3, GUESSES, TWO)
    assert kept.tolist() == [[0, 1]] * 3


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            probabilities(0.25) * 1.01,
            "sum to 1.01 for curve 0; expected 1, within 0.001",
        ),
        ([[0.5, 0.5], [0.9, 0.9], [1, 0]], "sum to 1.8 for curve 1"),
        ([[0.5, 0.5], [np.nan, 1], [1, 0]], "gave nan for curve 1; expected finite"),
        ([[0.5, 0.5], [0.5, 0.5], [1.2, -0.2]], "gave 1.2 for curve 2; expected prob"),
        (np.full((3, 3), 1 / 3), r"gave shape \(3, 3\), expected \(3, 2\): a column"),
        (np.full((2, 3), 1 / 2), r"gave shape \(2, 3\)"),
        ([0.2, 0.5, 0.7], r"gave shape \(3,\), expected \(3, 2\)"),
        ([[0.2], [0.5], [0.7]], r"gave shape \(3, 1\)"),
        ([probabilities(0.5)] * 2, r"gave shape \(2, 3, 2\)"),
        (None, r"gave shape \(\)"),
        ([[None, 1], [0, 1], [1, 0]], "gave nan for curve 0"),
        ([["a", "b"]] * 3, r"gave the text 'a' \(<U1\); expected real numbers"),
        ([["0.5", "0.5"]] * 3, "gave the text '0.5'"),
        (probabilities(0.5).astype(complex), "complex128"),
    ],
)
def test_probabilities_that_would_be_believed_wrongly_are_refused(found, said):
    with pytest.raises(ClassifierError, match=said):
        as_probabilities(found, GUESSES, TWO)


def test_columns_follow_the_order_of_the_classes():
    class Named:
        def __init__(self, classes):
            self.classes_ = classes

    orders = {(1, 0): [1, 0], (2, 0, 1): [1, 2, 0], ("1", "0"): [1, 0]}
    for classes, columns in orders.items():
        labels = np.arange(len(classes))
        assert columns_of(Named(list(classes)), labels).tolist() == columns
    assert columns_of(object(), THREE).tolist() == [0, 1, 2]
    assert columns_of(Named(np.array([1.0, 0.0])), TWO).tolist() == [1, 0]
    assert columns_of(Named([True, False]), TWO).tolist() == [1, 0]
    shuffled = as_probabilities([[0.1, 0.2, 0.7]], np.array([1]), np.array([1, 2, 0]))
    assert shuffled == pytest.approx(np.array([[0.2, 0.7, 0.1]]))


@pytest.mark.parametrize(
    "classes",
    [[0], [0, 0], [0, 1, 2], [1, 2], ["neural", "symbolic"], [[0, 1]], 3, [0, None]],
)
def test_classes_that_are_not_the_labels_are_refused(classes):
    class Named:
        classes_ = classes

    with pytest.raises(ClassifierError, match="expected the labels 0 and 1, each once"):
        columns_of(Named(), TWO)


def test_decision_values_of_two_classes_are_larger_for_label_1():
    values = np.array([-1.0, 2.0, 3.0])
    for found in (values, values[:, None], values.tolist()):
        assert as_decisions(found, GUESSES, TWO).tolist() == [-1, 2, 3]
        assert as_decisions(found, GUESSES, np.array([1, 0])).tolist() == [1, -2, -3]
    columns = np.column_stack([-values, values])
    kept = as_decisions(columns, GUESSES, np.array([1, 0]))
    np.testing.assert_array_equal(kept, columns[:, ::-1])


@pytest.mark.parametrize(
    ("found", "columns", "said"),
    [
        ([1, np.inf, 2], TWO, "gave inf for curve 1; expected finite"),
        ([1, 1e300, 2], TWO, "gave inf for curve 1; .*in the range of float32"),
        ([1, 2], TWO, r"gave shape \(2,\), expected \(3,\) or \(3, 2\)"),
        ([1, 2, 3], THREE, r"gave shape \(3,\), expected \(3, 3\)"),
        (np.ones((3, 6)), np.arange(4), "gave 6 columns, one for each pair of classes"),
    ],
)
def test_decision_values_of_another_form_are_refused(found, columns, said):
    with pytest.raises(ClassifierError, match=said):
        as_decisions(found, GUESSES, columns)


def test_pairs_of_three_classes_are_told_from_the_classes_by_the_estimator():
    pairs = SVC(decision_function_shape="ovo").fit(X, THIRDS)
    search = GridSearchCV(make_pipeline(StandardScaler(), pairs), {"svc__C": [1]}, cv=2)
    for estimator in (pairs, search.fit(X, THIRDS)):
        found = ask(estimator, {"test": X}, THREE)
        assert found.kind == "none"
        assert "decision_function_shape: ovr" in found.absent["decision_function"]
    found = ask(SVC().fit(X, THIRDS), {"test": X}, THREE)
    assert (found.kind, found.absent) == ("decision", {})
    assert found.scores["test"].shape == (N, 3)


class Reversed:
    """A sound classifier whose columns are in the order of its classes_, [1, 0]."""

    classes_ = np.array([1, 0])

    def __init__(self, fitted):
        self.fitted = fitted

    def predict(self, X):
        return self.fitted.predict(X)

    def decision_function(self, X):
        return -self.fitted.decision_function(X)

    def predict_proba(self, X):
        return self.fitted.predict_proba(X)[:, ::-1]


def test_a_reversed_classifier_has_the_scores_of_the_one_that_it_is():
    plain = LogisticRegression().fit(X, LABELS)
    other = Reversed(plain)
    expected, found = (ask(e, {"test": X}, TWO) for e in (plain, other))
    np.testing.assert_array_equal(
        found.predictions["test"], expected.predictions["test"]
    )
    assert found.scores["test"] == pytest.approx(expected.scores["test"], abs=1e-6)
    assert (found.kind, found.absent) == ("probability", {})
    decisions = as_decisions(
        other.decision_function(X), found.predictions["test"], columns_of(other, TWO)
    )
    assert decisions == pytest.approx(plain.decision_function(X), abs=1e-6)


def test_columns_that_contradict_every_prediction_are_refused():
    p = LogisticRegression().fit(X, LABELS).predict_proba(X)
    said = "contradicts predict: .* expected columns in the order of classes_"
    labels = p.argmax(axis=1)
    with pytest.raises(ClassifierError, match=said):
        as_probabilities(p[:, ::-1], labels, TWO)
    with pytest.raises(ClassifierError, match=said):
        as_decisions(p[:, 0] - p[:, 1], labels, TWO)
    rotated = np.eye(3)[np.roll(np.arange(3), 1)[THIRDS]]
    with pytest.raises(ClassifierError, match=said):
        as_probabilities(rotated, THIRDS, THREE)
    # A threshold of its own, ties, few curves and guesses contradict nothing.
    for threshold in (0.02, 0.3, 0.9, 0.999):
        as_probabilities(p, (p[:, 1] > threshold).astype(int), TWO)
    as_probabilities(np.full((N, 2), 0.5), labels, TWO)
    as_probabilities(p[:5, ::-1], labels[:5], TWO)
    as_probabilities(np.eye(2)[np.arange(N) % 2], np.arange(N) // 2 % 2, TWO)


class Stub:
    """A classifier that knows the classes of the curves that it is shown."""

    classes_ = TWO
    predict_proba = None

    def predict(self, X):
        return (X[:, 0] > 0).astype(int)


def outputs_of(**methods):
    kind = type("Mine", (Stub,), methods)
    if "predict_proba" not in methods:
        kind.predict_proba = property(lambda self: self.missing)
    return ask(kind(), {"train": X, "test": X[:20]}, TWO)


def raises(self, X):
    raise RuntimeError("no such\nluck")


def decides(self, X):
    return X[:, 0]


def test_a_method_that_cannot_be_used_is_left_out_with_the_reason():
    found = outputs_of(predict_proba=raises)
    assert (found.kind, found.scores) == ("none", {})
    assert found.absent == {
        "predict_proba": "predict_proba raised RuntimeError: no such luck"
    }
    assert found.predictions.keys() == {"train", "test"}
    found = outputs_of(predict_proba=raises, decision_function=decides)
    assert (found.kind, found.scores["test"].shape) == ("decision", (20,))
    assert found.absent.keys() == {"predict_proba"}

    def leaves(self, X):
        raise SystemExit(3)

    assert (
        "raised SystemExit: 3"
        in outputs_of(predict_proba=leaves).absent["predict_proba"]
    )
    both = outputs_of(predict_proba=raises, decision_function=raises)
    assert both.absent.keys() == {"predict_proba", "decision_function"}
    assert outputs_of().absent == {}
    strange = outputs_of(predict_proba=property(raises.__get__(None, Stub)))
    assert "predict_proba raised" in strange.absent["predict_proba"]
    named = outputs_of(predict_proba=lambda self, X: probabilities(0.5, len(X)),
                       classes_=["neural", "symbolic"])  # fmt: skip
    assert named.absent["predict_proba"].startswith(
        "predict_proba cannot be read: its classes_ is ['neural', 'symbolic']; expected"
    )


@pytest.mark.parametrize("bad", [N, 20])
def test_all_parts_have_scores_of_one_kind(bad):
    def sometimes(self, X):
        return probabilities(0.5 if len(X) != bad else 2.0, len(X))

    found = outputs_of(predict_proba=sometimes, decision_function=decides)
    assert found.kind == "decision"
    assert {part: s.shape for part, s in found.scores.items()} == {
        "train": (N,),
        "test": (20,),
    }
    assert "gave 2 for curve 0" in found.absent["predict_proba"]


def test_memory_that_runs_out_is_no_fault_of_a_method():
    def hungry(self, X):
        raise MemoryError

    with pytest.raises(MemoryError):
        outputs_of(predict_proba=hungry)


def test_sound_classifiers_are_kept_to_the_bit():
    for estimator in (LogisticRegression(), LinearSVC(), SVC()):
        for y, classes in ((LABELS, TWO), (THIRDS, THREE)):
            fitted = estimator.fit(X, y)
            found = ask(fitted, {"test": X}, classes)
            method = getattr(fitted, "predict_proba", None) or fitted.decision_function
            np.testing.assert_array_equal(
                found.scores["test"], np.asarray(method(X), np.float32)
            )
            np.testing.assert_array_equal(found.predictions["test"], fitted.predict(X))


def test_labels_are_listed_in_few_words():
    assert [listed(range(n)) for n in (1, 2, 3, 20)] == [
        "0",
        "0 and 1",
        "0, 1 and 2",
        "0, 1, …, 19",
    ]
