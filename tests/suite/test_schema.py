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


def metrics_of(write_suite, *metrics):
    return bench.load_suite(write_suite(metrics=list(metrics)))


def test_a_metric_is_a_name_a_path_or_an_entry(write_suite):
    suite = metrics_of(
        write_suite,
        "f1",
        "sklearn.metrics.cohen_kappa_score",
        {"id": "cost", "function": "./my m.py:cost", "larger_is_better": False},
        {"id": "ll", "function": "sklearn.metrics.log_loss", "bounds": [0, 100]},
    )
    assert suite.metrics == ("f1", "cohen_kappa_score", "cost", "ll")
    assert suite.headline == "f1"
    kappa, cost, loss = suite.own_metrics
    assert (kappa.larger_is_better, kappa.needs, kappa.bounds) == (True, "", None)
    assert (cost.larger_is_better, cost.function) == (False, "./my m.py:cost")
    assert (loss.larger_is_better, loss.needs) == (False, "probabilities")
    assert loss.bounds == (0, 100)


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("acuracy", "metrics[0]: unknown metric 'acuracy' (did you mean 'accuracy'?)"),
        ({}, "expected 'id' (a known metric) or 'function' (a path)"),
        ({"id": "f1", "params": {}}, "'f1' is a known metric, which takes no 'params'"),
        ({"id": "f1", "function": "a.b_score"}, "'f1' is the name of a known metric"),
        ("sklearn.metrics.profit", "does not tell which direction is better"),
        ("my.py", "found the file 'my.py'; expected a function in it, my.py:my_f"),
        ("a/b_score", "found 'a/b_score'; expected a dotted path"),
        ("./my.py:été_score", "'été_score' cannot be its id; give it one"),
        (f"a.{'b' * 50}_score", "cannot be its id; give it one, of at most 40"),
        ({"id": "=1+1", "function": "a.b_score"}, "metrics[0].id: found '=1+1'"),
        ({"function": "a.b_score", "bounds": [1, 0]}, "expected the lower one first"),
        ({"function": "a.b_score", "needs": "luck"}, "metrics[0].needs: found"),
        ({"functoin": "a.b_score"}, "unknown key 'functoin' (did you mean 'f"),
    ],
)  # fmt: skip
def test_a_metric_that_nothing_can_compute_is_refused(write_suite, metric, said):
    with pytest.raises(SuiteError) as refused:
        metrics_of(write_suite, metric)
    assert said in str(refused.value)


def test_ids_of_metrics_differ(write_suite):
    with pytest.raises(SuiteError, match=r"metrics\[1\]: duplicate metric 'f1'"):
        metrics_of(write_suite, "f1", "f1")
    with pytest.raises(SuiteError, match="and not in case alone"):
        metrics_of(write_suite, "a.b_score", {"id": "B_score", "function": "a.c_score"})
