"""What a report shows, collected from a store."""

import numpy as np
import online_stores
import pandas as pd
import pytest
import stored
import yaml_text

from bench.analysis.collect import (
    FEWEST_EPOCHS,
    MOST_EPOCHS,
    MOST_LOGS,
    MOST_NUMBERS,
    MOST_POINTS,
    SHOWN_CLASSES,
    SHOWN_CURVES,
    SHOWN_OF_MANY,
    _rounded,
    _thinned,
    checked_answers,
    collect,
    mean_ranks,
)
from bench.analysis.results import load_results
from bench.base.errors import StoreError
from bench.curves.datasets import make_dataset
from bench.store.store import Store

GRID = yaml_text.SUITE["datasets"][0]
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}


@pytest.fixture
def planned(write_suite, tmp_path):
    """Put a result of every cell of a suite; return its plan and store."""

    def make(accuracy=lambda dataset, name: ACCURACY[name], *, put=None, **changes):
        changes = {"classifiers": list(ACCURACY), "repetitions": 3} | changes
        plan = stored.plan_of(write_suite(**({"audits": False} | changes)))
        store = Store(tmp_path / "store")
        online_stores.put_suite(plan, store, accuracy, **(put or {}))
        return plan, store

    return make


def collected(plan, store):
    return collect(plan, store, load_results(plan, store))


def test_a_store_without_results_is_refused_with_the_command(write_suite, tmp_path):
    plan = stored.plan_of(write_suite())
    store = Store(tmp_path / "store")
    with pytest.raises(StoreError, match=r"found no result of the suite 'small'.*run"):
        collected(plan, store)


def test_the_facts_are_those_of_the_suite(planned):
    data = collected(
        *planned(
            description="What?",
            metrics=["accuracy", "brier"],
            stats={"baseline": "KNN", "alpha": 0.1, "works": 0.7},
            datasets=[GRID | {"description": "Even points."}],
        )
    )
    suite = data.suite
    assert (suite.name, suite.description, suite.seed) == ("small", "What?", 3)
    assert (suite.baseline, suite.level, suite.works) == ("KNN", "90%", 0.7)
    assert suite.date.startswith("20")
    assert data.headline == "accuracy"
    [facts] = data.datasets
    assert facts.description == "Even points."
    assert facts.words.startswith("Library F11_v1 against untrained networks")
    assert facts.classes == ("neural", "symbolic")
    assert (facts.chance, facts.perfect, facts.n_test) == (0.5, 1.0, 40)
    assert facts.learnable
    assert data.dataset("grid") is facts
    with pytest.raises(KeyError):
        data.dataset("other")


@pytest.mark.parametrize(
    ("metric", "chance", "perfect"),
    [("brier", None, 0.0), ("roc_auc", 0.5, 1.0), ("balanced_accuracy", 0.5, 1.0)],
)
def test_chance_and_perfection_follow_the_metric(planned, metric, chance, perfect):
    [facts] = collected(*planned(metrics=[metric], repetitions=1)).datasets
    assert (facts.chance, facts.perfect) == (chance, perfect)


def test_pictures_are_training_curves_of_repetition_0(planned):
    plan, store = planned(repetitions=1)
    [facts] = collected(plan, store).datasets
    assert [picture.name for picture in facts.pictures] == list(facts.classes)
    drawn = make_dataset(plan.datasets[0], repetition=0, seed=plan.suite.seed)
    for label, picture in enumerate(facts.pictures):
        assert np.shape(picture.curves) == (SHOWN_CURVES, 20)
        curves = drawn.X_train[drawn.y_train == label]
        for curve in picture.curves:
            assert np.isclose(curves, curve, rtol=5e-3, atol=5e-3).all(axis=1).any()
    assert np.allclose(facts.x, plan.datasets[0].x)


def test_of_many_points_and_functions_some_are_shown(planned):
    size = {"inputs": {"kind": "grid", "low": -3, "high": 3, "size": 500}}
    task = {"task": "which-function", "library": "families20"}
    plan, store = planned(datasets=[GRID | size | task], repetitions=1)
    [facts] = collected(plan, store).datasets
    assert len(facts.x) == MOST_POINTS
    assert facts.x[0] == pytest.approx(plan.datasets[0].x[0])
    assert facts.x[-1] == pytest.approx(plan.datasets[0].x[-1])
    n_classes = len(facts.classes)
    assert len(facts.pictures) == min(n_classes, SHOWN_CLASSES)
    for picture in facts.pictures:
        assert np.shape(picture.curves) == (SHOWN_OF_MANY, MOST_POINTS)
    assert facts.chance == 1 / n_classes
    counts = np.array(facts.confusion["KNN"])
    assert counts.shape == (n_classes, n_classes)
    assert counts.sum() == 2 * 20  # the labels that the test stored


