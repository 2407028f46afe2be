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
from bench.curves import Dataset, Recipe

# An audit must stay cheap beside the cells: four standard errors of ten repetitions
# with 300 curves each already detect small effects.
MAX_REPETITIONS = 10
MAX_CURVES = 300  # per class, for training and for testing


def audit_curves(
    data: Dataset, recipe: Recipe, repetition: int, seed: int
) -> dict[str, Any]:
    """Audit the curves of a repetition; the result depends only on the arguments.

    The baselines read at most 300 training and 300 test curves per class: the first of
    the shuffled rows, in the proportion that the classes have. Duplicates and class
    sizes are counted over all curves.

    Parameters
    ----------
    data
        The curves.
    recipe
        Their dataset.
    repetition : int
        The number of the draw.
    seed : int
        The suite's seed, from which all random streams are derived.

    Returns
    -------
    dict
        A JSON value.

        - "scores": baseline → held-out score, see
          `bench.cells.shallow_baselines.score_baselines`.
        - "duplicates": the number of test curves that are also training curves.
        - "curves": "training", "test" and "fitted" (the test curves that the baselines
          were scored on) → number of curves of each class, by label.
    """
    fitted = first_curves(data, MAX_CURVES)
    labels = {"training": data.y_train, "test": data.y_test, "fitted": fitted.y_test}
    return {
        "scores": score_baselines(fitted, seed, recipe.stream, repetition),
        "duplicates": count_duplicates(data),
        "curves": {part: np.bincount(y).tolist() for part, y in labels.items()},
    }
