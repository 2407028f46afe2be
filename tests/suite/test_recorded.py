"""The schema of recorded curves: defaults, and what is refused where."""

import pytest
import yaml_text

from bench.base import SuiteError
from bench.suite import FoldsSplit, ResampleSplit, load_suite

ONE = {"id": "one", "recorded": {"files": "all.csv"}}
TWO = {"id": "two", "recorded": {"files": ["a.ts", "b.ts"]}}
AEON = {"id": "aeon", "recorded": {"aeon": "GunPoint"}}


@pytest.fixture
def load(write_suite):
    def load(*datasets, **more):
        return load_suite(write_suite(datasets=list(datasets), **more))

    return load


@pytest.mark.parametrize(
    ("entry", "division", "repetitions"),
    [
        (ONE, ResampleSplit(resample=10, test=0.3), 10),
        (ONE | {"split": {"resample": 4}}, ResampleSplit(resample=4, test=0.3), 4),
        (ONE | {"split": {"folds": 5}}, FoldsSplit(folds=5), 5),
        (
            ONE | {"split": {"folds": 5, "repeats": 3}},
            FoldsSplit(folds=5, repeats=3),
            15,
        ),
        (TWO, "given", 1),
        (AEON, "given", 1),
        (TWO | {"split": {"resample": 7}}, ResampleSplit(resample=7), 7),
    ],
)
def test_splits_and_their_defaults(load, entry, division, repetitions):
    suite = load(entry, repetitions=3)
    [spec] = suite.datasets
    assert spec.division == division
    assert suite.repetitions_of(spec) == repetitions


def test_repetitions_are_those_of_generated_datasets(load):
    generated = yaml_text.SUITE["datasets"][0]
    suite = load(generated, ONE, repetitions=3)
    assert [suite.repetitions_of(spec) for spec in suite.datasets] == [3, 10]
    alone = load(ONE, repetitions=None)
    assert alone.repetitions_of(alone.datasets[0]) == 10
    with pytest.raises(SuiteError, match="the key 'repetitions' is missing"):
        load(generated, ONE, repetitions=None)


@pytest.mark.parametrize(
    ("entry", "place", "message"),
    [
        ({"split": {"resmple": 3}}, "split.resmple", "did you mean 'resample'"),
        ({"split": {"folds": 1}}, "split.folds", "greater than or equal to 2"),
        ({"split": "gvn"}, "split", "found 'gvn'; expected given, {resample: 10}"),
        ({"split": "given"}, "", "split: given with one file; expected two files"),
        ({"split": {"resample": 3, "test": 1.0}}, "split.test", "less than 1"),
        ({"recorded": {"aeon": "../x"}}, "recorded.aeon", "letters, digits"),
        ({"recorded": {"files": []}}, "recorded.files", "at least 1 item"),
        ({"recorded": "all.csv"}, "recorded", "expected {files: all.csv}"),
        ({"recorded": {"files": list("abc")}}, "recorded.files", "at most 2 items"),
        ({"library": "F11_v1"}, "library", "unknown key 'library'"),
        ({"standardise": "all"}, "standardise", "'curve'"),
        ({"missing": "drop"}, "missing", "'interpolate'"),
    ],
)
def test_mistakes_are_named_where_they_are(load, entry, place, message):
    with pytest.raises(SuiteError) as error:
        load(ONE | entry)
    where = f"datasets[0].{place}" if place else "datasets[0]"
    assert f"{where}: " in str(error.value)
    assert message in str(error.value)


def test_a_sweep_over_training_curves_makes_datasets(load):
    suite = load(ONE | {"sweep": {"train": [5, 10]}})
    assert [spec.train for spec in suite.datasets] == [5, 10]
    assert [spec.id for spec in suite.datasets] == ["one train=5", "one train=10"]


def test_a_sweep_over_another_key_is_refused_with_what_can_be_swept(load):
    with pytest.raises(SuiteError, match=r"Numbers of this dataset: .*train"):
        load(ONE | {"sweep": {"tran": [5, 10]}})
