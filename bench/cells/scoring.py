"""Scores of a fitted classifier, and the time that it takes to predict."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.cells.cell import Arrays, Cell
from bench.stats import Predictions, score_all


@dataclass(frozen=True)
class Fit:
    """A classifier that was fitted and scored.

    Attributes
    ----------
    measured
        Fields of its result.
    arrays
        Its predictions; for our own discriminators also history and weights.
    estimator
        The fitted classifier.
    columns : array of int
        The columns of the dataset's curves that it reads.
    """

    measured: dict[str, Any]
    arrays: Arrays
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
    ValueError
        If predictions and labels differ in shape.
    """
    measured, arrays = predict_and_score(estimator, X, y)
    if cell.classifier.is_ours:
        for name, values in estimator.history_.items():
            arrays[f"history_{name}"] = np.asarray(values, dtype=np.float32)
        for name, values in estimator.weights().items():
            arrays[f"weight_{name}"] = values
    last = estimator if len(cell.classifier.parts) == 1 else estimator[-1]
    iterations = getattr(last, "n_iter_", None)
    if iterations is not None:  # an array with one entry a class in some classifiers
        measured["iterations"] = int(np.max(iterations))
    return measured, arrays


def predict_and_score(
    estimator: Any, X: Mapping[str, np.ndarray], y: Mapping[str, np.ndarray]
) -> tuple[dict[str, Any], Arrays]:
    """Let a fitted classifier predict curves, timed, and score the predictions.

    This is all that a transfer needs; `score` also reads the record of the training.
    """
    measured: dict[str, Any] = {}
    arrays: Arrays = {}

    def predict() -> None:
        for part in X:
            arrays[f"labels_{part}"] = y[part].astype(np.int32)
            predictions = np.asarray(estimator.predict(X[part]))
            if predictions.shape != y[part].shape:
                raise ValueError(
                    f"predict gave shape {predictions.shape}, expected {y[part].shape}"
                )
            arrays[f"predictions_{part}"] = predictions.astype(np.int32)
            kind, scores = _scores(estimator, X[part])
            arrays["kind"] = np.array(kind)
            if scores is not None:
                arrays[f"scores_{part}"] = scores

    measured["predict_seconds"], measured["predict_cpu_seconds"] = timed(predict)
    for part in X:
        measured[part] = score_all(Predictions.of(arrays, part))
    return measured, arrays


def _scores(estimator: Any, X: np.ndarray) -> tuple[str, np.ndarray | None]:
    """Return the kind and the values of the most detailed output of a classifier."""
    for kind, method in (
        ("probability", "predict_proba"),
        ("decision", "decision_function"),
    ):
        if hasattr(estimator, method):
            return kind, np.asarray(getattr(estimator, method)(X), dtype=np.float32)
    return "none", None


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Call a function; return wall-clock and processor seconds, rounded to 0.1 ms."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return round(time.perf_counter() - wall, 4), round(time.process_time() - cpu, 4)
