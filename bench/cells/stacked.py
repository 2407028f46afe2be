"""Stacked training of a classifier: the members of a stack at once, on fixed curves."""

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.base import located
from bench.cells.cell import Cell
from bench.cells.failures import describe_error
from bench.cells.scoring import Fit, score, timed
from bench.classifiers import build
from bench.curves import Dataset
from bench.discriminators import fit_stacked

Parts = dict[str, np.ndarray]  # "train" and "test"


def train_stack(
    unit: tuple[Cell, ...], curves_of: Callable[[Cell], Dataset]
) -> list[Fit]:
    """Train the cells' classifiers together; score each on its own curves.

    Parameters
    ----------
    curves_of
        Returns the curves of a cell.

    Returns
    -------
    list of Fit
        One a cell, in order. The seconds of fitting are those of the stack divided by
        the number of cells. One that cannot be scored, as after a training that
        diverged, has an error and no arrays, and takes nothing from the others.
    """
    estimators: list[Any] = []
    curves: list[tuple[Parts, Parts]] = []
    identities: list[dict[str, Any]] = []
    for cell in unit:
        with located(f"repetition {cell.repetition} of the stack"):
            data = curves_of(cell)
        columns = data.columns(cell.classifier.channels)
        stream = [cell.dataset.stream, cell.repetition]
        n_channels = len(columns) // len(data.x)
        estimators.append(build(cell.classifier, cell.seed, stream, data.x, n_channels))
        X = {"train": data.X_train[:, columns], "test": data.X_test[:, columns]}
        curves.append((X, {"train": data.y_train, "test": data.y_test}))
        identities.append(
            {"data_hash": data.data_hash, "fingerprint": data.fingerprint}
        )
    training = [(X["train"], y["train"]) for X, y in curves]
    wall, cpu = timed(lambda: fit_stacked(estimators, training))
    fits = []
    for cell, estimator, (X, y), measured in zip(
        unit, estimators, curves, identities, strict=True
    ):
        measured["fit_seconds"] = round(wall / len(unit), 4)
        measured["fit_cpu_seconds"] = round(cpu / len(unit), 4)
        arrays = None
        try:
            parts = ("test",) if cell.held_out else ("train", "test")
            scored, arrays = score(
                cell, estimator, {p: X[p] for p in parts}, {p: y[p] for p in parts}
            )
            measured |= scored
        except Exception as error:
            measured["error"] = describe_error(error, cell.dataset.spec.dtype)
        # All cells of a stack share dataset and channels, and so the columns.
        fits.append(Fit(measured, arrays, estimator, columns))
    return fits
