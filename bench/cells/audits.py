"""Audits: what one repetition of a dataset gives away to classifiers that see no shape.

An audit draws the curves of a repetition as a cell does, fits shallow baselines, and
counts. It is computed with the cells and stored as a result of its own; what its
figures mean is judged where a report is written.
"""

from typing import Any

import numpy as np

from bench.cells.shallow_baselines import (
    count_duplicates,
    first_curves,
    score_baselines,
)
from bench.curves import DatasetRecipe, make_dataset

MAX_REPETITIONS = 10
MAX_CURVES = 300  # of each class, in training and in testing


def audit_repetition(
    recipe: DatasetRecipe, repetition: int, seed: int
) -> tuple[dict[str, Any], str]:
    """Audit one repetition of a dataset; the answer depends on the arguments alone.

    The baselines see at most 300 training and 300 test curves of each class, the first
    of the shuffled rows, with the balance of the classes kept. Duplicates and balance
    are counted over all curves.

    Parameters
    ----------
    recipe
        The dataset.
    repetition : int
        Which draw.
    seed : int
        The suite's root of random streams.

    Returns
    -------
    figures : dict
        A JSON value.

        - "scores": baseline → held-out score, see
        `bench.cells.shallow_baselines.score_baselines`.
        - "duplicates": how many test curves are training curves too.
        - "curves": "training", "test" and "fitted" (the test curves that the baselines
          were scored on) → number of curves of each class, by label.
    data_hash : str
        Of the curves, as the cells of this repetition have it.

    Raises
    ------
    DatasetError
        If a curve is not finite.
    """
    data = make_dataset(recipe, repetition, seed)
    fitted = first_curves(data, MAX_CURVES)
    labels = {"training": data.y_train, "test": data.y_test, "fitted": fitted.y_test}
    figures = {
        "scores": score_baselines(fitted, seed, recipe.stream, repetition),
        "duplicates": count_duplicates(data),
        "curves": {part: np.bincount(y).tolist() for part, y in labels.items()},
    }
    return figures, data.data_hash
