"""Streams of curves: an unlimited supply of new curves for online training."""

import sys
from collections.abc import Iterator

import numpy as np

from bench.base import DatasetError, generator, limited_threads
from bench.curves.arrays import Block
from bench.curves.datasets import lay_out
from bench.curves.draws import class_blocks, class_stream, finished
from bench.curves.recipes import DatasetRecipe


class CurveStream:
    """A stream of new curves of both classes, epoch after epoch.

    The curves depend only on the recipe, the repetition and the seed, not on how many
    epochs are taken at a time.

    Parameters
    ----------
    recipe
        The recipe of the dataset; its sizes are not used.
    channels
        The channels of a row, in their order.
    curves : int
        Number of curves of each class in an epoch.
    repetition, seed : int
        As in `bench.make_dataset`.

    Raises
    ------
    DatasetError
        If the dataset cannot supply unlimited curves.
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
        for label in (1, 0):  # symbolic curves come first in a batch
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
            The array to fill and return, in its dtype.

        Returns
        -------
        array of shape (n_epochs, 2 * curves, n_features)
            In each epoch, the symbolic curves come first, then as many neural ones.

        Raises
        ------
        DatasetError
            If a curve is not finite.
        """
        halves = []
        # One thread, so that the bits do not depend on the machine's number of cores.
        with limited_threads(1, "blas"):
            for rows, noise_rng in self._classes:
                raw_values, raw_gradients = rows.take(n_epochs * self.curves)
                values, gradients = finished(
                    self.recipe, raw_values, raw_gradients, noise_rng
                )
                flat = lay_out(self.channels, self.recipe.x, values, gradients)
                halves.append(flat.reshape(n_epochs, self.curves, -1))
        if out is None:
            shape = (n_epochs, 2 * self.curves, halves[0].shape[2])
            out = np.empty(shape, halves[0].dtype)
        out[:, : self.curves], out[:, self.curves :] = halves
        if not np.isfinite(out).all():
            raise DatasetError(
                f"'{self.recipe.spec.id}': found online curves that are not finite; "
                "check the functions of the library "
                f"'{self.recipe.library.name}'"
            )
        return out


_ENDLESS = sys.maxsize // 2  # a number of curves that no training reaches


class _Rows:
    """Rows taken in any number from blocks of any size."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks = blocks
        self._rest: Block = (np.empty((0, 0)), None)  # of the last block

    def take(self, n: int) -> Block:
        pieces: list[Block] = []
        while n:
            values, gradients = self._rest
            if not len(values):
                values, gradients = next(self._blocks)
            k = min(n, len(values))
            pieces.append((values[:k], None if gradients is None else gradients[:k]))
            self._rest = values[k:], None if gradients is None else gradients[k:]
            n -= k
        if len(pieces) == 1:
            return pieces[0]  # a view: nothing is copied
        all_gradients = [gradients for _, gradients in pieces if gradients is not None]
        return (
            np.concatenate([values for values, _ in pieces]),
            np.concatenate(all_gradients) if all_gradients else None,
        )
