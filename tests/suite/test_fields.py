import pytest
from pydantic import TypeAdapter, ValidationError

from bench.base.limits import Limits
from bench.suite.fields import Id, LimitsSpec, Training

IDS = TypeAdapter(Id)


@pytest.mark.parametrize("name", ["a", "F 11", "größe", "a.b", "SD-WGAN n=5", "x" * 64])
def test_an_id_may_have_spaces_dots_and_letters_of_any_language(name):
    assert IDS.validate_python(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " a",
        "a ",
        ".a",
        "a/b",
        "a/",
        "a\\b",
        "a\\",
        "/",
        "a\nb",
        "a\x00",
        "a\n",
        "x" * 65,
    ],
)
def test_an_id_that_is_no_file_name_is_refused(name):
    with pytest.raises(ValidationError):
        IDS.validate_python(name)


@pytest.mark.parametrize(
    ("own", "wider", "limits"),
    [
        ({}, {}, Limits()),
        ({}, {"timeout": "2h", "memory": "1KiB"}, Limits(7200.0, 1024)),
        ({"timeout": 90}, {"timeout": "2h", "memory": "1KB"}, Limits(90.0, 1000)),
        ({"memory": "2KiB"}, {"timeout": 0.5, "memory": "1KB"}, Limits(0.5, 2048)),
    ],
)
def test_a_missing_limit_is_taken_from_the_suite(own, wider, limits):
    assert LimitsSpec(**own).over(LimitsSpec(**wider)) == limits


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"timeout": "1w"}, "found '1w'; expected a time above 0"),
        ({"timeout": -1}, "found '-1'; expected a time above 0"),
        ({"timeout": 1e-9}, "found '1e-09'; expected a time"),
        ({"memory": "4"}, "found '4'; expected a size with its unit"),
    ],
)
def test_a_limit_that_cannot_be_read_is_refused(limits, said):
    with pytest.raises(ValidationError, match=said):
        LimitsSpec(**limits)


def test_the_mode_decides_which_settings_training_has():
    training = TypeAdapter(Training)
    assert training.validate_python({"mode": "online", "epochs": 9}).steps == 5
    with pytest.raises(ValidationError, match="unknown key 'epochs'"):
        training.validate_python({"mode": "fixed", "epochs": 9})
    with pytest.raises(ValidationError, match="epochs"):
        training.validate_python({"mode": "online"})
