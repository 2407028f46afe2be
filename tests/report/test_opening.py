from dataclasses import replace

import pandas as pd
import yaml_text

from bench.render.blocks import Strong, Warning
from bench.report.opening import opening

GRID = yaml_text.SUITE["datasets"][0]


def warnings_of(blocks):
    return [block.words for block in blocks if isinstance(block, Warning)]


def test_a_complete_suite_opens_with_its_counts(make_findings):
    plan, findings, results = make_findings(classifiers=["KNN"], repetitions=1)
    [text] = opening(plan, findings, results, {})
    assert text.words.startswith(
        "1 cell (1 dataset × 1 repetition × 1 classifier): 1 done."
    )
    assert "Trained online" not in text.words


def test_the_question_comes_first_and_the_lesson_of_the_reference_next(make_findings):
    plan, findings, results = make_findings(
        classifiers=["KNN"],
        repetitions=1,
        description="Is it?",
        reference="seed-notebook",
    )
    question, lesson, _ = opening(plan, findings, results, {})
    assert question.words == "Is it?"
    assert lesson.words == [Strong(plan.reference.lesson)]


def test_failed_cells_are_counted_and_warned_of(make_findings):
    plan, findings, results = make_findings(
        lambda dataset, name: None if name == "GNB" else 0.8, repetitions=2
    )
    blocks = opening(plan, findings, results, {})
    assert "6 cells" in blocks[0].words
    assert "4 done, 2 failed." in blocks[0].words
    assert "Trained online, on fresh curves in each epoch instead: SD." in (
        blocks[0].words
    )
    assert warnings_of(blocks)[0] == "Not every cell is done; see Coverage below."


def test_of_each_dataset_one_alarm_is_shown_and_the_others_are_counted(make_findings):
    plan, findings, results = make_findings(repetitions=2)
    alarms = pd.DataFrame(
        [
            {"dataset": "a", "alarm": False, "words": "none"},
            {"dataset": "a", "alarm": True, "words": "first of a"},
            {"dataset": "a", "alarm": True, "words": "second of a"},
            {"dataset": "b", "alarm": True, "words": "first of b"},
        ]
    ).assign(audit="balance", value=1.0)
    blocks = opening(plan, replace(findings, audits=alarms), results, {})
    assert warnings_of(blocks)[-2:] == [
        "a: first of a. (1 more under Audits.)",
        "b: first of b.",
    ]
