"""The recipe of a dataset of recorded curves, and its repetitions."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bench.base import RESULTS, DatasetError, digest
from bench.curves.noise import standardise
from bench.curves.recorded.curves import RecordedCurves
from bench.curves.recorded.designs import (
    check_division,
    check_train,
    divide,
    sizes_of,
    test_counts,
)
from bench.curves.recorded.read import read_recorded
from bench.suite import FoldsSplit, RecordedSpec, ResampleSplit


@dataclass(frozen=True)
class RecordedRecipe:
    """A dataset's entry with its curves: all that its repetitions depend on.

    It has the properties of `bench.curves.DatasetRecipe` that other packages read.

    Attributes
    ----------
    spec
        The entry of the suite.
    curves
        The curves, as they were read.
    x : array of shape (n_points, 1), float64
        The points; 0, 1, … if the files do not say them.
    """

    spec: RecordedSpec
    curves: RecordedCurves
    x: np.ndarray

    @cached_property
    def identity(self) -> dict[str, Any]:
        """The recipe as a JSON value. Keys of results depend on it.

        It has no number of repetitions, so that more of them keep the first ones, and
        no name of a file.
        """
        spec = self.spec
        kept = {"standardise", "dtype", "train"}
        identity = spec.model_dump(mode="json", include=kept, exclude_defaults=True)
        division = spec.division
        split: Any = division
        if isinstance(division, ResampleSplit):
            split = {"test": division.test}
        elif isinstance(division, FoldsSplit):
            split = {"folds": division.folds}
        if not isinstance(division, str) and division.groups is not None:
            split["groups"] = True  # which they are is in the hash of the data
        return identity | {
            "recorded": self.curves.data_hash,
            "split": split,
            "results": RESULTS["recorded"],
        }

    @cached_property
    def identity_hash(self) -> str:
        """The hash of the identity."""
        return digest(self.identity)

    @property
    def stream(self) -> dict[str, Any]:
        """The part of the identity that seeds depend on: the hash of the data."""
        return {"recorded": self.curves.data_hash}

    @property
    def family(self) -> str:
        """What it shares with datasets that show the same evidence: its curves."""
        return self.curves.pool_hash

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the labels 0, 1, …, as the files have them."""
        return self.curves.class_names

    @property
    def n_classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The name of each channel of a row: all are values."""
        return ("value",) * self.n_channels

    @property
    def n_channels(self) -> int:
        """The number of channels of a row."""
        n_channels: int = self.curves.values.shape[1]
        return n_channels

    @cached_property
    def _sizes(self) -> tuple[int, int]:
        return sizes_of(self.curves, self.spec.division, self.spec.train)

    @property
    def n_train(self) -> int:
        """The number of training curves of a repetition, of all classes together."""
        return int(self._sizes[0])

    @property
    def n_test(self) -> int:
        """The number of test curves of a repetition, of all classes together."""
        return self._sizes[1]

    @property
    def overlap(self) -> float:
        """What repetitions that share curves add to 1/J in the variance of a mean.

        The ratio of test to training curves, at most 1: the correction of Nadeau and
        Bengio (2003), whose plain ratio covers everything where the test part is the
        larger one.
        """
        return min(1.0, self.n_test / self.n_train)

    @cached_property
    def largest_share(self) -> float:
        """The share of the largest class among the test curves of a repetition."""
        division, labels = self.spec.division, self.curves.labels
        if isinstance(division, ResampleSplit):
            sizes = test_counts(self.curves, division)
        elif isinstance(division, FoldsSplit):
            sizes = np.bincount(labels)
        else:
            sizes = np.bincount(labels[self.curves.n_given_train :])
        return float(sizes.max() / sizes.sum())

    @property
    def nbytes(self) -> int:
        """The size in bytes of X_train and X_test of one repetition."""
        _, n_channels, n_points = self.curves.values.shape
        itemsize = int(np.dtype(self.spec.dtype).itemsize)
        size: int = (self.n_train + self.n_test) * n_channels * n_points * itemsize
        return size

    @property
    def has_given_beside(self) -> bool:
        """Whether the given division is computed beside the repetitions."""
        is_design = self.spec.division != "given"
        return (
            is_design and self.curves.n_given_train is not None and self._can_be_given
        )

    @cached_property
    def _can_be_given(self) -> bool:
        try:
            check_division(self.curves, "given")
        except DatasetError:  # a class is in the test file alone
            return False
        return True

    @property
    def as_given(self) -> "RecordedRecipe":
        """The same dataset with the division of its two files."""
        return replace(self, spec=self.spec.as_given)

    def draw(self, repetition: int, seed: int) -> dict[str, np.ndarray]:
        """Divide the curves of a repetition.

        Returns
        -------
        dict
            X_train, y_train, X_test, y_test: rows of shape
            (n_curves, n_channels * n_points), channel after channel, in the recipe's
            dtype, and positions in `class_names`.
        """
        parts = zip(("train", "test"), self.rows(repetition, seed), strict=True)
        arrays = {}
        for part, rows in parts:
            arrays[f"X_{part}"] = self._rows(rows)
            arrays[f"y_{part}"] = self.curves.labels[rows]
        return arrays

    def rows(self, repetition: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of a repetition's training curves and test curves."""
        train, test = divide(self.curves, self.spec.division, repetition, seed)
        if self.spec.train is not None:
            train = _first(train, self.curves.labels, self.spec.train)
        return train, test

    def _rows(self, rows: np.ndarray) -> np.ndarray:
        values: np.ndarray = self.curves.values[rows]
        if self.spec.standardised:
            channels = values.reshape(-1, values.shape[2])
            values = standardise(channels)[0].reshape(values.shape)
        return values.reshape(len(rows), -1).astype(self.spec.dtype)


def _first(rows: np.ndarray, labels: np.ndarray, most: int) -> np.ndarray:
    """Keep the first rows of each class, in their order."""
    kept = [np.flatnonzero(labels[rows] == c)[:most] for c in np.unique(labels[rows])]
    first: np.ndarray = rows[np.sort(np.concatenate(kept))]
    return first


def resolve_recorded(spec: RecordedSpec, folder: Path) -> RecordedRecipe:
    """Read the curves, and check that they can be divided as the suite says.

    Raises
    ------
    DatasetError
        If a file cannot be read as curves, or a class has too few curves.
    """
    curves = read_recorded(spec, folder)
    check_division(curves, spec.division)
    if spec.train is not None:
        check_train(curves, spec.division, spec.train)
    x = curves.x
    if x is None:
        x = np.arange(curves.values.shape[2], dtype=np.float64)
    return RecordedRecipe(spec, curves, x.reshape(-1, 1).astype(np.float64))
