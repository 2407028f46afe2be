"""A batch: all repetitions of a classifier that learns online, trained as one."""

import numpy as np

from bench.cells.cell import Cell
from bench.cells.scoring import Fit, score, timed
from bench.classifiers import build
from bench.curves import CurveStream, make_dataset
from bench.discriminators import fit_online


def train_batch(unit: tuple[Cell, ...]) -> list[Fit]:
    """Train the cells' classifiers together; score each on its own test curves.

    Returns
    -------
    list of Fit
        A cell each, its seconds of fitting divided by the number of cells. Training
        curves are seen once and not kept, so there is no score on them.
    """
    first = unit[0]
    training = first.classifier.training
    assert training is not None  # what makes it a batch
    members, streams, tests, hashes = [], [], [], []
    for cell in unit:
        data = make_dataset(cell.dataset, cell.repetition, cell.seed)
        columns = data.columns(cell.classifier.channels)
        stream = [cell.dataset.stream, cell.repetition]
        n_channels = len(columns) // len(data.x)
        members.append(build(cell.classifier, cell.seed, stream, data.x, n_channels))
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
        hashes.append(data.data_hash)
    wall, cpu = timed(lambda: fit_online(members, streams, training, tests))
    computed = []
    for cell, member, (X, y), data_hash in zip(
        unit, members, tests, hashes, strict=True
    ):
        found, arrays = score(cell, member, {"test": X}, {"test": y})
        found["data_hash"] = data_hash
        found["fit_seconds"] = round(wall / len(unit), 4)
        found["fit_cpu_seconds"] = round(cpu / len(unit), 4)
        computed.append(Fit(found, arrays, member, columns))
    return computed
