import json

import pytest
import yaml_text

import bench
from bench.base.errors import MissingFileError, SuiteError
from bench.cells.plan import make_plan
from bench.compare.fresh import find_dataset
from bench.suite.load import load_suite

BASE = yaml_text.SUITE
OTHER = BASE["datasets"][0] | {"id": "other", "train": 31}


@pytest.fixture
def write(tmp_path):
    """Write a suite file; give its path."""

    def write_file(file, /, **keys):
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"version": 1} | keys, indent=1))
        return path

    return write_file


def keys_of(suite):
    return [cell.key for cell in make_plan(suite).everything]


def test_a_suite_that_extends_another_has_the_keys_of_the_one_written_out(write):
    stats = {"margin": 0.05, "alpha": 0.1}
    write("base.yaml", **BASE | {"stats": stats, "limits": {"timeout": 5}})
    short = write(
        "short.yaml",
        extends="base.yaml",
        name="short",
        repetitions=3,
        stats={"margin": 0.02},
        add={"classifiers": ["RF"], "datasets": [OTHER]},
    )
    changes = {
        "name": "short",
        "repetitions": 3,
        "stats": {"margin": 0.02, "alpha": 0.1},
        "limits": {"timeout": 5},
        "classifiers": [*BASE["classifiers"], "RF"],
        "datasets": [*BASE["datasets"], OTHER],
    }
    full = write("full.yaml", **BASE | changes)
    assert load_suite(short).model_dump() == load_suite(full).model_dump()
    assert keys_of(load_suite(short)) == keys_of(load_suite(full))


def test_lists_replace_lists_and_another_mode_replaces_a_training(write):
    online = {"mode": "online", "epochs": 10}
    write("base.yaml", **BASE | {"training": online, "metrics": ["roc_auc"]})
    suite = load_suite(
        write(
            "new.yaml",
            extends="base",
            name="new",
            training={"mode": "fixed"},
            classifiers=["GNB"],
            metrics=["accuracy"],
        )
    )
    assert [entry.id for entry in suite.classifiers] == ["GNB"]
    assert suite.metrics == ("accuracy",)
    assert suite.training.mode == "fixed"
    longer = {"extends": "base", "name": "new", "training": {"epochs": 20}}
    joined = load_suite(write("longer.yaml", **longer))
    assert joined.training.epochs == 20


def test_answers_and_the_name_are_not_taken_over(write):
    answer = {"question": "?", "answer": "!", "date": "2026-11-24", "commit": "abcdef1"}
    write("base.yaml", **BASE | {"answers": [answer]})
    assert load_suite(write("a.yaml", extends="base", name="a")).answers == ()
    with pytest.raises(SuiteError, match=r"b\.yaml:1: file: the key 'name' is missing"):
        load_suite(write("b.yaml", extends="base"))
    (path := write("c.yaml")).write_text("extends: base\nname: c\n")
    with pytest.raises(
        SuiteError, match=r"base\.yaml:2: version: found 1; expected No"
    ):
        load_suite(path)


def line_of(path, text):
    """Return ``file:line`` of a text that stands in a file once."""
    [line] = [n for n, t in enumerate(path.read_text().splitlines(), 1) if text in t]
    return f"{path.name}:{line}"


def test_a_mistake_is_named_in_the_file_where_it_stands(write):
    entry = BASE["datasets"][0]
    add = {"datasets": [OTHER | {"tset": 1}]}
    base = write("base.yaml", **BASE | {"datasets": [entry | {"trian": 5}]})
    for more in ({}, {"add": add}):
        new = write("new.yaml", extends="base", name="new", **more)
        with pytest.raises(SuiteError) as caught:
            load_suite(new)
        said = f"{line_of(base, 'trian')}: datasets[0].trian: unknown key 'trian'"
        assert said in str(caught.value)
    write("base.yaml", **BASE)
    with pytest.raises(SuiteError) as caught:
        load_suite(new)
    said = f"{line_of(new, 'tset')}: datasets[1].tset: unknown key 'tset'"
    assert said in str(caught.value)
    new = write("new.yaml", extends="base", name="new", add={"datasets": [entry]})
    with pytest.raises(SuiteError, match=r"new\.yaml:7: datasets\[1\]: duplicate id"):
        load_suite(new)


def test_a_sweep_and_a_grid_of_the_other_file_are_expanded(write):
    entry = {k: v for k, v in BASE["datasets"][0].items() if k != "train"}
    swept = entry | {"sweep": {"train": [10, 21]}}
    base = write("base.yaml", **BASE | {"datasets": [swept]})
    grid = {"use": "KNN", "id": "K", "grid": {"n_neighbors": [1, 3]}}
    add = {"classifiers": ["RF", grid]}
    new = write("new.yaml", extends="base", name="new", add=add)
    suite = load_suite(new)
    assert [d.id for d in suite.datasets] == ["grid train=10", "grid train=21"]
    assert suite.where("datasets", 1, "train").endswith(line_of(base, "21"))
    assert suite.where("classifiers", 4).endswith(line_of(new, "RF"))
    assert suite.where("classifiers", 6, "use").endswith(line_of(new, "use"))
    add["classifiers"][1] = grid | {"grid": {"n_neighbors": []}}
    new = write("new.yaml", extends="base", name="new", add=add)
    with pytest.raises(SuiteError) as caught:
        load_suite(new)
    said = f"{line_of(new, 'n_neighbors')}: classifiers[5].grid"
    assert said in str(caught.value)


