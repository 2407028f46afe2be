"""Read the stored arrays of a dataset's cells, one cell at a time.

There may be ten thousand cells, whose arrays would not fit into memory together.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.findings import Findings, rows_of
from bench.analysis.online import online_table
from bench.curves import Recipe, RecordedRecipe
from bench.stats import (
    CHANCE,
    METRICS,
    Predictions,
    calibration_bins,
    calibration_frame,
    class_scores,
    held_out_frame,
    history_frame,
    last_epochs,
    roc_rates,
    trained_online,
)
from bench.store import Store

# A suite that asks for one of these asks how well each class is found.
OF_CLASSES = frozenset({"f1", "precision", "recall", "mcc", "average_precision"})
CLASS_SCORES = ("precision", "recall", "f1", "mcc", "average_precision")


def shows_classes(recipe: Recipe, metrics: Iterable[str]) -> bool:
    """Tell whether a report shows the scores of each class of a dataset, and ROC.

    It does for recorded curves. The classes of a generated dataset have equal sizes:
    there it does where the suite asks for a metric of classes.

    Parameters
    ----------
    recipe
        The recipe of the dataset.
    metrics
        The names of the suite's metrics.
    """
    is_recorded = isinstance(recipe, RecordedRecipe)
    return is_recorded or not OF_CLASSES.isdisjoint(metrics)


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
    classes
        One row for each classifier and class: classifier, class (its label), n
        repetitions, curves (the mean number of held-out ones), and mean and std of
        each of `CLASS_SCORES` over the repetitions in which the class has curves;
        empty unless asked for. Without CHANCE.
    roc
        Classifier → its ROC curve; empty unless asked for.
    unranked
        Classifiers that give no scores which rank curves, if ROC curves were asked for.
    """

    bins: pd.DataFrame
    first: int | None
    labels: np.ndarray
    predictions: dict[str, np.ndarray]
    confusion: dict[str, np.ndarray]
    history: pd.DataFrame
    held_out: pd.DataFrame
    online: pd.DataFrame
    classes: pd.DataFrame = field(default_factory=pd.DataFrame)
    roc: dict[str, "MeanRoc"] = field(default_factory=dict)
    unranked: tuple[str, ...] = ()


@dataclass(frozen=True)
class MeanRoc:
    """The vertical average of ROC curves over repetitions.

    Attributes
    ----------
    rates : array of shape (n_points,)
        Mean true-positive rates at evenly spaced false-positive rates from 0 to 1.
    area
        The mean area below the curves, each with all its corners.
    n
        The number of repetitions.
    """

    rates: np.ndarray
    area: float
    n: int


@dataclass(frozen=True)
class Classwise:
    """What is wanted of the classes of a dataset, see `CellArrays`.

    Attributes
    ----------
    coloured
        The classifiers whose ROC curves are wanted, of two classes.
    n_points
        The number of points of each.
    """

    coloured: Collection[str] = ()
    n_points: int = 101


@dataclass
class _Kept:
    """The small parts of each cell that are kept while the next cell is read."""

    bins: dict[tuple[str, int], tuple[np.ndarray, np.ndarray, np.ndarray]] = field(
        default_factory=dict
    )
    last: list[pd.DataFrame] = field(default_factory=list)
    histories: dict[tuple[str, int], dict[str, np.ndarray]] = field(
        default_factory=dict
    )
    classes: dict[str, list[dict[str, np.ndarray]]] = field(default_factory=dict)
    roc: dict[str, list[tuple[np.ndarray, float]]] = field(default_factory=dict)
    unranked: dict[str, None] = field(default_factory=dict)


def read_cell_arrays(
    findings: Findings,
    dataset: str,
    store: Store,
    n_classes: int = 2,
    classwise: Classwise | None = None,
) -> CellArrays:
    """Read the arrays of each cell that is done, one after the other.

    Parameters
    ----------
    n_classes
        The number of classes of the dataset.
    classwise
        Asks for the scores of each class, and for ROC curves of two.
    """
    kept = _Kept()
    first: int | None = None
    labels = np.empty(0)
    predictions: dict[str, np.ndarray] = {}
    confusion: dict[str, np.ndarray] = {}
    rows = rows_of(findings.results, dataset)
    done = rows[rows["status"] == "done"]
    columns = (done[name].tolist() for name in ("classifier", "repetition", "key"))
    for name, repetition, stored_key in zip(*columns, strict=True):
        key = (name, repetition)
        arrays = store.arrays(stored_key, training=False)
        history = {k: v for k, v in arrays.items() if k.startswith("history_")}
        if history:
            kept.histories[key] = history
        if trained_online(arrays):
            kept.last.append(last_epochs({key: arrays}))
        if name == CHANCE:
            continue
        counts = confusion.setdefault(name, np.zeros((n_classes, n_classes), int))
        np.add.at(counts, (arrays["labels_test"], arrays["predictions_test"]), 1)
        test = Predictions.of(arrays, "test")
        if classwise is not None:
            _keep_classes(kept, name, test, n_classes, classwise)
        if str(arrays["kind"]) == "probability":
            kept.bins[key] = calibration_bins(test)
        if first in (None, repetition):
            first = repetition
            labels = arrays["labels_test"]
            predictions[name] = arrays["predictions_test"]
    held_out = held_out_frame(kept.histories)
    last = pd.concat(kept.last, ignore_index=True) if kept.last else pd.DataFrame()
    return CellArrays(
        bins=calibration_frame(kept.bins),
        first=first,
        labels=labels,
        predictions=predictions,
        confusion=confusion,
        history=history_frame(kept.histories),
        held_out=held_out,
        online=online_table(last, held_out, rows),
        classes=_class_frame(kept.classes),
        roc={name: _mean_roc(curves) for name, curves in kept.roc.items()},
        unranked=tuple(name for name in kept.unranked if name not in kept.roc),
    )


def _keep_classes(
    kept: _Kept, name: str, test: Predictions, n_classes: int, wanted: Classwise
) -> None:
    """Keep what a report shows of the classes in one cell."""
    kept.classes.setdefault(name, []).append(class_scores(test, n_classes))
    if n_classes != 2:
        return
    if test.ranking is None:
        kept.unranked[name] = None
    elif name in wanted.coloured:
        rates = roc_rates(test, wanted.n_points)
        if rates is not None:
            area = METRICS["roc_auc"].function(test)
            kept.roc.setdefault(name, []).append((rates, area))


def _mean_roc(curves: Sequence[tuple[np.ndarray, float]]) -> MeanRoc:
    rates, areas = zip(*curves, strict=True)
    return MeanRoc(np.mean(rates, axis=0), float(np.mean(areas)), len(curves))


def _class_frame(found: dict[str, list[dict[str, np.ndarray]]]) -> pd.DataFrame:
    """Reduce the scores of each class in each cell to means over repetitions."""
    rows = []
    for name, cells in found.items():
        support = np.array([cell["support"] for cell in cells])
        columns = {
            score: pd.DataFrame([cell[score] for cell in cells])
            for score in CLASS_SCORES
        }
        for label in range(support.shape[1]):
            row: dict[str, Any] = {
                "classifier": name,
                "class": label,
                "n": int((support[:, label] > 0).sum()),
                "curves": float(support[:, label].mean()),
            }
            for score, values in columns.items():
                row[f"{score}_mean"] = float(values[label].mean())
                row[f"{score}_std"] = float(values[label].std(ddof=1))
            rows.append(row)
    return pd.DataFrame(rows)
