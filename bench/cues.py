"""Shortcut features: scale and roughness, which say nothing about a curve's shape.

Where they separate the classes, a score does not show that a classifier knows shapes.
"""

import numpy as np

MAX_COLUMNS = 1000  # read of a curve; of more, evenly spaced ones
_HUGE = 1e3  # above arcsinh of the largest float


def shortcut_features(values: np.ndarray, x: np.ndarray) -> dict[str, np.ndarray]:
    """Measure the scale and the roughness of curves.

    Parameters
    ----------
    values : array of shape (n_curves, n_points)
        The curves' values, without other channels.
    x : array of shape (n_points, n_inputs)
        The points, in any order; neighbours are taken along the first column.

    Returns
    -------
    dict of str to array of shape (n_curves, n_features)
        "scale": mean, variance, range and sorted values, which do not depend on the
        order of the points. "roughness": total variation, the largest second
        difference, and the largest second derivative, which is the difference divided
        by the spacing: on points that are not equally spaced, differences alone hide a
        kink. Compressed as by `compressed`.
    """
    order = np.argsort(x[:, 0], kind="stable")
    curves, places = values[:, order].astype(np.float64), x[order, 0].astype(float)
    ordered = np.sort(curves, axis=1)
    with np.errstate(over="ignore", invalid="ignore"):  # `compressed` bounds them
        scale = [
            curves.mean(axis=1),
            curves.var(axis=1),
            ordered[:, -1] - ordered[:, 0],
            *ordered[:, thinned(ordered.shape[1])].T,
        ]
        steps, gaps = np.diff(curves, axis=1), np.diff(places)
        # Points at one place, such as those of a grid in two inputs, have no slope.
        apart = (gaps[1:] > 0) & (gaps[:-1] > 0)
        slopes = steps / np.where(gaps > 0, gaps, np.inf)
        derivatives = np.diff(slopes, axis=1)[:, apart] / (gaps[1:] + gaps[:-1])[apart]
        roughness = [
            np.abs(steps).sum(axis=1),
            np.abs(np.diff(steps, axis=1)).max(axis=1, initial=0),
            np.abs(2 * derivatives).max(axis=1, initial=0),
        ]
    return {
        "scale": compressed(np.column_stack(scale)),
        "roughness": compressed(np.column_stack(roughness)),
    }


def compressed(values: np.ndarray) -> np.ndarray:
    """Compress values to at most 1000 by arcsinh, which keeps their order.

    A tree does not see the difference, and the largest of curves fits into the float32
    of scikit-learn's trees and into a squared distance.
    """
    found = np.arcsinh(values.astype(np.float64))
    return np.nan_to_num(found, nan=_HUGE, posinf=_HUGE, neginf=-_HUGE)


def thinned(n_columns: int) -> np.ndarray:
    """Return evenly spaced columns, the first and the last among them."""
    n_kept = min(n_columns, MAX_COLUMNS)
    return np.linspace(0, n_columns - 1, n_kept).round().astype(int)
