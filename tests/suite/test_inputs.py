"""Keys of input points: numbers for each column, dialects of files, mistakes."""

import pytest
import yaml_text

from bench.base import SuiteError
from bench.suite import Suite, load_suite

UNIFORM = {"kind": "uniform", "size": 20, "low": [1, 0, 3], "high": [5, 2, 10]}
NORMAL = {"kind": "normal", "size": 20}
GRID = {"kind": "grid", "size": [2, 3], "low": 0, "high": [1, 2]}
TRUNCATED = {"kind": "truncated-normal", "size": 20, "low": -1, "high": 1}
FILE = {"kind": "file", "path": "p.csv"}


@pytest.fixture
def inputs_of(write_suite):
    def read(inputs):
        dataset = yaml_text.SUITE["datasets"][0] | {"inputs": inputs}
        return load_suite(write_suite(datasets=[dataset])).datasets[0].inputs

    return read


@pytest.mark.parametrize(
    ("inputs", "dim"),
    [
        (UNIFORM, 3),
        (UNIFORM | {"dim": 3}, 3),
        (UNIFORM | {"low": 0}, 3),
        (UNIFORM | {"low": 0, "high": 1}, 1),
        (UNIFORM | {"low": [0], "high": 1}, 1),
        (UNIFORM | {"low": 0, "high": 1, "dim": 2}, 2),
        (NORMAL | {"mean": [0, 1]}, 2),
        (NORMAL | {"std": [2.5, 1]}, 2),
        (GRID, 2),
        (TRUNCATED | {"std": [1, 2, 3]}, 3),
    ],
)
def test_the_number_of_columns_follows_from_a_list(inputs_of, inputs, dim):
    assert inputs_of(inputs).dim == dim


def test_one_number_stays_one_number(inputs_of):
    assert inputs_of(UNIFORM | {"low": 0, "high": 1}).low == 0.0
    assert inputs_of(UNIFORM).low == (1.0, 0.0, 3.0)
    assert inputs_of(GRID).size == (2, 3)


FOR_EACH = "expected one number for all columns, or a list with one for each of the"
NUMBER = "expected a number, or a list with one for each column, such as [1, 0]"


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (UNIFORM | {"low": [1, 0]}, f"high: found [5, 2, 10]; {FOR_EACH} 2 columns"),
        (UNIFORM | {"dim": 2}, f"low: found [1, 0, 3]; {FOR_EACH} 2 columns"),
        (GRID | {"size": [2, 3, 4]}, f"size: found [2, 3, 4]; {FOR_EACH} 2 columns"),
        (UNIFORM | {"low": [1, 2, 3]}, "low = 2.0, high = 2.0 in column 1; expected"),
        (UNIFORM | {"low": 1, "high": 0}, "low = 1.0, high = 0.0; expected low < high"),
        (UNIFORM | {"low": "a"}, f'inputs.low: found "a"; {NUMBER}'),
        (UNIFORM | {"low": []}, f"inputs.low: found []; {NUMBER}"),
        (UNIFORM | {"low": True}, f"inputs.low: found true; {NUMBER}"),
        (UNIFORM | {"low": None}, f"inputs.low: found null; {NUMBER}"),
        (UNIFORM | {"low": {"a": 1}}, f'inputs.low: found {{"a": 1}}; {NUMBER}'),
        (UNIFORM | {"low": [1, "a", 3]}, 'inputs.low[1]: found "a"; input should be'),
        (UNIFORM | {"low": [1] * 17}, "list should have at most 16 items, not 17"),
        (NORMAL | {"std": [1, 0]}, "inputs.std[1]: found 0; input should be greater"),
        (NORMAL | {"std": -1}, "inputs.std: found -1; input should be greater than 0"),
        (NORMAL | {"size": [2, 3]}, "inputs.size: found [2, 3]; input should be"),
        (GRID | {"size": [2, 0]}, "inputs.size[1]: found 0; input should be"),
        (FILE | {"columns": "x"}, 'columns: found "x"; input should be a valid list'),
        (FILE | {"columns": []}, "found []; list should have at least 1 item, not 0"),
        (FILE | {"columns": [0.5]}, "columns[0]: found 0.5"),
        (FILE | {"columns": [-1]}, "columns[0]: found -1"),
        (FILE | {"columns": [""]}, 'columns[0]: found ""'),
        (FILE | {"delimiter": "xx"}, "',', ';', '|', 'tab' or 'whitespace'"),
        (FILE | {"decimal": ";"}, "inputs.decimal: found \";\"; input should be '.'"),
        (FILE | {"delimiter": ",", "decimal": ","}, "expected two different marks"),
        (FILE | {"delimitr": ";"}, "did you mean 'delimiter'"),
    ],
)
def test_a_mistake_in_the_points_is_told(inputs_of, inputs, said):
    with pytest.raises(SuiteError) as caught:
        inputs_of(inputs)
    assert said in str(caught.value)
    assert "datasets[0].inputs" in str(caught.value)


@pytest.mark.parametrize(
    ("written", "word"),
    [("tab", "tab"), ("\t", "tab"), ("\\t", "tab"), (" ", "whitespace"), (";", ";")],
)
def test_a_delimiter_is_a_character_or_a_word(inputs_of, written, word):
    assert inputs_of(FILE | {"delimiter": written}).delimiter == word


def test_a_tab_is_invisible_elsewhere(write_suite):
    with pytest.raises(SuiteError, match=r"the character U\+0009"):
        load_suite(write_suite(name="a\tb"))


def test_the_schema_for_editors_knows_the_lists():
    schemas = Suite.model_json_schema()["$defs"]
    low, size = (schemas["GridInputs"]["properties"][k] for k in ("low", "size"))
    for key, kind in ((low, "number"), (size, "integer")):
        one, several = key.get("oneOf") or key["anyOf"]
        assert one["type"] == several["items"]["type"] == kind
        assert several["type"] == "array"
        assert (several["minItems"], several["maxItems"]) == (1, 16)
    file = schemas["FileInputs"]["properties"]
    assert {"columns", "delimiter", "decimal"} < set(file)
    assert schemas["FileInputs"]["required"] == ["kind"]
