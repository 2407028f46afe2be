import numpy as np
import online_stores
import pytest
import stored
import yaml_text

from bench.document_parts import Table, Text, Warning
from bench.findings import find
from bench.question_chapters import (
    answer_blocks,
    failure_table,
    sweep_chapter,
    works_chapter,
    works_table,
)
from bench.store import Store
from bench.tables import load_results

DATASET = yaml_text.SUITE["datasets"][0]
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}
NORMAL = {"kind": "truncated-normal", "low": -3, "high": 3, "size": 20, "pool": 5000}


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
        return plan, find(plan, store, results), results

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


def test_where_a_sweep_fails_on_its_way_to_the_limit(findings):
    datasets = [
        DATASET | {"id": f"std{std}", "inputs": NORMAL | {"std": std}}
        for std in (2, 1, 10)
    ]
    falls = {"std1": 0.97, "std2": 0.96, "std10": 0.8, "grid": 0.7}
    dips = {"std1": 0.8, "std2": 0.7, "std10": 0.8, "grid": 0.6}
    own = {"SD": falls, "KNN": dips, "GNB": dict.fromkeys(falls, 0.6)}
    plan, found, _ = findings(
        lambda dataset, name: own[name][dataset],
        datasets=[*datasets, DATASET],
        stats={"margin": 0.03},
    )
    [section] = sweep_chapter(plan, found, [])
    assert section.title == "Along inputs.std, to the grid"
    [table] = section.blocks
    assert isinstance(table, Table)
    frame = table.frame.set_index("classifier")
    assert list(frame) == ["std 1", "std 2", "std 10", "grid", "fails from"]
    assert frame["fails from"].to_dict() == {
        "SD": "std 10",
        "KNN": "std 2 (not at std 10)",
        "GNB": "does not",
    }
    assert frame.loc["SD", "std 1"].startswith("0.9")
    assert "Welch" in table.caption
    assert np.isinf(found.along["value"]).sum() == 3


def test_one_repetition_cannot_tell_where_it_fails(findings):
    datasets = [
        DATASET | {"id": f"std{std}", "inputs": NORMAL | {"std": std}}
        for std in (1, 2, 3)
    ]
    plan, found, _ = findings(datasets=datasets, repetitions=1)
    table = failure_table(plan, found)
    assert set(table.frame["fails from"]) == {"–"}
    assert "[" not in table.frame.loc[0, "std 1"]


def test_datasets_that_share_their_streams_are_not_compared_so(findings):
    datasets = [DATASET | {"id": f"n-{n}", "train": n} for n in (10, 20, 30)]
    plan, found, _ = findings(datasets=datasets)
    assert found.sweep.name == "train"
    assert found.along.empty
    [section] = sweep_chapter(plan, found, [])
    assert section.blocks == []


def test_what_is_no_sweep_has_no_chapter(findings):
    plan, found, _ = findings()
    assert sweep_chapter(plan, found, []) == []
