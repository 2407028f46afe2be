import pandas as pd
import pytest
import yaml_text
from recorded_files import recorded, write_curves

from bench.base.errors import BenchError
from bench.cells.compute import compute
from bench.study.fixed import FixedTrials
from bench.study.plan import plan_study
from bench.study.report import write_study_report
from bench.study.retraining import HeldOut
from bench.study.search import run_study
from bench.study.space import snippet
from bench.suite.load import load_suite

TIMES = ["seconds", "commit", "machine", "versions"]
SPACE = {
    "n_neighbors": {"low": 1, "high": 20},
    "weights": {"choices": ["uniform", "distance"]},
}
OF_FIXED = {"pruner": None, "validation": None, "sampler": "random", "space": SPACE}


def plan_of(folder, trials=None, **changes):
    if not (folder / "a.npz").exists():
        write_curves(folder / "a.npz", 60, n_channels=2)
    study = {k: v for k, v in OF_FIXED.items() if k not in changes}
    study |= {k: changes.pop(k) for k in list(changes) if k in OF_FIXED}
    study = {"trials": 6} | {k: v for k, v in study.items() if v is not None}
    log = {"log": changes.pop("log")} if "log" in changes else {}
    suite = {
        "repetitions": None,
        "datasets": [recorded("a.npz", split={"resample": 3})],
        "classifiers": ["KNN"],
        "study": study | log,
    } | changes
    path = folder / "study.yaml"
    path.write_text(yaml_text.suite_text(**suite))
    return plan_study(load_suite(path), trials)


@pytest.fixture
def here(monkeypatch):
    """Compute trials in this process; the number after which Ctrl-C is pressed."""
    stop = {"after": 99}
    ran = []

    def run(_, cell):
        if len(ran) == stop["after"]:
            raise KeyboardInterrupt
        ran.append(cell)
        [(result, _)] = compute((cell,))
        return result

    monkeypatch.setattr(FixedTrials, "run", run)
    stop["ran"] = ran
    return stop


def test_a_trial_sees_training_curves_of_repetition_0_alone(tmp_path, here):
    plan = plan_of(tmp_path, 3)
    found = run_study(plan, tmp_path / "s.db")
    assert set(found.trials["state"]) == {"complete"}
    assert found.trials["epochs"].isna().all()
    [dataset] = plan.plan.datasets
    tested = {r.tobytes() for r in dataset.curves.values[dataset.rows(0, 3)[1]]}
    for cell in here["ran"]:
        seen = {row.tobytes() for row in cell.dataset.curves.values}
        assert len(seen) == dataset.n_train
        assert tested.isdisjoint(seen)
    assert len({cell.seed for cell in here["ran"]}) == 3


def test_an_interrupted_study_continues_with_the_same_trials(tmp_path, here):
    plan = plan_of(tmp_path, 4, sampler="tpe")
    whole = run_study(plan, tmp_path / "whole.db").trials
    here["after"] = 4 + 2
    with pytest.raises(KeyboardInterrupt):
        run_study(plan, tmp_path / "parts.db")
    here["after"] = 99
    parts = run_study(plan, tmp_path / "parts.db").trials
    assert whole.drop(columns=TIMES).equals(parts.drop(columns=TIMES))


def test_a_trial_that_fails_is_a_row(tmp_path, here):
    space = {"n_neighbors": {"choices": [1, 1000]}}  # more than there are curves
    frame = run_study(plan_of(tmp_path, space=space), tmp_path / "s.db").trials
    is_failed = frame["n_neighbors"] == 1000
    assert 0 < is_failed.sum() < 6
    assert list(frame["state"] == "failed") == list(is_failed)
    assert frame["error"][is_failed].str.contains("n_neighbors").all()


