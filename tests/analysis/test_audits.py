import json
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import stored
import yaml_text

import bench
from bench.analysis import audits as audit_findings
from bench.analysis.audits import judge_audits
from bench.base.resources import SUITES
from bench.cells import audits, shallow_baselines
from bench.cells.audits import audit_curves
from bench.curves.datasets import Dataset, make_dataset
from bench.curves.recipes import resolve_dataset
from bench.suite.datasets import DatasetSpec

N_POINTS = 12
X = np.linspace(-1, 1, N_POINTS)[:, None]
RECIPE = SimpleNamespace(spec=SimpleNamespace(id="planted"), stream={"library": "none"})
COLUMNS = ["dataset", "audit", "value", "expected", "standard_error", "n", "alarm"]


def waves(y, rng):
    """Draw noisy sines of random phase, those of class 1 a little faster."""
    phase = rng.uniform(0, 6, size=(len(y), 1))
    speed = 2 + 0.5 * y[:, None]
    noise = 0.3 * rng.normal(size=(len(y), N_POINTS))
    return np.sin(speed * X[:, 0] + phase) + noise


def judged(recipe, seed, repetitions, make=make_dataset, **given):
    """Audit repetitions, keep the figures as a store does, and judge them."""
    found = [
        audit_curves(make(recipe, r, seed), recipe, r, seed) for r in range(repetitions)
    ]
    figures = json.loads(json.dumps(found))
    return judge_audits(recipe.spec.id, figures, **given)


def no_difference(y, rng):
    return waves(np.zeros(len(y)), rng)


def labels(sizes, rng):
    return rng.permutation(np.repeat(np.arange(len(sizes)), sizes))


@pytest.fixture
def audit():
    """Audit curves that a function draws from labels and a generator."""

    def audit(
        draw=waves, *, seed=0, repetitions=4, sizes=(40, 40), spoil=None, **given
    ):
        def make(recipe, repetition, root):
            rng = np.random.default_rng([root, repetition])
            y_train, y_test = labels(sizes, rng), labels(sizes, rng)
            arrays = {
                "X_train": draw(y_train, rng),
                "y_train": y_train,
                "X_test": draw(y_test, rng),
                "y_test": y_test,
            }
            if spoil is not None:
                spoil(arrays)
            return Dataset(
                **arrays, x=X, channels=("value",), data_hash="", fingerprint=[]
            )

        return judged(RECIPE, seed, repetitions, make, **given)

    return audit


def alarms(frame):
    return set(frame.loc[frame["alarm"], "audit"])


def row(frame, audit):
    (found,) = frame[frame["audit"] == audit].to_dict("records")
    return found


def guesses(seed, repetitions=4, n_curves=80):
    rng = np.random.default_rng([seed, 9])
    return list(rng.binomial(n_curves, 0.5, size=repetitions) / n_curves)


def test_every_audit_is_a_row_in_words(audit):
    frame = audit(chance=[0.5, 0.55, math.nan], best=0.75)
    assert list(frame.columns) == [*COLUMNS, "words"]
    assert frame["audit"].tolist() == [
        "CHANCE",
        "KNN, labels permuted",
        "SVC, labels permuted",
        "tree on scale",
        "tree on roughness",
        "tree on scale and roughness",
        "tree on points",
        "duplicates",
        "balance of training curves",
        "balance of test curves",
    ]
    assert set(frame["dataset"]) == {"planted"}
    assert frame["n"].tolist() == [2] + [4] * 9
    assert frame["words"].str.contains("alarm").all()
    assert frame["alarm"].dtype == bool


def test_honest_data_and_honest_guesses_raise_no_alarm(audit):
    assert not alarms(audit(chance=guesses(0), best=0.9))


@pytest.mark.parametrize("draw", [waves, no_difference])
def test_four_standard_errors_are_not_passed_by_luck(audit, draw):
    for seed in range(25):
        frame = audit(draw, seed=seed, repetitions=3, chance=guesses(seed))
        assert not alarms(frame)
        assert row(frame, "KNN, labels permuted")["standard_error"] > 0


def test_training_curves_among_the_test_curves_are_counted(audit):
    def copy(arrays):
        arrays["X_test"][[3, 5, 9]] = arrays["X_train"][[7, 7, 1]]

    frame = audit(spoil=copy, best=0.9)
    assert alarms(frame) == {"duplicates"}
    assert row(frame, "duplicates")["value"] == 12
    words = row(frame, "duplicates")["words"]
    assert words.startswith("12 of 320 test curves equal a training curve")


def test_a_zero_of_either_sign_is_the_same(audit):
    def zeros(arrays):
        arrays["X_train"][0], arrays["X_test"][0] = 0.0, -0.0

    assert row(audit(spoil=zeros), "duplicates")["value"] == 4


