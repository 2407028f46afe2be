"""Datasets: curves of two classes, drawn afresh for each repetition."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from bench import RESULTS
from bench.dataset_schema import DatasetSpec
from bench.errors import DatasetError
from bench.inputs import make_inputs
from bench.library import FunctionLibrary, load_library
from bench.neural import sample_mlp
from bench.seeds import generator
from bench.threads import limited_threads

# What a sweep may vary without changing a curve: not part of the random streams.
_SIZES = ("train", "test", "channels")
MAX_WEIGHTS = 2**24  # of one network: 128 MiB


@dataclass(frozen=True)
class DatasetRecipe:
    """A dataset with its names resolved: everything that its curves depend on.

    Attributes
    ----------
    spec
        As the suite wrote it.
    library
        The parsed function library.
    x : array of shape (n_points, n_inputs), float64
        The points, the same in all repetitions.
    identity
        The recipe as a JSON value: the library's text, a file's content hash.
    """

    spec: DatasetSpec
    library: FunctionLibrary
    x: np.ndarray
    identity: dict[str, Any]

    @cached_property
    def stream(self) -> dict[str, Any]:
        """The part of the identity that seeds depend on: all but the sizes."""
        return {k: v for k, v in self.identity.items() if k not in _SIZES}

    @property
    def nbytes(self) -> int:
        """Bytes of X_train and X_test of one repetition."""
        n_points, n_inputs = map(int, self.x.shape)
        n_blocks = sum(1 if c == "value" else n_inputs for c in self.spec.channels)
        n_curves = 2 * (self.spec.train + self.spec.test)
        itemsize = int(np.dtype(self.spec.dtype).itemsize)
        return n_curves * n_blocks * n_points * itemsize


@dataclass(frozen=True)
class Dataset:
    """One repetition of a dataset; the arrays are read-only.

    Attributes
    ----------
    X_train, X_test : arrays of shape (n_curves, n_channels * n_points)
        Channel after channel, in the recipe's dtype; rows are shuffled.
    y_train, y_test : arrays of shape (n_curves,)
        1 = symbolic, 0 = neural.
    x : array of shape (n_points, n_inputs)
    channels : tuple of str
        The name of each channel; one a column of the input for all but "value".
    data_hash : str
        SHA-256 over all arrays.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    x: np.ndarray
    channels: tuple[str, ...]
    data_hash: str

    def columns(self, wanted: tuple[str, ...]) -> np.ndarray:
        """Return the columns of X, shape (k,), that hold the wanted channels."""
        n_points = len(self.x)
        blocks = [
            np.arange(i * n_points, (i + 1) * n_points)
            for name in wanted
            for i, own in enumerate(self.channels)
            if own == name
        ]
        return np.concatenate(blocks)


def resolve_dataset(spec: DatasetSpec, folder: Path | None = None) -> DatasetRecipe:
    """Read the library, make the points, and probe that the curves are finite.

    Paths are relative to `folder`, by default the current one.
    """
    folder = Path() if folder is None else folder
    library = load_library(spec.library, folder)
    inputs = spec.inputs.model_dump()
    if spec.inputs.kind == "file":
        inputs["path"] = folder / spec.inputs.path
    x = make_inputs(**inputs)
    if x.shape[1] < library.n_inputs:
        raise DatasetError(
            f"the library '{spec.library}' reads {library.n_inputs} inputs, the points "
            f"have {x.shape[1]}; give the inputs more columns (dim, columns)"
        )
    widths = [x.shape[1], *spec.neural.hidden, spec.neural.curves_per_net]
    n_weights = sum(a * b for a, b in pairwise(widths))
    if n_weights > MAX_WEIGHTS:
        raise DatasetError(
            f"neural: networks of {n_weights} weights; expected at most {MAX_WEIGHTS}: "
            "lower hidden or curves_per_net"
        )
    library.probe(x, np.dtype(spec.dtype))
    # Defaults are left out, so that a new key with a default changes no old result.
    identity = spec.model_dump(mode="json", exclude={"id"}, exclude_defaults=True)
    identity["library"] = library.text
    identity["inputs"]["kind"] = spec.inputs.kind
    if spec.inputs.kind == "file":
        identity["inputs"]["path"] = hashlib.sha256(x.tobytes()).hexdigest()
    identity["train"], identity["test"] = spec.train, spec.test
    identity["results"] = RESULTS["curves"]
    return DatasetRecipe(spec, library, x, identity)


