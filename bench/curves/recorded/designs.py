"""Designs: how recorded curves are divided into training and test curves.

A division depends on the root seed, the hash of the data and its number alone. So the
first draws of many are those of few, and datasets that differ in how curves are scaled
are divided alike.
"""

from typing import Literal

import numpy as np

from bench.base import DatasetError, derive_seed, generator
from bench.curves.recorded.curves import RecordedCurves
from bench.suite import FoldsSplit, ResampleSplit

Division = Literal["given"] | ResampleSplit | FoldsSplit
_ATTEMPTS = 1000  # draws of whole groups, until all classes are on both sides


def divide(
    curves: RecordedCurves, division: Division, repetition: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of the training curves and of the test curves.

    Parameters
    ----------
    division
        The split of the dataset, see `bench.suite.RecordedSpec.division`.
    repetition : int
        The number of the draw or fold; with ``given`` it has no meaning.
    seed : int
        The root of the random streams.

    Returns
    -------
    train, test : arrays of int
        In random order; with ``given`` in the order of the files.

    Raises
    ------
    DatasetError
        If no draw of whole groups has all classes on both sides.
    """
    n_curves = len(curves.labels)
    if isinstance(division, str):
        assert curves.n_given_train is not None  # since the schema asks for two files
        rows = np.arange(n_curves)
        return rows[: curves.n_given_train], rows[curves.n_given_train :]
    if isinstance(division, FoldsSplit):
        is_test = _fold(curves, division, repetition, seed)
    else:
        rng = generator(seed, "resample", curves.data_hash, repetition)
        if division.groups is not None:
            is_test = _draw_groups(curves, division, rng)
        else:
            is_test = _draw(curves.labels, test_counts(curves, division), rng)
    order = generator(seed, "order", curves.data_hash, repetition)
    shuffled = order.permutation(n_curves)
    return shuffled[~is_test[shuffled]], shuffled[is_test[shuffled]]


def test_counts(curves: RecordedCurves, division: ResampleSplit) -> np.ndarray:
    """Return the number of test curves of each class, shape (n_classes,).

    Without a share they are those of the given division.
    """
    n_classes = len(curves.class_names)
    if division.test is None:
        given = curves.labels[curves.n_given_train :]
        return np.bincount(given, minlength=n_classes)
    sizes = np.bincount(curves.labels, minlength=n_classes)
    rounded = np.round(division.test * sizes).astype(np.int64)
    counts: np.ndarray = np.clip(rounded, 1, sizes - 1)
    return counts


def sizes_of(
    curves: RecordedCurves, division: Division, most: int | None = None
) -> tuple[int, int]:
    """Return the numbers of training and of test curves of a repetition.

    Where they differ between repetitions, as between folds, the test part has the
    smaller number; with groups both are what the draws come closest to.

    Parameters
    ----------
    most
        The largest number of training curves of each class.
    """
    sizes = np.bincount(curves.labels, minlength=len(curves.class_names))
    if isinstance(division, str):
        train = np.bincount(curves.labels[: curves.n_given_train])
        n_test = len(curves.labels) - int(train.sum())
    elif isinstance(division, FoldsSplit):
        train = np.round(sizes * (1 - 1 / division.folds)).astype(np.int64)
        n_test = len(curves.labels) // division.folds
    else:
        test = test_counts(curves, division)
        train, n_test = sizes - test, int(test.sum())
    return int(np.minimum(train, train.max() if most is None else most).sum()), n_test


def check_division(curves: RecordedCurves, division: Division) -> None:
    """Raise a DatasetError if the curves cannot be divided so."""
    names = curves.class_names
    sizes = np.bincount(curves.labels, minlength=len(names))
    if isinstance(division, str):
        train = np.bincount(curves.labels[: curves.n_given_train], minlength=len(names))
        _refuse_smaller(names, train, 1, "in the training file", "another split")
        if len(curves.labels) == curves.n_given_train:
            raise DatasetError("found no test curve; expected some in the second file")
        return
    if division.groups is not None:
        assert curves.groups is not None  # since the reader was asked for them
        n_groups = len(np.unique(curves.groups))
        least = division.folds if isinstance(division, FoldsSplit) else 2
        if n_groups < least:
            raise DatasetError(
                f"split: found {n_groups} groups; expected at least {least}, so that "
                "some can be trained on and others tested"
            )
    elif isinstance(division, FoldsSplit):
        remedy = f"at most {max(2, int(sizes.min()))} folds, or leave the class out"
        _refuse_smaller(names, sizes, division.folds, "", remedy)
    elif division.test is None:
        train = sizes - test_counts(curves, division)
        remedy = "a share, such as {resample: 10, test: 0.3}"
        _refuse_smaller(names, train, 1, "in the training file", remedy)
    if not isinstance(division, FoldsSplit) or division.groups is not None:
        _refuse_smaller(names, sizes, 2, "", "leave the class out of the files")


def check_train(curves: RecordedCurves, division: Division, most: int) -> None:
    """Raise a DatasetError if no class has so many training curves.

    In a sweep the larger values would then be one and the same dataset.
    """
    sizes = np.bincount(curves.labels, minlength=len(curves.class_names))
    if isinstance(division, str):
        sizes = np.bincount(curves.labels[: curves.n_given_train])
    elif division.groups is not None:
        pass  # how many a draw of whole groups has is known only when it is drawn
    elif isinstance(division, FoldsSplit):
        sizes = sizes - sizes // division.folds
    else:
        sizes = sizes - test_counts(curves, division)
    largest = int(sizes.max())
    if most > largest:
        raise DatasetError(
            f"train: found {most}, but no class has more than {largest} training "
            f"curve{'s' * (largest != 1)}; expected at most {largest}"
        )


def _refuse_smaller(
    names: tuple[str, ...], sizes: np.ndarray, least: int, where: str, remedy: str
) -> None:
    small = np.flatnonzero(sizes < least)
    if len(small):
        first = int(small[0])
        found = f"{int(sizes[first])} curve{'s' * (int(sizes[first]) != 1)}"
        place = f" {where}" if where else ""
        more = f" (and {len(small) - 1} more classes)" if len(small) > 1 else ""
        raise DatasetError(
            f"split: the class '{names[first]}' has {found}{place}{more}; expected at "
            f"least {least}: {remedy}"
        )


def _draw(
    labels: np.ndarray, counts: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw so many test curves of each class, each equally likely."""
    is_test = np.zeros(len(labels), bool)
    for label, count in enumerate(counts):
        members = np.flatnonzero(labels == label)
        is_test[rng.permutation(members)[:count]] = True
    return is_test


def _draw_groups(
    curves: RecordedCurves, division: ResampleSplit, rng: np.random.Generator
) -> np.ndarray:
    """Draw whole groups for the test part, until it is as large as asked.

    Groups come in random order; one is taken if that brings the size of the test part
    closer to what was asked. Draws without all classes on both sides are drawn again.
    """
    assert curves.groups is not None  # since the reader was asked for them
    wanted = int(test_counts(curves, division).sum())
    names, members = np.unique(curves.groups, return_inverse=True)
    sizes = np.bincount(members)
    n_classes = len(curves.class_names)
    for _ in range(_ATTEMPTS):
        chosen = np.zeros(len(names), bool)
        n_test = 0
        for group in rng.permutation(len(names)):
            if abs(n_test + sizes[group] - wanted) <= abs(n_test - wanted):
                chosen[group] = True
                n_test += int(sizes[group])
        is_test: np.ndarray = chosen[members]
        parts = curves.labels[is_test], curves.labels[~is_test]
        if all(len(np.unique(part)) == n_classes for part in parts):
            return is_test
    raise DatasetError(
        f"split: found no draw of whole groups, in {_ATTEMPTS} attempts, with all "
        f"{n_classes} classes in training and in test; expected each class in several "
        "groups: use folds, or another share of test"
    )


def _fold(
    curves: RecordedCurves, division: FoldsSplit, repetition: int, seed: int
) -> np.ndarray:
    """Return which curves a fold tests; each division into folds is one shuffle."""
    # Here, since scikit-learn takes a second to import, which a plan does not need.
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    repeat, number = divmod(repetition, division.folds)
    state = derive_seed(seed, "folds", curves.data_hash, division.folds, repeat)
    by_groups = division.groups is not None
    kind = StratifiedGroupKFold if by_groups else StratifiedKFold
    folds = kind(division.folds, shuffle=True, random_state=state % 2**32)
    rows = np.zeros((len(curves.labels), 1))
    groups = curves.groups if by_groups else None
    parts = list(folds.split(rows, curves.labels, groups))
    train, test = parts[number]
    n_classes = len(curves.class_names)
    if len(np.unique(curves.labels[train])) < n_classes or not len(test):
        raise DatasetError(
            f"split: fold {number} leaves a class without training curves, or has no "
            "test curve, since whole groups are divided; expected each class in "
            "several groups: lower folds, or leave the class out"
        )
    is_test = np.zeros(len(curves.labels), bool)
    is_test[test] = True
    return is_test
