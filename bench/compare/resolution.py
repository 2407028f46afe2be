"""The resolution of accuracies: a share of test curves moves in steps of one curve.

A results.csv does not say how many test curves a dataset has. Its accuracies do: they
are whole numbers of curves, divided by that number.
"""

import math
from fractions import Fraction

import pandas as pd

SHARES = ("accuracy", "balanced_accuracy")  # the metrics that are shares of curves
_MOST_CURVES = 10_000_000  # more than this are no shares of curves


def half_curves(*sources: pd.DataFrame) -> dict[str, float]:
    """Return half a test curve of each dataset, as a difference of accuracies.

    Parameters
    ----------
    sources
        With the columns dataset, status and, if they are to say anything,
        test_accuracy.

    Returns
    -------
    dict
        Dataset → 1/2 divided by the smallest number of curves of which each accuracy
        of the dataset, in all sources, is a whole count. That number divides the true
        one, so the result is never too small. It is 0 where accuracies are missing, or
        are no counts of up to ten million curves.
    """
    accuracies: dict[str, set[float]] = {}
    for source in sources:
        if "test_accuracy" in source:
            done = source[source["status"] == "done"]
            for dataset, values in done.groupby("dataset")["test_accuracy"]:
                accuracies.setdefault(str(dataset), set()).update(values.dropna())
    return {dataset: _half_curve(values) for dataset, values in accuracies.items()}


def _half_curve(accuracies: set[float]) -> float:
    n_curves = 1
    for accuracy in accuracies:
        share = Fraction(accuracy).limit_denominator(_MOST_CURVES)
        n_curves = math.lcm(n_curves, share.denominator)
        if n_curves > _MOST_CURVES:
            return 0.0
    return 0.5 / n_curves if accuracies else 0.0
