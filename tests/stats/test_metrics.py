import math
import subprocess
import sys

import numpy as np
import pytest
import stored
from sklearn import metrics as theirs
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

from bench.analysis.results import read_results
from bench.stats.metrics import (
    AT_ONCE,
    METRICS,
    OwnMetric,
    Predictions,
    calibration_bins,
    class_scores,
    metric_of,
    roc_rates,
    score_all,
)
from bench.store.store import Store

OF_PROBABILITIES = ["log_loss", "brier", "ece"]


def score(name, given):
    return METRICS[name].function(given)


def draw(n_classes, n_curves=400, seed=0):
    """Draw labels and float64 probabilities that are better than chance."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_curves) % n_classes
    logits = 4 * rng.normal(size=(n_curves, n_classes))
    logits[np.arange(n_curves), labels] += 3
    exp = np.exp(logits - logits.max(1, keepdims=True))
    return labels, exp / exp.sum(1, keepdims=True)


def as_stored(labels, p):
    """Round as a cell does."""
    predictions = p.argmax(1).astype(np.int32)
    return Predictions(
        labels.astype(np.int32), predictions, "probability", p.astype(np.float32)
    )


def of_two(labels, p):
    """Two classes, of which p is the probability of class 1."""
    p = np.asarray(p, dtype=np.float64)
    return as_stored(np.array(labels), np.column_stack([1 - p, p]))


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_scores_of_stored_float32_are_those_of_scikit_learn_in_float64(n_classes):
    labels, p = draw(n_classes)
    given = as_stored(labels, p)
    of_one = p[:, 1] if n_classes == 2 else p
    auc = theirs.roc_auc_score(labels, of_one, multi_class="ovr", average="macro")
    assert score("roc_auc", given) == pytest.approx(auc, abs=1e-12)
    expected = theirs.log_loss(labels, p)
    assert score("log_loss", given) == pytest.approx(expected, rel=1e-6)
    expected = theirs.brier_score_loss(labels, of_one)
    assert score("brier", given) == pytest.approx(expected, rel=1e-6)
    expected = theirs.balanced_accuracy_score(labels, p.argmax(1))
    assert score("balanced_accuracy", given) == expected
    assert score("accuracy", given) == theirs.accuracy_score(labels, p.argmax(1))


def test_an_overconfident_classifier_is_clipped_as_scikit_learn_clips_it():
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    X = rng.normal(size=(200, 200)) + 0.1 * y[:, None]
    X[0] += 40  # certain, and wrong
    X[1] -= 40
    p = GaussianNB().fit(X[2:], y[2:]).predict_proba(X)
    assert p[0, 0] < 1e-50  # below the smallest float32
    assert p[1, 1] < 1e-50
    given = as_stored(y, p)
    assert score("log_loss", given) == pytest.approx(theirs.log_loss(y, p), rel=1e-6)
    assert given.scores[0, 0] == 0


def test_rows_that_miss_one_by_a_rounding_are_divided_by_their_sums():
    labels, p = draw(3)
    given = as_stored(labels, p)
    off = Predictions(labels, given.predictions, "probability", 1.0005 * p)
    for name in OF_PROBABILITIES:
        assert score(name, off) == pytest.approx(score(name, given), rel=1e-6)


def test_the_area_of_decision_values_agrees_with_scikit_learn():
    rng = np.random.default_rng(1)
    y = np.arange(120) % 2
    X = rng.normal(size=(120, 3)) + 0.5 * y[:, None]
    values = SVC().fit(X[:60], y[:60]).decision_function(X).astype(np.float32)
    expected = theirs.roc_auc_score(y, values)
    for scores in (values, values[:, None], np.column_stack([-values, values])):
        given = Predictions(y, y, "decision", scores)
        assert score("roc_auc", given) == pytest.approx(expected, abs=1e-12)


def test_the_area_of_many_classes_is_the_mean_of_one_against_the_rest():
    labels, p = draw(4)
    values = 3 * p - 1
    given = Predictions(labels, labels, "decision", values)
    areas = [theirs.roc_auc_score(labels == c, values[:, c]) for c in range(4)]
    assert score("roc_auc", given) == pytest.approx(np.mean(areas), abs=1e-12)


def test_a_tie_counts_half_and_a_single_class_has_no_area():
    given = of_two([0, 0, 1, 1], [0.2, 0.5, 0.5, 0.9])
    assert score("roc_auc", given) == 3.5 / 4
    assert math.isnan(score("roc_auc", of_two([1, 1], [0.2, 0.5])))


@pytest.mark.parametrize("n_classes", [2, 3, 20])
@pytest.mark.parametrize("seed", range(5))
def test_published_scores_are_those_of_the_plain_formulas_to_the_bit(n_classes, seed):
    # Reports hold scores of these formulas, from before scikit-learn computed them.
    labels, p = draw(n_classes, 333, seed)
    labels %= max(2, n_classes - seed)  # so that some classes have no curve
    given = as_stored(labels, p)
    kept, rows = given.probabilities, np.arange(len(labels))
    eps = np.finfo(float).eps
    plain = -np.log(kept[rows, labels].clip(eps, 1 - eps)).mean()
    assert score("log_loss", given) == plain
    errors = ((np.eye(n_classes)[labels] - kept) ** 2).sum(axis=1).mean()
    assert score("brier", given) == errors / (2 if n_classes == 2 else 1)


def test_a_single_class_has_no_loss():
    given = as_stored(np.zeros(3, int), np.ones((3, 1)))
    assert math.isnan(score("log_loss", given))
    assert math.isnan(score("brier", given))


def test_brier_and_log_loss_by_hand():
    given = of_two([1, 0, 1], [1.0, 0.5, 0.25])
    assert score("brier", given) == pytest.approx((0 + 0.25 + 0.5625) / 3)
    expected = -(math.log(1) + math.log(0.5) + math.log(0.25)) / 3
    assert score("log_loss", given) == pytest.approx(expected)


def test_calibration_error_by_hand():
    # Confidences .9, .9 (one right), .6 (wrong), 1 (right): |.5-.9|, |0-.6|, |1-1|.
    given = of_two([1, 1, 0, 1], [0.9, 0.1, 0.6, 1.0])
    assert score("ece", given) == pytest.approx((2 * 0.4 + 1 * 0.6 + 0) / 4)
    n, confidence, accuracy = calibration_bins(given)
    assert n.tolist() == [0] * 8 + [1] + [0] * 4 + [2, 1]
    assert confidence[[8, 13, 14]] == pytest.approx([0.6, 0.9, 1.0])
    assert accuracy[[8, 13, 14]].tolist() == [0, 0.5, 1]
    assert np.isnan(accuracy[:8]).all()


def test_calibration_error_of_three_classes_by_hand():
    p = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    given = as_stored(np.array([0, 1, 2]), p)
    assert score("ece", given) == pytest.approx((2 * 0 + 1 * 0.2) / 3)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_calibration_error_is_the_sum_over_bins(n_classes):
    labels, p = draw(n_classes)
    sure, right = p.max(1), p.argmax(1) == labels
    total = 0.0
    for k in range(15):
        inside = (sure > k / 15) & (sure <= (k + 1) / 15)
        if inside.any():
            total += abs(right[inside].sum() - sure[inside].sum()) / len(labels)
    given = as_stored(labels, p)
    assert score("ece", given) == pytest.approx(total, abs=1e-6)
    assert calibration_bins(given)[0].sum() == len(labels)


def test_confidence_is_the_probability_of_the_predicted_class():
    p = np.array([[0.6, 0.4], [0.3, 0.7]], np.float32)
    given = Predictions(np.array([0, 1]), np.array([1, 1]), "probability", p)
    np.testing.assert_allclose(given.confidence, [0.4, 0.7], rtol=1e-6)


def test_a_value_on_the_edge_of_two_bins_belongs_to_the_lower_one():
    # Three of five neighbours: 0.6 is 9/15, the upper end of bin 8.
    n, _, _ = calibration_bins(of_two([1, 1, 1], [0.6, 0.8, 1.0]))
    assert np.flatnonzero(n).tolist() == [8, 11, 14]


def test_a_metric_without_the_scores_it_needs_is_nan():
    y = np.array([0, 1, 1])
    values = np.array([-1.0, 2.0, 0.5])
    decided = Predictions(y, y, "decision", values)
    assert [math.isnan(score(name, decided)) for name in OF_PROBABILITIES] == [True] * 3
    assert score("roc_auc", decided) == 1
    plain = score_all(Predictions(y, y), METRICS)
    assert {name for name, value in plain.items() if math.isnan(value)} == {
        name for name, metric in METRICS.items() if metric.needs
    }
    assert METRICS["ece"].needs == "probabilities"
    assert METRICS["roc_auc"].needs == "probabilities or decision values"
    assert calibration_bins(decided)[0].sum() == 0


@pytest.mark.parametrize(
    "p",
    [
        [[0.5, np.nan], [0.5, 0.5]],
        [[1.5, -0.5], [0.5, 0.5]],
        [[0.0, 0.0], [0.5, 0.5]],
        [[0.5, 0.4], [0.5, 0.5]],
        [[0.5, 0.5]],
        [[1.0], [1.0]],
        [0.5, 0.5],
    ],
)
def test_scores_that_cannot_be_probabilities_give_nan(p):
    y = np.array([0, 1])
    given = Predictions(y, y, "probability", np.array(p, np.float32))
    for name in ["roc_auc", *OF_PROBABILITIES]:
        assert math.isnan(score(name, given))
    assert score("accuracy", given) == 1


def test_a_label_without_a_column_gives_nan():
    y = np.array([0, 1, 2])
    p = np.full((3, 2), 0.5)
    for kind, scores in (("probability", p), ("decision", p), ("decision", p[:, 0])):
        assert math.isnan(score("roc_auc", Predictions(y, y, kind, scores)))


def test_a_prediction_without_a_column_has_no_confidence():
    given = Predictions(
        np.array([0, 1]), np.array([0, 7]), "probability", np.full((2, 2), 0.5)
    )
    assert math.isnan(score("ece", given))
    assert score("log_loss", given) == pytest.approx(math.log(2))


def test_smaller_losses_are_better():
    smaller = {name for name, metric in METRICS.items() if not metric.larger_is_better}
    assert smaller == {"log_loss", "brier", "ece"}


def test_a_cell_computes_only_metrics_of_predictions():
    y = np.array([0, 1])
    assert tuple(score_all(Predictions(y, y))) == AT_ONCE
    assert all(not METRICS[name].needs for name in AT_ONCE)


def test_predictions_are_taken_from_a_results_arrays():
    labels, p = draw(2, 6)
    arrays = stored.ARRAYS | {
        "kind": np.array("probability"),
        "labels_test": labels,
        "scores_test": p,
    }
    given = Predictions.of(arrays, "test")
    assert given.kind == "probability"
    assert given.labels is labels
    assert given.scores is p
    without = Predictions.of(stored.ARRAYS, "train")
    assert (without.kind, without.scores) == ("none", None)


def test_results_get_new_metrics_from_stored_arrays(write_suite, tmp_path):
    names = ["accuracy", "log_loss", "brier"]
    path = write_suite(classifiers=["KNN", "GNB"], repetitions=1, metrics=names)
    plan, store = stored.plan_of(path), Store(tmp_path / "store")
    p = np.array([[0.5, 0.5], [0.0, 1.0], [0.75, 0.25]], np.float32)
    scores = {"kind": np.array("probability"), "scores_train": p, "scores_test": p}
    for cell, extra in zip(plan.cells, (scores, {}), strict=True):
        at_once = {"accuracy": 0.875}
        result = cell.result("done", train=at_once, test=at_once)
        store.put(result, stored.ARRAYS | extra)
    result = read_results(plan, store).set_index("classifier")
    # Labels 0, 1, 1; stored scores are not computed again.
    assert result["test_accuracy"].tolist() == [0.875, 0.875]
    assert result.loc["KNN", "test_brier"] == pytest.approx((0.25 + 0 + 0.5625) / 3)
    expected = (math.log(2) + math.log(4)) / 3
    assert result.loc["KNN", "train_log_loss"] == pytest.approx(expected)
    assert result.loc["GNB", ["test_brier", "train_log_loss"]].isna().all()


def test_metrics_import_scikit_learn_only_when_it_is_needed():
    process = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, numpy as np\n"
            "from bench.stats.metrics import METRICS, Predictions\n"
            "y = np.array([0, 1]); p = np.eye(2)\n"
            "given = Predictions(y, y, 'probability', p)\n"
            "print([METRICS[n].function(given) for n in ('roc_auc', 'ece')])\n"
            "print('sklearn' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout.split("\n")[:2] == ["[1.0, 0.0]", "False"]


MACRO = ("f1", "precision", "recall")


@pytest.mark.parametrize("n_classes", [2, 4])
def test_metrics_of_classes_are_scikit_learns_macro_means(n_classes):
    labels, p = draw(n_classes, 101)  # of unequal classes
    given = as_stored(labels, p)
    for name in MACRO:
        metric = getattr(theirs, f"{name}_score")
        expected = metric(labels, given.predictions, average="macro")
        assert score(name, given) == expected
    expected = theirs.matthews_corrcoef(labels, given.predictions)
    assert score("mcc", given) == expected
    stored_p = given.probabilities
    each = [
        theirs.average_precision_score(labels == c, stored_p[:, c])
        for c in range(n_classes)
    ]
    assert score("average_precision", given) == pytest.approx(np.mean(each), abs=1e-12)


@pytest.mark.parametrize(
    ("labels", "predictions", "f1", "mcc"),
    [
        ([0, 0], [0, 0], 1, 0),  # one class
        ([0, 0], [1, 1], 0, 0),  # of a class that is absent
        ([0, 1], [2, 2], 0, 0),
        ([0, 1, 1], [1, 1, 1], 0.4, 0),  # of one class alone
        ([0, 1], [1, 0], 0, -1),
    ],
)
def test_what_would_be_0_by_0_is_0_and_nothing_warns(labels, predictions, f1, mcc):
    given = Predictions(np.array(labels), np.array(predictions))
    assert score("f1", given) == pytest.approx(f1)
    assert score("mcc", given) == mcc
    for name in (*MACRO, "balanced_accuracy"):
        assert 0 <= score(name, given) <= 1


def test_a_class_without_a_curve_is_left_out_of_rankings():
    labels, p = draw(3, 60)
    labels[labels == 2] = 1
    given = as_stored(labels, p)
    ap = class_scores(given, 3)["average_precision"]
    assert math.isnan(ap[2])
    assert score("average_precision", given) == pytest.approx(np.mean(ap[:2]))
    areas = [theirs.roc_auc_score(labels == c, p[:, c]) for c in (0, 1)]
    assert score("roc_auc", given) == pytest.approx(np.mean(areas))


def test_scores_of_each_class_are_those_against_the_rest():
    labels, p = draw(3, 100)
    given = as_stored(labels, p)
    found = class_scores(given, 4)
    expected = theirs.precision_recall_fscore_support(labels, given.predictions)
    names = ("precision", "recall", "f1", "support")
    for name, values in zip(names, expected, strict=True):
        assert np.allclose(found[name][:3], values)
    for c in range(3):
        one = theirs.matthews_corrcoef(labels == c, given.predictions == c)
        assert found["mcc"][c] == pytest.approx(one)
    # No curve of the fourth class: nothing was measured.
    assert found["support"][3] == 0
    assert all(math.isnan(found[name][3]) for name in ("precision", "f1", "mcc"))
    # A class that is never predicted has no precision: 0, as in scikit-learn's report.
    never = class_scores(Predictions(np.array([0, 1]), np.array([0, 0])), 2)
    assert never["precision"].tolist() == [0.5, 0]
    assert np.isnan(never["average_precision"]).all()


def test_a_roc_curve_by_hand():
    given = of_two([0, 1, 0, 1], [0.1, 0.4, 0.35, 0.8])
    assert roc_rates(given, 3).tolist() == [1, 1, 1]
    given = of_two([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.8])
    # Rates (0, ½), (½, ½), (½, 1), (1, 1): the upper end where it rises.
    assert roc_rates(given, 5).tolist() == [0.5, 0.5, 1, 1, 1]
    tied = of_two([0, 1], [0.5, 0.5])
    assert roc_rates(tied, 3).tolist() == [0, 0.5, 1]
    assert roc_rates(of_two([1, 1], [0.2, 0.5]), 3) is None
    assert roc_rates(as_stored(*draw(3)), 3) is None


def test_an_own_metric_stands_in_columns_and_is_its_own_description():
    own = OwnMetric("net_profit", "my.py:net_profit", True)
    assert f"test_{own}" == "test_net_profit"
    assert own.title == "net profit"
    assert metric_of(own) is own
    assert metric_of("mcc").bounds_for(5) == (-1, 1)
    assert own.bounds_for(2) is None


def test_a_mean_of_roc_rates_is_near_the_area():
    labels, p = draw(2, 300)
    given = as_stored(labels, p)
    rates = roc_rates(given, 1001)
    assert np.trapezoid(rates, dx=1e-3) == pytest.approx(
        score("roc_auc", given), abs=2e-3
    )
