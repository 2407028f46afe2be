"""Audits: how well baselines distinguish the classes of a dataset without shapes.

An audit draws the curves of one repetition as a cell does, fits shallow baselines to
them, and counts duplicates and the curves of each class. It is computed together with
the cells and stored as a result of its own. `bench.analysis.audits` judges its numbers
when a report is written.
"""

from typing import Any

import numpy as np

from bench.cells.shallow_baselines import (
    count_duplicates,
    first_curves,
    score_baselines,
)
from bench.curves import Dataset, Recipe, make_dataset

# An audit must stay cheap beside the cells: four standard errors of ten repetitions
# with 300 curves each already detect small effects.
MAX_REPETITIONS = 10
MAX_CURVES = 300  # per class, for training and for testing


def audit_repetition(
    recipe: Recipe, repetition: int, seed: int
) -> tuple[dict[str, Any], Dataset]:
    """Audit one repetition of a dataset; the result depends only on the arguments.

    The baselines read at most 300 training and 300 test curves per class: the first of
    the shuffled rows, in the proportion that the classes have. Duplicates and class
    sizes are counted over all curves.

    Parameters
    ----------
    recipe
        The dataset.
    repetition : int
        The number of the draw.
    seed : int
        The suite's seed, from which all random streams are derived.

    Returns
    -------
    figures : dict
        A JSON value.

        - "scores": baseline → held-out score, see
          `bench.cells.shallow_baselines.score_baselines`.
        - "duplicates": the number of test curves that are also training curves.
        - "curves": "training", "test" and "fitted" (the test curves that the baselines
          were scored on) → number of curves of each class, by label.
    data : Dataset
        The curves, whose hash the cells of this repetition must have as well.

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
    return figures, data
