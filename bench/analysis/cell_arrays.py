"""Read the stored arrays of a dataset's cells, one cell at a time.

There may be ten thousand cells, whose arrays would not fit into memory together.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bench.analysis.findings import Findings, rows_of
from bench.analysis.online import online_table
from bench.stats import (
    CHANCE,
    Predictions,
    calibration_frame,
    held_out_frame,
    history_frame,
    last_epochs,
    trained_online,
)
from bench.store import Store


@dataclass(frozen=True)
class CellArrays:
    """Predictions for single curves, and histories of training, of a dataset's cells.

    Attributes
    ----------
    bins
        See `bench.stats.calibration.calibration_frame`, for every cell with
        probabilities.
    first
        The first repetition in which a cell is done, or None.
    labels, predictions
        The classes of the held-out curves of that repetition, and classifier → the
        predicted classes, without CHANCE.
    confusion
        Classifier → counts over all repetitions, (n_classes, n_classes): rows true,
        columns predicted; without CHANCE.
    history, held_out
        See `bench.stats.histories.history_frame` and
        `bench.stats.histories.held_out_frame`.
    online
        See `bench.analysis.online.online_table`.
    """

    bins: pd.DataFrame
    first: int | None
    labels: np.ndarray
    predictions: dict[str, np.ndarray]
    confusion: dict[str, np.ndarray]
    history: pd.DataFrame
    held_out: pd.DataFrame
    online: pd.DataFrame


@dataclass
class _Kept:
    """The small parts of each cell that are kept while the next cell is read."""

    bins: list[pd.DataFrame] = field(default_factory=list)
    last: list[pd.DataFrame] = field(default_factory=list)
    histories: dict[tuple[str, int], dict[str, np.ndarray]] = field(
        default_factory=dict
    )


def read_cell_arrays(
    findings: Findings, dataset: str, store: Store, n_classes: int = 2
) -> CellArrays:
    """Read the arrays of each cell that is done, one after the other.

    Parameters
    ----------
    n_classes
        The number of classes of the dataset.
    """
    kept = _Kept()
    first: int | None = None
    labels = np.empty(0)
    predictions: dict[str, np.ndarray] = {}
    confusion: dict[str, np.ndarray] = {}
    rows = rows_of(findings.results, dataset)
    for row in rows[rows["status"] == "done"].to_dict("records"):
        key = (row["classifier"], row["repetition"])
        arrays = store.arrays(row["key"])
        history = {k: v for k, v in arrays.items() if k.startswith("history_")}
        if history:
            kept.histories[key] = history
        if trained_online(arrays):
            kept.last.append(last_epochs({key: arrays}))
        if key[0] == CHANCE:
            continue
        counts = confusion.setdefault(key[0], np.zeros((n_classes, n_classes), int))
        np.add.at(counts, (arrays["labels_test"], arrays["predictions_test"]), 1)
        if str(arrays["kind"]) == "probability":
            test = Predictions.of(arrays, "test")
            kept.bins.append(calibration_frame({key: test}))
        if first in (None, key[1]):
            first = key[1]
            labels = arrays["labels_test"]
            predictions[key[0]] = arrays["predictions_test"]
    held_out = held_out_frame(kept.histories)
    last = pd.concat(kept.last, ignore_index=True) if kept.last else pd.DataFrame()
    return CellArrays(
        bins=pd.concat(kept.bins, ignore_index=True) if kept.bins else pd.DataFrame(),
        first=first,
        labels=labels,
        predictions=predictions,
        confusion=confusion,
        history=history_frame(kept.histories),
        held_out=held_out,
        online=online_table(last, held_out, rows),
    )
