"""Audits: signs that a dataset, or the harness, gives the classes away."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.datasets import DatasetRecipe, make_dataset
from bench.probes import (
    DEPTH,
    PERMUTED,
    TREES,
    count_duplicates,
    first_curves,
    probe,
)

MAX_REPETITIONS = 10
MAX_CURVES = 300  # a class, of training and of test curves
STANDARD_ERRORS = 4
MARGIN = 0.01  # of accuracy: a tree so near to the best classifier explains it
TRIVIAL = 0.95  # accuracy of a tree from which a task is no task
IMBALANCE = 0.1  # of a class's due share
_THRESHOLD = f"alarm beyond {STANDARD_ERRORS} standard errors"


def audit_dataset(
    recipe: DatasetRecipe,
    seed: int,
    repetitions: int,
    *,
    chance: Sequence[float] | None = None,
    best: float | None = None,
) -> pd.DataFrame:
    """Look for traps in a dataset; the answer depends on the arguments alone.

    At most 10 repetitions are drawn again. At most 300 training and 300 test curves a
    class are fitted, the first of the shuffled rows, their class balance kept;
    duplicates and balance are looked for in all.

    Parameters
    ----------
    recipe
        The dataset.
    seed : int
        The suite's root of random streams.
    repetitions : int
        The suite's.
    chance : sequence of float, optional
        Held-out accuracies of CHANCE over repetitions; those that are NaN are left
        out.
    best : float, optional
        Mean held-out accuracy of the best classifier.

    Returns
    -------
    DataFrame
        One row an audit: ``dataset``, ``audit``, ``value``, what is ``expected`` where
        there is no trap, its ``standard_error`` over repetitions (never below the
        binomial one, and that one at two or fewer), over how many repetitions
        (``n``), whether it is an ``alarm``, and finding and threshold in ``words``.

        - "CHANCE", if given: accuracy.
        - "KNN, labels permuted" and "SVC, labels permuted": balanced accuracy, whose
          expectation does not depend on the balance of the classes.
        - "tree on scale", "tree on roughness", "tree on scale and roughness" (the
          features of `bench.cues`) and "tree on points" (every column, all channels):
          accuracy.
        - "duplicates": test curves that are training curves of their repetition.
        - "balance of training curves" and "balance of test curves": the share of the
          class that is furthest from its due.

    Raises
    ------
    DatasetError
        If a curve is not finite.
    """
    n = min(repetitions, MAX_REPETITIONS)
    scores: dict[str, list[float]] = defaultdict(list)
    labels: dict[str, list[np.ndarray]] = defaultdict(list)
    n_duplicates = 0
    for repetition in range(n):
        data = make_dataset(recipe, repetition, seed)
        n_duplicates += count_duplicates(data)
        some = first_curves(data, MAX_CURVES)
        labels["training"].append(data.y_train)
        labels["test"].append(data.y_test)
        labels["fitted"].append(some.y_test)
        for name, score in probe(some, seed, recipe.stream, repetition).items():
            scores[name].append(score)
    classes = np.unique(np.concatenate(labels["training"] + labels["test"]))
    sizes = {
        part: np.array([sum((y == c).sum() for y in found) for c in classes])
        for part, found in labels.items()
    }
    known = [] if chance is None else [s for s in chance if not math.isnan(s)]
    rows = [
        *([_chance(known, sizes["test"] / n)] if known else []),
        *(_permuted(name, scores[name], sizes["fitted"]) for name in PERMUTED),
        *(_tree(name, scores[name], sizes["fitted"], best) for name in TREES),
        _duplicates(n_duplicates, int(sizes["test"].sum()), n),
        *(_balance(part, sizes[part], n) for part in ("training", "test")),
    ]
    return pd.DataFrame([{"dataset": recipe.spec.id} | row for row in rows])


def _chance(scores: list[float], sizes: np.ndarray) -> dict[str, Any]:
    """Guesses are right once in as many times as there are classes."""
    expected = 1 / len(sizes)
    n_curves = float(sizes.sum()) * len(scores)
    error = _standard_error(scores, math.sqrt(expected * (1 - expected) / n_curves))
    return _at_chance("CHANCE", "accuracy of CHANCE", scores, expected, error)


def _permuted(name: str, scores: list[float], sizes: np.ndarray) -> dict[str, Any]:
    """Recalls average to chance whatever the labels' balance; sizes are per class."""
    expected = 1 / len(sizes)
    variances = expected * (1 - expected) / np.maximum(sizes, 1)
    error = _standard_error(scores, math.sqrt(variances.sum()) / len(sizes))
    said = f"balanced accuracy of {name}, training and test labels permuted"
    return _at_chance(f"{name}, labels permuted", said, scores, expected, error)


