import numpy as np
import pytest
from study_text import CLASSIFIER, planned

from bench.base.errors import SuiteError
from bench.cells.plan import make_plan
from bench.study.space import configured, snippet
from bench.suite.load import load_suite

SET = {
    "lr": 1e-5,
    "hidden": (16, 8),
    "training.steps": 3,
    "neural.curves_per_net": 5,
}


def test_parameters_are_set_where_they_belong(tmp_path):
    suite = planned(tmp_path).suite
    made = configured(suite, SET)
    [dataset], [classifier] = made.datasets, made.classifiers
    assert classifier.params == {"lr": 1e-5, "hidden": [16, 8]}
    assert classifier.training.steps == 3
    assert classifier.training.epochs == 40
    assert dataset.neural.curves_per_net == 5
    assert made.study is None
    assert made.folder == suite.folder
    assert suite.classifiers[0].params == {}


def test_a_training_for_the_whole_suite_becomes_the_classifiers_own(tmp_path):
    entry = {k: v for k, v in CLASSIFIER.items() if k != "training"}
    plan = planned(tmp_path, classifiers=[entry], training=CLASSIFIER["training"])
    made = configured(plan.suite, {"training.steps": 2})
    assert made.training is None
    assert made.classifiers[0].training.steps == 2
    assert made.classifiers[0].training.evaluate_every == 10


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"lrr": {"choices": [1]}}, "study.space.lrr: unknown parameter "
         "(did you mean 'lr'?)"),
        ({"training.step": {"choices": [1]}}, "did you mean 'training.steps'"),
        ({"device": {"choices": ["cpu"]}}, "unknown parameter"),
        ({"iterations": {"choices": [1]}}, "search training.steps"),
        ({"max_epochs": {"low": 1, "high": 2}}, "training.epochs"),
        ({"training.steps": {"choices": [0, 1]}}, "steps: found 0"),
        ({"training.steps": {"low": 0, "high": 9}}, "steps: found 0"),
        ({"neural.curves_per_net": {"choices": [1, "two"]}}, 'found "two"'),
        ({"lat_size": {"choices": [1]}, "training.curves": {"choices": [1]}},
         "lat_size: sets training.curves, which the space has too"),
        ({"lr": {"choices": []}}, "at least 1 item"),
        ({"lr": {"low": 2, "high": 1}}, "expected low < high"),
        ({"lr": {"low": 0, "high": 1, "log": True}}, "above 0"),
        ({"lr": {"low": 1}}, "either 'choices', or 'low' and 'high'"),
        ({"lr": {"choices": [1], "log": True}}, "either 'choices', or"),
        ({"lr": {"choices": [1, 1]}}, "duplicate choice 1"),
        ({"lr": {"choices": [{"a": 1}]}}, "study.space.lr.choices[0]"),
        ({"lr": {"chioces": [1]}}, "did you mean 'choices'"),
        ({}, "study.space"),
    ],
)  # fmt: skip
def test_an_invalid_space_is_refused(tmp_path, space, said):
    with pytest.raises(SuiteError) as caught:
        planned(tmp_path, space=space)
    message = str(caught.value)
    assert said in message
    text = (tmp_path / "study.yaml").read_text().splitlines()
    first = next(i for i, line in enumerate(text, start=1) if '"space"' in line)
    path, _, line = message.partition(": ")[0].rpartition(":")
    assert path == str(tmp_path / "study.yaml")
    assert first <= int(line) <= len(text)


def test_the_snippet_is_the_same_suite_from_another_folder(tmp_path):
    (tmp_path / "own.lib").write_text("x[:,0]*N0\n")
    np.savetxt(tmp_path / "points.csv", np.linspace(-1, 1, 12))
    dataset = {
        "id": "own: 'quoted' # no comment",
        "library": "own",
        "inputs": {"kind": "file", "path": "points.csv"},
    }
    suite = planned(tmp_path, datasets=[dataset]).suite
    suite = suite.model_copy(update={"description": "null:\n  a block\n"})
    folder = tmp_path / "reports" / "deep"
    folder.mkdir(parents=True)
    (folder / "best.yaml").write_text(snippet(suite, SET, folder))
    found, expected = load_suite(folder / "best.yaml"), configured(suite, SET)
    assert found.name == "small-best"
    assert found.description == "null: a block"
    assert found.datasets[0].id == dataset["id"]
    keys = [[c.key for c in make_plan(one).cells] for one in (found, expected)]
    assert keys[0] == keys[1]


def test_the_notebooks_lat_size_sets_batch_and_network(tmp_path):
    made = configured(planned(tmp_path).suite, {"lat_size": 4})
    assert made.classifiers[0].training.curves == 4
    assert made.datasets[0].neural.curves_per_net == 4
