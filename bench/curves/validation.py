"""Validation: datasets whose test part holds validation curves, for trials of a study.

No test curve of a suite is in them, whatever is done with them.
"""

from dataclasses import replace

import numpy as np

from bench.base import DatasetError, located
from bench.curves.recipes import VALIDATION, Recipe
from bench.curves.recorded.curves import RecordedCurves
from bench.curves.recorded.designs import divide
from bench.curves.recorded.recipe import RecordedRecipe
from bench.suite import ResampleSplit

SHARE = 0.25  # of the training curves of recorded curves


def validation_recipe(recipe: Recipe, size: int, seed: int) -> Recipe:
    """Return a dataset that tests validation curves in its repetition 0.

    Of generated curves the training part is that of repetition 0, and the validation
    curves are drawn beside it. Of recorded curves the training part of repetition 0 is
    divided: three quarters are trained on, the other quarter is tested, class by class
    or, if the split has groups, by whole groups.

    Parameters
    ----------
    size
        Number of validation curves of each class, of generated curves.
    seed
        The root of the random streams: a suite's `seed`.

    Raises
    ------
    DatasetError
        If the training curves cannot be divided so.
    """
    if isinstance(recipe, RecordedRecipe):
        return _of_recorded(recipe, seed)
    identity = recipe.identity | {VALIDATION: size}
    return replace(recipe, identity=identity, n_validation=size)


def _of_recorded(recipe: RecordedRecipe, seed: int) -> RecordedRecipe:
    rows, _ = recipe.rows(0, seed)
    pool = _taken(recipe.curves, rows)
    groups = recipe.spec.groups
    division = ResampleSplit(resample=1, test=SHARE, groups=groups)
    with located("the training curves of repetition 0"):
        if np.bincount(pool.labels).max() < 2:
            raise DatasetError(
                "found one of each class; expected two or more of a class, so that "
                "some can be trained on and others judged"
            )
        train, valid = divide(pool, division, 0, seed)
    order = np.concatenate([train, valid])
    curves = replace(_taken(pool, order), n_given_train=len(train))
    spec = recipe.spec.as_given.model_copy(update={"train": None})
    return replace(recipe, spec=spec, curves=curves)


def _taken(curves: RecordedCurves, rows: np.ndarray) -> RecordedCurves:
    groups = None if curves.groups is None else curves.groups[rows]
    return replace(
        curves,
        values=curves.values[rows],
        labels=curves.labels[rows],
        groups=groups,
        n_given_train=None,
    )
