"""Shallow baselines: quick fits to features without shape; and duplicate curves.

If a baseline separates the classes, or scores on permuted labels, then the score of a
classifier on the dataset does not show that it recognises functions.
"""

from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bench.base import derive_seed, generator
from bench.curves import Dataset

MAX_COLUMNS = 1000  # columns of a curve that are read, evenly spaced if it has more
_HUGE = 1e3  # larger than arcsinh of the largest float, which is about 710


def shortcut_features(values: np.ndarray, x: np.ndarray) -> dict[str, np.ndarray]:
    """Measure the scale and the roughness of curves.

    Parameters
    ----------
    values : array of shape (n_curves, n_points)
        The curves' values, without other channels.
    x : array of shape (n_points, n_inputs)
        The points, in any order; they are sorted by the first column.

    Returns
    -------
    dict of str to array of shape (n_curves, n_features)
        "scale": mean, variance, range and sorted values, which do not depend on the
        order of the points. "roughness": total variation, the largest second
        difference, and the largest second derivative (divided difference): if points
        are not equally spaced, plain differences do not show a kink. All values are
        compressed by `compressed`.
    """
    order = np.argsort(x[:, 0], kind="stable")
    curves, positions = values[:, order].astype(np.float64), x[order, 0].astype(float)
    ordered = np.sort(curves, axis=1)
    with np.errstate(over="ignore", invalid="ignore"):  # `compressed` bounds them
        scale = [
            curves.mean(axis=1),
            curves.var(axis=1),
            ordered[:, -1] - ordered[:, 0],
            *ordered[:, thinned(ordered.shape[1])].T,
        ]
        steps, gaps = np.diff(curves, axis=1), np.diff(positions)
        # There is no gradient between points at one position; a grid in two inputs has
        # many of them.
        distinct = (gaps[1:] > 0) & (gaps[:-1] > 0)
        gradients = steps / np.where(gaps > 0, gaps, np.inf)
        widths = (gaps[1:] + gaps[:-1])[distinct]
        derivatives = np.diff(gradients, axis=1)[:, distinct] / widths
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

    A tree depends on the order alone. The largest values of curves then fit into the
    float32 of scikit-learn's trees, and their squared distances are finite.
    """
    small = np.arcsinh(values.astype(np.float64))
    return np.nan_to_num(small, nan=_HUGE, posinf=_HUGE, neginf=-_HUGE)


def thinned(n_columns: int) -> np.ndarray:
    """Return evenly spaced column numbers, with the first and the last."""
    n_kept = min(n_columns, MAX_COLUMNS)
    return np.linspace(0, n_columns - 1, n_kept).round().astype(int)


DEPTH = 3
PERMUTED = ("KNN", "SVC")  # fitted on permuted labels
TREES = {  # name → the features that the tree reads, as the report names them
    "tree on scale": "mean, variance, range and sorted values",
    "tree on roughness": "total variation and the largest second difference and "
    "second derivative",
    "tree on scale and roughness": "scale and roughness together",
    "tree on points": "values at single points",
}
BASELINES = (*PERMUTED, *TREES)


def first_curves(data: Dataset, most: int) -> Dataset:
    """Keep the first curves of each class, and the proportion of the classes.

    `most` is the number of curves that the largest class keeps, for training and for
    testing.
    """

    def first(y: np.ndarray) -> np.ndarray:
        classes, sizes = np.unique(y, return_counts=True)
        kept = np.minimum(sizes, -(-sizes * most // sizes.max()))  # rounded up
        rows = [np.flatnonzero(y == c)[:k] for c, k in zip(classes, kept, strict=True)]
        return np.sort(np.concatenate(rows))

    train, test = first(data.y_train), first(data.y_test)
    return replace(
        data,
        X_train=data.X_train[train],
        y_train=data.y_train[train],
        X_test=data.X_test[test],
        y_test=data.y_test[test],
    )


def score_baselines(
    data: Dataset, seed: int, stream: dict[str, Any], repetition: int
) -> dict[str, float]:
    """Return the held-out score of each baseline.

    Those of `PERMUTED` are fitted and scored on permuted labels; training and test
    labels are permuted independently. Their score is the balanced accuracy, whose
    expectation does not depend on the class sizes. Those of `TREES` are fitted and
    scored on the true labels; their score is the accuracy. KNN and SVC read values
    compressed by `compressed`, at most 1000 points of a curve.

    Parameters
    ----------
    data
        One repetition of a dataset.
    seed, stream, repetition
        The seed of the permutations and of the trees' ties is derived from these.

    Returns
    -------
    dict of str to float
        One score for each name in `BASELINES`.
    """
    # Here, since scikit-learn takes a second to import, which a plan does not need.
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    scores = {}
    values = data.columns(("value",))
    columns = values[thinned(len(values))]
    train, test = (compressed(X[:, columns]) for X in (data.X_train, data.X_test))
    n_neighbours = min(5, len(train))
    state = derive_seed(seed, "audit", stream, repetition, "tree") % 2**32
    knn = KNeighborsClassifier(n_neighbours)
    with threadpool_limits(1):  # in fits so small, threads would only wait
        for name, estimator in (("KNN", knn), ("SVC", SVC())):
            rng = generator(seed, "audit", stream, repetition, name)
            estimator.fit(train, rng.permutation(data.y_train))
            scores[name] = _balanced_accuracy(
                rng.permutation(data.y_test), estimator.predict(test)
            )
        for name, (train, test) in _features(data).items():
            tree = DecisionTreeClassifier(max_depth=DEPTH, random_state=state)
            predictions = tree.fit(train, data.y_train).predict(test)
            scores[name] = float((predictions == data.y_test).mean())
    return scores


def _features(data: Dataset) -> dict[str, list[np.ndarray]]:
    """Return tree → its features of the training curves and of the test curves."""
    features: dict[str, list[np.ndarray]] = {name: [] for name in TREES}
    for X in (data.X_train, data.X_test):
        # Several channels of recorded curves are all values, and each has a scale.
        values = X[:, data.columns(("value",))].reshape(len(X), -1, len(data.x))
        shortcuts = [shortcut_features(c, data.x) for c in np.moveaxis(values, 1, 0)]
        scale = np.hstack([features["scale"] for features in shortcuts])
        roughness = np.hstack([features["roughness"] for features in shortcuts])
        both = np.hstack([scale, roughness])
        points = compressed(X[:, thinned(X.shape[1])])
        in_order = (scale, roughness, both, points)
        for name, columns in zip(TREES, in_order, strict=True):
            features[name].append(columns)
    return features


def _balanced_accuracy(labels: np.ndarray, predictions: np.ndarray) -> float:
    recalls = [(predictions[labels == c] == c).mean() for c in np.unique(labels)]
    return float(np.mean(recalls))


def count_duplicates(data: Dataset) -> int:
    """Count the test curves that equal a training curve in every value."""

    def hashes(X: np.ndarray) -> list[bytes]:
        # Adding 0.0 turns -0.0 into 0.0, which equals it but has other bytes.
        return [blake2b((row + 0.0).tobytes(), digest_size=16).digest() for row in X]

    known = set(hashes(data.X_train))
    return sum(row in known for row in hashes(data.X_test))
