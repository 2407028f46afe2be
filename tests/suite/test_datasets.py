import pytest
from pydantic import ValidationError

from bench.suite.datasets import DatasetSpec

GRID = {"kind": "grid", "low": -3.0, "high": 3.0, "size": 20}


def read(**changes):
    entry = {"id": "a", "library": "F11_v1", "inputs": GRID} | changes
    return DatasetSpec.model_validate(entry)


@pytest.mark.parametrize(
    ("changes", "is_standardised"),
    [
        ({}, False),
        ({"standardise": "curve"}, True),
        ({"noise": 0.1}, True),
        ({"neural": {"kind": "mimic"}}, True),
        ({"neural": {"kind": "wild"}}, False),
        ({"task": "which-function"}, False),
        ({"task": "which-function", "noise": 1.0}, True),
    ],
)
def test_noise_and_mimics_standardise_the_curves(changes, is_standardised):
    assert read(**changes).standardised is is_standardised


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"task": "which-function"}, "task: which-function"),
        ({"split": {"unseen-functions": 2}}, "split"),
        (
            {"neural": {"kind": "mimic"}, "split": {"unseen-functions": 2}},
            "split, neural.kind: mimic",
        ),
    ],
)
def test_what_forbids_online_training_is_named_with_the_remedy(changes, found):
    assert read(**changes).not_online == (
        f"found {found}, which cannot give the unlimited fresh curves of online "
        "training; expected training: {mode: fixed}, or another dataset"
    )


def test_other_datasets_can_be_trained_online():
    assert read(neural={"kind": "wild"}, noise=1.0).not_online == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"channels": ("gradient",)}, "found gradient; expected 'value' and further"),
        ({"channels": ("value", "value")}, "found value, value; expected 'value'"),
        (
            {"noise": 1.0, "channels": ("value", "gradient")},
            "found noise together with the channel 'gradient'; expected one of them",
        ),
        (
            {"task": "which-function", "neural": {"kind": "mlp"}},
            "found 'neural' with task: which-function; expected no such key",
        ),
        (
            {"task": "which-function", "split": {"unseen-functions": 1}},
            "found 'split' with task: which-function; expected no such key",
        ),
        ({"sweep": {"noise": [1, 2]}}, "the key 'sweep' belongs in a suite file"),
        ({"train": 0}, "greater than or equal to 1"),
        ({"noise": float("inf")}, "finite"),
    ],
)
def test_what_does_not_go_together_is_refused(changes, said):
    with pytest.raises(ValidationError, match=said):
        read(**changes)


def test_a_network_without_a_kind_is_an_mlp():
    assert read(neural={"hidden": (8,)}).neural.kind == "mlp"
    assert read(neural={"hidden": ()}).neural.hidden == ()
