"""Entries of a suite that sweep: what they become, and how mistakes are told."""

import json

import pytest
import stored
import yaml_text

from bench.analysis.sweeps import find_sweeps
from bench.base.errors import BenchError, SuiteError
from bench.suite.datasets import DatasetSpec
from bench.suite.load import load_suite
from bench.suite.schema import Suite
from bench.suite.sweeps import number_text, numeric_fields

DATASET = yaml_text.SUITE["datasets"][0]
GRID = {k: v for k, v in DATASET["inputs"].items() if k != "size"}
FEW = {k: v for k, v in DATASET.items() if k != "train"}


def of(entry, sweep, **changes):
    return entry | {"sweep": sweep} | changes


@pytest.fixture
def suite_of(write_suite):
    def load(*entries):
        return load_suite(write_suite(datasets=list(entries)))

    return load


def test_a_sweep_makes_a_dataset_for_each_value(suite_of):
    suite = suite_of(DATASET | {"id": "one"}, of(FEW, {"train": [50, 5, 500]}))
    assert [(d.id, d.train) for d in suite.datasets] == [
        ("one", 30),
        ("grid train=50", 50),
        ("grid train=5", 5),
        ("grid train=500", 500),
    ]
    [family] = suite.families
    assert (family.id, family.name) == ("grid", "train")
    assert list(family.values.items()) == [
        ("grid train=5", 5),
        ("grid train=50", 50),
        ("grid train=500", 500),
    ]


def test_a_swept_dataset_equals_the_same_dataset_written_out(suite_of):
    swept = suite_of(of(DATASET, {"inputs.size": [7, 9]}, inputs=GRID))
    plain = [DATASET | {"id": f"d{n}", "inputs": GRID | {"size": n}} for n in (7, 9)]
    written = suite_of(*plain)
    for one, other in zip(swept.datasets, written.datasets, strict=True):
        assert one.model_copy(update={"id": other.id}) == other


def test_a_swept_cell_has_the_key_of_the_same_cell_written_out(write_suite):
    swept = stored.plan_of(write_suite(datasets=[of(FEW, {"train": [30, 31]})]))
    plain = stored.plan_of(write_suite(datasets=[DATASET]))
    assert {c.key for c in plain.cells} < {c.key for c in swept.cells}


@pytest.mark.parametrize(
    ("neural", "hidden"),
    [
        ({}, [(4, 4), (9, 9)]),
        ({"neural": {"hidden": [5, 6, 7]}}, [(4, 4, 4), (9, 9, 9)]),
        ({"neural": {"kind": "wild"}}, [(4, 4), (9, 9)]),
    ],
)
def test_a_swept_width_sets_all_hidden_layers(suite_of, neural, hidden):
    suite = suite_of(of(DATASET | neural, {"neural.width": [4, 9]}))
    assert [d.neural.hidden for d in suite.datasets] == hidden
    assert [d.id for d in suite.datasets] == ["grid width=4", "grid width=9"]


def test_noise_is_swept_and_paired(write_suite):
    plan = stored.plan_of(write_suite(datasets=[of(DATASET, {"noise": [1, 2.5]})]))
    assert [d.spec.noise for d in plan.datasets] == [1.0, 2.5]
    assert [d.spec.id for d in plan.datasets] == ["grid noise=1", "grid noise=2.5"]
    first, second = plan.datasets
    assert first.stream == second.stream
    assert first.identity != second.identity


def test_every_number_of_a_dataset_can_be_swept():
    fields = numeric_fields(DATASET)
    numbers = {name for name, is_number in fields.items() if is_number}
    assert {
        "noise",
        "train",
        "test",
        "inputs.low",
        "inputs.high",
        "inputs.size",
        "inputs.dim",
        "neural.curves_per_net",
        "neural.width",
        "split.unseen-functions",
    } <= numbers
    words = {
        "id",
        "library",
        "dtype",
        "inputs.sort",
        "inputs.endpoint",
        "neural.hidden",
    }
    assert words <= fields.keys() - numbers
    # Those of another kind of points, or of networks, are no fields of this one.
    assert not {"inputs.std", "inputs.pool", "neural.steps"} & fields.keys()


