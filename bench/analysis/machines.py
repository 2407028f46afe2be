"""The machines that computed results, and whose curves differ in their last bits."""

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from bench.cells import Plan
from bench.store import Result, Store


def machines_of(results: Iterable[Result]) -> Counter[str]:
    """Count results by processor, BLAS with its kernel, and device."""
    return Counter(
        f"{result.cpu or 'unknown processor'}, {result.blas or 'unknown BLAS'} "
        f"({result.device})"
        for result in results
    )


def stored_machines(plan: Plan, store: Store) -> Counter[str]:
    """Count the stored results of a plan by machine, as `machines_of` does."""
    stored = store.read_all(cell.key for cell in plan.everything)
    return machines_of(
        result for result in stored if result is not None and result.status == "done"
    )


def rounded_rows(results: pd.DataFrame) -> pd.DataFrame:
    """Find the results whose curves differ in their last bits from their repetition's.

    Parameters
    ----------
    results
        As `bench.read_results` returns them. Results of one repetition have the same
        curves but for their last bits, or they could not be read.

    Returns
    -------
    DataFrame
        dataset, classifier and n: the number of repetitions in which a classifier's
        curves are not bit for bit those that most classifiers of the repetition have.
    """
    done = results[results["status"] == "done"]
    if done.empty:
        return pd.DataFrame(columns=["dataset", "classifier", "n"])
    by = ["dataset", "repetition"]
    first = done.groupby(by, sort=False)["data_hash"].transform("first")
    differs = done.assign(differs=done["data_hash"] != first)
    # Nearly all repetitions have one hash, and there may be ten thousand of them.
    mixed = done[differs.groupby(by, sort=False)["differs"].transform("any")]
    if mixed.empty:
        return pd.DataFrame(columns=["dataset", "classifier", "n"])
    # The first of the most frequent hashes, in the suite's order.
    usual = mixed.groupby(by, sort=False)["data_hash"].transform(
        lambda hashes: hashes.value_counts(sort=True).index[0]
    )
    moved = mixed[mixed["data_hash"] != usual]
    counts = moved.groupby(["dataset", "classifier"], sort=False).size()
    return counts.rename("n").reset_index()