def test_duplicates_are_looked_for_beyond_the_curves_that_are_fitted(
    audit, monkeypatch
):
    monkeypatch.setattr(audits, "MAX_CURVES", 10)

    def copy(arrays):
        arrays["X_test"][-1] = arrays["X_train"][-1]

    assert row(audit(spoil=copy), "duplicates")["value"] == 4


def test_classes_that_differ_in_scale_alone_raise_the_alarm(audit):
    def scaled(y, rng):
        return (1 + 9 * y[:, None]) * no_difference(y, rng)

    frame = audit(scaled, best=1.0)
    assert "tree on scale" in alarms(frame)
    assert row(frame, "tree on scale")["value"] > 0.95
    words = row(frame, "tree on scale")["words"]
    assert "mean, variance, range and sorted values are enough" in words
    # What was permuted stays at chance all the same.
    assert not {a for a in alarms(frame) if not a.startswith("tree")}


def test_classes_that_differ_in_roughness_alone_raise_the_alarm(audit):
    def shuffled(y, rng):
        curves = np.sin(2 * X[:, 0] + rng.uniform(0, 6, size=(len(y), 1)))
        curves[y == 1] = rng.permuted(curves[y == 1], axis=1)
        return curves

    frame = audit(shuffled, best=1.0)
    assert alarms(frame) == {"tree on roughness", "tree on scale and roughness"}
    assert row(frame, "tree on scale")["value"] < 0.7


def test_a_label_written_into_the_curves_is_found(audit):
    def leak(arrays):
        for part in ("train", "test"):
            arrays[f"X_{part}"][:, 4] = 0.1 * arrays[f"y_{part}"]

    frame = audit(spoil=leak, best=1.0)
    assert "tree on points" in alarms(frame)
    assert row(frame, "tree on points")["value"] == 1


def test_a_tree_near_the_best_classifier_is_an_alarm_and_one_further_off_is_not(audit):
    value = row(audit(), "tree on scale and roughness")["value"]
    assert 0.6 < value < 0.9
    near = audit(best=value + 0.01)
    assert "tree on scale and roughness" in alarms(near)
    assert "within 0.01" in row(near, "tree on scale and roughness")["words"]
    further = audit(best=value + 0.0101)
    assert "tree on scale and roughness" not in alarms(further)


def test_a_tree_raises_no_alarm_if_all_classifiers_guess(audit):
    assert not alarms(audit(no_difference, best=0.5))


def test_a_best_classifier_that_is_not_known_is_not_compared(audit):
    frame = audit(best=math.nan)
    assert not alarms(frame)
    assert not frame["words"].str.contains("nan").any()


def test_classes_of_unequal_size_are_reported(audit):
    frame = audit(no_difference, sizes=(80, 20))
    assert alarms(frame) == {"balance of training curves", "balance of test curves"}
    found = row(frame, "balance of test curves")
    assert found["value"] == 0.8
    assert found["words"].startswith("test curves of each class: 80 to 320 of 400")
    # Balanced accuracy of permuted labels is at chance all the same.
    assert row(frame, "KNN, labels permuted")["expected"] == 0.5


def test_sizes_that_chance_explains_raise_no_alarm(audit):
    assert not alarms(audit(sizes=(11, 9), repetitions=1))


def test_labels_that_leak_past_the_permutation_raise_the_alarm(audit, monkeypatch):
    def far(y, rng):
        return no_difference(y, rng) + 5 * y[:, None]

    idle = SimpleNamespace(permutation=lambda y: y)
    monkeypatch.setattr(shallow_baselines, "generator", lambda *names: idle)
    found = alarms(audit(far))
    assert {"KNN, labels permuted", "SVC, labels permuted"} <= found


@pytest.mark.parametrize("scores", [[0.9, 0.92, 0.91, 0.9], [0.1, 0.12, 0.11, 0.09]])
def test_chance_that_is_off_chance_raises_the_alarm(audit, scores):
    assert alarms(audit(chance=scores)) == {"CHANCE"}


def test_standard_errors_by_hand(audit):
    binomial = math.sqrt(0.25 / 80)  # of one test set
    spread = row(audit(chance=[0.3, 0.5, 0.7, 0.5]), "CHANCE")
    assert spread["value"] == pytest.approx(0.5)
    expected = math.sqrt(0.08 / 3) / 2
    assert spread["standard_error"] == pytest.approx(expected)
    assert expected > binomial / 2
    narrow = row(audit(chance=[0.6, 0.6, 0.6]), "CHANCE")
    assert narrow["standard_error"] == pytest.approx(binomial / math.sqrt(3))
    pair = row(audit(chance=[0.2, 0.8]), "CHANCE")
    assert pair["standard_error"] == pytest.approx(binomial / math.sqrt(2))


def test_balanced_accuracy_has_the_error_of_its_recalls():
    found = audit_findings._permuted("KNN", [0.5], np.array([80, 20]))
    expected = 0.5 * math.sqrt(0.25 / 80 + 0.25 / 20)
    assert found["standard_error"] == pytest.approx(expected)


