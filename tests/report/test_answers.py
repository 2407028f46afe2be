import online_stores
import pytest
import stored
import yaml_text

from bench.analysis.findings import analyse
from bench.analysis.results import load_results
from bench.render.blocks import Text, Warning
from bench.report.answers import answer_blocks, works_chapter, works_table
from bench.store.store import Store

DATASET = yaml_text.SUITE["datasets"][0]
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}


@pytest.fixture
def findings(write_suite, tmp_path):
    """Put results of a suite; give its plan, what follows, and the results."""

    def write(accuracy=lambda dataset, name: ACCURACY[name], commit=None, **changes):
        changes = {"classifiers": list(ACCURACY), "repetitions": 5} | changes
        plan = stored.plan_of(write_suite(audits=False, **changes))
        store = Store(tmp_path / "store")
        put = {"commit": commit} if commit else {}
        online_stores.put_suite(plan, store, accuracy, online=["SD"], **put)
        results = load_results(plan, store)
        return plan, analyse(plan, store, results), results

    return write


def answers(*commits):
    common = {"question": "Why?", "answer": "Because.", "date": "2026-11-24"}
    return [common | {"commit": commit} for commit in commits]


def answered(plan, results):
    return answer_blocks(plan.suite, [result.commit for result in results])


def test_an_answer_says_when_and_from_which_results_it_was_written(findings):
    plan, _, results = findings(answers=answers("0123abc"))
    blocks = answered(plan, results)
    assert [type(block) for block in blocks] == [Text] * 3
    assert blocks[0].words[0].text == "Why?"
    assert blocks[1].words == "Because."
    said = "Written 2026-11-24 from the results of commit 0123abc."
    assert blocks[2].words == said


@pytest.mark.parametrize(
    ("commit", "known"),
    [(online_stores.COMMIT, 1), ("fedcba9" * 5, 1), (None, 1), ("0123abd" * 5, 0)],
)
def test_an_answer_to_other_results_is_warned_of(findings, commit, known):
    given = answers("0123abc", "fedcba9")
    plan, _, results = findings(answers=given, commit=commit or online_stores.COMMIT)
    warnings = [b for b in answered(plan, results) if isinstance(b, Warning)]
    assert len(warnings) == 2 - known
    assert all("No result below is of commit" in w.words for w in warnings)


def test_without_answers_and_without_results_nothing_is_said_or_all_warned_of(findings):
    plan, _, results = findings()
    assert answered(plan, results) == []
    plan, _, _ = findings(answers=answers("0123abc"))
    assert isinstance(answered(plan, [])[-1], Warning)


def test_what_works_is_told_where_the_suite_asks(findings):
    datasets = [DATASET, DATASET | {"id": "other", "train": 31}]
    plan, found, _ = findings(
        lambda dataset, name: None if (dataset, name) == ("other", "GNB") else
        ACCURACY[name],
        datasets=datasets,
        stats={"works": 0.8},
    )  # fmt: skip
    assert found.works.set_index(["dataset", "classifier"])["verdict"].to_dict() == {
        ("grid", "SD"): "works",
        ("grid", "KNN"): "unclear",
        ("grid", "GNB"): "does not work",
        ("other", "SD"): "works",
        ("other", "KNN"): "unclear",
        ("other", "GNB"): "unclear",
    }
    [section] = works_chapter(plan, found)
    text, table = section.blocks
    assert "Of 6 pairs of a dataset and a classifier 2 work, 1 do not" in text.words
    assert "is at 0.8 or above" in table.caption
    assert table.frame.iloc[-1].tolist() == ["other", "GNB", "–", "–", "0", "unclear"]
    assert table.frame.columns[3] == "95% interval"


def test_a_suite_that_does_not_ask_is_not_told(findings):
    plan, found, _ = findings()
    assert found.works.empty
    assert works_chapter(plan, found) == []
    assert works_table(plan, found) is None
