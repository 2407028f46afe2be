"""What training recorded, epoch by epoch, as data frames that are small enough to draw.

Ten thousand epochs of twenty classifiers, ten repetitions each, are two million rows; a
figure is some hundred dots wide.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

MOST = 300  # epochs that a frame keeps: more than a figure has dots for
LAST = 500  # epochs that the notebook averaged over
_PREFIX = "history_"
_HELD_OUT = "held_out_"

# (classifier, repetition) → the arrays of its result.
Histories = Mapping[tuple[str, int], Mapping[str, np.ndarray]]


def history_frame(arrays: Histories, most: int = MOST) -> pd.DataFrame:
    """Smooth recorded histories and keep some of their epochs.

    A repetition becomes a moving mean over about a hundredth of the longest training of
    its classifier. What is not finite takes no part in it and stays a gap.

    Parameters
    ----------
    arrays
        Those named ``history_…``, of shape (n_epochs,), are taken; a quantity may have
        fewer epochs than others. ``history_held_out_…`` has epochs of its own, see
        `held_out_frame`. Results without any are passed over.
    most
        Epochs that are kept of a classifier's longest training, evenly spread over it,
        the first and the last too. Its other repetitions keep the same ones, as far as
        they go.

    Returns
    -------
    DataFrame
        One row an epoch kept: classifier, repetition, epoch (from 1), window (over how
        many epochs the mean is) and a column for each quantity, NaN where a classifier
        did not record it.
    """
    found: dict[str, dict[int, dict[str, np.ndarray]]] = {}
    for (classifier, repetition), every in arrays.items():
        own = dict(_recorded(every))
        if own:
            found.setdefault(classifier, {})[repetition] = own
    parts = []
    for classifier, repetitions in found.items():
        lengths = {i: max(map(len, own.values())) for i, own in repetitions.items()}
        longest = max(lengths.values())
        window, kept = 1 + 2 * (longest // 200), spread(longest, most)
        for repetition, own in repetitions.items():
            at = kept[kept < lengths[repetition]]
            part = pd.DataFrame({"epoch": at + 1, "window": window})
            part.insert(0, "repetition", repetition)
            part.insert(0, "classifier", classifier)
            for name, values in own.items():
                part[name] = _moving_mean(values, window, at)
            parts.append(part)
    return _joined(parts, ["classifier", "repetition", "epoch", "window"])


def held_out_frame(arrays: Histories) -> pd.DataFrame:
    """Lay the evaluations on held-out curves out, which have epochs of their own.

    Returns
    -------
    DataFrame
        One row an evaluation: classifier, repetition, epoch (how many were done) and
        accuracy. Empty where nothing was evaluated while it trained.
    """
    parts = []
    for (classifier, repetition), own in arrays.items():
        accuracy = own.get(f"{_PREFIX}{_HELD_OUT}accuracy")
        epoch = own.get(f"{_PREFIX}{_HELD_OUT}epoch")
        if accuracy is None or epoch is None:
            continue
        part = pd.DataFrame({"epoch": epoch, "accuracy": accuracy})
        part = part.astype({"epoch": int, "accuracy": float})
        part.insert(0, "repetition", repetition)
        part.insert(0, "classifier", classifier)
        parts.append(part)
    return _joined(parts, ["classifier", "repetition", "epoch", "accuracy"])


def last_epochs(arrays: Histories, n: int = LAST) -> pd.DataFrame:
    """Average what online training recorded over its last epochs.

    Parameters
    ----------
    arrays
        Of results that were trained online; others are passed over. Besides histories,
        ``labels_test`` and ``predictions_test`` are read.
    n
        Over how many epochs at the most.

    Returns
    -------
    DataFrame
        One row a result: classifier, repetition, epochs; accuracy (the notebook's) and
        prequential_accuracy, over its last epochs; held_out_accuracy, when it ended.
    """
    rows = []
    for (classifier, repetition), own in arrays.items():
        if not trained_online(own):
            continue
        before = np.asarray(own[f"{_PREFIX}prequential_accuracy"], dtype=float)
        batch = np.asarray(own[f"{_PREFIX}accuracy"], dtype=float)
        right = own["labels_test"] == own["predictions_test"]
        rows.append(
            {
                "classifier": classifier,
                "repetition": repetition,
                "epochs": len(batch),
                "accuracy": batch[-n:].mean(),
                "prequential_accuracy": before[-n:].mean(),
                "held_out_accuracy": float(np.mean(right)),
            }
        )
    return pd.DataFrame(rows)


def trained_online(arrays: Mapping[str, np.ndarray]) -> bool:
    """Tell whether a result's classifier saw fresh curves in each epoch."""
    return f"{_PREFIX}prequential_accuracy" in arrays


def spread(n: int, most: int) -> np.ndarray:
    """Return at most `most` of the positions 0 … n - 1, the first and the last too."""
    return np.unique(np.linspace(0, max(n - 1, 0), min(n, most)).round().astype(int))


def _recorded(arrays: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    for name, values in arrays.items():
        short = name.removeprefix(_PREFIX)
        if short != name and not short.startswith(_HELD_OUT):
            yield short, np.asarray(values, dtype=float)


def _moving_mean(values: np.ndarray, window: int, at: np.ndarray) -> np.ndarray:
    """Average over a window centred at each of some positions, cut at both ends.

    NaN where the value itself is not finite, and beyond the end of the values.
    """
    known = pd.Series(np.where(np.isfinite(values), values, np.nan))
    mean = known.rolling(window, center=True, min_periods=1).mean()
    return mean.where(known.notna()).reindex(at).to_numpy()


def _joined(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame({name: [] for name in columns})
    return pd.concat(parts, ignore_index=True)