def _at_chance(
    audit: str, said: str, scores: list[float], expected: float, error: float
) -> dict[str, Any]:
    value = float(np.mean(scores))
    alarm = abs(value - expected) > STANDARD_ERRORS * error
    words = (
        f"{said}: {value:.4f} where chance is {expected:.4f}; {_THRESHOLD} of "
        f"{error:.4f}"
    )
    trap = "labels leak, or scores are not what they say"
    return _row(audit, value, expected, error, len(scores), alarm, words, trap)


def _tree(
    name: str, scores: list[float], sizes: np.ndarray, best: float | None
) -> dict[str, Any]:
    """Compare a shallow tree on trivial features with the best classifier."""
    value, expected = float(np.mean(scores)), float(sizes.max() / sizes.sum())
    floor = math.sqrt(expected * (1 - expected) / sizes.sum())
    error = _standard_error(scores, floor)
    words = (
        f"accuracy of a tree of depth {DEPTH} on {TREES[name]}: {value:.3f} where the "
        f"largest class has {expected:.3f}"
    )
    near = best is not None and value >= best - MARGIN - 1e-9  # 0.99 - 0.98 > 0.01
    if best is not None and not math.isnan(best):
        words += f" and the best classifier {best:.3f}"
    words += f"; alarm from {TRIVIAL:g}, or within {MARGIN:g} of the best classifier"
    # Where nothing beats guessing, a tree is as good as the best and explains nothing.
    learns = value - expected > STANDARD_ERRORS * error
    alarm = learns and (near or value >= TRIVIAL)
    trap = f"the task may be about no more than {TREES[name]}"
    return _row(name, value, expected, error, len(scores), alarm, words, trap)


def _duplicates(n_duplicates: int, n_curves: int, n: int) -> dict[str, Any]:
    words = (
        f"{n_duplicates} of {n_curves} test curves equal a training curve of their "
        "repetition; alarm from 1"
    )
    trap = "learning by heart is rewarded"
    alarm = n_duplicates > 0
    return _row("duplicates", float(n_duplicates), 0.0, 0.0, n, alarm, words, trap)


def _balance(part: str, sizes: np.ndarray, n: int) -> dict[str, Any]:
    """Compare each class's share with that of equal classes."""
    due, total = 1 / len(sizes), sizes.sum()
    shares = sizes / total
    value = float(shares[np.abs(shares - due).argmax()])
    error = math.sqrt(due * (1 - due) / total)
    # Curves may be drawn from all classes at random: by luck, few are unbalanced.
    alarm = abs(value - due) > max(IMBALANCE * due, STANDARD_ERRORS * error)
    words = (
        f"{part} curves a class: {sizes.min()} to {sizes.max()} of {total}; alarm "
        f"where a share is more than {IMBALANCE:.0%} and {STANDARD_ERRORS} standard "
        f"errors off {due:.3f}"
    )
    trap = "read balanced accuracy, not accuracy"
    name = f"balance of {part} curves"
    return _row(name, value, due, error, n, alarm, words, trap)


def _row(
    audit: str,
    value: float,
    expected: float,
    error: float,
    n: int,
    alarm: bool,
    words: str,
    trap: str,
) -> dict[str, Any]:
    return {
        "audit": audit,
        "value": value,
        "expected": expected,
        "standard_error": error,
        "n": n,
        "alarm": bool(alarm),
        "words": f"{words}: {trap}" if alarm else words,
    }


def _standard_error(scores: list[float], floor: float) -> float:
    """Over repetitions; never below the binomial one, so that few are not luck."""
    n = len(scores)
    if n <= 2:
        return floor
    return max(float(np.std(scores, ddof=1)) / math.sqrt(n), floor)
