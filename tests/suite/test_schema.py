import json

import pytest
import stored

import bench
from bench.base.errors import SuiteError
from bench.suite.schema import Suite

ANSWER = {
    "question": "Does it work?",
    "answer": "It does.",
    "date": "2026-11-24",
    "commit": "0123abc",
}


def test_an_answer_is_read_and_changes_no_key(write_suite):
    suite = bench.load_suite(write_suite(answers=[ANSWER]))
    assert suite.answers[0].answer == "It does."
    with_answer = stored.plan_of(write_suite(answers=[ANSWER])).cells
    without = stored.plan_of(write_suite()).cells
    assert [cell.key for cell in with_answer] == [cell.key for cell in without]


def test_a_date_without_quotes_is_read_as_text(tmp_path, write_suite):
    path = write_suite()
    text = path.read_text().rstrip().removesuffix("}")
    more = '{question: q, answer: a, date: 2026-11-24, commit: "1234567"}'
    path.write_text(f'{text}, "answers": [{more}]}}')
    assert bench.load_suite(path).answers[0].date == "2026-11-24"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"date": "24.11.2026"},
            "answers[0].date: found '24.11.2026'; expected a date",
        ),
        ({"date": "2026-02-30"}, "found '2026-02-30'; expected a date"),
        ({"date": "20261124"}, "such as 2026-11-24"),
        ({"date": 20261124}, "expected a date, such as 2026-11-24"),
        ({"commit": "0123AB"}, "found '0123AB'; expected 7 to 40 hexadecimal"),
        ({"commit": "0123abz"}, "expected 7 to 40 hexadecimal"),
        ({"commit": 1234567}, "quote them if all are digits"),
        ({"commit": "a" * 41}, "expected 7 to 40 hexadecimal"),
        ({"answer": ""}, "answers[0].answer"),
        ({"author": "me"}, "unknown key 'author'"),
        ({"question": "x" * 301}, "answers[0].question"),
    ],
)
def test_a_wrong_answer_is_refused_with_its_place(write_suite, change, said):
    path = write_suite(answers=[ANSWER | change])
    with pytest.raises(SuiteError) as caught:
        bench.load_suite(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")


@pytest.mark.parametrize("lacking", ANSWER)
def test_an_answer_needs_all_of_its_keys(write_suite, lacking):
    some = {name: value for name, value in ANSWER.items() if name != lacking}
    with pytest.raises(SuiteError, match=f"the key '{lacking}' is missing"):
        bench.load_suite(write_suite(answers=[some]))


def test_the_schema_describes_an_answer():
    schema = json.loads(json.dumps(Suite.model_json_schema()))
    answer = schema["$defs"]["AnswerSpec"]
    assert set(answer["required"]) == set(ANSWER)
    assert answer["properties"]["date"]["format"] == "date"
    assert answer["properties"]["commit"]["pattern"] == "^[0-9a-f]{7,40}$"
    assert "works" in schema["$defs"]["StatsSpec"]["properties"]


def test_ids_that_look_the_same_are_refused(write_suite):
    composed, apart = {"id": "\u00e9", "use": "DT"}, {"id": "e\u0301", "use": "GNB"}
    path = write_suite(classifiers=[composed, apart])
    with pytest.raises(SuiteError, match="looks like an earlier one, which writes an"):
        bench.load_suite(path)
