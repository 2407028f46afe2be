"""Recorded curves in memory, and recipes that divide them."""

import numpy as np

from bench.curves.recorded.curves import RecordedCurves
from bench.curves.recorded.recipe import RecordedRecipe
from bench.suite.recorded import RecordedSpec

SIZES = (12, 18, 6)  # of the classes


def curves(sizes=SIZES, n_channels=1, n_points=5, **more):
    """Make curves whose first value is their own number, so that each is known."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    order = np.random.default_rng(0).permutation(len(labels))
    values = np.random.default_rng(1).normal(size=(len(labels), n_channels, n_points))
    values[:, :, 0] = np.arange(len(labels))[:, None]
    names = tuple(f"class {label}" for label in range(len(sizes)))
    return RecordedCurves(values, labels[order], names, **more)


def recipe(split, pool=None, **entry):
    """Make the recipe of a dataset with a split."""
    pool = curves(n_given_train=16) if pool is None else pool
    files = ["train.npz", "test.npz"] if pool.n_given_train else "all.npz"
    spec = RecordedSpec.model_validate(
        {"id": "data", "recorded": {"files": files}, "split": split} | entry,
        strict=False,
    )
    x = np.arange(pool.values.shape[2], dtype=float)
    return RecordedRecipe(spec, pool, x[:, None])
