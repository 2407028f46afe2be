"""What a report says of online training: its accuracies, and how fast it got there."""

import math
from typing import Any

import pandas as pd

REACHED = 0.95  # held-out accuracy; the first epoch that has it is looked for


def online_table(
    last: pd.DataFrame, held_out: pd.DataFrame, results: pd.DataFrame
) -> pd.DataFrame:
    """Reduce the online trainings of a dataset to one row a classifier.

    Parameters
    ----------
    last
        As `bench.stats.histories.last_epochs` gives it.
    held_out
        As `bench.stats.histories.held_out_frame` gives it, of the same results.
    results
        Rows of the dataset, as `bench.read_results` gives them; dataset, classifier,
        repetition and fit_seconds are read.

    Returns
    -------
    DataFrame
        dataset, classifier, n (repetitions) and epochs; mean and std (ddof=1) over
        repetitions of notebook_accuracy and prequential_accuracy, each averaged over
        the last 500 epochs, and of held_out_accuracy at the end; reaches_0.95, the
        first evaluated epoch at which the mean held-out accuracy over all repetitions
        is at least .95, and stays_0.95, that from which on it always is (NaN: never);
        epochs_per_second, those of one network, a repetition's seconds being its share
        of those of its batch. Best held-out first; empty where nothing was trained
        online.
    """
    rows: list[dict[str, Any]] = []
    if last.empty:
        return pd.DataFrame(rows)
    timed = last.merge(results, on=["classifier", "repetition"], how="left")
    for classifier, own in timed.groupby("classifier", sort=False):
        evaluated = held_out[held_out["classifier"] == classifier]
        reaches, stays = _epochs_of(evaluated, len(own))
        seconds = own["fit_seconds"].sum(min_count=len(own))
        row = {
            "dataset": own["dataset"].iloc[0],
            "classifier": classifier,
            "n": len(own),
            "epochs": int(own["epochs"].max()),
        }
        for name, column in (
            ("notebook_accuracy", "accuracy"),
            ("prequential_accuracy", "prequential_accuracy"),
            ("held_out_accuracy", "held_out_accuracy"),
        ):
            row[f"{name}_mean"] = own[column].mean()
            row[f"{name}_std"] = own[column].std(ddof=1)
        row[f"reaches_{REACHED:g}"] = reaches
        row[f"stays_{REACHED:g}"] = stays
        row["epochs_per_second"] = (
            own["epochs"].sum() / seconds if seconds > 0 else math.nan
        )
        rows.append(row)
    return pd.DataFrame(rows).sort_values(
        "held_out_accuracy_mean", ascending=False, kind="stable", ignore_index=True
    )


def _epochs_of(held_out: pd.DataFrame, n: int) -> tuple[float, float]:
    """Return the first epoch with the accuracy that is looked for, and the lasting."""
    by_epoch = held_out.groupby("epoch")["accuracy"].agg(["mean", "size"])
    means = by_epoch.loc[by_epoch["size"] == n, "mean"]
    # A mean of ten accuracies may miss .95 by a rounding.
    there = means >= REACHED - 1e-9
    lasting = there[::-1].cummin()[::-1]
    first, last = (
        float(found.index[found][0]) if found.any() else math.nan
        for found in (there, lasting)
    )
    return first, last
