"""The work of a cell that all scripts share: estimators, predictions, files of them."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np


def estimator_of(entry: dict[str, Any]) -> Any:
    """Make the unfitted classifier of an entry."""
    module, _, name = entry["class"].rpartition(".")
    return getattr(importlib.import_module(module), name)(**entry["params"])


def predict(estimator: Any, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return labels (n_curves,) and scores: probabilities, or decision values."""
    return estimator.predict(X), _scores(estimator, X)


def predict_once(estimator: Any, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the same, with the labels of the largest scores."""
    scores = _scores(estimator, X)
    best = scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0).astype(int)
    return estimator.classes_[best], scores


def _scores(estimator: Any, X: np.ndarray) -> np.ndarray:
    if hasattr(estimator, "predict_proba"):
        return estimator.predict_proba(X)
    return estimator.decision_function(X)


def predict_parts(
    estimator: Any, X_train: np.ndarray, X_test: np.ndarray, held_out: bool
) -> dict[str, np.ndarray]:
    """Predict training and held-out curves, or the held-out ones alone and once."""
    arrays = {}
    arrays["labels_test"], arrays["scores_test"] = (
        predict_once(estimator, X_test) if held_out else predict(estimator, X_test)
    )
    if not held_out:
        arrays["labels_train"], arrays["scores_train"] = predict(estimator, X_train)
    return arrays


def accuracies(
    arrays: dict[str, np.ndarray], y_train: np.ndarray, y_test: np.ndarray
) -> dict[str, float]:
    """Return the accuracy of each part that was predicted."""
    y = {"train": y_train, "test": y_test}
    return {
        f"{part}_accuracy": float((arrays[f"labels_{part}"] == y[part]).mean())
        for part in y
        if f"labels_{part}" in arrays
    }


def keep(arrays: dict[str, np.ndarray], path: Path) -> None:
    """Keep the predictions of a cell in a file of its own."""
    np.savez(path, **arrays)
