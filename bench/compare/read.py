"""Read results for a comparison, strictly: a results.csv, a report's folder or a store.

A gate must not guess, so anything that a run would not write is refused, with file,
line, what was found and what was expected. Nothing is ever unpickled.
"""

import math
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from bench.base import (
    CompareError,
    MissingFileError,
    StatisticsError,
    StoreError,
    fingerprint_text,
)
from bench.cells import OwnFunction, compute_scores
from bench.compare.results_csv import (
    EXPECTED,
    MAX_ROWS,
    as_frame,
    cell_name,
    checked_cell,
    missing,
    read_table,
    wrong,
)
from bench.stats import OwnMetric, Predictions, pool_overlap, score_all
from bench.store import Result, Store, is_recorded, recipe_column


def read_source(
    path: str | Path, metric: str | OwnMetric | OwnFunction = "accuracy"
) -> pd.DataFrame:
    """Read the results at a path.

    Parameters
    ----------
    path
        A ``results.csv``, the folder of a report with such a file, or a store's folder.
    metric
        A metric that is computed for stored results without it: by its name, or a
        function, which is called in another process. Of a description alone nothing is
        computed; then a store is refused.

    Returns
    -------
    DataFrame
        One row a cell, with columns ``dataset``, ``repetition`` (int),
        ``classifier``, ``status``, ``train_<metric>`` and ``test_<metric>`` (float;
        NaN where empty, as in every row that is not done), and ``recipe``,
        ``fingerprint`` (empty in files of earlier versions) and ``data_hash``; with
        recorded curves also ``overlap``, see `bench.stats.intervals.pool_overlap`.

    Raises
    ------
    MissingFileError
        If nothing is at the path, or it cannot be read.
    BenchError
        If it holds anything else than results, or two results of one cell.
    """
    path = Path(path)
    try:
        is_folder = path.is_dir()
    except (OSError, ValueError) as error:  # such as a name too long
        raise missing(path, error) from None
    if not is_folder:
        return read_table(path)
    try:
        names = {entry.name for entry in path.iterdir()}
    except OSError as error:
        raise missing(path, error) from None
    if "results.csv" in names:
        return read_table(path / "results.csv")
    store = Store(path)
    if next(store.keys(), None) is None:
        raise MissingFileError(
            f"{path}: a folder without results.csv and without stored results; "
            f"{EXPECTED}"
        )
    return _read_store(store, metric)


def _read_store(store: Store, metric: str | OwnMetric | OwnFunction) -> pd.DataFrame:
    if isinstance(metric, OwnMetric):
        raise CompareError(
            f"{store.folder}: a store does not know the metric '{metric}' by its name; "
            "expected --metric PATH, the path of its function, or the folder of a "
            "report that has its scores"
        )
    own = _computed(store, metric) if isinstance(metric, OwnFunction) else {}
    rows: list[dict[str, Any]] = []
    given: list[tuple[dict[str, Any], str]] = []
    resampled: set[str] = set()  # datasets with results of other than given splits
    keys: dict[tuple[str, int, str], str] = {}
    overlaps: dict[str, float] = {}

    def add(row: dict[str, Any], key: str) -> None:
        coordinate = (row["dataset"], row["repetition"], row["classifier"])
        other = keys.setdefault(coordinate, key)
        if other != key:
            # They may come from two suites, or from one before and after a change. The
            # names of dataset and classifier cannot distinguish them.
            raise CompareError(
                f"{store.folder}: two results of {cell_name(*coordinate)}: {other} and "
                f"{key}; a store keeps those of all suites and versions: compare the "
                "reports that `python -m bench report SUITE` writes from it"
            )
        rows.append(row)

    for key in store.keys():  # noqa: SIM118 (a method of ours, not a dictionary's)
        path = store.where(key)
        if len(rows) + len(given) == MAX_ROWS:
            raise CompareError(f"{store.folder}: more than {MAX_ROWS} results")
        result = store.get(key)
        if result is None:
            raise StoreError(
                f"{store.damaged.get(key, f'{path}: was deleted meanwhile')}; expected "
                "a sound result: the next run computes it again"
            )
        # A transfer has no score on its own dataset, and an audit has no score at all.
        if result.target or result.is_audit:
            continue
        row = checked_cell(
            path,
            result.dataset,
            result.repetition,
            result.classifier,
            result.status,
            result.data_hash,
        )
        if isinstance(metric, OwnFunction):
            row |= own.get(key, {})
        else:
            row |= _stored_scores(store, result, metric)
        row["recipe"] = recipe_column(result.fields)
        row["fingerprint"] = fingerprint_text(result.fingerprint)
        if is_recorded(result.fields.get("dataset")):
            if row["recipe"] not in overlaps and result.status == "done":
                overlaps[row["recipe"]] = _stored_overlap(store, result)
            row["overlap"] = overlaps.get(row["recipe"], math.nan)
        if result.is_given:
            given.append((row, key))
        else:
            resampled.add(row["dataset"])
            add(row, key)
    # The given split of curves that are also divided anew: one result beside the
    # repetitions, and none of them, though it has the coordinates of the first.
    for row, key in given:
        if row["dataset"] not in resampled:
            add(row, key)
    if not rows:
        raise MissingFileError(
            f"{store.folder}: found only audits and transfers; expected results of "
            "cells: run the suite first"
        )
    # Sorted by name, since keys are hashes and their order is arbitrary.
    return as_frame(rows).sort_values(
        ["dataset", "repetition", "classifier"], ignore_index=True
    )


def _stored_overlap(store: Store, result: Result) -> float:
    """Return the overlap of a recorded dataset, by the labels of one repetition."""
    arrays = store.arrays(result.key)
    try:
        n_train, n_test = (len(arrays[f"labels_{part}"]) for part in ("train", "test"))
        return pool_overlap(n_train, n_test)
    except (KeyError, StatisticsError):
        return math.nan


def _computed(store: Store, function: OwnFunction) -> dict[str, dict[str, float]]:
    """Call a function with the predictions of all cells; key → columns of scores."""
    keys = []
    for key in islice(store.keys(), MAX_ROWS):
        result = store.get(key)
        if result is not None and result.status == "done" and not result.is_audit:
            keys.append(key)
    found: dict[str, dict[str, float]] = {}
    problem = ""
    for key, scores in compute_scores([function], store, keys):
        values = scores[function.identity]
        problem = str(values["problem"]) or problem
        found[key] = {
            f"{part}_{function.metric}": float(value)
            for part in ("train", "test")
            if (value := values[part]) is not None
        }
    if problem and not any(found.values()):
        raise CompareError(
            f"{store.folder}: '{function.metric.function}' {problem}, for every "
            "result; expected a number for some"
        )
    return found


def _stored_scores(store: Store, result: Result, metric: str) -> dict[str, float]:
    if result.status != "done":
        return {}
    row: dict[str, float] = {}
    for part in ("train", "test"):
        scores = getattr(result, part)
        if part == "train" and not scores:  # online training has no training set
            continue
        if metric not in scores:  # cells do not compute all metrics
            try:
                predictions = Predictions.of(store.arrays(result.key), part)
            except KeyError as error:
                where = store.where(result.key)
                raise StoreError(f"{where}: found no array {error}") from None
            scores = scores | score_all(predictions, [metric])
        for name, value in scores.items():
            if math.isinf(value):
                where = store.where(result.key)
                raise wrong(where, name, str(value), "a finite number")
            row[f"{part}_{name}"] = value
    return row
