"""Frames of scores for the tests of statistics."""

import numpy as np
import pandas as pd


def scores_of(tables: dict[str, dict[str, list[float]]]) -> pd.DataFrame:
    """Lay dataset → classifier → scores of its repetitions out as a long frame."""
    return pd.DataFrame(
        [
            (dataset, repetition, classifier, score)
            for dataset, columns in tables.items()
            for classifier, column in columns.items()
            for repetition, score in enumerate(column)
        ],
        columns=["dataset", "repetition", "classifier", "score"],
    )


def scores_from(values: np.ndarray) -> pd.DataFrame:
    """Lay values, datasets × repetitions × classifiers, out as a long frame."""
    datasets, repetitions, classifiers = (
        axis.ravel() for axis in np.indices(values.shape)
    )
    return pd.DataFrame(
        {
            "dataset": np.array([f"d{i}" for i in range(values.shape[0])])[datasets],
            "repetition": repetitions,
            "classifier": np.array([f"C{i}" for i in range(values.shape[2])])[
                classifiers
            ],
            "score": values.ravel(),
        }
    )
