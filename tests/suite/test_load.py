import pytest
import yaml_text

from bench.base.errors import MissingFileError, SuiteError
from bench.suite.load import load_suite
from bench.suite.schema import Suite

DATASET = yaml_text.SUITE["datasets"][0]
GRID = DATASET["inputs"]


def test_a_suite_is_read_with_defaults(write_suite):
    suite = load_suite(write_suite())
    assert [c.id for c in suite.classifiers] == ["KNN", "GNB", "DT", "CHANCE"]
    assert suite.datasets[0].dtype == "float64"
    assert suite.threads == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"repetitions": 0}, "repetitions: found 0"),
        ({"reptitions": 1}, "did you mean 'repetitions'"),
        ({"statz": {}}, "did you mean 'stats'"),
        ({"limits": {"timeout": "10 minutes"}}, "such as 90 (seconds), 10m or 2h"),
        ({"limits": {"timeout": 0}}, "expected a time above 0"),
        ({"limits": {"timeout": True}}, "limits.timeout"),
        ({"limits": {"memory": 4096}}, "limits.memory"),
        ({"limits": {"memory": "4"}}, "a size with its unit"),
        ({"classifiers": [{"use": "SVC", "limits": {"time": 1}}]}, "mean 'timeout'"),
        ({"classifiers": ["SVM"]}, "did you mean 'SVC'"),
        ({"classifiers": ["SVC", "SVC"]}, "duplicate id 'SVC'"),
        ({"classifiers": [{"id": "a"}]}, "either 'use'"),
        ({"classifiers": [{"class": "nodots"}]}, "a dotted path"),
        ({"datasets": [DATASET, DATASET]}, "duplicate id 'grid'"),
        ({"datasets": [DATASET | {"trian": 5}]}, "did you mean 'train'"),
        ({"datasets": [DATASET | {"train": "5"}]}, 'found "5"'),
        ({"datasets": [DATASET | {"train": True}]}, "found true"),
        ({"datasets": [DATASET | {"id": "../up"}]}, "datasets[0].id"),
        ({"datasets": [DATASET | {"channels": ["gradient"]}]}, "expected 'value'"),
        ({"datasets": [DATASET | {"dtype": "float16"}]}, "'float64' or 'float32'"),
        (
            {"datasets": [DATASET | {"inputs": GRID | {"low": 4}}]},
            "expected low < high",
        ),
        (
            {"datasets": [DATASET | {"inputs": {"kind": "gird"}}]},
            "does not match any of the expected tags",
        ),
        (
            {
                "datasets": [
                    DATASET | {"inputs": {"kind": "normal", "size": 9, "std": 0}}
                ]
            },
            "greater than 0",
        ),
        ({"metrics": ["acuracy"]}, "did you mean 'accuracy'"),
        ({"name": "../up"}, "name"),
        ({"version": 2}, "version"),
        ({"datasets": None}, "the key 'datasets' is missing"),
    ],
)
def test_a_mistake_in_a_suite_is_refused_with_its_remedy(write_suite, changes, said):
    with pytest.raises(SuiteError) as caught:
        load_suite(write_suite(**changes))
    assert said in str(caught.value)
    assert "suite.yaml:" in str(caught.value)


def test_a_mistake_in_a_suite_has_its_line(write_suite):
    path = write_suite()
    lines = path.read_text().splitlines()
    number = next(i for i, line in enumerate(lines, 1) if '"library"' in line)
    path.write_text(path.read_text().replace('"library"', '"libary"'))
    with pytest.raises(SuiteError, match=rf"suite\.yaml:{number}: datasets\[0\]\.lib"):
        load_suite(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: !!python/object:os.system x", "the tag"),
        ("a: &x 1\nb: *x", "an anchor or alias"),
        ("a: 1\na: 2", "duplicate key 'a'"),
        ("a: [1", "not readable as YAML"),
        ("\ta: 1", "not readable as YAML"),
        ("", "an empty file"),
        ("- 1", "expected a mapping"),
        ("a: .nan", "is not a finite number"),
        ("a: 1\n---\nb: 2", "a second document"),
        ("a: " + "[" * 5000, "nested more than"),
        ("a: " + "x" * 2**20, "more than"),
    ],
)
def test_unsafe_yaml_is_refused(tmp_path, text, said):
    path = tmp_path / "suite.yaml"
    path.write_text(text)
    with pytest.raises(SuiteError, match=said):
        load_suite(path)


def test_a_missing_suite_is_a_missing_file(tmp_path):
    with pytest.raises(MissingFileError):
        load_suite(tmp_path / "none.yaml")


def test_numbers_are_those_of_yaml_1_2(tmp_path):
    path = tmp_path / "suite.yaml"
    text = yaml_text.suite_text(
        classifiers=[{"class": "sklearn.svm.SVC", "params": {"C": 0.001}}]
    )
    path.write_text(text.replace("0.001", "1e-3").replace('"small"', "yes"))
    suite = load_suite(path)
    assert suite.classifiers[0].params == {"C": 1e-3}
    assert suite.classifiers[0].id == "SVC"
    assert suite.name == "yes"


def test_the_schema_for_editors_describes_keys_and_takes_a_name_for_a_classifier():
    schemas = Suite.model_json_schema()["$defs"]
    for name in ("ClassifierSpec", "StepSpec"):
        assert schemas[name]["type"] == ["object", "string"]
        assert "required" not in schemas[name]  # an id is made of preset or class
    said = {k: v["description"] for k, v in schemas["GridInputs"]["properties"].items()}
    assert said["low"].startswith("The ends of the interval: a number")  # inherited
    assert said["kind"] == 'The kind "grid".'
    # Under its name in the file, which is not that of the attribute.
    split = schemas["Split"]["properties"]["unseen-functions"]
    assert split["description"].startswith(
        "Number of functions that only the test curves"
    )
