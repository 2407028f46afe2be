import json

import golden
import numpy as np
import pytest
import torch

import bench
from bench.base.seeds import generator
from bench.curves import expressions
from bench.discriminators import losses

FOUND = {
    "results": 1,
    "environment": "here",
    "rounded": {"a, float64": [1.0, 2.0], "b, int64": "9f"},
    "exact": "c4",
}
KEPT = {
    "SD": {
        "results": 1,
        "rounded": FOUND["rounded"],
        "exact": {"here": "c4", "there": "d5"},
    }
}
CHANGED = r'stage \w+ changed: if that is meant, raise bench.RESULTS\["\w+"\] and run'
LAST_BIT = 1 + 2**-52


def shifted(root, *names):
    return generator(root + 1, *names)


def scaled(factor):
    def loss(logits, labels, weights, inner=losses.binary_cross_entropy):
        value, parts = inner(logits, labels, weights)
        return value * factor, parts

    return loss


def ahead(seed):
    return np.random.RandomState(seed + 1)


def elsewhere(found):
    return found | {"environment": "elsewhere"}


@pytest.fixture(scope="module")
def computed():
    return {stage: golden.compute(stage) for stage in golden.STAGES}


@pytest.fixture(scope="module")
def taken(computed):
    """What golden.json would hold if it were taken here and now."""
    return {k: golden.update(k, found, {}) for k, found in computed.items()}


def test_every_stage_is_kept():
    assert set(bench.RESULTS) == set(golden.STAGES) == set(golden.read())


@pytest.mark.parametrize("stage", golden.STAGES)
def test_the_bits_are_those_of_golden_json(stage, computed):
    golden.check(stage, computed[stage], golden.read())


@pytest.mark.parametrize("stage", golden.STAGES)
def test_the_bits_are_the_same_again_and_threads_are_restored(stage, taken):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        golden.check(stage, golden.compute(stage), taken)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("stage", "target", "other", "everywhere"),
    [
        ("curves", "bench.curves.datasets.generator", shifted, True),
        ("SD", "bench.discriminators.discriminator.check_random_state", ahead, True),
        ("CSD", "bench.discriminators.discriminator.check_random_state", ahead, True),
        ("CSD2", "bench.discriminators.discriminator.check_random_state", ahead, True),
        ("SD", "bench.discriminators.losses.binary_cross_entropy", scaled(1.001), True),
        (
            "CSD",
            "bench.discriminators.losses.binary_cross_entropy",
            scaled(1.001),
            True,
        ),
        (
            "CSD",
            "bench.discriminators.losses.binary_cross_entropy",
            scaled(1 + 2**-22),
            False,
        ),
    ],
)
def test_a_changed_computation_fails(
    stage, target, other, everywhere, taken, monkeypatch
):
    monkeypatch.setattr(target, other)
    found = golden.compute(stage)
    with pytest.raises(AssertionError, match=CHANGED):
        golden.check(stage, found, taken)
    if everywhere:
        with pytest.raises(AssertionError, match=CHANGED):
            golden.check(stage, elsewhere(found), taken)


KEPT_TEXT = "".join(golden.FILES.values())


@pytest.mark.parametrize(
    "name", [name for name in expressions.FUNCTIONS if f"{name}(" in KEPT_TEXT]
)
def test_a_last_bit_of_any_function_fails_here_and_more_fails_everywhere(
    name, taken, monkeypatch
):
    exact = expressions._UFUNCS[name]
    monkeypatch.setitem(expressions._UFUNCS, name, lambda x: exact(x) * LAST_BIT)
    found = golden.compute("curves")
    with pytest.raises(AssertionError, match=CHANGED):
        golden.check("curves", found, taken)
    golden.check("curves", elsewhere(found), taken)
    monkeypatch.setitem(expressions._UFUNCS, name, lambda x: exact(x) * (1 + 1e-4))
    with pytest.raises(AssertionError, match=CHANGED):
        golden.check("curves", elsewhere(golden.compute("curves")), taken)


def test_other_last_bits_pass_elsewhere_alone():
    other = FOUND | {"rounded": {"a, float64": [1.0, 2.0 + 1e-9], "b, int64": "9f"}}
    golden.check("SD", elsewhere(other | {"exact": "e6"}), KEPT)
    with pytest.raises(AssertionError, match="changed: last bits"):
        golden.check("SD", other | {"exact": "e6"}, KEPT)


@pytest.mark.parametrize(
    "rounded",
    [
        {"a, float64": [1.0, 2.0 + 1e-8], "b, int64": "9f"},
        {"a, float64": [1.0], "b, int64": "9f"},
        {"a, float64": [1.0, float("nan")], "b, int64": "9f"},
        {"a, float64": [1.0, 2.0], "b, int64": "8e"},
        {"a, float64": [1.0, 2.0]},
        {"a, float32": [1.0, 2.0], "b, int64": "9f"},
    ],
)
def test_other_numbers_fail_everywhere_and_are_not_written(rounded):
    found = elsewhere(FOUND | {"rounded": rounded})
    for judge in (golden.check, golden.update):
        with pytest.raises(AssertionError, match=CHANGED):
            judge("SD", found, KEPT)


@pytest.mark.parametrize("kept", [{}, KEPT])
def test_a_raised_number_asks_for_golden_json(kept):
    with pytest.raises(AssertionError, match=r"run `python tests/support/golden.py`"):
        golden.check("SD", FOUND | {"results": 2}, kept)


def test_a_raised_number_drops_what_is_stale():
    found = FOUND | {"results": 2, "exact": "e6"}
    entry = golden.update("SD", found, KEPT)
    assert entry == KEPT["SD"] | {"results": 2, "exact": {"here": "e6"}}


def test_a_new_environment_is_added():
    entry = golden.update("SD", elsewhere(FOUND), KEPT)
    assert entry["exact"] == {"here": "c4", "there": "d5", "elsewhere": "c4"}
    assert entry["rounded"] == KEPT["SD"]["rounded"]


def test_a_lowered_number_is_refused():
    with pytest.raises(AssertionError, match="only ever raised"):
        golden.update("SD", FOUND | {"results": 0}, KEPT)


def test_golden_json_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "golden.json"
    monkeypatch.setattr(golden, "PATH", path)
    monkeypatch.setattr(golden, "STAGES", {"SD": None})
    monkeypatch.setattr(golden, "compute", lambda _: FOUND)
    golden.main()
    assert json.loads(path.read_text())["SD"]["exact"] == {"here": "c4"}
    before = path.read_bytes()
    golden.main()
    assert path.read_bytes() == before
    monkeypatch.setattr(golden, "compute", lambda _: FOUND | {"exact": "e6"})
    with pytest.raises(SystemExit, match=r'raise bench.RESULTS\["SD"\]'):
        golden.main()
    assert path.read_bytes() == before
