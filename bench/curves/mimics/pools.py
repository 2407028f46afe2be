"""Mimic pools: curves of a library, and outputs of networks that were fitted to them.

The task: is a curve a symbolic function, or a network that approximates one? Each drawn
curve is used once, either as it is or as its network's output. So both classes hold the
same functions, and no curve occurs in both.

Training amplifies the last bits of products, which depend on the processor: elsewhere
the same draws give other fits. So the fits of a published board come along as data, see
`bench.curves.mimics.published`.
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
    places : array of shape (n_curves,), int64
        The place of each curve in the half as it was dealt, before curves with a bad
        fit were left out; ascending. A curve's noise depends on it, so that one fit
        more or less moves no other curve's noise.
    values : array of shape (n_curves, n_points), float32
    slopes : array of shape (n_curves, n_points, n_inputs), float32
        The gradients, under the name that they have in the files of the cache.
    """

    functions: np.ndarray
    places: np.ndarray
    values: np.ndarray
    slopes: np.ndarray

    def rows(self, functions: np.ndarray | None) -> np.ndarray:
        """Return the rows of the curves of some functions; None is all functions."""
        if functions is None:
            return np.arange(len(self.functions))
        return np.flatnonzero(np.isin(self.functions, functions))


Pool = tuple[PoolHalf, PoolHalf]  # neural, symbolic
Stream = Callable[..., np.random.Generator]  # returns the random generator of a name


@dataclass(frozen=True)
class Targets:
    """The curves that networks are fitted to, and how they are dealt into halves.

    Attributes
    ----------
    functions : array of shape (size,), int64
        The position in the library of each curve's function.
    values : array of shape (size, n_points), float64
        Standardised, so that the error of a fit is a share of the curve's deviation.
    gradients : array of shape (size, n_points, n_inputs), float64
    halves : two arrays of int64
        The curves of the neural and of the symbolic half, in random order. They are
        dealt before any network is fitted, so that the last bits of a fit, which depend
        on the processor, decide about its own curve alone.
    """

    functions: np.ndarray
    values: np.ndarray
    gradients: np.ndarray
    halves: tuple[np.ndarray, np.ndarray]


def make_pool(
    library: FunctionLibrary,
    x: np.ndarray,
    spec: MimicCurves,
    size: int,
    stream: Stream,
) -> Pool:
    """Draw curves, deal them into two halves, and fit a network to each.

    Training is in float32. Both halves are computed in float64 and then rounded to
    float32, so that they have the same precision, and curves of the library the same
    bits on nearly every processor.

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
        Of each half the curves whose fit has an error below ``spec.rmse``: of the first
        the networks' outputs, of the second the curves themselves.

    Raises
    ------
    DatasetError
        If a curve is not finite.
    """
    targets = draw_targets(library, x, size, stream)
    outputs, gradients = _fitted_outputs(x, targets.values, spec, stream)
    error = np.sqrt(((outputs - targets.values) ** 2).mean(axis=1))
    good_neural, good_symbolic = (error[half] < spec.rmse for half in targets.halves)
    kept = targets.halves[0][good_neural]
    return deal(targets, good_neural, good_symbolic, outputs[kept], gradients[kept])


def draw_targets(
    library: FunctionLibrary, x: np.ndarray, size: int, stream: Stream
) -> Targets:
    """Draw the curves of a pool, and deal them into halves; see `make_pool`."""
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
    values, scaled = standardise(values, gradients)
    assert scaled is not None  # gradients were given
    order = stream("shuffle").permutation(size)
    halves = order[: size // 2], order[size // 2 :]
    return Targets(functions, values, scaled, halves)


def deal(
    targets: Targets,
    good_neural: np.ndarray,
    good_symbolic: np.ndarray,
    outputs: np.ndarray,
    gradients: np.ndarray,
) -> Pool:
    """Make the halves of a pool from the fits that are good.

    Parameters
    ----------
    good_neural, good_symbolic : arrays of bool
        For each curve of a half, whether its network fits it.
    outputs : array of shape (n_good_neural, n_points)
        The values of the good networks of the neural half.
    gradients : array of shape (n_good_neural, n_points, n_inputs)
    """
    neural, symbolic = targets.halves
    exact = symbolic[good_symbolic]
    return (
        PoolHalf(
            targets.functions[neural[good_neural]],
            np.flatnonzero(good_neural),
            outputs.astype(np.float32),
            gradients.astype(np.float32),
        ),
        PoolHalf(
            targets.functions[exact],
            np.flatnonzero(good_symbolic),
            targets.values[exact].astype(np.float32),
            targets.gradients[exact].astype(np.float32),
        ),
    )


def _fitted_outputs(
    x: np.ndarray,
    targets: np.ndarray,
    spec: MimicCurves,
    stream: Stream,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a network to each target; return the networks' values and gradients."""
    from bench.curves.mimics.fits import fit_nets  # importing torch takes seconds

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
