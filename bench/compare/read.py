"""Reading what is compared: a results.csv, a report's folder or a store, strictly.

A gate that guesses is none: what is not as a run wrote it is refused with file, line,
what was found and what was expected. Nothing is ever unpickled.
"""

import math
from pathlib import Path
from typing import Any

import pandas as pd

from bench.base import CompareError, MissingFileError, StoreError
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
from bench.stats import Predictions, score_all
from bench.store import Result, Store


def read_source(path: str | Path, metric: str = "accuracy") -> pd.DataFrame:
    """Read the results that a path holds.

    Parameters
    ----------
    path
        A ``results.csv``, the folder of a report, which has one, or that of a store.
    metric
        By which stored results are scored, if they do not hold its score.

    Returns
    -------
    DataFrame
        One row a cell, with columns ``dataset``, ``repetition`` (int),
        ``classifier``, ``status``, ``train_<metric>`` and ``test_<metric>`` (float;
        NaN where empty, as in every row that is not done), and ``data_hash``.

    Raises
    ------
    MissingFileError
        If there is nothing at the path, or nothing that can be read.
    BenchError
        If it holds anything else than results, or two for one cell.
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


def _read_store(store: Store, metric: str) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    found: dict[tuple[str, int, str], str] = {}
    for key in store.keys():  # noqa: SIM118 (a method of ours, not a dictionary's)
        path = store.path(key, "json")
        if len(rows) == MAX_ROWS:
            raise CompareError(f"{store.folder}: more than {MAX_ROWS} results")
        result = store.get(key)
        if result is None:
            raise StoreError(
                f"{store.damaged.get(key, f'{path}: not there any more')}; expected a "
                "sound result: the next run computes it again"
            )
        # A transfer has no score of its own dataset, an audit has none at all.
        if result.target or result.is_audit:
            continue
        row = checked_cell(
            str(path),
            result.dataset,
            result.repetition,
            result.classifier,
            result.status,
            result.data_hash,
        ) | _stored_scores(store, result, metric)
        coordinate = (row["dataset"], row["repetition"], row["classifier"])
        other = found.setdefault(coordinate, key)
        if other != key:
            # Two suites, or the same before and after a change: names do not tell.
            raise CompareError(
                f"{store.folder}: two results of {cell_name(*coordinate)}: {other} and "
                f"{key}; a store keeps those of all suites and versions: compare the "
                "reports that `python -m bench report SUITE` writes from it"
            )
        rows.append(row)
    # By name: the order of keys says nothing.
    return as_frame(rows).sort_values(
        ["dataset", "repetition", "classifier"], ignore_index=True
    )


def _stored_scores(store: Store, result: Result, metric: str) -> dict[str, float]:
    if result.status != "done":
        return {}
    row: dict[str, float] = {}
    for part in ("train", "test"):
        scores = getattr(result, part)
        if part == "train" and not scores:  # trained online: without a training set
            continue
        if metric not in scores:  # one that cells do not compute as they end
            try:
                given = Predictions.of(store.arrays(result.key), part)
            except KeyError as error:
                path = store.path(result.key, "npz")
                raise StoreError(f"{path}: found no array {error}") from None
            scores = scores | score_all(given, [metric])
        for name, value in scores.items():
            if math.isinf(value):
                where = str(store.path(result.key, "json"))
                raise wrong(where, name, str(value), "a finite number")
            row[f"{part}_{name}"] = value
    return row
