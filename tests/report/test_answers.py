import online_stores
import pytest

from bench.render.blocks import Text, Warning
from bench.report.answers import answer_blocks


def answers(*commits):
    common = {"question": "Why?", "answer": "Because.", "date": "2026-11-24"}
    return [common | {"commit": commit} for commit in commits]


def answered(plan, results):
    return answer_blocks(plan.suite, [result.commit for result in results])


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
