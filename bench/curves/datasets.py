"""Datasets: labelled curves of several classes, drawn anew for each repetition."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.base import (
    DatasetError,
    Fingerprint,
    fingerprint_of,
    generator,
    limited_threads,
)
from bench.curves.draws import draw_class
from bench.curves.recipes import (
    VALIDATION,
    DatasetRecipe,
    Recipe,
    resolve_dataset,
)
from bench.curves.recorded.recipe import RecordedRecipe
from bench.suite import DatasetSpec, RecordedSpec


@dataclass(frozen=True)
class Dataset:
    """One repetition of a dataset; the arrays are read-only.

    Attributes
    ----------
    X_train, X_test : arrays of shape (n_curves, n_channels * n_points)
        Channel after channel, in the recipe's dtype; rows are shuffled.
    y_train, y_test : arrays of shape (n_curves,)
        Positions in the recipe's ``class_names``: 1 = symbolic and 0 = neural, the
        number of each curve's function, or the class of a recorded curve.
    x : array of shape (n_points, n_inputs)
    channels : tuple of str
        The name of each channel of X. A channel other than "value" occurs once for
        each column of the input; all channels of recorded curves are "value".
    data_hash : str
        SHA-256 over all arrays.
    fingerprint : list of lists of float
        Numbers that are the same on every processor, see `bench.base.fingerprints`.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    x: np.ndarray
    channels: tuple[str, ...]
    data_hash: str
    fingerprint: Fingerprint

    @property
    def is_unchanged(self) -> bool:
        """Whether the arrays are still those that were drawn."""
        names = ("X_train", "y_train", "X_test", "y_test", "x")
        return _hash({name: getattr(self, name) for name in names}) == self.data_hash

    def columns(self, wanted: tuple[str, ...]) -> np.ndarray:
        """Return the columns of X, shape (k,), that hold the wanted channels."""
        n_points = len(self.x)
        blocks = [
            np.arange(i * n_points, (i + 1) * n_points)
            for name in wanted
            for i, channel in enumerate(self.channels)
            if channel == name
        ]
        return np.concatenate(blocks)


def make_dataset(
    recipe: Recipe | DatasetSpec | RecordedSpec | dict[str, Any],
    repetition: int = 0,
    seed: int = 0,
    folder: Path | None = None,
) -> Dataset:
    """Draw one repetition of a dataset.

    Parameters
    ----------
    recipe
        An entry of a suite (``suite.datasets[0]``, or the same as a dictionary), or
        the recipe that `resolve_dataset` returned for it.
    repetition : int
        Number of the repetition, from 0.
    seed : int
        The root of the random streams: a suite's `seed`.
    folder : Path, optional
        The folder that the recipe's paths are relative to, such as
        ``suite.folder_of("datasets", 0)``.

    Raises
    ------
    DatasetError
        If a curve is not finite.
    """
    if isinstance(recipe, dict):
        model = RecordedSpec if "recorded" in recipe else DatasetSpec
        recipe = model.model_validate(recipe, strict=False)
    if isinstance(recipe, DatasetSpec | RecordedSpec):
        recipe = resolve_dataset(recipe, folder)
    arrays: dict[str, np.ndarray] = {}
    # One thread, so that the bits do not depend on the machine's number of cores.
    with limited_threads(1, "blas"):
        if isinstance(recipe, RecordedRecipe):
            arrays = recipe.draw(repetition, seed)
        else:
            test = ("test", recipe.spec.test)
            if recipe.n_validation:
                test = (VALIDATION, recipe.n_validation)
            drawn = {"train": ("train", recipe.spec.train), "test": test}
            for part, (name, size) in drawn.items():
                X, y = _draw_part(recipe, name, size, repetition, seed)
                arrays[f"X_{part}"], arrays[f"y_{part}"] = X, y
        fingerprint = fingerprint_of(
            [(arrays[f"X_{part}"], arrays[f"y_{part}"]) for part in ("train", "test")],
            recipe.n_classes,
            recipe.n_channels,
        )
    arrays["x"] = recipe.x.astype(recipe.spec.dtype)
    for array in arrays.values():
        array.setflags(write=False)
    return Dataset(
        channels=recipe.channel_names,
        data_hash=_hash(arrays),
        fingerprint=fingerprint,
        **arrays,
    )