def test_generated_curves_are_searched_in_the_same_way(tmp_path, here):
    suite = {"datasets": yaml_text.SUITE["datasets"], "repetitions": 2}
    space = {"max_depth": {"choices": [None, 1]}}
    changes = {"space": space, "validation": 10, "classifiers": ["DT"]}
    plan = plan_of(tmp_path, 3, **suite, **changes)
    found = run_study(plan, tmp_path / "s.db")
    assert {c.dataset.n_test for c in here["ran"]} == {20}
    assert not plan.searches_test_curves
    text = _reported(tmp_path, plan, found)
    assert "on the 60 training curves of repetition 0" in text
    assert "which no trial has seen; each repetition draws its own" in text
    assert "| None" in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pruner": "median"}, "study.pruner: found median, and training on fixed"),
        ({"sampler": "batched"}, "study.sampler: found batched"),
        ({"validation": 10}, "study.validation: recorded curves cannot be drawn"),
        ({"log": "mlflow"}, "study.log: found mlflow"),
        ({"space": {"n_neighbours": {"low": 1, "high": 2}}},
         "study.space.n_neighbours: 'sklearn.neighbors.KNeighborsClassifier' has no "
         "parameter 'n_neighbours' (did you mean 'n_neighbors'?)"),
        ({"space": {"weights": {"choices": ["uniform", "even"]}}}, "space.weights: "),
        ({"space": {"training.steps": {"choices": [1]}}}, "only online training"),
        ({"space": {"lat_size": {"choices": [1]}}}, "only online training"),
        ({"space": {"device": {"choices": ["cpu"]}}, "classifiers": ["SD"]},
         "space.device: it is not for a search"),
        ({"datasets": [recorded("a.npz", train=1)]},
         "study: the training curves of repetition 0: "),
    ],
)  # fmt: skip
def test_what_fixed_training_cannot_do_is_refused(tmp_path, changes, said):
    with pytest.raises(BenchError) as caught:
        plan_of(tmp_path, **changes)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "study.yaml"))


def test_a_discriminator_searches_its_own_parameters(tmp_path):
    space = {"lr": {"low": 1e-4, "high": 1e-2}, "max_epochs": {"choices": [3, 5]}}
    plan = plan_of(tmp_path, classifiers=["SD"], space=space)
    assert not plan.is_online
    assert plan.pruner == "none"
    trials = FixedTrials(plan)
    cell = trials.cell(0, {"lr": 1e-3, "max_epochs": 5})
    assert cell.classifier.params["max_epochs"] == 5
    assert cell.key != trials.cell(1, {"lr": 1e-3, "max_epochs": 5}).key


def test_the_best_reads_the_same_files_from_another_folder(tmp_path):
    steps = ["sklearn.preprocessing.StandardScaler", "./my.py:Mine"]
    entry = {"id": "MINE", "steps": [{"class": path} for path in steps]}
    path, folder = tmp_path / "study.yaml", tmp_path / "reports" / "deep"
    for file, moved in (
        ("a.npz", "../../a.npz"),
        (["a.npz", "in/b.npz"], ["../../a.npz", "../../in/b.npz"]),
    ):
        suite = {"datasets": [recorded(file)], "classifiers": [entry]}
        space = {"mine__n_neighbors": {"choices": [1, 2]}}
        study = {"trials": 1, "space": space}
        path.write_text(yaml_text.suite_text(**suite, study=study))
        folder.mkdir(parents=True, exist_ok=True)
        best = folder / "best.yaml"
        text = snippet(load_suite(path), {"mine__n_neighbors": 2}, folder)
        best.write_text(text)
        found = load_suite(best)
        assert list(found.datasets[0].recorded.paths) == list(
            [moved] if isinstance(moved, str) else moved
        )
        assert found.classifiers[0].steps[1].class_ == "../../my.py:Mine"
        assert found.classifiers[0].params == {"mine__n_neighbors": 2}


def _reported(folder, plan, found, n=2):
    scores = pd.Series([0.9, 0.8, 0.7, 0.6]).to_numpy()
    held_out = HeldOut(scores[:n], scores[1 : n + 1], n, (0.9, 0.8))
    out = folder / "out"
    return write_study_report(plan, found, held_out, out, folder / "s.db").read_text()


def test_the_report_says_which_test_curves_trials_have_seen(tmp_path, here):
    plan = plan_of(tmp_path)
    text = _reported(tmp_path, plan, run_study(plan, tmp_path / "s.db"), 3)
    assert "trained on 32 of the 42 training curves of repetition 0" in text
    assert "accuracy on the other 10, a quarter that was drawn class by class" in text
    assert "Pruning: none, since such a training has no score before its end" in text
    assert "those of the others hold curves that trials were trained" in text
    assert "the test score of repetition 0 is not" in text
    frame = pd.read_csv(tmp_path / "out" / "best.csv")
    assert list(frame["first"]) == [0.9, 0.8]


def test_a_given_split_is_tested_on_curves_that_no_trial_has_seen(tmp_path, here):
    write_curves(tmp_path / "b.npz", seed=1, n_channels=2)
    data = recorded(["a.npz", "b.npz"])
    plan = plan_of(tmp_path, 2, datasets=[data])
    assert not plan.searches_test_curves
    text = _reported(tmp_path, plan, run_study(plan, tmp_path / "s.db"), 1)
    assert "Accuracy on the test curves, which no trial has seen" in text
    assert "cannot be told from 1 repetition" in text
