import sys
from types import ModuleType, SimpleNamespace

import pytest
from study_text import planned, study_text

from bench.base.errors import StudyError
from bench.study.loggers import trial_logger
from bench.study.search import run_study

pytestmark = pytest.mark.usefixtures("trainer")


class Runs:
    """Every run that was logged."""

    def __init__(self):
        self.all = {}

    def open(self, name, **config):
        self.all[name] = SimpleNamespace(config=config, rows=[], ended=False)
        return self.all[name]


@pytest.fixture
def mlflow(monkeypatch):
    """Stand in for the package: what MLflow's client is asked for."""
    runs = Runs()

    class MlflowClient:
        def get_experiment_by_name(self, name):
            known = getattr(runs, "experiment", None) == name
            return SimpleNamespace(experiment_id="7") if known else None

        def create_experiment(self, name):
            assert not hasattr(runs, "experiment")
            runs.experiment = name
            return "7"

        def create_run(self, experiment_id, run_name):
            assert experiment_id == "7"
            runs.open(run_name)
            return SimpleNamespace(info=SimpleNamespace(run_id=run_name))

        def log_param(self, run_id, key, value):
            runs.all[run_id].config[key] = value

        def log_metric(self, run_id, key, value, step):
            runs.all[run_id].rows.append((key, value, step))

        def set_terminated(self, run_id):
            runs.all[run_id].ended = True

    module = ModuleType("mlflow")
    module.MlflowClient = MlflowClient
    monkeypatch.setitem(sys.modules, "mlflow", module)
    return runs


@pytest.fixture
def wandb(monkeypatch):
    """Stand in for the package: `init`, and the run that it gives."""
    runs = Runs()

    def init(project, name, config, mode):
        run = runs.open(name, **config)
        runs.experiment, runs.mode = project, mode
        run.watch = lambda module: run.config.update(module=module)
        run.log = run.rows.append
        run.finish = lambda: setattr(run, "ended", True)
        return run

    module = ModuleType("wandb")
    module.init = init
    monkeypatch.setitem(sys.modules, "wandb", module)
    return runs


@pytest.mark.parametrize("sampler", ["random", "batched"])
def test_each_trial_is_a_run_of_mlflow(tmp_path, mlflow, sampler):
    plan = planned(tmp_path, 3, log="mlflow", sampler=sampler)
    tell = trial_logger("mlflow", plan.name)
    frame = run_study(plan, tmp_path / "s.db", finished=tell).trials
    assert mlflow.experiment == plan.name
    assert sorted(mlflow.all) == ["trial-0", "trial-1", "trial-2"]
    for number, run in enumerate(mlflow.all[f"trial-{n}"] for n in range(3)):
        assert run.ended
        assert run.config["lr"] == frame["lr"][number]
        judged = [(v, s) for k, v, s in run.rows if k == "held_out_accuracy"]
        assert [step for _, step in judged] == [1, 2, 3, 4]
        assert judged[-1][0] == pytest.approx(frame["value"][number], abs=1e-6)
        assert [v for k, v, _ in run.rows if k == "epochs"] == [10, 20, 30, 40]
        losses = [v for k, v, _ in run.rows if k == "loss"]
        assert losses[-1] == 0
        assert len(losses) == 4


def test_each_trial_is_a_run_of_weights_and_biases(tmp_path, wandb, monkeypatch):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    plan = planned(tmp_path, 2, log="wandb")
    tell = trial_logger("wandb", plan.name)
    frame = run_study(plan, tmp_path / "s.db", finished=tell).trials
    assert wandb.mode == "offline"
    assert wandb.experiment == plan.name
    for number in range(2):
        run = wandb.all[f"trial-{number}"]
        assert run.ended
        assert run.config["hidden"] in ((4, 4), (8,))
        last = run.rows[-1]["held_out_accuracy"]
        assert last == pytest.approx(frame["value"][number], abs=1e-6)
        assert len(run.rows) == 4


@pytest.mark.parametrize("kind", ["mlflow", "wandb"])
def test_a_missing_package_is_an_error_at_once(tmp_path, bench_run, monkeypatch, kind):
    monkeypatch.setitem(sys.modules, kind, None)
    (tmp_path / "mine.yaml").write_text(study_text(log=kind))
    code, out, err = bench_run("study", "mine.yaml")
    assert code == 2
    assert f"pip install '.[{kind}]'" in err
    assert out == ""
    assert not (tmp_path / "data").exists()
    with pytest.raises(StudyError, match=kind):
        trial_logger(kind, "name")


def test_what_is_logged_changes_no_result(tmp_path, mlflow):
    logged = planned(tmp_path, log="mlflow")
    assert planned(tmp_path).name == logged.name