def test_paths_are_relative_to_the_file_where_they_stand(write, tmp_path):
    lib = "U0*x[:,0]\nsin(x[:,0])\n"
    code = (
        "from sklearn.naive_bayes import GaussianNB\n\n\n"
        "class Mine(GaussianNB):\n    pass\n"
    )
    for folder in ("below", "."):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "mine.lib").write_text(lib if folder == "below" else "x")
    (tmp_path / "below" / "mine.py").write_text(code)
    (tmp_path / "points.csv").write_text("x\n1\n2\n3\n")
    dataset = BASE["datasets"][0] | {"library": "mine"}
    mine = {"class": "./mine.py:Mine"}
    base = BASE | {"datasets": [dataset], "classifiers": [mine]}
    write("below/base.yaml", **base)
    own = OTHER | {"inputs": {"kind": "file", "path": "points.csv"}}
    new = {"extends": "below/base.yaml", "name": "new", "add": {"datasets": [own]}}
    plan = make_plan(load_suite(write("new.yaml", **new)))
    assert plan.datasets[0].library.text == lib
    assert plan.datasets[1].x.tolist() == [[1.0], [2.0], [3.0]]
    assert plan.classifiers[0].parts[0].file is not None
    assert plan.suite.folder_of("datasets", 0) == tmp_path / "below"
    assert plan.suite.folder_of("datasets", 1) == plan.suite.folder == tmp_path
    # Whoever draws a dataset of a suite by itself finds its library as well.
    assert find_dataset((str(tmp_path / "new.yaml"), "grid"))[0].library.text == lib


def test_a_chain_ends_and_a_circle_is_refused(write):
    write("f0.yaml", **BASE)
    for n in range(1, 6):
        path = write(f"f{n}.yaml", extends=f"f{n - 1}.yaml", name=f"f{n}", seed=n)
        if n < 5:
            assert load_suite(path).seed == n
    with pytest.raises(SuiteError, match="more than 5 files that extend one another"):
        load_suite(path)
    first = write("a.yaml", extends="b.yaml", name="a")
    write("b.yaml", extends="a.yaml", name="b")
    with pytest.raises(
        SuiteError, match=r"b\.yaml:3: extends: found a circle, .*a\.yaml;"
    ):
        load_suite(first)
    with pytest.raises(SuiteError, match="a circle"):
        load_suite(write("c.yaml", extends="c.yaml", name="c"))


def test_a_suite_may_have_the_name_of_the_shipped_one_that_it_extends(write):
    path = write("quick.yaml", extends="quick", name="mine", repetitions=1)
    shipped = {cell.key for cell in make_plan(load_suite("quick")).cells}
    assert {cell.key for cell in make_plan(load_suite(path)).cells} < shipped


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"extends": 5}, "extends: found 5; expected the path of a suite"),
        ({"extends": ""}, "expected the path of a suite"),
        ({"add": {}}, "add: found no 'extends' beside it"),
        ({"extends": "base", "add": []}, "add: found []; expected lists of entries"),
        (
            {"extends": "base", "add": {"classifers": []}},
            "add.classifers: unknown key 'classifers' (did you mean 'classifiers'?)",
        ),
        (
            {"extends": "base", "add": {"datasets": 1}},
            "add.datasets: found 1; expected a list",
        ),
        ({"extend": "base"}, "unknown key 'extend' (did you mean 'extends'?)"),
    ],
)
def test_a_wrong_way_to_extend_is_refused(write, keys, said):
    write("base.yaml", **BASE)
    with pytest.raises(SuiteError) as caught:
        load_suite(write("new.yaml", name="new", **keys))
    assert said in str(caught.value)
    assert "new.yaml:" in str(caught.value)


def test_a_missing_file_is_named_where_it_is_asked_for(write):
    path = write("new.yaml", extends="quik", name="new")
    with pytest.raises(
        MissingFileError, match=r"new\.yaml:3: extends: no suite 'quik'"
    ):
        load_suite(path)
    with pytest.raises(MissingFileError, match="did you mean 'quick'"):
        load_suite(path)


def test_the_schema_for_editors_knows_both_keys():
    schema = bench.suite.Suite.model_json_schema()
    assert schema["properties"]["extends"]["type"] == "string"
    assert set(schema["properties"]["add"]["properties"]) == {"datasets", "classifiers"}
    assert schema["required"] == ["version", "name"]
    assert {"required": ["extends"]} in schema["anyOf"]