def make_dataset(
    recipe: DatasetRecipe | DatasetSpec | dict[str, Any],
    repetition: int = 0,
    seed: int = 0,
    folder: Path | None = None,
) -> Dataset:
    """Draw one repetition of a dataset.

    Parameters
    ----------
    recipe
        A suite's entry (``suite.datasets[0]``, or the same as a dictionary), or what
        `resolve_dataset` made of it.
    repetition : int
        Which draw.
    seed : int
        The root of the random streams: a suite's `seed`.
    folder : Path, optional
        Where the recipe's paths start, such as ``suite.folder``.

    Raises
    ------
    DatasetError
        If a curve is not finite.
    """
    if isinstance(recipe, dict):
        recipe = DatasetSpec.model_validate(recipe, strict=False)
    if isinstance(recipe, DatasetSpec):
        recipe = resolve_dataset(recipe, folder)
    arrays: dict[str, np.ndarray] = {}
    # One thread, so that the bits do not depend on the machine's number of cores.
    with limited_threads(1, "blas"):
        for part, size in (("train", recipe.spec.train), ("test", recipe.spec.test)):
            X, y = _draw_part(recipe, part, size, repetition, seed)
            arrays[f"X_{part}"], arrays[f"y_{part}"] = X, y
    arrays["x"] = recipe.x.astype(recipe.spec.dtype)
    hasher = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        hasher.update(f"{name}{array.shape}{array.dtype.str}".encode())
        hasher.update(array.data)
        array.setflags(write=False)
    channels = tuple(
        name
        for name in recipe.spec.channels
        for _ in range(1 if name == "value" else recipe.x.shape[1])
    )
    return Dataset(channels=channels, data_hash=hasher.hexdigest(), **arrays)


def draw_class(
    recipe: DatasetRecipe,
    symbolic: bool,
    size: int,
    gradients: bool,
    *,
    part: str = "train",
    repetition: int = 0,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Draw curves of one class: values (size, n_points) and, if asked, gradients."""
    kind = "symbolic" if symbolic else "neural"
    rng = generator(seed, "curves", recipe.stream, repetition, part, kind)
    dtype = np.dtype(recipe.spec.dtype)
    if symbolic:
        if gradients:
            return recipe.library.sample(recipe.x, size, rng, True, dtype)
        return recipe.library.sample(recipe.x, size, rng, dtype=dtype), None
    network = recipe.spec.neural.model_dump(exclude={"kind"})
    if gradients:
        return sample_mlp(recipe.x, size, rng, **network, gradients=True, dtype=dtype)
    return sample_mlp(recipe.x, size, rng, **network, dtype=dtype), None


def draw_part(
    recipe: DatasetRecipe, part: str, size: int, repetition: int = 0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw curves of a name of their own: X (2 * size, n_features), y (2 * size,).

    `size` is of each class. A part that is neither "train" nor "test" shares no curve
    with these.
    """
    with limited_threads(1, "blas"):
        return _draw_part(recipe, part, size, repetition, seed)


def _draw_part(
    recipe: DatasetRecipe, part: str, size: int, repetition: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    spec = recipe.spec
    n_points, n_inputs = recipe.x.shape
    width = sum(n_points * (1 if c == "value" else n_inputs) for c in spec.channels)
    X = np.empty((2 * size, width), spec.dtype)
    rng = generator(seed, "order", recipe.stream, repetition, part)
    order = rng.permutation(2 * size)
    for label in (0, 1):
        rows = order[label * size : (label + 1) * size]
        values, gradients = draw_class(
            recipe,
            bool(label),
            size,
            "gradient" in spec.channels,
            part=part,
            repetition=repetition,
            seed=seed,
        )
        X[rows] = lay_out(spec.channels, recipe.x, values, gradients)
    y = np.empty(2 * size, np.int64)
    y[order[:size]], y[order[size:]] = 0, 1
    if not np.isfinite(X).all():
        raise DatasetError(
            f"'{spec.id}', repetition {repetition}, {part}: curves that are not "
            f"finite; look at the library '{recipe.library.name}'"
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
    """Lay one channel out as rows, one block of n_points a column of the input."""
    if channel == "value":
        return values
    if channel == "input":
        return np.broadcast_to(x.T.reshape(1, -1), (len(values), x.size))
    assert gradients is not None  # drawn whenever the channel is asked for
    return gradients.transpose(0, 2, 1).reshape(len(values), -1)
