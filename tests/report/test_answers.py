import online_stores
import pytest

from bench.render.blocks import Link, Text, Warning
from bench.report.answers import answer_blocks


def answers(*commits):
    common = {"question": "Why?", "answer": "Because.", "date": "2026-11-24"}
    return [common | {"commit": commit} for commit in commits]


def answered(plan, results):
    return answer_blocks(plan.suite, [result.commit for result in results], {})


def test_an_answer_names_its_date_and_commit(make_findings):
    plan, _, results = make_findings(answers=answers("0123abc"))
    blocks = answered(plan, results)
    assert [type(block) for block in blocks] == [Text] * 3
    assert blocks[0].words[0].text == "Why?"
    assert blocks[1].words == "Because."
    written = "Written on 2026-11-24 from the results of commit 0123abc."
    assert blocks[2].words == written


@pytest.mark.parametrize(
    ("commit", "known"),
    [(online_stores.COMMIT, 1), ("fedcba9" * 5, 1), (None, 1), ("0123abd" * 5, 0)],
)
def test_an_answer_from_other_results_has_a_warning(make_findings, commit, known):
    commit = commit or online_stores.COMMIT
    given = answers("0123abc", "fedcba9")
    plan, _, results = make_findings(answers=given, commit=commit)
    warnings = [b for b in answered(plan, results) if isinstance(b, Warning)]
    assert len(warnings) == 2 - known
    assert all("No result below is from commit" in w.words for w in warnings)


def test_no_answers_give_no_blocks_and_no_results_give_a_warning(make_findings):
    plan, _, results = make_findings()
    assert answered(plan, results) == []
    plan, _, _ = make_findings(answers=answers("0123abc"))
    assert isinstance(answered(plan, [])[-1], Warning)


def test_the_rows_that_an_answer_rests_on_are_folded_below_it(make_findings):
    agreeing = {"dataset": "grid", "classifier": "KNN", "mean": 0.795}
    other = {"dataset": "grid", "classifier": "KNN", "mean": 0.9}
    [answer] = answers(online_stores.COMMIT)
    given = [answer | {"rests_on": [agreeing, other]}]
    plan, findings, results = make_findings(answers=given, commit=online_stores.COMMIT)
    commits = [result.commit for result in results]
    *_, warning, folded = answer_blocks(
        plan.suite, commits, {"summary": findings.summary}
    )
    assert "The answer to 'Why?' no longer agrees with the tables" in warning.words
    assert "mean of test_accuracy 0.9 (the mean is 0.795)" in warning.words
    assert folded.title == "Rests on 2 rows"
    first, second = folded.entries
    assert first[0] == "KNN on grid: mean of test_accuracy 0.795, "
    assert first[1] == Link("summary.csv", "summary.csv")
    assert first[2] == ""
    assert second[2] == " – no longer: the mean is 0.795"


def test_an_answer_that_agrees_has_no_warning(make_findings):
    [answer] = answers(online_stores.COMMIT)
    given = [answer | {"rests_on": [{"table": "results", "rows": 15}]}]
    plan, findings, results = make_findings(answers=given, commit=online_stores.COMMIT)
    commits = [result.commit for result in results]
    tables = {"results": findings.results}
    blocks = answer_blocks(plan.suite, commits, tables)
    assert not [block for block in blocks if isinstance(block, Warning)]
    assert blocks[-1].entries[0][0] == "all rows: 15 rows, "
