import numpy as np
import pandas as pd
import pytest

from bench.analysis.dataset_words import describe_classes, describe_dataset
from bench.curves.recipes import resolve_dataset
from bench.suite.datasets import DatasetSpec

ENTRY = {
    "id": "d",
    "library": "F11_v1",
    "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 20},
    "train": 5,
    "test": 4,
}


def recipe_of(**changes):
    return resolve_dataset(DatasetSpec.model_validate(ENTRY | changes, strict=False))


def summary(*names, online=()):
    return pd.DataFrame(
        {
            "classifier": names,
            "test_accuracy_mean": 0.9,
            "train_accuracy_mean": [np.nan if n in online else 1.0 for n in names],
        }
    )


def test_a_dataset_is_described_in_one_sentence():
    assert describe_dataset(recipe_of(), summary("KNN")) == (
        "Library F11_v1 against untrained networks (relu, hidden layers [32, 32]); 20 "
        "points of 1 input, grid; 5 training and 4 test curves per class, float64; "
        "channels: value."
    )


@pytest.mark.parametrize(
    ("online", "words"),
    [
        ((), "; 5 training and 4 test curves per class, float64"),
        (("A",), "per class (fresh training curves in each epoch for classifiers"),
        (("A", "B"), "; 4 test curves per class, fresh training curves in each epoch"),
    ],
)
def test_training_curves_are_counted_if_any_classifier_has_them(online, words):
    assert words in describe_dataset(recipe_of(), summary("A", "B", online=online))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"noise": 5}, "; each curve standardised, with 5% noise"),
        ({"standardise": "curve"}, "; each curve standardised"),
        ({"neural": {"kind": "library"}}, "against itself, both classes drawn"),
        ({"neural": {"kind": "wild"}}, "networks with random weights of all sizes"),
        (
            {"task": "which-function", "library": "families20"},
            "Library families20, one class for each of its ",
        ),
        (
            {"library": "families20", "split": {"unseen-functions": 4}},
            "; test curves come from 4 functions without training curves",
        ),
    ],
)
def test_every_kind_of_class_has_its_words(changes, words):
    assert words in describe_classes(recipe_of(**changes))
    assert "[]" not in describe_classes(recipe_of(**changes))


def test_one_point_is_singular():
    one = {"inputs": {"kind": "grid", "low": -3, "high": 3, "size": 1}}
    assert "; 1 point of 1 input, grid" in describe_dataset(
        recipe_of(**one), summary("A")
    )
    dim = {"inputs": {"kind": "grid", "low": -3, "high": 3, "size": 4, "dim": 2},
           "library": "F11_v1"}  # fmt: skip
    assert "; 16 points of 2 inputs, grid" in describe_dataset(
        recipe_of(**dim), summary("A")
    )
