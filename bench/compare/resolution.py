"""What the files of results say of their design: the resolution, and shared curves.

A results.csv does not say how many test curves a dataset has. Its accuracies do: they
are whole numbers of curves, divided by that number. Whether repetitions share curves
stands in a column of their own.
"""

import math
from fractions import Fraction

import numpy as np
import pandas as pd

from bench.store import RECORDED

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


def overlaps_of(*sources: pd.DataFrame) -> dict[str, float]:
    """Return what repetitions that share curves add to 1/n, for each dataset.

    Parameters
    ----------
    sources
        With the column dataset and, if they are to say anything, overlap and recipe.

    Returns
    -------
    dict
        Dataset → the largest overlap that a source has for it
        (`bench.stats.intervals.pool_overlap`); 0 if no source has one, as generated
        curves and the files of earlier versions; NaN if none has one though a recipe is
        that of recorded curves.
    """
    found: dict[str, float] = {}
    recorded: set[str] = set()
    for source in sources:
        for dataset, rows in source.groupby("dataset", sort=False):
            name = str(dataset)
            known = rows["overlap"].dropna() if "overlap" in rows else ()
            found.setdefault(name, math.nan)
            if len(known):
                found[name] = max(0.0, float(max(known)), np.nan_to_num(found[name]))
            if "recipe" in rows and rows["recipe"].str.startswith(RECORDED).any():
                recorded.add(name)
    return {
        name: 0.0 if math.isnan(overlap) and name not in recorded else overlap
        for name, overlap in found.items()
    }