def test_two_classes_have_no_confusion(planned):
    [facts] = collected(*planned(repetitions=1)).datasets
    assert facts.confusion == {}


def test_the_hardest_curves_are_those_that_were_predicted(planned):
    plan, store = planned(repetitions=2)
    [facts] = collected(plan, store).datasets
    assert facts.repetition == 0
    wrong = [curve.wrong for curve in facts.hardest]
    assert wrong == sorted(wrong, reverse=True)
    assert all(0 < curve.wrong <= curve.of == 3 for curve in facts.hardest)
    assert all(curve.true != curve.predicted for curve in facts.hardest)
    X = make_dataset(plan.datasets[0], repetition=0, seed=plan.suite.seed).X_test
    for curve in facts.hardest:
        assert np.isclose(X, curve.values, rtol=5e-3, atol=5e-3).all(axis=1).any()


def test_one_classifier_has_no_hardest_curves(planned):
    [facts] = collected(*planned(classifiers=["KNN"])).datasets
    assert facts.hardest == ()


def test_where_nothing_can_be_learnt_it_says_so(planned):
    null = GRID | {"neural": {"kind": "library"}}
    [facts] = collected(*planned(datasets=[null], repetitions=1)).datasets
    assert not facts.learnable


def numbered(n, **more):
    entries = [
        {"id": f"K{i}", "use": "KNN", "params": {"n_neighbors": i + 1}}
        for i in range(n)
    ]
    return {"classifiers": [*entries, "CHANCE"]} | more


def test_the_baseline_and_the_best_are_highlighted(planned):
    plan, store = planned(
        lambda dataset, name: 0.5 if name == "CHANCE" else 0.6 + int(name[1:]) / 30,
        **numbered(9, stats={"baseline": "K0"}),
    )
    names = collected(plan, store).highlighted
    assert names == ("K0", "K8", "K7", "K6", "K5", "K4")


def test_guessing_is_never_highlighted(planned):
    plan, store = planned(
        lambda dataset, name: 0.5,
        classifiers=["CHANCE", "KNN"],
        stats={"baseline": "CHANCE"},
    )
    assert collected(plan, store).highlighted == ("KNN",)


def test_a_users_own_classifiers_are_highlighted(write_suite, tmp_path):
    (tmp_path / "own.py").write_text(
        "from sklearn.naive_bayes import GaussianNB\n"
        + "".join(f"class Own{i}(GaussianNB): pass\n" for i in range(4))
    )
    own = [{"class": f"own.py:Own{i}"} for i in range(4)]
    entries = [*numbered(6)["classifiers"], *own]
    plan = stored.plan_of(write_suite(classifiers=entries, repetitions=2, audits=False))
    store = Store(tmp_path / "store")
    online_stores.put_suite(
        plan, store, lambda dataset, name: 0.5 if name.startswith("Own") else 0.9
    )
    data = collected(plan, store)
    assert {facts.id for facts in data.classifiers if facts.own} == {
        "Own0",
        "Own1",
        "Own2",
        "Own3",
    }
    assert data.highlighted[0] == plan.suite.baseline
    assert len([name for name in data.highlighted if name.startswith("Own")]) == 3
    assert len(data.highlighted) == 6


def test_classifiers_say_what_they_are(planned):
    online = {"mode": "online", "epochs": 5}
    plan, store = planned(
        classifiers=[
            "KNN",
            {"id": "K3", "use": "KNN", "params": {"n_neighbors": 3}},
            {"id": "O", "use": "SD", "training": online},
        ],
        accuracy=lambda dataset, name: 0.8,
        repetitions=1,
    )
    facts = {entry.id: entry for entry in collected(plan, store).classifiers}
    assert facts["KNN"].library_defaults
    assert not facts["K3"].library_defaults
    assert facts["O"].online
    assert not facts["KNN"].online
    assert not any(entry.own for entry in facts.values())


