import pytest
from pydantic import ValidationError

from bench.suite.classifiers import ClassifierSpec, StepSpec, default_id, file_of


def read(entry):
    return ClassifierSpec.model_validate(entry)


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("SVC", "SVC"),
        ("package.module.Class", "Class"),
        ("./my.py:Mine", "Mine"),
        ({"use": "KNN"}, "KNN"),
        ({"class": "a.b.C"}, "C"),
        ({"steps": ["a.Scaler", {"class": "./my.py:Mine"}]}, "Mine"),
        ({"steps": ("a.Scaler", "SVC")}, "SVC"),
        ({"steps": []}, None),
        ({"params": {}}, None),
        ({"class": 5}, None),
        (5, None),
        (None, None),
    ],
)
def test_the_default_id_is_the_name_of_preset_class_or_last_step(entry, name):
    assert default_id(entry) == name


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("./my.py:Mine", ("./my.py", "Mine")),
        ("/a b/c.py:Größe", ("/a b/c.py", "Größe")),
        ("my.py", None),
        ("my.py:9a", None),
        ("a:b.py:Mine", None),
        ("package.module.Class", None),
        ("my.py:a.b", None),
    ],
)
def test_a_class_in_a_file_is_told_by_its_colon(path, parts):
    assert file_of(path) == parts


def test_a_name_alone_is_a_preset_or_a_class():
    assert (read("SVC").id, read("SVC").use) == ("SVC", "SVC")
    assert (read("a.b.C").id, read("a.b.C").class_) == ("C", "a.b.C")
    assert StepSpec.model_validate("a.b.C").class_ == "a.b.C"


def test_an_id_in_the_entry_is_kept():
    assert read({"id": "mine", "use": "SVC"}).id == "mine"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"use": "SVC", "class": "a.B"}, "expected either 'use'"),
        ({"id": "a"}, "expected either 'use'"),
        ({"use": "SCV"}, "unknown classifier 'SCV' \\(did you mean 'SVC'\\?\\)"),
        ({"class": "nodots", "id": "a"}, "found 'nodots'; expected a dotted path"),
        ({"class": "a..B"}, "found 'a..B'; expected a dotted path"),
        ({"class": "a.9b"}, "found 'a.9b'; expected a dotted path"),
        ({"steps": ("SVC",)}, "at least 2 items"),
        ({"steps": ("SVC", "KNN"), "wrap": "aeon"}, "'wrap' beside 'steps'"),
        ({"use": "SVC", "grid": {"C": [1]}}, "the key 'grid' belongs in a suite file"),
        ({"use": "SVC", "channels": ()}, "at least 1 item"),
        (
            {"use": "SVC", "resources": {"cores": 2}},
            "unknown key 'cores'.*threads, gpu",
        ),
        ({"use": "SVC", "resources": {"gpus": 1}}, r"did you mean 'gpu'\?"),
        ({"use": "SVC", "resources": {"threads": 0}}, "greater than or equal to 1"),
        ({"use": "SVC", "resources": {"slots": 0}}, "greater than or equal to 1"),
        ({"use": "SVC", "resources": {"gpu": -1}}, "greater than or equal to 0"),
        ({"use": "SVC", "resources": {"gpu": 0.5}}, "valid integer"),
    ],
)
def test_an_entry_that_is_not_one_class_is_refused(entry, said):
    with pytest.raises(ValidationError, match=said):
        read(entry)
