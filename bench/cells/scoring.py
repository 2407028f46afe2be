"""Scores of a fitted classifier, and the time that it takes to predict."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.cells.cell import Arrays, Cell
from bench.cells.outputs import Outputs, ask
from bench.stats import Predictions, score_all


@dataclass(frozen=True)
class Fit:
    """A classifier that was fitted and scored.

    Attributes
    ----------
    measured
        Fields of its result.
    arrays
        Its predictions; for our own discriminators also history and weights. None if
        it could not be scored.
    estimator
        The fitted classifier.
    columns : array of int
        The columns of the dataset's curves that it reads.
    """

    measured: dict[str, Any]
    arrays: Arrays | None
    estimator: Any
    columns: np.ndarray


def score(
    cell: Cell, estimator: Any, X: Mapping[str, np.ndarray], y: Mapping[str, np.ndarray]
) -> tuple[dict[str, Any], Arrays]:
    """Score a fitted classifier, and read the record of its training.

    Parameters
    ----------
    cell
        The cell that was fitted; for our own discriminators, history and weights are
        kept too.
    estimator
        The fitted classifier.
    X, y
        "train", "test" or both → curves (n_curves, n_features) and their labels
        (n_curves,).

    Returns
    -------
    measured : dict
        Fields of a result: scores, seconds, iterations.
    arrays : dict
        Labels, predictions, probabilities or decision values; history and weights.

    Raises
    ------
    ClassifierError
        If `predict` does not give one of the labels for each curve.
    """
    measured, arrays = predict_and_score(estimator, X, y)
    if cell.classifier.is_ours:
        for name, values in estimator.history_.items():
            arrays[f"history_{name}"] = np.asarray(values, dtype=np.float32)
        for name, values in estimator.weights().items():
            arrays[f"weight_{name}"] = values
    last = estimator if len(cell.classifier.parts) == 1 else estimator[-1]
    iterations = iterations_of(last)
    if iterations is not None:
        measured["iterations"] = iterations
    return measured, arrays


def iterations_of(estimator: Any) -> int | None:
    """Return how many iterations or epochs a fit took, the most of any class.

    None where the classifier does not say it as a finite number from 0 up: a record of
    the training that cannot be read takes no score away.
    """
    try:
        counts = np.asarray(getattr(estimator, "n_iter_", None), dtype=np.float64)
        most = counts.max(initial=-1)
        return int(most) if 0 <= most < 2**53 else None
    except Exception:  # a foreign attribute may be anything, and may raise anything
        return None


def predict_and_score(
    estimator: Any, X: Mapping[str, np.ndarray], y: Mapping[str, np.ndarray]
) -> tuple[dict[str, Any], Arrays]:
    """Let a fitted classifier predict curves, timed, and score the predictions.

    This is all that a transfer needs; `score` also reads the record of the training.
    Every score of the package is of outputs that `bench.cells.outputs` has checked.
    """
    measured: dict[str, Any] = {}
    arrays: Arrays = {}
    outputs: list[Outputs] = []
    # Every part of a dataset has curves of every class.
    classes = np.unique(np.concatenate(list(y.values())))

    def predict() -> None:
        outputs.append(ask(estimator, X, classes))

    measured["predict_seconds"], measured["predict_cpu_seconds"] = timed(predict)
    [found] = outputs
    for part in X:
        arrays[f"labels_{part}"] = y[part].astype(np.int32)
        arrays[f"predictions_{part}"] = found.predictions[part]
        arrays["kind"] = np.array(found.kind)
        if part in found.scores:
            arrays[f"scores_{part}"] = found.scores[part]
        measured[part] = score_all(Predictions.of(arrays, part))
    if found.absent:
        measured["absent"] = found.absent
    return measured, arrays


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Call a function; return wall-clock and processor seconds, rounded to 0.1 ms."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return round(time.perf_counter() - wall, 4), round(time.process_time() - cpu, 4)
