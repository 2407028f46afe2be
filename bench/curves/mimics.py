"""Mimic pools: curves of a library, and outputs of networks that were fitted to them.

The task: is a curve a symbolic function, or a network that approximates one? Each drawn
curve is used once, either as it is or as its network's output. So both classes hold the
same functions, and no curve occurs in both.
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
        The position in the library of the function that a curve is, or mimics.
    values : array of shape (n_curves, n_points), float64
    slopes : array of shape (n_curves, n_points, n_inputs), float64
        The gradients, under the name that they have in the files of the cache.
    """

    functions: np.ndarray
    values: np.ndarray
    slopes: np.ndarray

    def rows(self, functions: np.ndarray | None) -> np.ndarray:
        """Return the rows of the curves of some functions; None is all functions."""
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
    """Draw curves, fit a network to each, and divide the good fits into two halves.

    Training is in float32. Everything else is in float64, the networks' outputs
    included, so that both classes have full precision.

    Parameters
    ----------
    x : array of shape (n_points, n_inputs)
    size : int
        Number of curves to draw. Each function of the library is equally likely, and
        equally many networks have each activation.
    stream
        Returns the random generator of a name.

    Returns
    -------
    (neural, symbolic)
        The fits whose error is below ``spec.rmse``, shuffled and halved: the networks'
        outputs of the first half, the exact curves of the second.

    Raises
    ------
    DatasetError
        If a curve is not finite.
    """
    functions = stream("functions").integers(len(library.functions), size=size)
    values = np.empty((size, len(x)))
    gradients = np.empty((size, *x.shape))
    for number in range(len(library.functions)):
        rows = np.flatnonzero(functions == number)
        function, rng = library.only([number]), stream("curves", number)
        values[rows], gradients[rows] = function.sample(x, rows.size, rng, True)
    if not np.isfinite(values).all():
        raise DatasetError(
            "found curves to mimic that are not finite; check the functions of the "
            f"library '{library.name}'"
        )
    # The error of a fit is then a share of the curve's own deviation.
    values, scaled = standardise(values, gradients)
    assert scaled is not None  # gradients were given
    outputs, output_gradients = _fitted_outputs(x, values, spec, stream)
    error = np.sqrt(((outputs - values) ** 2).mean(axis=1))
    kept = stream("shuffle").permutation(np.flatnonzero(error < spec.rmse))
    middle = len(kept) // 2
    neural, exact = kept[:middle], kept[middle:]
    return (
        PoolHalf(functions[neural], outputs[neural], output_gradients[neural]),
        PoolHalf(functions[exact], values[exact], scaled[exact]),
    )


def _fitted_outputs(
    x: np.ndarray,
    targets: np.ndarray,
    spec: MimicCurves,
    stream: Callable[..., np.random.Generator],
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a network to each target; return the networks' values and gradients."""
    from bench.curves.mimic_fits import fit_nets  # importing torch takes seconds

    values = np.empty_like(targets)
    gradients = np.empty((*targets.shape, x.shape[1]))
    columns = np.ascontiguousarray(x.T)
    widths = [x.shape[1], *spec.hidden, 1]
    for number, activation in enumerate(spec.activations):
        curves = np.arange(number, len(targets), len(spec.activations))
        rng = stream("weights", number)
        initial = draw_layers(rng, curves.size, widths, np.float32)
        fitted: list[Layer] = fit_nets(
            x, targets[curves], initial, activation, spec.steps, spec.lr
        )
        # Blocks of 64 networks bound the memory, as in `bench.curves.neural`.
        for rows in np.array_split(np.arange(curves.size), -(-curves.size // 64)):
            layers = [
                (weight[rows].astype(float), bias[rows].astype(float))
                for weight, bias in fitted
            ]
            outputs, derivatives = forward(layers, columns, activation, True)
            values[curves[rows]] = outputs[:, 0]
            for column, derivative in enumerate(derivatives):
                gradients[curves[rows], :, column] = derivative[:, 0]
    return values, gradients
