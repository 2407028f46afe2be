import online_stores
import pytest
from markdown_text import shown
from read_blocks import of, text_of

from bench.render import Section, Text, to_markdown
from bench.report.chapters.answers import answer_sections, answer_warnings

GIVEN = {"question": "Why?", "answer": "Because.", "date": "2026-11-24"}


def answers(*commits):
    return [GIVEN | {"commit": commit} for commit in commits]


def test_an_answer_stands_under_its_question_with_its_date_and_commit(make_data):
    data = make_data(answers=answers("0123abc"), repetitions=2)
    sections = answer_sections(data.answers)
    [question] = [s for s in of(Section, sections) if s.title == "Why?"]
    assert question.blocks[0] == Text("Because.")
    text = text_of(sections)
    assert "2026-11-24" in text
    assert "0123abc" in text


@pytest.mark.parametrize(
    ("commit", "known"),
    [(online_stores.COMMIT, 1), ("fedcba9" * 5, 1), ("0123abd" * 5, 0)],
)
def test_an_answer_from_other_results_has_a_warning(make_data, commit, known):
    given = answers("0123abc", "fedcba9")
    data = make_data(answers=given, repetitions=1, put={"commit": commit})
    warnings = answer_warnings(data.answers)
    assert len(warnings) == 2 - known
    assert all("No result below is from commit" in w.words for w in warnings)
    assert {w.title for w in warnings} == {"Outdated answer"}


def test_no_answers_give_no_blocks(make_data):
    data = make_data(repetitions=1)
    assert data.answers == ()
    assert answer_sections(data.answers) == answer_warnings(data.answers) == []


def test_the_rows_that_an_answer_rests_on_are_folded_with_their_files(make_data):
    agreeing = {"dataset": "grid", "classifier": "KNN", "mean": 0.795}
    other = {"dataset": "grid", "classifier": "KNN", "mean": 0.9}
    [answer] = answers(online_stores.COMMIT)
    data = make_data(answers=[answer | {"rests_on": [agreeing, other]}])
    [warning] = answer_warnings(data.answers)
    assert "The answer to 'Why?' no longer agrees with the tables" in warning.words
    assert "mean of test_accuracy 0.9 (the mean is 0.795)" in warning.words
    sections = answer_sections(data.answers)
    text = to_markdown(sections, title="t")
    folded = text.partition("<details>")[2].partition("</details>")[0]
    assert "rest" in folded.partition("</summary>")[0]
    assert "2 rows" in folded.partition("</summary>")[0]
    assert folded.count("[summary.csv](summary.csv)") == 2
    assert "KNN on grid: mean of test_accuracy 0.795" in folded
    assert folded.count("no longer: the mean is 0.795") == 1


def test_three_rows_that_disagree_are_told_and_the_others_counted(make_data):
    wrong = {"dataset": "grid", "classifier": "KNN", "mean": 0.9}
    [answer] = answers(online_stores.COMMIT)
    rows = [wrong | {"mean": 0.9 + i / 100} for i in range(5)]
    data = make_data(answers=[answer | {"rests_on": rows}], repetitions=2)
    [warning] = answer_warnings(data.answers)
    assert warning.words.count("the mean is") == 3
    assert warning.words.endswith("; and 2 more.")


def test_an_answer_that_agrees_has_no_warning(make_data):
    [answer] = answers(online_stores.COMMIT)
    data = make_data(
        answers=[answer | {"rests_on": [{"table": "results", "rows": 15}]}]
    )
    assert answer_warnings(data.answers) == []
    text = text_of(answer_sections(data.answers))
    assert "all rows: 15 rows" in text
    assert "no longer" not in text


def test_an_answer_is_text_and_no_markup(make_data):
    [answer] = answers("0123abc")
    nasty = {"question": "Why *so* <b>?", "answer": "[a](http://x) | `b` =1+1"}
    data = make_data(answers=[answer | nasty], repetitions=1)
    words, elements = shown(to_markdown(answer_sections(data.answers), title="t"))
    assert "Why *so* <b>?" in words
    assert "[a](http://x) | `b` =1+1" in words
    assert not {"em", "b", "a", "code"} & set(elements)
