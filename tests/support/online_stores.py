"""Stores whose cells nothing had to compute, some as if trained online."""

from dataclasses import replace

import numpy as np

COMMIT = "0123abc" + 33 * "0"


def history_of(rng, n_epochs, top, critic=None):
    """Return what online training records, near an accuracy of `top` at the end."""
    epochs = np.arange(n_epochs)
    right = 0.5 + (top - 0.5) * (1 - np.exp(-8 * epochs / n_epochs))
    at = np.arange(max(1, n_epochs // 20), n_epochs + 1, max(1, n_epochs // 20))
    found = {
        "loss": -np.log(right) + rng.normal(0, 0.01, n_epochs),
        "accuracy": np.clip(right + 0.02, 0, 1),
        "prequential_accuracy": rng.binomial(10, np.clip(right, 0, 1)) / 10,
        "largest_gradient": 10 ** rng.normal(-2, 0.3, n_epochs),
        "held_out_accuracy": right[at - 1],
        "held_out_epoch": at,
    }
    if critic is not None:
        size = (1e4 / (1 + 1e3 * critic)) ** (epochs / n_epochs)
        noise = rng.normal(0, 0.1, (2, n_epochs))
        found["loss_real"] = -size * (0.5 + noise[0])
        found["loss_fake"] = size * (0.4 + noise[1])
        found["loss_penalty"] = critic * np.exp(-4 * epochs / n_epochs)
        found["loss"] = found["loss_real"] + found["loss_fake"]
    return {f"history_{name}": values for name, values in found.items()}


def arrays_of(rng, n_curves, accuracy, online, history):
    """Return arrays of a result that is right about a share of 2 * n_curves curves."""
    labels = np.repeat([0, 1], n_curves).astype(np.int32)
    wrong = rng.permutation(2 * n_curves) < round(2 * n_curves * (1 - accuracy))
    said = np.where(wrong, 1 - labels, labels).astype(np.int32)
    sure = np.where(said == 1, 0.8, 0.2)
    given = {
        "labels": labels,
        "predictions": said,
        "scores": np.column_stack([1 - sure, sure]).astype(np.float32),
    }
    parts = ("test",) if online else ("train", "test")
    found = {f"{name}_{p}": values for p in parts for name, values in given.items()}
    return found | {"kind": np.array("probability")} | (history or {})


def put_suite(
    plan, store, accuracy, *, online=(), critics=(), n_epochs=60, batched=1, **changes
):
    """Put a result of every cell.

    Parameters
    ----------
    accuracy
        (dataset, classifier) → mean held-out accuracy, or None for a cell that failed.
    online
        Classifiers without training scores, with a history.
    critics
        Classifier → weight of its penalty.
    """
    rng = np.random.default_rng(0)
    for cell in plan.cells:
        name = cell.classifier.id
        mean = accuracy(cell.dataset.spec.id, name)
        if mean is None:
            error = {"type": "RuntimeError", "message": "no luck", "traceback": ""}
            store.put(cell.result("failed", error=error, **changes), None)
            continue
        n_curves = cell.dataset.spec.test
        top = float(np.clip(mean + rng.normal(0, 0.01), 0, 1))
        is_online = name in online
        history = None
        if is_online or name in critics:
            critic = dict(critics).get(name)
            history = history_of(rng, n_epochs, top, critic)
        if history and not is_online:
            for key in ("prequential_accuracy", "held_out_accuracy", "held_out_epoch"):
                del history[f"history_{key}"]
        arrays = arrays_of(rng, n_curves, top, is_online, history)
        score = {
            part: {
                "accuracy": float(
                    np.mean(arrays[f"labels_{part}"] == arrays[f"predictions_{part}"])
                )
            }
            for part in ("train", "test")
            if f"labels_{part}" in arrays
        }
        found = {"data_hash": f"{cell.dataset.spec.id}-{cell.repetition}"}
        found |= {"fit_seconds": 2.0, "predict_seconds": 0.1, "seconds": 2.2}
        found |= {"fit_cpu_seconds": 2.0, "predict_cpu_seconds": 0.1}
        result = cell.result("done", **(found | score | {"commit": COMMIT} | changes))
        store.put(replace(result, batched=batched if is_online else 1), arrays)
