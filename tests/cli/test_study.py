import signal

import pandas as pd
import pytest
from bench_process import BenchProcess
from recorded_files import recorded, write_curves
from study_text import CLASSIFIER, Trainer, hasty_databases, study_text
from yaml_text import suite_text

import bench.study.retraining
import bench.study.search
from bench import read_results
from bench.study.plan import plan_study
from bench.study.storage import opened
from bench.suite.load import load_suite


@pytest.fixture(autouse=True)
def _hasty():
    with hasty_databases():
        yield


@pytest.fixture
def trainer(monkeypatch):
    made = Trainer([])
    monkeypatch.setattr(bench.study.search, "train", made)
    return made


def test_the_command_searches_tests_and_reports(tmp_path, bench_run):
    (tmp_path / "mine.yaml").write_text(study_text(trials=3, sampler="batched"))
    code, out, err = bench_run("study", "mine.yaml")
    assert code == 0
    assert out == "open reports/small/index.html\n"
    assert "3 of 3 done" in err
    folder = tmp_path / "reports" / "small"
    assert "±" in (folder / "README.md").read_text()
    # What was found is a suite, whose results are those that the report shows.
    code, out, err = bench_run("run", folder / "best.yaml", "--dry-run")
    assert code == 0
    assert "2 audits; 2 stored, 2 to compute" in out
    assert bench_run("run", folder / "best.yaml", "-c", "SD")[0] == 0
    shown = read_results(folder / "best.yaml")["test_accuracy"].mean()
    trials = pd.read_csv(folder / "trials.csv")
    assert trials["test_accuracy"].dropna().tolist() == pytest.approx([shown])
    # Again: nothing is computed, the report is the same.
    first = (folder / "README.md").read_bytes()
    code, _, err = bench_run("study", "mine.yaml")
    assert code == 0
    assert "done" not in err
    assert (folder / "README.md").read_bytes() == first


def test_a_classifier_on_recorded_curves_is_searched_too(tmp_path, bench_run):
    write_curves(tmp_path / "a.npz")
    study = {"trials": 2, "space": {"n_neighbors": {"low": 1, "high": 9}}}
    datasets = [recorded("a.npz", split={"resample": 2})]
    changes = {"datasets": datasets, "classifiers": ["KNN"], "study": study}
    (tmp_path / "mine.yaml").write_text(suite_text(**changes))
    code, _, err = bench_run("study", "mine.yaml")
    assert code == 0
    assert "2 of 2 done" in err
    folder = tmp_path / "reports" / "small"
    frame = pd.read_csv(folder / "trials.csv")
    assert frame["value"].between(0, 1).all()
    code, out, _ = bench_run("run", folder / "best.yaml", "--dry-run")
    assert code == 0
    assert "2 stored" in out


def test_run_does_not_read_the_study(tmp_path, bench_run):
    (tmp_path / "mine.yaml").write_text(study_text())
    code, out, _ = bench_run("run", "mine.yaml", "--dry-run")
    assert code == 0
    assert "2 audits; 0 stored, 4 to compute" in out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"study": None}, "no section 'study'"),
        ({"space": {"lrr": {"choices": [1]}}}, "did you mean 'lr'"),
        ({"sampler": "tbe"}, "study.sampler"),
        ({"trials": 0}, "study.trials"),
    ],
)
def test_bad_input_ends_at_once(tmp_path, bench_run, changes, message):
    (tmp_path / "mine.yaml").write_text(study_text(**changes))
    code, out, err = bench_run("study", "mine.yaml")
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert out == ""
    assert not (tmp_path / "data").exists()


def test_an_interrupted_command_says_how_to_continue(
    tmp_path, bench_run, trainer, monkeypatch
):
    monkeypatch.setattr(bench.study.retraining, "run_plan", lambda *_, **__: None)
    (tmp_path / "mine.yaml").write_text(study_text())
    trainer.stop_at = 5
    code, out, err = bench_run("study", "mine.yaml")
    assert code == 130
    assert out == ""
    assert "5 of 8 done" in err
    assert "interrupted; finished trials are kept" in err
    trainer.stop_at = None
    code, out, err = bench_run("study", "mine.yaml", "--storage", "data/studies.db")
    assert code == 3  # since nothing was trained again, by the line above
    assert "| –" in (tmp_path / "reports" / "small" / "README.md").read_text()
    assert "6 of 8 done" in err
    assert "5 of 8 done" not in err


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("data/studies.db", "data/studies.db: cannot be written (data: a symbolic li"),
        ("data/store", "data/store: cannot be used (a symbolic link to 'nowhere'"),
        ("reports/small", "reports/small: cannot be written (a symbolic link to 'no"),
        (None, "the device 'cuda:99' cannot be used on this machine ("),
    ],
)
def test_what_a_study_lacks_is_an_error_before_its_first_trial(
    tmp_path, bench_run, trainer, place, message
):
    options, entry = [], CLASSIFIER
    if place is None:
        entry = CLASSIFIER | {"params": {"device": "cuda:99"}}
    else:
        at = (tmp_path / place).parent if place.endswith(".db") else tmp_path / place
        at.parent.mkdir(exist_ok=True)
        at.symlink_to("nowhere")
    if (
        place == "data/studies.db"
    ):  # else the store, in the same folder, is reported first
        options = ["--store", "elsewhere"]
    (tmp_path / "mine.yaml").write_text(study_text(classifiers=[entry], trials=1))
    code, out, err = bench_run("study", "mine.yaml", *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_failed_trials_give_exit_code_3(tmp_path, bench_run, trainer):
    (tmp_path / "mine.yaml").write_text(study_text(trials=1))
    trainer.unfit = 0
    code, _, err = bench_run("study", "mine.yaml")
    assert code == 3
    assert "1 trials failed" in err


def test_ctrl_c_ends_a_training_and_keeps_what_is_finished(tmp_path):
    entry = CLASSIFIER | {"training": {"mode": "online", "epochs": 300}}
    text = study_text(classifiers=[entry], trials=500)
    (tmp_path / "mine.yaml").write_text(text)
    command = BenchProcess(tmp_path, "study", "mine.yaml")
    assert "1 of 500 done" in command.process.stderr.readline()
    command.process.send_signal(signal.SIGINT)
    code, out, err = command.finish()
    assert code == 130
    assert "finished trials are kept" in err
    assert out == ""
    assert "Traceback" not in err
    assert not command.marked()
    study = load_suite(tmp_path / "mine.yaml")
    with opened(tmp_path / "data" / "studies.db", plan_study(study).name) as kept:
        states = [trial.state.name for trial in kept.trials]
    assert states[0] == "COMPLETE"
    assert states[-1] in ("RUNNING", "COMPLETE")
    assert len(states) < 500
