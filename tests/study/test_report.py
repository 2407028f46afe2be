import json

import numpy as np
import pandas as pd
from study_text import planned

from bench.study import report
from bench.study.report import write_study_report
from bench.study.retraining import HeldOut
from bench.study.search import run_study


def reported(folder, plan, held_out=None):
    results = run_study(plan, folder / "s.db")
    held_out = held_out or HeldOut(np.array([0.7, 0.8]), np.array([0.6]), 2)
    held_out = held_out if results.best is not None else None
    path = write_study_report(plan, results, held_out, folder / "out", folder / "s.db")
    return results, path.read_text()


def test_the_report_shows_the_best_and_what_mattered(tmp_path, trainer):
    plan = planned(tmp_path, 24, pruner="median", description="A *question*.")
    results, text = reported(tmp_path, plan)
    assert r"A \*question\*." in text
    assert "0.750±0.071" in text
    assert "0.600±–" in text
    assert f"| trial {results.best}" in text
    assert "fANOVA" in text
    assert "median of the complete trials" in text
    for name in ("search", "parameters-1", "parameters-2"):
        assert f"figures/{name}.png" in text
        assert (tmp_path / "out" / "figures" / f"{name}.svg").stat().st_size > 2000
    assert "```yaml\n" + (tmp_path / "out" / "best.yaml").read_text() + "```" in text
    assert "fANOVA" in (tmp_path / "out" / "index.html").read_text()
    assert plan.name in text


def test_the_report_has_the_answers_and_its_best_has_not(tmp_path, trainer):
    entry = {"question": "Which?", "answer": "This.", "date": "2026-11-24"}
    plan = planned(tmp_path, 4, answers=[entry | {"commit": "0123abc"}])
    _, text = reported(tmp_path, plan)
    assert "**Answer.** This." in text
    assert "### Which?\n\nThis." in text
    assert "commit 0123abc" in text
    assert "No result below is from commit 0123abc" in text
    assert "answers" not in (tmp_path / "out" / "best.yaml").read_text()


def test_trials_are_a_table_with_one_test_score(tmp_path, trainer):
    results, _ = reported(tmp_path, planned(tmp_path))
    frame = pd.read_csv(tmp_path / "out" / "trials.csv")
    assert len(frame) == 8
    tested = frame.dropna(subset=["test_accuracy"])
    assert list(tested["number"]) == [results.best]
    assert list(tested["test_accuracy"]) == [0.75]
    assert json.loads(frame["hidden"][0]) in ([4, 4], [8])


def test_the_best_is_compared_with_the_suite_unchanged(tmp_path, trainer):
    plan = planned(tmp_path, 4)

    def words(best, suite):
        held_out = HeldOut(np.array(best), np.array(suite), 4)
        return report._compared(plan, held_out)

    assert "cannot be told from 1 repetition; at least 3" in words([0.7], [0.6, 0.8])
    # Equal repetitions are known to half a curve only, so the interval has a width.
    text = words([0.9] * 4, [0.8] * 4)
    assert text.startswith("The best minus the suite unchanged: +0.100 [+0.0")
    assert text.endswith("same curves): better, with a margin of 0.01.")
    text = words([0.7, 0.9, 0.8], [0.8, 0.7, 0.75, 0.8])
    assert "Welch, since some repetitions are not done): inconclusive" in text


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
