"""Scores of a fitted classifier, with the time that it takes."""

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
    found
        Fields of its result.
    arrays
        Its predictions, and what it kept of its training.
    estimator
        The fitted classifier.
    columns : array of int
        Which columns of the dataset's curves it reads.
    """

    found: dict[str, Any]
    arrays: Arrays
    estimator: Any
    columns: np.ndarray


def score(
    cell: Cell, estimator: Any, X: Mapping[str, np.ndarray], y: Mapping[str, np.ndarray]
) -> tuple[dict[str, Any], Arrays]:
    """Score a fitted classifier, and read what it kept of its training.

    Parameters
    ----------
    cell
        What was fitted: of our own discriminators, history and weights are kept too.
    estimator
        The fitted classifier.
    X, y
        "train", "test" or both → curves (n_curves, n_features) and their labels
        (n_curves,).

    Returns
    -------
    found : dict
        Fields of a result: scores, seconds, iterations.
    arrays : dict
        Labels, predictions, probabilities or decision values; history and weights.

    Raises
    ------
    ValueError
        If predictions have another shape than the labels.
    """
    found, arrays = predict_and_score(estimator, X, y)
    if cell.classifier.is_ours:
        for name, values in estimator.history_.items():
            arrays[f"history_{name}"] = np.asarray(values, dtype=np.float32)
        for name, values in estimator.weights().items():
            arrays[f"weight_{name}"] = values
    last = estimator if len(cell.classifier.parts) == 1 else estimator[-1]
    iterations = getattr(last, "n_iter_", None)
    if iterations is not None:
        found["iterations"] = int(np.max(iterations))
    return found, arrays


def predict_and_score(
    estimator: Any, X: Mapping[str, np.ndarray], y: Mapping[str, np.ndarray]
) -> tuple[dict[str, Any], Arrays]:
    """Let a fitted classifier predict curves, timed, and score the predictions.

    `score` does this and reads the training too; a transfer trains nothing.
    """
    found: dict[str, Any] = {}
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

    found["predict_seconds"], found["predict_cpu_seconds"] = timed(predict)
    for part in X:
        found[part] = score_all(Predictions.of(arrays, part))
    return found, arrays


def _scores(estimator: Any, X: np.ndarray) -> tuple[str, np.ndarray | None]:
    """Return the most detailed output that a classifier has, and its kind."""
    for kind, method in (
        ("probability", "predict_proba"),
        ("decision", "decision_function"),
    ):
        if hasattr(estimator, method):
            return kind, np.asarray(getattr(estimator, method)(X), dtype=np.float32)
    return "none", None


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of wall clock and of the processor, rounded to 0.1 ms."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return round(time.perf_counter() - wall, 4), round(time.process_time() - cpu, 4)
