import json

import pytest
from study_text import CLASSIFIER, SPACE, planned

from bench.base.errors import SuiteError
from bench.cells.plan import make_plan
from bench.suite.load import load_suite


def test_a_study_is_named_by_what_its_values_depend_on(tmp_path):
    name = planned(tmp_path).name
    assert name == planned(tmp_path, trials=99).name
    assert name != planned(tmp_path, sampler="tpe").name
    assert name != planned(tmp_path, seed=4).name
    assert name != planned(tmp_path, space=SPACE | {"lr": {"choices": [1]}}).name
    longer = CLASSIFIER["training"] | {"epochs": 50}
    changed = [CLASSIFIER | {"training": longer}]
    assert name != planned(tmp_path, classifiers=changed).name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"study": None}, "no section 'study'"),
        ({"classifiers": [CLASSIFIER, "KNN"]}, "found 2; expected one"),
        ({"classifiers": ["SD"]}, "training.steps: only online training reads it"),
    ],
)
def test_a_suite_that_a_study_cannot_search_is_refused(tmp_path, changes, message):
    with pytest.raises(SuiteError, match=message):
        planned(tmp_path, **changes)


def test_a_suite_with_a_study_has_a_plan_like_any_other(tmp_path):
    with_study = make_plan(planned(tmp_path).suite)
    path = tmp_path / "without.yaml"
    data = json.loads((tmp_path / "study.yaml").read_text())
    del data["study"]
    path.write_text(json.dumps(data))
    without = make_plan(load_suite(path))
    assert [c.key for c in with_study.cells] == [c.key for c in without.cells]
