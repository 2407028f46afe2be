"""A small dataset of mimics, whose networks are fitted in a moment."""

from typing import Any

import numpy as np

from bench.curves.recipes import DatasetRecipe, resolve_dataset
from bench.suite.datasets import DatasetSpec

MIMIC = {"kind": "mimic", "hidden": [6], "steps": 30, "lr": 0.05, "rmse": 0.99}
RECIPE = {
    "id": "mimic",
    "library": "families20",
    "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 16},
    "neural": MIMIC,
    "train": 10,
    "test": 6,
}


def resolve(**changes: Any) -> DatasetRecipe:
    """Resolve the dataset with some of its keys changed."""
    return resolve_dataset(DatasetSpec.model_validate(RECIPE | changes, strict=False))


def rows(X: np.ndarray) -> set[bytes]:
    """Return the rows as bytes, to tell which curves two arrays share."""
    return {row.tobytes() for row in X}
