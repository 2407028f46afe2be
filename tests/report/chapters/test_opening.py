from dataclasses import replace

import pandas as pd
import pytest
import yaml_text
from read_blocks import of, text_of, words_of

from bench.render import Warning
from bench.report.chapters.opening import composed_answer, lead, question_and_answer

GRID = yaml_text.SUITE["datasets"][0]
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}
TWO = [GRID, GRID | {"id": "other", "train": 31}]
GIVEN = {"question": "Is it?", "date": "2026-11-24", "commit": "0123abc"}


def changed(data, **changes):
    return replace(data, findings=replace(data.findings, **changes))


def marked(data, near, best=None):
    """Return data in which the named classifiers are the best, or near it."""
    rows = data.findings.intervals
    intervals = rows.assign(
        best=rows["classifier"] == (best or near[0]),
        near_best=rows["classifier"].isin(near),
    )
    return changed(data, intervals=intervals)


def warnings_of(blocks):
    return [(block.title, words_of(block.words)) for block in of(Warning, blocks)]


def test_the_answer_names_the_best_and_counts_the_verdicts(make_data):
    data = make_data()
    mean = data.findings.summary["test_accuracy_mean"][0]
    assert composed_answer(data) == (
        f"SD has the best mean held-out accuracy, {mean:.3f}; it is distinguishable "
        "from all others. Of 2 comparisons with the baseline SD: 2 worse."
    )


def test_the_answer_names_those_that_are_not_distinguishable(make_data):
    data = make_data()
    text = composed_answer(marked(data, ["SD", "KNN", "GNB"]))
    assert "; not distinguishable from it: KNN, GNB." in text


def test_guessing_among_those_that_are_not_distinguishable_is_told(make_data):
    data = make_data(
        lambda dataset, name: 0.5, classifiers=["KNN", "GNB", "CHANCE"], repetitions=5
    )
    text = composed_answer(marked(data, ["KNN", "CHANCE"]))
    assert text.startswith("KNN has the best mean held-out accuracy")
    assert "not distinguishable from it: CHANCE." in text


def test_if_guessing_is_the_best_no_classifier_is(make_data):
    data = make_data(
        lambda dataset, name: 0.5,
        datasets=TWO,
        classifiers=["KNN", "GNB", "CHANCE"],
        repetitions=5,
    )
    text = composed_answer(marked(data, ["CHANCE", "KNN", "GNB"]))
    assert text.startswith("No classifier has a better mean held-out accuracy than")
    assert "has the best" not in text


def test_of_several_datasets_the_answer_counts(make_data):
    accuracy = {"grid": ACCURACY, "other": ACCURACY, "third": {"SD": 0.6, "KNN": 0.97,
                "GNB": 0.61}}  # fmt: skip
    data = make_data(
        lambda dataset, name: accuracy[dataset][name],
        datasets=[*TWO, GRID | {"id": "third", "train": 32}],
    )
    text = composed_answer(data)
    assert text.startswith(
        "SD has the best mean held-out accuracy on 2 of 3 datasets, on 2 of them "
        "ahead of all others; KNN on 1. Of 6 comparisons with the baseline SD: "
    )
    assert "1 better" in text


def test_a_dataset_on_which_guessing_is_the_best_counts_as_a_dataset(make_data):
    data = make_data(
        lambda dataset, name: 0.9 if name == "KNN" else 0.5,
        datasets=TWO,
        classifiers=["KNN", "CHANCE"],
        stats={"baseline": "KNN"},
    )
    rows = data.findings.intervals
    is_other = rows["dataset"] == "other"
    best = (rows["classifier"] == "CHANCE") == is_other
    text = composed_answer(changed(data, intervals=rows.assign(best=best)))
    assert text.startswith("KNN has the best mean held-out accuracy on 1 of 2 datasets")


@pytest.mark.parametrize(
    ("datasets", "repetitions", "words"),
    [
        (TWO, 2, "have SD on 2 of 2 datasets."),
        ([GRID], 1, "SD has the best mean."),
    ],
)
def test_too_few_repetitions_have_no_verdict(make_data, datasets, repetitions, words):
    data = make_data(datasets=datasets, repetitions=repetitions)
    text = composed_answer(data)
    assert f"comparisons need three repetitions, here are {repetitions}" in text or (
        repetitions == 1 and "here is 1" in text
    )
    assert text.endswith(words)


