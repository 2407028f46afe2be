"""Frames and names of classifiers for the tests of figures."""

import numpy as np
import pandas as pd

from bench.suite.presets import PRESETS

STRANGE = [
    "<b>|x|</b> & co",
    "$\\alpha$",
    "100$ and 5$",
    "_hidden",
    "two\nlines",
    "模型",
    "long-" * 20,
    "{label} %s \\frac",
    "SD",
]
TWENTY = [*PRESETS, *(f"CUSTOM-{i}" for i in range(7))]
NAMES = {
    "presets": list(PRESETS),
    "one": ["SD"],
    "strange": STRANGE,
    "twenty": TWENTY,
}


def results_of(names, repetitions=10, *, equal=False, failed=()):
    rng = np.random.default_rng(0)
    rows = []
    for i, name in enumerate(names):
        for repetition in range(repetitions):
            done = name not in failed
            test = 0.8 if equal else 0.98 - 0.46 * i / len(names)
            noise = 0 if equal else rng.normal(0, 0.01)
            rows.append(
                {
                    "dataset": "d",
                    "repetition": repetition,
                    "classifier": name,
                    "status": "done" if done else "failed",
                    "train_accuracy": min(1.0, test + 0.03) if done else np.nan,
                    "test_accuracy": test + noise if done else np.nan,
                    "fit_seconds": 10 ** (2 - 5 * i / len(names)) if done else np.nan,
                    "predict_seconds": 0.1,
                    "fit_cpu_seconds": 0.05,
                    "predict_cpu_seconds": 0.05,
                }
            )
    return pd.DataFrame(rows)


LONG = "a-classifier-with-a-name-of-forty-letters"
THIRTY = [*STRANGE, LONG, *(f"CLF-{i}" for i in range(20))]


def suite_of(names, datasets, repetitions=5, *, level=None, failed=(), collapsed=()):
    """Return results of several datasets; `level` is the one score of all cells."""
    parts = []
    for dataset in datasets:
        part = results_of(names, repetitions, failed=failed).assign(dataset=dataset)
        if level is not None:
            scores = [name for name in part if name.endswith("_accuracy")]
            part[scores] = part[scores].where(part[scores].isna(), level)
        part["collapsed"] = part["classifier"].isin(collapsed) & (
            part["repetition"] < 2
        )
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def summary_of(results):
    """Return the columns of a summary that figures read."""
    groups = results.groupby(["dataset", "classifier"], sort=False)
    return groups.agg(
        n=("test_accuracy", "count"),
        test_accuracy_mean=("test_accuracy", "mean"),
        fit_seconds_median=("fit_seconds", "median"),
    ).reset_index()


def scores_of(results):
    """Return means, the best of each dataset, and those near it."""
    scores = summary_of(results).rename(columns={"test_accuracy_mean": "mean"})
    most = scores.groupby("dataset")["mean"].transform("max")
    return scores.assign(
        best=scores["mean"] == most, near_best=scores["mean"] > most - 0.05
    )


def compared_of(results, baseline):
    """Return differences to the baseline, with intervals of ±0.02."""
    scores = summary_of(results)
    of_baseline = scores[scores["classifier"] == baseline].set_index("dataset")
    against = scores["dataset"].map(of_baseline["test_accuracy_mean"])
    difference = scores["test_accuracy_mean"] - against
    scores = scores.assign(
        difference=difference, low=difference - 0.02, high=difference + 0.02
    )
    return scores[scores["classifier"] != baseline]
