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
