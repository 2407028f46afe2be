import pytest
from pydantic import ValidationError

from bench.suite.study import DimensionSpec, StudySpec


def test_a_list_is_labelled_by_its_json_and_found_again():
    dimension = DimensionSpec(choices=(1, "relu", (32, 32), None, False, "[32, 32, 1]"))
    assert dimension.labels == [1, "relu", "[32, 32]", None, False, "[32, 32, 1]"]
    assert dimension.value_of("[32, 32]") == (32, 32)
    assert dimension.value_of("relu") == "relu"
    assert dimension.value_of(None) is None


def test_a_number_of_a_range_is_its_own_label():
    dimension = DimensionSpec(low=1, high=5)
    assert dimension.labels == []
    assert dimension.value_of(3) == 3


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "expected either 'choices', or 'low' and 'high'"),
        ({"low": 1}, "expected either"),
        ({"choices": (1,), "low": 0, "high": 1}, "expected either"),
        ({"choices": (1,), "log": True}, "expected either"),
        ({"choices": (1, 2, 1)}, "duplicate choice 1; choices must be unique"),
        ({"choices": (1, True)}, "duplicate choice True"),  # they are equal
        ({"choices": ((1, 2), (1, 2))}, r"duplicate choice \[1, 2\]"),
        ({"choices": ("[1, 2]", (1, 2))}, r"duplicate choice \[1, 2\]"),
        ({"low": 1, "high": 1}, "low = 1, high = 1; expected low < high"),
        ({"low": 0, "high": 1, "log": True}, "found low = 0 with log: true; expected"),
        ({"low": -1.0, "high": 1, "log": True}, "found low = -1.0 with log: true"),
    ],
)
def test_a_dimension_that_cannot_be_searched_is_refused(fields, said):
    with pytest.raises(ValidationError, match=said):
        DimensionSpec(**fields)


def test_a_logarithmic_range_starts_above_0():
    assert DimensionSpec(low=1e-9, high=1, log=True).log


def test_a_study_needs_trials_and_a_space():
    study = StudySpec(trials=3, space={"lr": DimensionSpec(low=0, high=1)})
    assert (study.sampler, study.pruner, study.validation) == ("tpe", "median", 500)
    with pytest.raises(ValidationError, match="at least 1 item"):
        StudySpec(trials=3, space={})
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        StudySpec(trials=0, space={"lr": DimensionSpec(low=0, high=1)})
