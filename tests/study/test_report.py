import json
import signal

import numpy as np
import pandas as pd
import pytest
from bench_process import BenchProcess
from study_text import CLASSIFIER, Trainer, hasty_databases, planned, study_text

import bench.study.retraining
import bench.study.search
from bench import read_results
from bench.study.plan import plan_study
from bench.study.report import write_study_report
from bench.study.retraining import HeldOut
from bench.study.search import run_study
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


def reported(folder, plan, held_out=None):
    results = run_study(plan, folder / "s.db")
    held_out = held_out or HeldOut(np.array([0.7, 0.8]), np.array([0.6]), 2)
    held_out = held_out if results.best is not None else None
    path = write_study_report(plan, results, held_out, folder / "out", folder / "s.db")
    return results, path.read_text()


def test_the_report_shows_the_best_and_what_mattered(tmp_path, trainer):
    plan = planned(tmp_path, 24, pruner="median", description="A *question*.")
    results, text = reported(tmp_path, plan)
    assert "A &#42;question&#42;." in text
    assert "0.750±0.071" in text
    assert "0.600±–" in text
    assert f"| trial {results.best}" in text
    assert "fANOVA" in text
    assert "median of the complete trials" in text
    for name in ("search", "parameters-1", "parameters-2"):
        assert f"figures/{name}.svg" in text
        assert (tmp_path / "out" / "figures" / f"{name}.svg").stat().st_size > 5000
    assert "```yaml\n" + (tmp_path / "out" / "best.yaml").read_text() + "```" in text
    assert "fANOVA" in (tmp_path / "out" / "index.html").read_text()
    assert plan.name in text


def test_the_report_has_the_answers_and_its_best_has_not(tmp_path, trainer):
    entry = {"question": "Which?", "answer": "This.", "date": "2026-11-24"}
    plan = planned(tmp_path, 4, answers=[entry | {"commit": "0123abc"}])
    _, text = reported(tmp_path, plan)
    assert "**Which?**\n\nThis." in text
    assert "from the results of commit 0123abc" in text
    assert "No result below is of commit 0123abc" in text
    assert "answers" not in (tmp_path / "out" / "best.yaml").read_text()


def test_trials_are_a_table_with_one_test_score(tmp_path, trainer):
    results, _ = reported(tmp_path, planned(tmp_path))
    frame = pd.read_csv(tmp_path / "out" / "trials.csv")
    assert len(frame) == 8
    tested = frame.dropna(subset=["test_accuracy"])
    assert list(tested["number"]) == [results.best]
    assert list(tested["test_accuracy"]) == [0.75]
    assert json.loads(frame["hidden"][0]) in ([4, 4], [8])


def test_a_report_of_failures_alone_says_so(tmp_path, trainer):
    trainer.unfit = 0
    _, text = reported(tmp_path, planned(tmp_path, 1))
    assert "No trial is complete" in text
    assert not (tmp_path / "out" / "best.yaml").exists()
    assert "1 failed" in text


def test_few_trials_have_no_importance(tmp_path, trainer):
    _, text = reported(tmp_path, planned(tmp_path, 4))
    assert "Importance needs 10 complete trials" in text


def test_a_block_of_code_holds_what_is_in_it(tmp_path, trainer):
    plan = planned(tmp_path, 2, description="``` # no heading")
    _, text = reported(tmp_path, plan)
    assert "````yaml\n" in text
    assert text.endswith("````\n")


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
    assert "2 stored, 0 to compute" in out
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


def test_run_does_not_read_the_study(tmp_path, bench_run):
    (tmp_path / "mine.yaml").write_text(study_text())
    code, out, _ = bench_run("run", "mine.yaml", "--dry-run")
    assert code == 0
    assert "2 to compute" in out


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"study": None}, "no section 'study'"),
        ({"space": {"lrr": {"choices": [1]}}}, "did you mean 'lr'"),
        ({"sampler": "tbe"}, "study.sampler"),
        ({"trials": 0}, "study.trials"),
    ],
)
def test_bad_input_ends_at_once(tmp_path, bench_run, changes, said):
    (tmp_path / "mine.yaml").write_text(study_text(**changes))
    code, out, err = bench_run("study", "mine.yaml")
    assert code == 2
    assert said in err
    assert err.count("\n") == 1
    assert out == ""
    assert not (tmp_path / "data").exists()


def test_an_interrupted_command_says_how_to_go_on(
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
    ("place", "said"),
    [
        ("data/studies.db", "data/studies.db: cannot be written (data: a symbolic li"),
        ("data/store", "data/store: cannot be used (a symbolic link to 'nowhere'"),
        ("reports/small", "reports/small: cannot be written (a symbolic link to 'no"),
        (None, "the device 'cuda:99' cannot be used on this machine ("),
    ],
)
def test_what_a_study_lacks_is_said_before_its_first_trial(
    tmp_path, bench_run, trainer, place, said
):
    options, entry = [], CLASSIFIER
    if place is None:
        entry = CLASSIFIER | {"params": {"device": "cuda:99"}}
    else:
        at = (tmp_path / place).parent if place.endswith(".db") else tmp_path / place
        at.parent.mkdir(exist_ok=True)
        at.symlink_to("nowhere")
    if place == "data/studies.db":  # else the store, in the same folder, is said first
        options = ["--store", "elsewhere"]
    (tmp_path / "mine.yaml").write_text(study_text(classifiers=[entry], trials=1))
    code, out, err = bench_run("study", "mine.yaml", *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


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
