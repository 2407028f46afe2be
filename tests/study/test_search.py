import subprocess
import sys

import optuna
import pytest
import yaml_text
from study_text import CLASSIFIER, SPACE, planned

import bench.study.search
from bench.study.search import run_study
from bench.study.storage import url

LR = {"lr": SPACE["lr"]}
TIMES = ["seconds", "commit", "machine", "versions"]


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
def test_an_interrupted_study_continues_with_the_same_trials(
    tmp_path, trainer, sampler
):
    plan = planned(tmp_path, sampler=sampler, trials=14, pruner="median")
    whole = run_study(plan, tmp_path / "whole.db").trials
    trainer.stop_at = 6
    with pytest.raises(KeyboardInterrupt):
        run_study(plan, tmp_path / "parts.db")
    trainer.stop_at = None
    message = []
    parts = run_study(plan, tmp_path / "parts.db", message.append).trials
    assert 0 < len(message) < 14
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


def test_more_trials_continue_the_same_study(tmp_path, trainer):
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


def test_if_all_trials_fail_there_is_no_best(tmp_path, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(bench.study.search, "train", fail)
    found = run_study(planned(tmp_path, 2), tmp_path / "s.db")
    assert found.best is None
    assert found.importances.empty
    assert set(found.trials["error"]) == {"MemoryError: "}


def test_the_parameter_that_decides_is_the_most_important(tmp_path, trainer):
    shares = run_study(planned(tmp_path, 30), tmp_path / "s.db").importances
    assert shares["parameter"][0] == "lr"
    assert set(shares["parameter"]) == set(SPACE)
    assert shares["fanova"].sum() == pytest.approx(1)
    assert shares["ped_anova"].sum() == pytest.approx(1)
    assert shares["fanova"][0] > 0.5


def test_a_real_study(tmp_path):
    plan = planned(tmp_path, 3, sampler="batched", classifiers=[CLASSIFIER])
    frame = run_study(plan, tmp_path / "s.db").trials
    assert set(frame["state"]) == {"complete"}
    assert frame["value"].between(0, 1).all()
    again = run_study(plan, tmp_path / "again.db").trials
    assert frame.drop(columns=TIMES).equals(again.drop(columns=TIMES))


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
