"""Recorded training histories as data frames that are small enough to draw.

Ten thousand epochs of twenty classifiers with ten repetitions are two million rows,
but a figure is only a few hundred dots wide.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

MOST = 300  # epochs that a frame keeps; a figure cannot show more
LAST = 500  # epochs that the notebook averages over
_PREFIX = "history_"
_HELD_OUT = "held_out_"

# (classifier, repetition) → the arrays of its result.
Histories = Mapping[tuple[str, int], Mapping[str, np.ndarray]]


def history_frame(arrays: Histories, most: int = MOST) -> pd.DataFrame:
    """Smooth recorded histories and keep some of their epochs.

    Each history is smoothed by a moving mean over about one hundredth of the longest
    training of its classifier. Values that are not finite are left out of the means and
    stay gaps.

    Parameters
    ----------
    arrays
        Arrays named ``history_…``, of shape (n_epochs,), are read; a quantity may have
        fewer epochs than others. ``history_held_out_…`` has epochs of its own, see
        `held_out_frame`. Results without histories are ignored.
    most
        The number of epochs that are kept of a classifier's longest training, evenly
        spread over it, including the first and the last. Its other repetitions keep
        the same epochs, as far as they go.

    Returns
    -------
    DataFrame
        One row for each epoch that is kept: classifier, repetition, epoch (from 1),
        window (the number of epochs in a mean) and a column for each quantity, NaN
        where a classifier did not record it.
    """
    histories: dict[str, dict[int, dict[str, np.ndarray]]] = {}
    for (classifier, repetition), result in arrays.items():
        quantities = dict(_recorded(result))
        if quantities:
            histories.setdefault(classifier, {})[repetition] = quantities
    parts = []
    for classifier, repetitions in histories.items():
        lengths = {i: max(map(len, q.values())) for i, q in repetitions.items()}
        longest = max(lengths.values())
        # An odd window, so that it is centred on its epoch.
        window, kept = 1 + 2 * (longest // 200), spread(longest, most)
        for repetition, quantities in repetitions.items():
            rows = kept[kept < lengths[repetition]]
            part = pd.DataFrame({"epoch": rows + 1, "window": window})
            part.insert(0, "repetition", repetition)
            part.insert(0, "classifier", classifier)
            for name, values in quantities.items():
                part[name] = _moving_mean(values, window, rows)
            parts.append(part)
    return _concatenated(parts, ["classifier", "repetition", "epoch", "window"])


def held_out_frame(arrays: Histories) -> pd.DataFrame:
    """Return the evaluations on held-out curves, which have epochs of their own.

    Returns
    -------
    DataFrame
        One row for each evaluation: classifier, repetition, epoch (the number of epochs
        done) and accuracy. Empty if nothing was evaluated during training.
    """
    parts = []
    for (classifier, repetition), result in arrays.items():
        accuracy = result.get(f"{_PREFIX}{_HELD_OUT}accuracy")
        epoch = result.get(f"{_PREFIX}{_HELD_OUT}epoch")
        if accuracy is None or epoch is None:
            continue
        part = pd.DataFrame({"epoch": epoch, "accuracy": accuracy})
        part = part.astype({"epoch": int, "accuracy": float})
        part.insert(0, "repetition", repetition)
        part.insert(0, "classifier", classifier)
        parts.append(part)
    return _concatenated(parts, ["classifier", "repetition", "epoch", "accuracy"])


def last_epochs(arrays: Histories, n: int = LAST) -> pd.DataFrame:
    """Average the accuracies that online training recorded over its last epochs.

    Parameters
    ----------
    arrays
        Results that were trained online; others are ignored. Besides histories,
        ``labels_test`` and ``predictions_test`` are read.
    n
        The largest number of epochs to average over.

    Returns
    -------
    DataFrame
        One row for each result: classifier, repetition, epochs; accuracy (the
        notebook's) and prequential_accuracy, both over the last epochs;
        held_out_accuracy, at the end of training.
    """
    rows = []
    for (classifier, repetition), result in arrays.items():
        if not trained_online(result):
            continue
        before = np.asarray(result[f"{_PREFIX}prequential_accuracy"], dtype=float)
        last_step = np.asarray(result[f"{_PREFIX}accuracy"], dtype=float)
        correct = result["labels_test"] == result["predictions_test"]
        rows.append(
            {
                "classifier": classifier,
                "repetition": repetition,
                "epochs": len(last_step),
                "accuracy": last_step[-n:].mean(),
                "prequential_accuracy": before[-n:].mean(),
                "held_out_accuracy": float(np.mean(correct)),
            }
        )
    return pd.DataFrame(rows)


def trained_online(arrays: Mapping[str, np.ndarray]) -> bool:
    """Tell whether the classifier of a result trained on fresh curves in each epoch."""
    return f"{_PREFIX}prequential_accuracy" in arrays


def spread(n: int, most: int) -> np.ndarray:
    """Return at most `most` positions of 0 … n - 1, evenly spread, with both ends."""
    return np.unique(np.linspace(0, max(n - 1, 0), min(n, most)).round().astype(int))


def _recorded(arrays: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name and the values of each quantity that training recorded."""
    for name, values in arrays.items():
        short = name.removeprefix(_PREFIX)
        if short != name and not short.startswith(_HELD_OUT):
            yield short, np.asarray(values, dtype=float)


def _moving_mean(values: np.ndarray, window: int, rows: np.ndarray) -> np.ndarray:
    """Average over a window centred at each of some rows; both ends cut the window.

    The mean is NaN where the value itself is not finite, and beyond the last value.
    """
    known = pd.Series(np.where(np.isfinite(values), values, np.nan))
    mean = known.rolling(window, center=True, min_periods=1).mean()
    return mean.where(known.notna()).reindex(rows).to_numpy()


def _concatenated(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame({name: [] for name in columns})
    return pd.concat(parts, ignore_index=True)
