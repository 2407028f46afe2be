import numpy as np
import pytest
import yaml_text
from recorded_files import recorded, write_curves

from bench.base.errors import DatasetError
from bench.curves.datasets import make_dataset
from bench.curves.recipes import resolve_dataset
from bench.curves.validation import validation_recipe
from bench.suite.datasets import DatasetSpec
from bench.suite.recorded import RecordedSpec


def resolved(folder, n_curves=40, split=None, **keys):
    per_group = 4 if split and "groups" in split else 0
    write_curves(folder / "a.npz", n_curves, per_group=per_group)
    entry = recorded("a.npz", split=split or {"resample": 3}, **keys)
    spec = RecordedSpec.model_validate(entry, strict=False)
    return resolve_dataset(spec, folder)


def rows_of(X):
    return {row.tobytes() for row in X}


@pytest.mark.parametrize(
    "keys", [{}, {"train": 8, "standardise": "curve", "dtype": "float32"}]
)
def test_a_quarter_of_the_training_curves_judges_the_rest(tmp_path, keys):
    recipe = resolved(tmp_path, **keys)
    data = make_dataset(recipe, 0, seed=7)
    trial = make_dataset(validation_recipe(recipe, 500, 7), 0, seed=7)
    train, valid, test = map(rows_of, (trial.X_train, trial.X_test, data.X_test))
    assert train | valid == rows_of(data.X_train)
    assert train.isdisjoint(valid)
    assert test.isdisjoint(train | valid)
    per_class = len(data.y_train) // 2
    n_valid = round(per_class / 4)
    assert sorted(np.bincount(trial.y_test)) == [n_valid, n_valid]
    again = make_dataset(validation_recipe(recipe, 500, 7), 0, seed=7)
    assert again.data_hash == trial.data_hash
    other = make_dataset(validation_recipe(recipe, 500, 8), 0, seed=8)
    assert rows_of(other.X_test) != valid


def test_groups_stay_whole(tmp_path):
    recipe = resolved(tmp_path, split={"resample": 3, "test": 0.3, "groups": "groups"})
    trial = validation_recipe(recipe, 500, 7)
    n_train = trial.curves.n_given_train
    groups = trial.curves.groups
    assert set(groups[:n_train]).isdisjoint(groups[n_train:])
    tested = recipe.curves.groups[recipe.rows(0, 7)[1]]
    assert set(groups).isdisjoint(tested)
    assert trial.n_test == len(groups) - n_train == 8


def test_single_curves_cannot_be_divided(tmp_path):
    recipe = resolved(tmp_path, train=1)
    with pytest.raises(DatasetError, match="found one of each class"):
        validation_recipe(recipe, 500, 7)


def test_generated_validation_curves_are_drawn_beside_both_parts():
    [entry] = yaml_text.SUITE["datasets"]
    recipe = resolve_dataset(DatasetSpec.model_validate(entry, strict=False))
    trial_recipe = validation_recipe(recipe, 5, 7)
    trial = make_dataset(trial_recipe, 0, seed=7)
    data = make_dataset(recipe, 0, seed=7)
    np.testing.assert_array_equal(trial.X_train, data.X_train)
    assert len(trial.X_test) == trial_recipe.n_test == 10
    seen = rows_of(data.X_train) | rows_of(data.X_test)
    assert seen.isdisjoint(rows_of(trial.X_test))
    assert trial_recipe.stream == recipe.stream
    assert trial_recipe.identity != recipe.identity
