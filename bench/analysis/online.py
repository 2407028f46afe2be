"""The table of online training: final accuracies, and how fast they were reached."""

import math
from typing import Any

import pandas as pd

REACHED = 0.95  # the held-out accuracy whose first epoch the table gives


def online_table(
    last: pd.DataFrame, held_out: pd.DataFrame, results: pd.DataFrame
) -> pd.DataFrame:
    """Reduce the online trainings of a dataset to one row a classifier.

    Parameters
    ----------
    last
        As `bench.stats.histories.last_epochs` returns it.
    held_out
        As `bench.stats.histories.held_out_frame` returns it, for the same results.
    results
        Rows of the dataset, as `bench.read_results` returns them; dataset, classifier,
        repetition and fit_seconds are read.

    Returns
    -------
    DataFrame
        The columns dataset, classifier, n (repetitions) and epochs; mean and std
        (ddof=1) over repetitions of notebook_accuracy and prequential_accuracy, each
        averaged over the last 500 epochs, and of held_out_accuracy at the end;
        reaches_0.95, the first evaluated epoch at which the mean held-out accuracy
        over all repetitions is at least .95, and stays_0.95, the first epoch from
        which on it always is (NaN: never); epochs_per_second of one network, whose
        seconds are an equal share of those of its batch. The best held-out accuracy
        comes first. Empty if nothing was trained online.
    """
    rows: list[dict[str, Any]] = []
    if last.empty:
        return pd.DataFrame(rows)
    timed = last.merge(results, on=["classifier", "repetition"], how="left")
    for classifier, runs in timed.groupby("classifier", sort=False):
        evaluated = held_out[held_out["classifier"] == classifier]
        reaches, stays = _epochs_of(evaluated, len(runs))
        # NaN, not a smaller sum, if the seconds of one repetition are unknown.
        seconds = runs["fit_seconds"].sum(min_count=len(runs))
        row = {
            "dataset": runs["dataset"].iloc[0],
            "classifier": classifier,
            "n": len(runs),
            "epochs": int(runs["epochs"].max()),
        }
        for name, column in (
            ("notebook_accuracy", "accuracy"),
            ("prequential_accuracy", "prequential_accuracy"),
            ("held_out_accuracy", "held_out_accuracy"),
        ):
            row[f"{name}_mean"] = runs[column].mean()
            row[f"{name}_std"] = runs[column].std(ddof=1)
        row[f"reaches_{REACHED:g}"] = reaches
        row[f"stays_{REACHED:g}"] = stays
        row["epochs_per_second"] = (
            runs["epochs"].sum() / seconds if seconds > 0 else math.nan
        )
        rows.append(row)
    return pd.DataFrame(rows).sort_values(
        "held_out_accuracy_mean", ascending=False, kind="stable", ignore_index=True
    )


def _epochs_of(held_out: pd.DataFrame, n: int) -> tuple[float, float]:
    """Return the first epoch at `REACHED`, and the first from which on it stays there.

    Only epochs that all `n` repetitions have evaluated count.
    """
    by_epoch = held_out.groupby("epoch")["accuracy"].agg(["mean", "size"])
    means = by_epoch.loc[by_epoch["size"] == n, "mean"]
    # By rounding, a mean of ten accuracies may be slightly below .95.
    is_reached = means >= REACHED - 1e-9
    stays = is_reached[::-1].cummin()[::-1]
    first, first_to_stay = (
        float(epochs.index[epochs][0]) if epochs.any() else math.nan
        for epochs in (is_reached, stays)
    )
    return first, first_to_stay
