import math

import pytest
import yaml_text

from bench.analysis.sweeps import Sweep, find_sweeps, swept
from bench.suite.datasets import DatasetSpec
from bench.suite.sweeps import Family

NORMAL = {"kind": "truncated-normal", "low": -3, "high": 3, "size": 70}
GRID = {"kind": "grid", "low": -3, "high": 3, "size": 70}
DATASET = yaml_text.SUITE["datasets"][0]


def specs(*inputs, **changes):
    recipes = [DATASET | {"id": f"d{i}", "inputs": own} for i, own in enumerate(inputs)]
    recipes[-1] = recipes[-1] | changes
    return [DatasetSpec.model_validate(recipe, strict=False) for recipe in recipes]


def changed(*changes):
    """Return the dataset with each of some changes, under ids of their own."""
    recipes = [DATASET | change | {"id": f"d{i}"} for i, change in enumerate(changes)]
    return [DatasetSpec.model_validate(recipe, strict=False) for recipe in recipes]


def normals(*stds, **changes):
    return [NORMAL | {"std": std} | changes for std in stds]


@pytest.mark.parametrize(
    "limit", [GRID, GRID | {"endpoint": True}, GRID | {"kind": "uniform", "sort": True}]
)
@pytest.mark.parametrize("place", [0, 3])
def test_a_grid_is_the_limit_of_ever_wider_normal_points(limit, place):
    inputs = normals(1, 10, 2)
    inputs.insert(place, limit)
    found = swept(specs(*inputs))
    assert found.name == "inputs.std"
    assert found.limit == limit["kind"]
    assert list(found.values.values()) == [1, 2, 10, math.inf]
    assert found.label(f"d{place}") == limit["kind"]
    assert found.label("d0" if place else "d1") == "std 1"


@pytest.mark.parametrize(
    "inputs",
    [
        [*normals(1, 2), GRID],  # too few to make a curve
        [*normals(1, 2, 3), GRID, GRID],
        [*normals(1, 2, 3), GRID | {"size": 71}],
        [*normals(1, 2, 3), GRID | {"high": 4}],
        [*normals(1, 2, 3), GRID | {"kind": "uniform"}],  # in another order
        [*normals(1, 2, 3, dim=2), GRID | {"dim": 2}],
        [*normals(1, 2, 3), {"kind": "normal", "size": 70}],
        [*({"kind": "normal", "size": 70, "std": s} for s in (1, 2, 3)), GRID],
        [*(GRID | {"size": n} for n in (10, 20, 30)), GRID | {"kind": "uniform"}],
    ],
)
def test_other_points_are_not_a_limit(inputs):
    assert swept(specs(*inputs)) is None


def test_a_limit_differs_in_nothing_else():
    assert swept(specs(*normals(1, 2, 3), GRID, train=7)) is None
    assert swept(specs(*normals(1, 2, 3), GRID)).limit == "grid"


def test_a_sweep_without_a_limit_says_so():
    found = swept(specs(*normals(2, 1, 3)))
    assert found.limit == ""
    assert list(found.values.values()) == [1, 2, 3]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ([{"train": 10}, {"train": 20}, {"train": 40}], "train"),
        ([{"train": 10}, {"train": 20}], None),
        ([{"train": 10}, {"train": 20}, {"train": 20}], None),
        ([{"train": 10}, {"train": 20, "test": 7}, {"train": 40}], None),
        ([{"dtype": "float32"}, {"dtype": "float64"}, {"dtype": "float64"}], None),
        (
            [{"inputs": DATASET["inputs"] | {"size": n}} for n in (10, 20, 30)],
            "inputs.size",
        ),
    ],
)
def test_one_number_that_varies_is_a_sweep(changes, name):
    found = swept(changed(*changes))
    assert (found.name if found else None) == name
    if found:
        assert len(found.values) == 3


def test_a_sweep_with_the_value_zero_is_not_found():
    assert swept(changed({"noise": 0}, {"noise": 1}, {"noise": 2})) is None


def test_written_sweeps_come_first_and_are_left_out_of_the_search():
    specs_of_three = changed({"train": 10}, {"train": 20}, {"train": 40})
    family = Family("sizes", "test", {f"w{n}": float(n) for n in (1, 2)})
    others = [
        spec.model_copy(update={"id": f"w{n}", "test": n})
        for n, spec in zip((1, 2), specs_of_three, strict=False)
    ]
    found = find_sweeps([*others, *specs_of_three], [family])
    assert [(sweep.name, sweep.family) for sweep in found] == [
        ("test", "sizes"),
        ("train", ""),
    ]


@pytest.mark.parametrize(
    ("values", "limit", "logarithmic"),
    [
        ({"a": 1.0, "b": 2.0, "c": 3.0}, "", False),
        ({"a": 1.0, "b": 10.0, "c": 100.0}, "", True),
        ({"a": 1.0, "b": 2.0, "c": math.inf}, "grid", True),
    ],
)
def test_an_axis_is_logarithmic_for_a_wide_range_or_a_limit(values, limit, logarithmic):
    assert Sweep("inputs.std", values, limit).logarithmic is logarithmic


def test_a_sweep_has_a_title_and_labels():
    sweep = Sweep("inputs.std", {"a": 1.25, "b": math.inf}, "grid")
    assert (sweep.quantity, sweep.words) == (
        "std",
        "standard deviation of the input points",
    )
    assert (sweep.label("a"), sweep.label("b")) == ("std 1.25", "grid")
    assert Sweep("train", {"a": 1.0}).words == "training curves per class"
