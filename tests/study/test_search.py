import subprocess
import sys

import numpy as np
import optuna
import pytest
import yaml_text
from study_text import CLASSIFIER, SPACE, STUDY, Trainer, hasty_databases, planned

import bench.study.search
from bench.base.errors import StudyError
from bench.curves.datasets import make_dataset
from bench.study.search import run_study
from bench.study.storage import opened, url
from bench.study.training import draw_validation, resolve, train

LR = {"lr": SPACE["lr"]}
TIMES = ["seconds", "commit", "machine", "versions"]


@pytest.fixture(autouse=True)
def _hasty():
    with hasty_databases():
        yield


@pytest.fixture
def trainer(monkeypatch):
    """Train by a formula."""
    made = Trainer([])
    monkeypatch.setattr(bench.study.search, "train", made)
    return made


def test_every_trial_is_a_row(tmp_path, trainer):
    found = run_study(planned(tmp_path), tmp_path / "s.db")
    frame = found.trials
    assert list(frame["number"]) == list(range(8))
    assert set(frame["state"]) == {"complete"}
    assert set(frame["epochs"]) == {40}
    assert set(SPACE) < set(frame.columns)
    assert set(frame["hidden"]) <= {"[4, 4]", "[8]"}
    assert frame["weight_decay"].between(1e-7, 1e-3).all()
    best = frame.set_index("number").loc[found.best]
    assert best["value"] == frame["value"].max()
    assert found.parameters["lr"] == best["lr"] == 1e-2
    assert found.parameters["hidden"] in ((4, 4), (8,))


@pytest.mark.parametrize("sampler", ["random", "tpe", "batched"])
def test_an_interrupted_study_goes_on_as_if_it_had_not_been(tmp_path, trainer, sampler):
    plan = planned(tmp_path, sampler=sampler, trials=14, pruner="median")
    whole = run_study(plan, tmp_path / "whole.db").trials
    trainer.stop_at = 6
    with pytest.raises(KeyboardInterrupt):
        run_study(plan, tmp_path / "parts.db")
    trainer.stop_at = None
    said = []
    parts = run_study(plan, tmp_path / "parts.db", said.append).trials
    assert 0 < len(said) < 14
    same = whole.drop(columns=TIMES).equals(parts.drop(columns=TIMES))
    assert same
    assert len(run_study(plan, tmp_path / "parts.db", pytest.fail).trials) == 14


