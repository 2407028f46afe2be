"""Curves as they were read from files, with what the files say about them."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class RecordedCurves:
    """Labelled curves that somebody measured; the arrays are read-only.

    Attributes
    ----------
    values : array of shape (n_curves, n_channels, n_points)
        Finite numbers in float64.
    labels : array of shape (n_curves,)
        The class of each curve, as a position in `class_names`.
    class_names
        The classes, sorted: as numbers if all are numbers, else as text.
    x : array of shape (n_points,), optional
        The points, if the file says them.
    groups : array of shape (n_curves,), optional
        A number for each group of curves that belong together, if the split asks.
    n_given_train
        Of two files: the number of training curves, which come first. Else None.
    n_interpolated
        The number of missing values that were filled in.
    sources
        The files, as a person wrote them.
    license
        The license that a file states; empty if it does not.
    notes
        What a reader of the report should know, such as a column that was left out.
    """

    values: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    x: np.ndarray | None = None
    groups: np.ndarray | None = None
    n_given_train: int | None = None
    n_interpolated: int = 0
    sources: tuple[str, ...] = ()
    license: str = ""
    notes: tuple[str, ...] = ()

    @cached_property
    def digests(self) -> tuple[bytes, ...]:
        """A hash of the values of each curve; empty for one that is constant.

        Two recordings may well have the same constant curve, which is no sign that one
        is a copy of the other.
        """
        is_constant = (np.ptp(self.values, axis=2) == 0).all(axis=1)
        return tuple(
            b""
            if constant
            else hashlib.blake2b(curve.tobytes(), digest_size=16).digest()
            for curve, constant in zip(self.values, is_constant, strict=True)
        )

    @cached_property
    def data_hash(self) -> str:
        """SHA-256 over values, classes, points, groups and the given division."""
        hasher = hashlib.sha256()
        parts = {
            "values": self.values,
            "labels": self.labels,
            "x": self.x,
            "groups": self.groups,
        }
        for name, array in parts.items():
            if array is not None:
                hasher.update(f"{name}{array.shape}{array.dtype.str}".encode())
                hasher.update(np.ascontiguousarray(array).data)
        hasher.update(repr((self.class_names, self.n_given_train)).encode())
        return hasher.hexdigest()

    @cached_property
    def pool_hash(self) -> str:
        """SHA-256 over the values of the curves alone, in any order.

        Files that hold the same curves have the same one, whatever they say of points,
        groups and a given division.
        """
        shape = repr(self.values.shape[1:]).encode()
        return hashlib.sha256(shape + b"".join(sorted(self.digests))).hexdigest()