def test_if_the_cells_that_are_done_are_too_few_the_answer_does_not_blame_the_suite(
    make_data,
):
    data = make_data(
        lambda dataset, name: None if name == "GNB" else 0.8, repetitions=5
    )
    none = changed(data, intervals=None, compared=None)
    text = composed_answer(none)
    assert text.startswith("No verdict: ")
    assert "here are 5" not in text


def test_nothing_done_has_no_answer(make_data):
    data = make_data(lambda dataset, name: None, repetitions=2)
    assert composed_answer(data) == "None yet: no cell is done."
    blocks = question_and_answer(data)
    assert ("Not done", "6 failed of 6 cells; see Coverage.") in warnings_of(blocks)


def test_one_classifier_is_not_said_to_be_ahead_of_others(make_data):
    text = composed_answer(make_data(classifiers=["KNN"], repetitions=3))
    assert text.startswith("KNN has the best mean") or text.startswith("KNN has a mean")
    assert "other" not in text
    assert "comparison" not in text


def test_of_a_loss_the_smallest_mean_is_the_best(make_data):
    text = composed_answer(make_data(metrics=["brier"]))
    assert text.startswith("SD has the best mean held-out Brier score, 0.0")


@pytest.mark.parametrize(
    ("answer", "quoted"),
    [
        ("Yes.", "Yes."),
        ("Yes. It is. But not so.", "Yes. It is. But not so."),
        (f"Yes. {'A' + 'b' * 200}. {'C' + 'd' * 200}.", f"Yes. {'A' + 'b' * 200}."),
        ("X" * 500 + ".", "X" * 500 + "."),
        ("It has .9 (e.g. on a grid). Good.", "It has .9 (e.g. on a grid). Good."),
        ("Two\n  lines.\nAnd one.", "Two lines. And one."),
    ],
)
def test_the_lead_is_whole_sentences_that_one_reads_at_a_glance(answer, quoted):
    assert lead(answer) == quoted


def test_the_question_comes_first_then_the_answer_that_a_person_wrote(make_data):
    answer = GIVEN | {"answer": "It is so. Indeed."}
    data = make_data(
        classifiers=["KNN"],
        repetitions=1,
        description="What is asked.",
        answers=[answer],
        reference="seed-notebook",
    )
    question, first, *rest = question_and_answer(data)
    assert question.words == "What is asked."
    assert words_of(first.words) == "Answer. It is so. Indeed."
    assert rest[-1].words == data.reference.lesson


def test_without_a_written_answer_it_is_composed(make_data):
    data = make_data()
    [answer] = question_and_answer(data)
    assert words_of(answer.words) == f"Answer. {composed_answer(data)}"


def test_an_outdated_answer_has_its_warning_below_it(make_data):
    data = make_data(
        repetitions=1, answers=[GIVEN | {"answer": "Yes.", "commit": "fedcba9"}]
    )
    answer, warning = question_and_answer(data)
    assert words_of(answer.words) == "Answer. Yes."
    assert warning.title == "Outdated answer"


def test_cells_that_are_not_done_are_counted_by_their_status(make_data):
    data = make_data(
        lambda dataset, name: None if name == "GNB" else 0.8, repetitions=2
    )
    results = data.findings.results
    status = results["status"].mask(results.index == 0, "skipped")
    blocks = question_and_answer(changed(data, results=results.assign(status=status)))
    [(title, words)] = warnings_of(blocks)
    assert title == "Not done"
    assert words == "1 skipped, 2 failed of 6 cells; see Coverage."


def test_an_alarm_is_said_once_for_all_datasets(make_data):
    data = make_data(datasets=TWO, repetitions=2)
    audits = pd.DataFrame(
        [
            {"dataset": name, "audit": "tree on roughness", "value": 1.0,
             "expected": 0.95, "alarm": True, "words": "?"}
            for name in ("grid", "other")
        ]
    )  # fmt: skip
    blocks = question_and_answer(changed(data, audits=audits))
    [(title, words)] = warnings_of(blocks)
    assert title == "Shortcut"
    assert "1.000 on both datasets" in words


def test_audits_that_are_not_done_are_told(make_data):
    data = make_data(repetitions=1, audits=True)
    assert ("Not audited", "Not every audit is done; see Audits.") in warnings_of(
        question_and_answer(data)
    )


def test_problems_of_the_statistics_are_told(make_data):
    data = make_data(repetitions=1)
    blocks = question_and_answer(changed(data, problems=("no pairs: too few",)))
    assert "no pairs: too few." in text_of(blocks)