def test_an_interruption_within_a_trial_repeats_no_report(
    tmp_path, trainer, monkeypatch
):
    plan = planned(tmp_path, pruner="median")
    whole = run_study(plan, tmp_path / "whole.db").trials

    def interrupted(configurations, validation, watch):
        def press(epoch, accuracies):
            enough = watch(epoch, accuracies)
            if configurations[0].number == 3 and epoch == 20:
                raise KeyboardInterrupt
            return enough

        return trainer(configurations, validation, press)

    monkeypatch.setattr(bench.study.search, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_study(plan, tmp_path / "parts.db")
    monkeypatch.setattr(bench.study.search, "train", trainer)
    parts = run_study(plan, tmp_path / "parts.db").trials
    assert whole.drop(columns=TIMES).equals(parts.drop(columns=TIMES))


def test_more_trials_go_on_with_the_same_study(tmp_path, trainer):
    few = run_study(planned(tmp_path, 3), tmp_path / "s.db").trials
    more = run_study(planned(tmp_path, 8), tmp_path / "s.db").trials
    assert len(few) == 3
    assert more[:3].equals(few)
    assert sum(trainer.groups, []) == list(range(8))  # noqa: RUF017 (a few lists)


def test_a_changed_suite_is_another_study_in_the_same_file(tmp_path, trainer):
    run_study(planned(tmp_path, 2), tmp_path / "s.db")
    other = run_study(planned(tmp_path, 3, seed=9), tmp_path / "s.db").trials
    assert len(other) == 3
    assert len(optuna.get_all_study_names(url(tmp_path / "s.db"))) == 2


def test_optuna_and_its_dashboard_read_the_storage(tmp_path, trainer):
    plan = planned(tmp_path, 3)
    run_study(plan, tmp_path / "s.db")
    study = optuna.load_study(study_name=plan.name, storage=url(tmp_path / "s.db"))
    assert [trial.number for trial in study.trials] == [0, 1, 2]
    assert study.trials[0].intermediate_values.keys() == {10, 20, 30, 40}
    assert study.direction.name == "MAXIMIZE"


@pytest.mark.parametrize("pruner", ["median", "halving"])
def test_a_bad_trial_is_ended_early(tmp_path, trainer, pruner):
    plan = planned(tmp_path, 20, pruner=pruner)
    frame = run_study(plan, tmp_path / "s.db").trials
    pruned = frame[frame["state"] == "pruned"]
    complete = frame[frame["state"] == "complete"]
    assert len(pruned) > 0
    assert (pruned["epochs"] < 40).all()
    assert pruned["value"].notna().all()
    assert (complete["epochs"] == 40).all()
    assert complete["lr"].mean() > pruned["lr"].mean()


def test_a_batch_is_one_architecture(tmp_path, trainer):
    plan = planned(tmp_path, 20, sampler="batched")
    frame = run_study(plan, tmp_path / "s.db").trials.set_index("number")
    assert sorted(sum(trainer.groups, [])) == list(range(20))  # noqa: RUF017
    assert len(trainer.groups) <= 4  # two of hidden, two of steps
    for group in trainer.groups:
        own = frame.loc[group]
        assert own["hidden"].nunique() == own["training.steps"].nunique() == 1
        assert set(own["batched"]) == {len(group)}
    assert max(map(len, trainer.groups)) > 2
    assert frame["lr"].nunique() == 3


def test_a_batch_ends_early_only_as_a_whole(tmp_path, trainer):
    plan = planned(tmp_path, 30, sampler="batched", pruner="median")
    frame = run_study(plan, tmp_path / "s.db").trials.set_index("number")
    for group in trainer.groups:
        assert frame.loc[group, "state"].nunique() == 1


def test_random_and_batched_search_try_the_same_configurations(tmp_path, trainer):
    frames = [
        run_study(planned(tmp_path, sampler=name), tmp_path / "s.db").trials
        for name in ("random", "batched")
    ]
    columns = ["number", *SPACE, "value"]
    assert frames[0][columns].equals(frames[1][columns])


@pytest.mark.parametrize("sampler", ["random", "batched"])
def test_a_trial_that_raises_fails_alone(tmp_path, trainer, sampler):
    trainer.unfit = 2
    plan = planned(tmp_path, sampler=sampler)
    frame = run_study(plan, tmp_path / "s.db").trials
    assert list(frame["state"] == "failed") == [n == 2 for n in range(8)]
    assert frame["error"][2] == "ValueError: no such network"


def test_a_configuration_that_cannot_be_drawn_fails(tmp_path, trainer):
    # 4096 outputs of 4096 hidden units are too many weights, one output is not.
    dataset = yaml_text.SUITE["datasets"][0] | {"neural": {"hidden": [4096]}}
    space = {"neural.curves_per_net": {"choices": [1, 4096]}} | LR
    plan = planned(tmp_path, 6, datasets=[dataset], space=space)
    frame = run_study(plan, tmp_path / "s.db").trials
    is_wide = frame["neural.curves_per_net"] == 4096
    assert 0 < is_wide.sum() < 6
    assert list(frame["state"] == "failed") == list(is_wide)
    assert frame["error"][is_wide].str.contains("DatasetError").all()


def test_where_all_fail_there_is_no_best(tmp_path, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(bench.study.search, "train", fail)
    found = run_study(planned(tmp_path, 2), tmp_path / "s.db")
    assert found.best is None
    assert found.importances.empty
    assert set(found.trials["error"]) == {"MemoryError: "}


def test_what_decides_is_important(tmp_path, trainer):
    shares = run_study(planned(tmp_path, 30), tmp_path / "s.db").importances
    assert shares["parameter"][0] == "lr"
    assert set(shares["parameter"]) == set(SPACE)
    assert shares["fanova"].sum() == pytest.approx(1)
    assert shares["ped_anova"].sum() == pytest.approx(1)
    assert shares["fanova"][0] > 0.5


def test_no_validation_curve_is_trained_on_or_tested_on(tmp_path):
    [recipe] = planned(tmp_path).plan.datasets
    X, y = draw_validation(recipe, ("value",), 20, seed=3)
    assert X.shape == (40, 20)
    assert sorted(y) == [0] * 20 + [1] * 20
    rows = {row.tobytes() for row in X}
    for repetition in range(3):
        data = make_dataset(recipe, repetition, seed=3)
        for part in (data.X_train, data.X_test):
            assert rows.isdisjoint(row.tobytes() for row in part)


def test_members_trained_together_are_those_trained_alone(tmp_path):
    plan = planned(tmp_path)
    [recipe] = plan.plan.datasets
    validation = draw_validation(recipe, ("value",), 50, seed=3)
    found = [
        resolve(plan.suite, n, {"lr": lr, "neural.curves_per_net": k})
        for n, (lr, k) in enumerate([(1e-2, 1), (1e-3, 3)])
    ]
    assert found[0].architecture == found[1].architecture
    together = train(found, validation, lambda *_: False)
    for configuration, member in zip(found, together, strict=True):
        [alone] = train([configuration], validation, lambda *_: False)
        X = validation[0]
        np.testing.assert_allclose(
            member.decision_function(X), alone.decision_function(X), atol=1e-3
        )
    logits = [member.decision_function(validation[0]) for member in together]
    assert not np.allclose(*logits, atol=1e-2)


def test_other_parameters_are_another_architecture(tmp_path):
    suite = planned(tmp_path).suite
    first = resolve(suite, 0, {"hidden": (4, 4)})
    for other in ({"hidden": (8,)}, {"hidden": (4, 4), "training.steps": 2}):
        assert resolve(suite, 1, other).architecture != first.architecture


def test_a_real_study(tmp_path):
    plan = planned(tmp_path, 3, sampler="batched", classifiers=[CLASSIFIER])
    frame = run_study(plan, tmp_path / "s.db").trials
    assert set(frame["state"]) == {"complete"}
    assert frame["value"].between(0, 1).all()
    again = run_study(plan, tmp_path / "again.db").trials
    assert frame.drop(columns=TIMES).equals(again.drop(columns=TIMES))


def test_two_cannot_write_to_one_storage(tmp_path, trainer):
    plan = planned(tmp_path)
    with (
        opened(tmp_path / "s.db", "other"),
        pytest.raises(StudyError, match="another `bench study` is at work"),
    ):
        run_study(plan, tmp_path / "s.db")
    assert len(run_study(plan, tmp_path / "s.db").trials) == STUDY["trials"]


@pytest.mark.parametrize("content", [b"no database" * 100, b"\x00" * 5000])
def test_a_file_that_is_no_storage_is_refused(tmp_path, trainer, content):
    path = tmp_path / "s.db"
    path.write_bytes(content)
    with pytest.raises(StudyError, match=r"s\.db: no storage of this Optuna"):
        run_study(planned(tmp_path), path)
    assert path.read_bytes() == content


def test_without_optuna_it_is_said_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(StudyError, match=r"pip install '\.\[study\]'"):
        run_study(planned(tmp_path), tmp_path / "s.db")


def test_optunas_own_settings_are_left_as_they_were(tmp_path, trainer, capfd):
    before = optuna.logging.get_verbosity()
    run_study(planned(tmp_path, 2), tmp_path / "s.db")
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")


def test_neither_planning_nor_optuna_imports_torch(tmp_path):
    planned(tmp_path)
    code = (
        "import sys; from bench.study.plan import plan_study\n"
        "from bench.suite.load import load_suite; import bench.study.search\n"
        "import bench.study.report\n"
        "plan_study(load_suite('study.yaml'))\n"
        "sys.exit('torch' in sys.modules or 'optuna' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
