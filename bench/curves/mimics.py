"""Mimic pools: curves of a library, and the outputs of nets that were fitted to them.

A symbolic function, or a net that approximates one? Of each curve either itself or its
net's output is used, so that both classes hold the same functions and no curve tells
of its own mimic.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.base import DatasetError
from bench.curves.arrays import Layer
from bench.curves.library import FunctionLibrary
from bench.curves.neural import draw_layers, forward
from bench.curves.noise import standardise
from bench.suite import MimicCurves

HALVES = ("neural", "symbolic")


@dataclass(frozen=True)
class PoolHalf:
    """Curves of one class, in random order.

    Attributes
    ----------
    functions : array of shape (n_curves,), int64
        The position in the library of what each is, or mimics.
    values : array of shape (n_curves, n_points), float64
    slopes : array of shape (n_curves, n_points, n_inputs), float64
    """

    functions: np.ndarray
    values: np.ndarray
    slopes: np.ndarray

    def rows(self, functions: np.ndarray | None) -> np.ndarray:
        """Return the rows of some functions' curves; of all where None are named."""
        if functions is None:
            return np.arange(len(self.functions))
        return np.flatnonzero(np.isin(self.functions, functions))


Pool = tuple[PoolHalf, PoolHalf]  # neural, symbolic


def make_pool(
    library: FunctionLibrary,
    x: np.ndarray,
    spec: MimicCurves,
    size: int,
    stream: Callable[..., np.random.Generator],
) -> Pool:
    """Draw curves, fit a net to each, keep the good fits, and deal them out.

    Everything is computed in float64 but the training itself, in float32: outputs are
    those of the trained weights in float64, so that both classes have full precision.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs)
    size : int
        Curves to draw. Their functions are uniform over the library's; an equal part
        of the nets has each activation.
    stream
        Gives the generator of a name.

    Returns
    -------
    (neural, symbolic)
        The fits whose error is below ``spec.rmse``, shuffled and halved: the nets'
        outputs for the first half, the exact curves for the second.

    Raises
    ------
    DatasetError
        If a curve is not finite.
    """
    functions = stream("functions").integers(len(library.functions), size=size)
    values = np.empty((size, len(x)))
    slopes = np.empty((size, *x.shape))
    for number in range(len(library.functions)):
        mine = np.flatnonzero(functions == number)
        alone, rng = library.only([number]), stream("curves", number)
        values[mine], slopes[mine] = alone.sample(x, mine.size, rng, True)
    if not np.isfinite(values).all():
        raise DatasetError(
            f"curves to mimic that are not finite; look at the library '{library.name}'"
        )
    values, scaled = standardise(values, slopes)
    assert scaled is not None  # slopes were given
    found, found_slopes = _imitate(x, values, spec, stream)
    error = np.sqrt(((found - values) ** 2).mean(axis=1))
    kept = stream("shuffle").permutation(np.flatnonzero(error < spec.rmse))
    middle = len(kept) // 2
    nets, exact = kept[:middle], kept[middle:]
    return (
        PoolHalf(functions[nets], found[nets], found_slopes[nets]),
        PoolHalf(functions[exact], values[exact], scaled[exact]),
    )


def _imitate(
    x: np.ndarray,
    targets: np.ndarray,
    spec: MimicCurves,
    stream: Callable[..., np.random.Generator],
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a net to each target; return what they put out and its slopes."""
    from bench.curves.mimic_fits import fit_nets  # torch takes seconds

    values = np.empty_like(targets)
    slopes = np.empty((*targets.shape, x.shape[1]))
    columns = np.ascontiguousarray(x.T)
    widths = [x.shape[1], *spec.hidden, 1]
    for number, activation in enumerate(spec.activations):
        mine = np.arange(number, len(targets), len(spec.activations))
        rng = stream("weights", number)
        initial = draw_layers(rng, mine.size, widths, np.float32)
        fitted: list[Layer] = fit_nets(
            x, targets[mine], initial, activation, spec.steps, spec.lr
        )
        # A stack of nets at a time, as `bench.curves.neural` does it.
        for rows in np.array_split(np.arange(mine.size), -(-mine.size // 64)):
            layers = [
                (weight[rows].astype(float), bias[rows].astype(float))
                for weight, bias in fitted
            ]
            outputs, tangents = forward(layers, columns, activation, True)
            values[mine[rows]] = outputs[:, 0]
            for column, tangent in enumerate(tangents):
                slopes[mine[rows], :, column] = tangent[:, 0]
    return values, slopes