def test_numbers_are_written_in_their_shortest_form():
    texts = [number_text(n) for n in (5, 5.0, 0.5, 1e-3, 1_000_000, 1e300)]
    assert texts[:5] == ["5", "5", "0.5", "0.001", "1000000"]
    assert float(texts[5]) == 1e300


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (of(DATASET, {"nois": [1, 2]}), "'nois' (did you mean 'noise'?)"),
        (of(DATASET, {"inputs.std": [1, 2]}), "unknown field 'inputs.std'"),
        (of(DATASET, {"dtype": [1, 2]}), "'dtype' is not a number"),
        (of(DATASET, {"neural.hidden": [1, 2]}), "neural.width sets the width of all"),
        (of(FEW, {"train": 5}), "found 5; expected a list of numbers"),
        (of(FEW, {"train": [5]}), "1 values; expected 2 to 100"),
        (of(FEW, {"train": list(range(1, 102))}), "101 values; expected 2 to 100"),
        (of(FEW, {"train": [5, "9"]}), "train[1]: found '9'; expected a number"),
        (of(FEW, {"train": [5, True]}), "train[1]: found True; expected a number"),
        (of(FEW, {"train": [5, 6, 5.0]}), "duplicate value 5; values"),
        (of(FEW, {"train": [5, 0]}), "[0].sweep.train[1]: found 0; input should be"),
        (of(FEW, {"train": [5, 2.5]}), "sweep.train[1]: found 2.5"),
        (of(FEW, {"neural.width": [5, 0]}), "sweep.neural.width[1]: found 0"),
        (of(DATASET, {"train": [5, 6]}), "found train in the entry as well; expected"),
        (of(DATASET, {}), "found no field; expected one field"),
        (of(DATASET, [1]), "found no field; expected one field"),
        (of(DATASET, {"noise": [1, 2], "test": [1, 2]}), "found noise, test; expected"),
        (of(FEW, {"neural.width": [1, 2]}, neural=[1]), "'neural' is not a mapping"),
        (DATASET | {"swep": {}}, "did you mean 'sweep'"),
    ],
)
def test_a_mistake_in_a_sweep_is_refused_with_its_place(suite_of, entry, said):
    with pytest.raises(SuiteError) as caught:
        suite_of(entry)
    assert said in str(caught.value)
    assert "suite.yaml:" in str(caught.value)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([of(FEW, {"train": [5, 6]}), DATASET], "duplicate id 'grid'"),
        ([of(FEW, {"train": [5, 6]})] * 2, "duplicate id 'grid'"),
        (
            [of(FEW, {"train": [5, 6]}), DATASET | {"id": "grid train=5"}],
            "datasets[1]: duplicate id 'grid train=5'",
        ),
    ],
)
def test_the_id_of_a_family_must_be_unique(suite_of, entries, said):
    with pytest.raises(SuiteError) as caught:
        suite_of(*entries)
    assert said in str(caught.value)


TEXT = """\
version: 1
name: small
repetitions: 1
datasets:
  - id: family
    library: F11_v1
    inputs: {kind: grid, low: -3, high: 3, size: 20}
    sweep:
      train:
        - 10
        - 20
        - VALUE
  - id: last
    library: LIBRARY
    inputs: {kind: grid, low: -3, high: 3, size: 20}
classifiers: [KNN]
"""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"VALUE": "0"}, ":12: datasets[0].sweep.train[2]: found 0"),
        ({"train": "trian"}, ":9: datasets[0].sweep.trian: unknown field"),
        ({"library: F11_v1": "libary: F11_v1"}, ":6: datasets[0].libary: unknown key"),
        ({"LIBRARY": "F99"}, ":13: datasets[1]: "),
        (
            {"  - id: last\n    library": "  - library"},
            ":13: datasets[1]: the key 'id'",
        ),
    ],
)
def test_a_mistake_in_an_expanded_entry_has_its_line_in_the_file(
    tmp_path, changes, said
):
    text = TEXT
    for old, new in (changes | {"VALUE": "30", "LIBRARY": "F11_v1"}).items():
        text = text.replace(old, changes.get(old, new))
    path = tmp_path / "suite.yaml"
    path.write_text(text)
    with pytest.raises(BenchError) as caught:
        stored.plan_of(path)
    assert f"suite.yaml{said}" in str(caught.value)
    assert "more)" not in str(caught.value)  # it stands there once


def test_an_id_selects_a_family_or_one_of_its_datasets(write_suite):
    entry = of(FEW, {"train": [5, 6]})
    plan = stored.plan_of(write_suite(datasets=[entry, DATASET | {"id": "b"}]))

    def chosen(*names):
        return [recipe.spec.id for recipe in plan.limited(names, []).datasets]

    assert chosen("grid") == ["grid train=5", "grid train=6"]
    assert chosen("grid train=6") == ["grid train=6"]
    assert chosen("b", "grid") == ["grid train=5", "grid train=6", "b"]
    with pytest.raises(SuiteError, match="did you mean 'grid'"):
        plan.limited(["girds"], [])


def test_sweeps_are_the_families_and_datasets_that_differ_in_one_number(suite_of):
    others = [
        DATASET | {"id": f"n{n}", "inputs": GRID | {"size": n}} for n in (7, 8, 9)
    ]
    suite = suite_of(
        of(FEW, {"train": [6, 5]}), *others, of(DATASET, {"noise": [0, 9]}, id="b")
    )
    found = find_sweeps(suite.datasets, suite.families)
    assert [(sweep.family, sweep.name) for sweep in found] == [
        ("grid", "train"),
        ("b", "noise"),
        ("", "inputs.size"),
    ]
    assert list(found[1].values) == ["b noise=0", "b noise=9"]
    assert found[0].label("grid train=5") == "train 5"
    assert found[0].words == "training curves per class"


def test_a_wide_sweep_is_logarithmic(suite_of):
    wide, narrow, zero = (
        find_sweeps(suite.datasets, suite.families)[0]
        for suite in (
            suite_of(of(FEW, {"train": [5, 100]})),
            suite_of(of(FEW, {"train": [5, 99]})),
            suite_of(of(DATASET, {"noise": [0, 99]})),
        )
    )
    assert wide.logarithmic
    assert not narrow.logarithmic
    assert not zero.logarithmic


def test_a_sweep_outside_a_suite_is_refused():
    with pytest.raises(ValueError, match="'sweep' belongs in a suite file"):
        DatasetSpec.model_validate(of(DATASET, {"noise": [1, 2]}), strict=False)


def test_the_schema_has_the_key_sweep():
    schema = json.loads(json.dumps(Suite.model_json_schema()))
    dataset = schema["$defs"]["DatasetSpec"]
    assert dataset["properties"]["sweep"]["maxProperties"] == 1
    assert "sweep" not in dataset["required"]
    assert schema["$defs"]["GridInputs"]["required"] == ["kind"]
