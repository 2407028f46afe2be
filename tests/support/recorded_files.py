"""Small files of recorded curves."""

from pathlib import Path
from typing import Any

import numpy as np


def write_curves(
    path: Path,
    n_curves: int = 40,
    *,
    n_classes: int = 2,
    n_channels: int = 1,
    n_points: int = 12,
    per_group: int = 0,
    seed: int = 0,
) -> None:
    """Write an .npz file of noisy sines, one frequency a class: a, b, c, …

    With `per_group` so many curves in turn, of all classes, form a group.
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(n_curves) % n_classes
    t = np.linspace(0, 1, n_points)
    waves = np.sin(2 * np.pi * (1 + labels)[:, None, None] * t)
    X = waves + rng.normal(size=(n_curves, n_channels, n_points))
    arrays: dict[str, Any] = {"X": X, "y": np.array(list("abcdefgh"))[labels]}
    if per_group:
        arrays["groups"] = np.arange(n_curves) // per_group
    np.savez(path, **arrays)


def recorded(file: Any, **keys: Any) -> dict[str, Any]:
    """Return the entry of a dataset; the file is written by `write_curves`."""
    return {"id": "mine", "recorded": {"files": file}} | keys