def histories(n_trainings, n_epochs):
    return pd.concat(
        pd.DataFrame(
            {"dataset": "d", "classifier": f"c{i}", "repetition": 0,
             "epoch": range(n_epochs), "loss": 1 / 3}
        )
        for i in range(n_trainings)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("n_trainings", "n_epochs", "kept"),
    [
        (1, 50, 50),
        (1, 5000, MOST_EPOCHS),
        (400, 50, FEWEST_EPOCHS),
        (80, 500, MOST_NUMBERS // (80 * 5)),
    ],
)
def test_of_long_trainings_some_epochs_are_kept(n_trainings, n_epochs, kept):
    thin = _thinned(histories(n_trainings, n_epochs))
    sizes = thin.groupby("classifier").size()
    assert set(sizes) == {kept}
    ends = thin.groupby("classifier")["epoch"].agg(["min", "max"])
    assert (ends["min"] == 0).all()
    assert (ends["max"] == n_epochs - 1).all()
    assert set(thin["loss"]) == {0.333}
    assert _thinned(pd.DataFrame()).empty


def test_numbers_of_pictures_have_few_digits():
    assert _rounded(np.array([1.23456, -1e-9, 0.0])) == [1.23, -1e-9, 0.0]
    assert _rounded(np.array([1.23456]), 5) == [1.2346]


def test_logs_are_the_ends_of_tracebacks_one_for_each_error(planned):
    plan, store = planned(
        lambda dataset, name: None if name == "GNB" else 0.8, repetitions=3
    )
    assert collected(plan, store).logs == ()  # nothing was kept
    failed = [cell for cell in plan.cells if cell.classifier.id == "GNB"]
    for cell in failed:
        text = "x" * 5000 + f"\nRuntimeError of repetition {cell.repetition}\n"
        stored.give_log(store, cell.key, text)
    [log] = collected(plan, store).logs
    assert (log.dataset, log.classifier, log.repetition) == ("grid", "GNB", 0)
    assert log.text.endswith("RuntimeError of repetition 0")
    assert len(log.text) == 1500


def test_of_many_errors_some_logs_are_kept(planned):
    names = [f"d{i:02}" for i in range(MOST_LOGS + 5)]
    plan, store = planned(
        lambda dataset, name: None,
        datasets=[GRID | {"id": name, "train": 9 + i} for i, name in enumerate(names)],
        classifiers=["GNB"],
        repetitions=1,
    )
    for cell in plan.cells:
        stored.give_log(store, cell.key, "Traceback")
    assert len(collected(plan, store).logs) == MOST_LOGS


def test_calibration_is_the_mean_error_over_repetitions(planned):
    # Each prediction is given with .8, of which the held-out accuracy is the truth.
    data = collected(*planned(put={"online": ["SD"]}))
    rows = data.calibration.set_index("classifier")
    results = data.findings.results
    accuracy = results[results["classifier"] == "GNB"]["test_accuracy"]
    assert rows.loc["GNB", "ece_mean"] == pytest.approx((0.8 - accuracy).abs().mean())
    assert rows.loc["GNB", "n"] == 3
    assert (data.calibration["dataset"] == "grid").all()


def test_the_histories_and_online_tables_name_their_dataset(planned):
    two = [GRID, GRID | {"id": "other", "train": 31}]
    data = collected(*planned(datasets=two, put={"online": ["SD"]}))
    for frame in (data.history, data.held_out, data.online):
        assert set(frame["dataset"]) == {"grid", "other"}
        assert set(frame["classifier"]) == {"SD"}


def test_ranks_of_a_classifier_without_scores_come_last(planned):
    data = collected(
        *planned(lambda dataset, name: None if name == "SD" else ACCURACY[name])
    )
    ranks = mean_ranks(data.findings)
    assert ranks.sort_values().index.tolist() == ["KNN", "GNB", "SD"]


def test_answers_are_checked_against_the_tables_and_the_commits(planned):
    answer = {"question": "q", "answer": "a", "date": "2026-11-24"}
    rows = [{"table": "t", "row": {"name": "x"}, "column": "v", "value": 2}]
    plan, _ = planned(
        repetitions=1,
        answers=[answer | {"commit": "0123abc", "rests_on": rows}],
    )
    table = pd.DataFrame({"name": ["x"], "v": [3]})
    [checked] = checked_answers(plan.suite, [None, "0123abcdef"], {"t": table})
    assert checked.known_commit
    assert checked.rows[0].problem
    table["v"] = 2
    [checked] = checked_answers(plan.suite, ["fedcba9"], {"t": table})
    assert not checked.known_commit
    assert not checked.rows[0].problem