def test_chance_is_left_out_where_no_score_is_known(audit):
    for chance in ([], [math.nan]):
        assert "CHANCE" not in set(audit(chance=chance)["audit"])


def test_three_classes_have_chance_at_a_third(audit):
    frame = audit(sizes=(30, 30, 30), chance=[0.33, 0.34])
    for name in ("CHANCE", "KNN, labels permuted", "tree on scale"):
        assert row(frame, name)["expected"] == pytest.approx(1 / 3)
    assert not {a for a in alarms(frame) if not a.startswith("tree")}


def test_the_answer_is_the_same_again_and_another_for_another_seed(audit):
    first = audit(best=0.9)
    pd.testing.assert_frame_equal(first, audit(best=0.9))
    assert not first.equals(audit(best=0.9, seed=1))


def test_the_first_curves_of_each_repetition_are_fitted(audit, monkeypatch):
    monkeypatch.setattr(audits, "MAX_CURVES", 20)
    seen = []

    def note(data, *names):
        seen.append(data)
        return shallow_baselines.score_baselines(data, *names)

    monkeypatch.setattr(audits, "score_baselines", note)
    frame = audit(repetitions=3, sizes=(60, 30))
    assert set(frame["n"]) == {3}
    assert [np.bincount(data.y_test).tolist() for data in seen] == [[20, 10]] * 3
    rng = np.random.default_rng([0, 0])
    y = labels((60, 30), rng)
    kept = np.sort(np.r_[np.flatnonzero(y == 0)[:20], np.flatnonzero(y == 1)[:10]])
    np.testing.assert_array_equal(seen[0].y_train, y[kept])


def test_a_single_curve_a_class_and_huge_values_are_audited(audit):
    def huge(y, rng):
        return 1e300 * waves(y, rng)

    frame = audit(huge, sizes=(1, 1), repetitions=1)
    assert np.isfinite(frame["value"]).all()
    assert not alarms(frame)


def quick_alarms(activation, best):
    """Audit the datasets of the quick suite with networks of an activation."""
    suite = bench.load_suite(SUITES / "quick.yaml")
    found = {}
    for spec in suite.datasets:
        network = spec.neural.model_copy(update={"activation": activation})
        spec = spec.model_copy(update={"neural": network})
        recipe = resolve_dataset(spec, suite.folder)
        frame = judged(recipe, suite.seed, suite.repetitions, best=best)
        assert set(frame["dataset"]) == {spec.id}
        found[spec.id] = alarms(frame)
    return found


@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_parabolas_against_smooth_networks_raise_no_alarm(activation):
    assert not any(quick_alarms(activation, 0.95).values())


def test_kinks_distinguish_relu_networks_from_parabolas():
    rough = {"tree on roughness", "tree on scale and roughness"}
    expected = {"normal-100": rough, "uniform-100": rough}
    assert quick_alarms("relu", None) == expected


def test_channels_that_a_dataset_carries_are_audited():
    recipe = yaml_text.SUITE["datasets"][0] | {"channels": ["value", "gradient"]}
    spec = DatasetSpec.model_validate(recipe, strict=False)
    assert len(judged(resolve_dataset(spec), 0, 1)) == 9


def test_a_class_without_curves_in_one_repetition_is_counted_over_all():
    some = stored.FIGURES | {"curves": {"training": [9], "test": [4], "fitted": [4]}}
    both = {"training": [3, 6], "test": [0, 4], "fitted": [0, 4]}
    figures = [some, stored.FIGURES | {"curves": both}]
    frame = judge_audits("grid", figures)
    for part, message in (("training", "6 to 12 of 18"), ("test", "4 to 4 of 8")):
        words = row(frame, f"balance of {part} curves")["words"]
        assert words.startswith(f"{part} curves of each class: {message}; ")


def test_without_figures_there_are_no_rows():
    frame = judge_audits("grid", [], chance=[0.5], best=0.9)
    assert frame.empty
    assert list(frame.columns) == [*COLUMNS, "words"]


def test_repetitions_that_share_curves_raise_the_errors_of_trees_and_balances():
    curves = {part: [30, 50] for part in ("training", "test", "fitted")}
    scores = dict.fromkeys(shallow_baselines.BASELINES, 0.7)
    figures = [{"scores": scores, "duplicates": 0, "curves": curves}] * 4
    plain, shared = (
        judge_audits("d", figures, chance=[0.5] * 4, overlap=overlap).set_index("audit")
        for overlap in (0.0, 0.75)
    )
    ratio = shared["standard_error"] / plain["standard_error"]
    fresh = ["CHANCE", "KNN, labels permuted", "SVC, labels permuted", "duplicates"]
    # √(1 + 4 · 0.75) = 2; guesses and permutations are drawn anew each time.
    assert ratio.drop(fresh).to_numpy() == pytest.approx(2)
    assert ratio[fresh].dropna().to_numpy() == pytest.approx(1)