def _hash(arrays: Mapping[str, np.ndarray]) -> str:
    hasher = hashlib.sha256()
    # Sorted, so that the hash does not depend on the order in which they were drawn.
    for name, array in sorted(arrays.items()):
        hasher.update(f"{name}{array.shape}{array.dtype.str}".encode())
        hasher.update(array.data)
    return hasher.hexdigest()


def draw_part(
    recipe: DatasetRecipe, part: str, size: int, repetition: int = 0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one part of a repetition: X (n_classes * size, n_features) and y.

    Parameters
    ----------
    part : str
        "train", "test" or any other name. Parts of different names share no curve.
    size : int
        Number of curves of each class.
    """
    with limited_threads(1, "blas"):
        return _draw_part(recipe, part, size, repetition, seed)


def draw_test(
    recipe: Recipe, repetition: int = 0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the test curves of a repetition alone: X_test and y_test."""
    if isinstance(recipe, RecordedRecipe):
        with limited_threads(1, "blas"):
            arrays = recipe.draw(repetition, seed)
        return arrays["X_test"], arrays["y_test"]
    return draw_part(recipe, "test", recipe.spec.test, repetition, seed)


def first_of_class(recipe: Recipe, label: int, size: int, seed: int = 0) -> np.ndarray:
    """Return training curves of a class in repetition 0, for a picture.

    Returns
    -------
    array of shape (n_curves, n_channels, n_points)
        The values of at most `size` curves; generated ones have one channel.
    """
    if isinstance(recipe, RecordedRecipe):
        arrays = recipe.draw(0, seed)
        X: np.ndarray = arrays["X_train"][arrays["y_train"] == label][:size]
        return X.reshape(len(X), recipe.n_channels, -1)
    values, _ = draw_class(
        recipe, label, min(size, recipe.spec.train), False, seed=seed
    )
    return values[:, None]


def _draw_part(
    recipe: DatasetRecipe, part: str, size: int, repetition: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    spec = recipe.spec
    n_points, n_inputs = recipe.x.shape
    width = sum(n_points * (1 if c == "value" else n_inputs) for c in spec.channels)
    n_curves = recipe.n_classes * size
    X, y = np.empty((n_curves, width), spec.dtype), np.empty(n_curves, np.int64)
    rng = generator(seed, "order", recipe.stream, repetition, part)
    order = rng.permutation(n_curves)
    for label in range(recipe.n_classes):
        rows = order[label * size : (label + 1) * size]
        values, gradients = draw_class(
            recipe,
            label,
            size,
            "gradient" in spec.channels,
            part=part,
            repetition=repetition,
            seed=seed,
        )
        X[rows] = lay_out(spec.channels, recipe.x, values, gradients)
        y[rows] = label
    if not np.isfinite(X).all():
        raise DatasetError(
            f"'{spec.id}', repetition {repetition}, {part}: found curves that are not "
            f"finite; check the functions of the library '{recipe.library.name}'"
        )
    return X, y


def lay_out(
    channels: tuple[str, ...],
    x: np.ndarray,
    values: np.ndarray,
    gradients: np.ndarray | None,
) -> np.ndarray:
    """Lay curves out as rows (n_curves, n_channels * n_points), channel by channel."""
    blocks = [_channel(channel, x, values, gradients) for channel in channels]
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)


def _channel(
    channel: str, x: np.ndarray, values: np.ndarray, gradients: np.ndarray | None
) -> np.ndarray:
    """Lay one channel out as rows.

    "value" has n_points columns; any other channel has as many for each input.
    """
    if channel == "value":
        return values
    if channel == "input":
        return np.broadcast_to(x.T.reshape(1, -1), (len(values), x.size))
    assert gradients is not None  # drawn whenever the dataset has the channel
    return gradients.transpose(0, 2, 1).reshape(len(values), -1)
