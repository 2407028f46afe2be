"""The suite of recorded curves against figures that others have published."""

from importlib.util import find_spec

import pytest

from bench.base import resources
from bench.cells import compute, make_plan
from bench.suite import load_suite

pytestmark = [
    pytest.mark.slow,  # time warping of 1460 points takes minutes
    pytest.mark.skipif(
        find_spec("aeon") is None, reason="the extra `peers` is missing"
    ),
]


@pytest.fixture(scope="module")
def plan():
    return make_plan(load_suite(resources.SUITES / "recorded.yaml"))


@pytest.mark.parametrize("classifier", ["1NN-ED", "1NN-DTW"])
def test_one_nearest_neighbour_has_the_published_errors(plan, classifier):
    cells = [cell for cell in plan.given if cell.classifier.id == classifier]
    assert len(cells) == len(plan.datasets)
    found, published = {}, {}
    for cell in cells:
        name = cell.dataset.spec.id
        scores = plan.reference.datasets[name].get(classifier)
        if scores is not None and scores.given is not None:
            [(result, _)] = compute((cell,))
            found[name] = round(result.test["accuracy"], 4)
            published[name] = scores.given
    assert found == published
    assert len(published) >= 5
