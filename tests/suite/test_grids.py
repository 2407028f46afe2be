import pytest
import stored

from bench.base.errors import SuiteError
from bench.suite.load import load_suite
from bench.suite.schema import Suite

KNN = {"use": "KNN", "grid": {"n_neighbors": [1, 5, 25]}}


def ids(path):
    return [entry.id for entry in load_suite(path).classifiers]


def test_a_grid_makes_a_classifier_for_each_value(write_suite):
    path = write_suite(classifiers=["GNB", KNN, "DT"])
    names = [f"KNN n_neighbors={n}" for n in (1, 5, 25)]
    assert ids(path) == ["GNB", *names, "DT"]
    plan = stored.plan_of(path)
    assert [c.params for c in plan.classifiers[1:4]] == [
        {"n_neighbors": n} for n in (1, 5, 25)
    ]
    assert plan.suite.grids == {"KNN": tuple(names)}


def test_a_member_has_the_key_of_the_same_classifier_written_out(write_suite):
    out = {"id": "one", "use": "KNN", "params": {"n_neighbors": 5}}
    grid, alone = (
        {cell.key for cell in stored.plan_of(write_suite(classifiers=[entry])).cells}
        for entry in (KNN, out)
    )
    assert alone < grid


def test_a_grid_keeps_parameters_and_all_other_settings(write_suite):
    entry = {
        "id": "near",
        "class": "sklearn.neighbors.KNeighborsClassifier",
        "params": {"p": 1},
        "grid": {"weights": ["uniform", "distance"], "n_neighbors": [1, 3]},
        "limits": {"timeout": 5},
    }
    plan = stored.plan_of(write_suite(classifiers=[entry]))
    assert [c.id for c in plan.classifiers] == [
        f"near weights={w} n_neighbors={n}"
        for w in ("uniform", "distance")
        for n in (1, 3)
    ]
    assert plan.classifiers[3].params == {
        "p": 1,
        "weights": "distance",
        "n_neighbors": 3,
    }
    assert {cell.limits.timeout for cell in plan.cells} == {5}


def test_names_in_steps_are_shortened_where_they_differ(write_suite):
    steps = ["sklearn.decomposition.PCA", "KNN"]
    grid = {"pca__n_components": [2, 4], "n_neighbors": [1, 3]}
    plan = stored.plan_of(write_suite(classifiers=[{"steps": steps, "grid": grid}]))
    assert plan.classifiers[1].id == "KNN n_components=2 n_neighbors=3"
    assert [part.params for part in plan.classifiers[1].parts] == [
        {"n_components": 2},
        {"n_neighbors": 3},
    ]
    both = {"pca__random_state": [1, 2], "kneighborsclassifier__p": [1, 2]}
    both["pca-2__random_state"] = [3]
    entry = {"id": "a", "steps": [steps[0], *steps], "grid": {"pca-1__copy": [True]}}
    entry["grid"]["pca-2__copy"] = [False]
    assert ids(write_suite(classifiers=[entry])) == [
        "a pca-1__copy=true pca-2__copy=false"
    ]


def test_values_of_any_kind_become_part_of_a_valid_id(write_suite):
    values = [None, True, 0.1, 1e-6, [8, 8], "a/b\\c d", {"k": 1}]
    entry = {"id": "a", "class": "sklearn.svm.SVC", "grid": {"C": values}}
    assert ids(write_suite(classifiers=[entry])) == [
        "a C=null",
        "a C=true",
        "a C=0.1",
        "a C=1e-06",
        "a C=[8,8]",
        "a C=a-b-c-d",
        'a C={"k":1}',
    ]


def test_c_selects_a_whole_grid_or_one_classifier(write_suite):
    more = {"use": "KNN", "grid": {"p": [1, 3]}}
    plan = stored.plan_of(write_suite(classifiers=["DT", KNN, more]))
    assert [c.id for c in plan.limited([], ["KNN"]).classifiers] == [
        *(f"KNN n_neighbors={n}" for n in (1, 5, 25)),
        "KNN p=1",
        "KNN p=3",
    ]
    one = plan.limited([], ["KNN p=3", "DT"])
    assert [c.id for c in one.classifiers] == ["DT", "KNN p=3"]
    with pytest.raises(SuiteError, match=r"mean 'KNN'\?\)\. Known: KNN, DT, KNN n_nei"):
        plan.limited([], ["KNNN"])


def test_c_prefers_a_classifier_with_that_id_to_a_grid(write_suite):
    plan = stored.plan_of(write_suite(classifiers=["KNN", KNN]))
    assert [c.id for c in plan.limited([], ["KNN"]).classifiers] == ["KNN"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"grid": {}}, "grid: found {}; expected parameters and their values"),
        ({"grid": [1]}, "grid: found [1]; expected parameters"),
        ({"grid": {"p": 1}}, "grid.p: found 1; expected a list of values"),
        ({"grid": {"p": []}}, "grid.p: found []; expected a list"),
        ({"grid": {"p": [1, 2, 1]}}, "grid.p[2]: duplicate value 1; values"),
        ({"grid": {"p": [1, "1"]}}, "duplicate id 'KNN p=1'"),
        ({"grid": {"p": [1, 2]}, "params": {"p": 1}}, "found 'p' in params as well"),
        (
            {"grid": {"p": [*range(11)], "q": [*range(10)]}},
            "110 combinations; expected",
        ),
        (
            {"grid": {"weights": ["x" * 60]}},
            "characters; expected at most 64: give the",
        ),
        ({"grid": {"neighbors": [1]}}, "mean 'n_neighbors'"),
        ({"grid": {"p": [1]}, "params": 5}, "params: found 5"),
        ({"grid": {"p": [1]}, "gird": 5}, "unknown key 'gird' (did you mean 'grid'?)"),
        ({"grid": {"p": [1]}, "id": 5}, "grid: found the id 5; expected text"),
        ({"grid": {"p": [1]}, "use": "KN"}, "mean 'KNN'"),
        (
            {"grid": {"p": [1]}, "use": None},
            "expected 'use', 'class' or 'steps' beside",
        ),
    ],
)
def test_a_mistake_in_a_grid_has_its_line(write_suite, entry, said):
    entry = {k: v for k, v in ({"use": "KNN"} | entry).items() if v is not None}
    path = write_suite(classifiers=["GNB", entry])
    with pytest.raises(Exception, match=r"suite\.yaml:") as caught:
        stored.plan_of(path)
    message = str(caught.value)
    assert said in message
    assert "classifiers[1]" in message
    line = int(message.split("suite.yaml:")[1].split(":")[0])
    lines = path.read_text().splitlines()
    assert line > lines.index('  "classifiers": [')


def test_a_wrong_value_of_a_grid_has_its_own_line(write_suite):
    entry = {"use": "KNN", "id": "a" * 70, "grid": {"p": [1, 2]}}
    with pytest.raises(SuiteError, match=r"classifiers\[0\]\.grid: the id 'aaa"):
        load_suite(write_suite(classifiers=[entry]))


def test_outside_a_file_a_grid_is_refused():
    with pytest.raises(ValueError, match="the key 'grid' belongs in a suite file"):
        Suite.model_validate({"classifiers": (KNN,)})


def test_the_schema_has_the_key_grid():
    schema = Suite.model_json_schema()
    assert "grid" in schema["$defs"]["ClassifierSpec"]["properties"]
