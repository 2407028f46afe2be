"""Online training of a classifier: the networks of all its repetitions at once."""

from collections.abc import Callable

import numpy as np

from bench.cells.cell import Cell
from bench.cells.scoring import Fit, score, timed
from bench.classifiers import build
from bench.curves import CurveStream, Dataset, DatasetRecipe
from bench.discriminators import fit_online


def train_batch(
    unit: tuple[Cell, ...], curves_of: Callable[[Cell], Dataset]
) -> list[Fit]:
    """Train the cells' classifiers together; score each on its own test curves.

    Parameters
    ----------
    curves_of
        Returns the curves of a cell, whose test part is predicted.

    Returns
    -------
    list of Fit
        One a cell, in order. The seconds of fitting are those of the batch divided by
        the number of cells. There is no training score, since every training curve is
        used once and then dropped.
    """
    first = unit[0]
    training = first.classifier.training
    assert training is not None  # since only online training makes batches
    estimators, streams, tests, identities = [], [], [], []
    for cell in unit:
        assert isinstance(cell.dataset, DatasetRecipe)  # since a plan refuses others
        data = curves_of(cell)
        columns = data.columns(cell.classifier.channels)
        stream = [cell.dataset.stream, cell.repetition]
        n_channels = len(columns) // len(data.x)
        estimators.append(build(cell.classifier, cell.seed, stream, data.x, n_channels))
        streams.append(
            CurveStream(
                cell.dataset,
                cell.classifier.channels,
                training.curves,
                cell.repetition,
                cell.seed,
            )
        )
        X_test = np.ascontiguousarray(data.X_test[:, columns])
        tests.append((X_test, data.y_test))
        identities.append(
            {"data_hash": data.data_hash, "fingerprint": data.fingerprint}
        )
    wall, cpu = timed(lambda: fit_online(estimators, streams, training, tests))
    fits = []
    for cell, estimator, (X, y), identity in zip(
        unit, estimators, tests, identities, strict=True
    ):
        measured, arrays = score(cell, estimator, {"test": X}, {"test": y})
        measured |= identity
        measured["fit_seconds"] = round(wall / len(unit), 4)
        measured["fit_cpu_seconds"] = round(cpu / len(unit), 4)
        # All cells of a batch share dataset and channels, and so the columns.
        fits.append(Fit(measured, arrays, estimator, columns))
    return fits
