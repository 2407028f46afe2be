import math

import pytest
import yaml_text

from bench.analysis.sweeps import swept
from bench.suite.datasets import DatasetSpec

NORMAL = {"kind": "truncated-normal", "low": -3, "high": 3, "size": 70}
GRID = {"kind": "grid", "low": -3, "high": 3, "size": 70}
DATASET = yaml_text.SUITE["datasets"][0]


def specs(*inputs, **changes):
    recipes = [DATASET | {"id": f"d{i}", "inputs": own} for i, own in enumerate(inputs)]
    recipes[-1] = recipes[-1] | changes
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
def test_what_is_not_approached_is_no_limit(inputs):
    assert swept(specs(*inputs)) is None


def test_a_limit_differs_in_nothing_else():
    assert swept(specs(*normals(1, 2, 3), GRID, train=7)) is None
    assert swept(specs(*normals(1, 2, 3), GRID)).limit == "grid"


def test_a_sweep_without_a_limit_says_so():
    found = swept(specs(*normals(2, 1, 3)))
    assert found.limit == ""
    assert list(found.values.values()) == [1, 2, 3]
