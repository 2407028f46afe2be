"""Streams: fresh curves without end, for training that never sees one twice."""

import sys
from collections.abc import Iterator

import numpy as np

from bench.base import DatasetError, generator, limited_threads
from bench.curves.arrays import Block
from bench.curves.datasets import lay_out
from bench.curves.draws import class_blocks, class_stream, finished
from bench.curves.recipes import DatasetRecipe


class CurveStream:
    """Fresh curves of both classes, epoch after epoch.

    The curves depend on the recipe, the repetition and the seed alone: not on how many
    epochs are taken at a time, nor on what else is drawn.

    Parameters
    ----------
    recipe
        Of the dataset; its sizes are not read.
    channels
        That a row holds, in this order.
    curves : int
        Of each class, an epoch.
    repetition, seed : int
        Which draw; as in `bench.make_dataset`.

    Raises
    ------
    DatasetError
        If there are no fresh curves without end of the dataset.
    """

    def __init__(
        self,
        recipe: DatasetRecipe,
        channels: tuple[str, ...],
        curves: int,
        repetition: int = 0,
        seed: int = 0,
    ) -> None:
        if recipe.spec.not_online:
            raise DatasetError(f"'{recipe.spec.id}': {recipe.spec.not_online}")
        self.recipe = recipe
        self.channels = channels
        self.curves = curves
        self._classes = []
        for label in (1, 0):  # the symbolic curves first
            names = (recipe.stream, repetition, "online", class_stream(recipe, label))
            blocks = class_blocks(
                recipe,
                label,
                _ENDLESS,
                generator(seed, "curves", *names),
                "gradient" in channels,
            )
            self._classes.append((_Rows(blocks), generator(seed, "noise", *names)))

    def take(self, n_epochs: int, out: np.ndarray | None = None) -> np.ndarray:
        """Draw the next epochs.

        Parameters
        ----------
        out : array of shape (n_epochs, 2 * curves, n_features), optional
            Filled and returned; converted to its dtype.

        Returns
        -------
        array of shape (n_epochs, 2 * curves, n_features)
            Of each epoch the symbolic curves first, then as many neural ones.

        Raises
        ------
        DatasetError
            If a curve is not finite.
        """
        halves = []
        with limited_threads(1, "blas"):  # bits do not depend on the number of cores
            for rows, noise in self._classes:
                drawn, tangents = rows.take(n_epochs * self.curves)
                values, slopes = finished(self.recipe, drawn, tangents, noise)
                flat = lay_out(self.channels, self.recipe.x, values, slopes)
                halves.append(flat.reshape(n_epochs, self.curves, -1))
        if out is None:
            shape = (n_epochs, 2 * self.curves, halves[0].shape[2])
            out = np.empty(shape, halves[0].dtype)
        out[:, : self.curves], out[:, self.curves :] = halves
        if not np.isfinite(out).all():
            raise DatasetError(
                f"'{self.recipe.spec.id}': online curves that are not finite; look at "
                f"the library '{self.recipe.library.name}'"
            )
        return out


_ENDLESS = sys.maxsize // 2


class _Rows:
    """Takes any number of rows from blocks of any size."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks = blocks
        self._left: Block = (np.empty((0, 0)), None)

    def take(self, n: int) -> Block:
        parts = []
        while n:
            values, slopes = self._left
            if not len(values):
                values, slopes = next(self._blocks)
            k = min(n, len(values))
            parts.append((values[:k], None if slopes is None else slopes[:k]))
            self._left = values[k:], None if slopes is None else slopes[k:]
            n -= k
        if len(parts) == 1:
            return parts[0]
        gradients = [own for _, own in parts if own is not None]
        return (
            np.concatenate([own for own, _ in parts]),
            np.concatenate(gradients) if gradients else None,
        )
