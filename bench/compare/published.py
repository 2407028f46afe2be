"""A run's scores beside the published ones of the same suite, in one line."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from bench.base import PUBLISHED, SUITES, BenchError, is_file, shown
from bench.cells import Plan
from bench.compare.differences import VERDICTS, compare_results
from bench.compare.results_csv import read_table
from bench.suite import PRESETS, Suite

_SHOWN = 3  # names of rows that share a verdict
_CELL = ["dataset", "repetition", "classifier"]


def compare_with_published(
    plan: Plan, results: pd.DataFrame, folder: Path | None = None
) -> str:
    """Say in one line how scores compare with those that were published.

    Only of a shipped suite as it is shipped: one that was changed asks something else.
    Cells are of the same data if the data hash is the same; or if the key is, which
    holds everything that the curves depend on but the processor, and then the line says
    that they differ in their last bits. The metric is the suite's first; margin and
    alpha are the suite's.

    Parameters
    ----------
    plan
        What was run; rows outside it are not compared.
    results
        As `bench.read_results` gives them.
    folder
        Where each published report lies, in a folder of its suite's name; by default
        the shipped ones.

    Returns
    -------
    str
        Empty where nothing is published that can be compared. A published file that
        cannot be read is no reason to end a run, and is said in the line.
    """
    path = (folder or PUBLISHED) / plan.suite.name / "results.csv"
    if not (is_file(path) and _is_as_shipped(plan.suite)):
        return ""
    stats, metric = plan.suite.stats, plan.suite.metrics[0]
    try:
        base = _rows_of(plan, read_table(path))
        if base.empty:
            return ""
        new, n_moved = _matched(results, base, _keys(path))
        frame = compare_results(
            base, new, metric=metric, margin=stats.margin, alpha=stats.alpha
        )
    except BenchError as error:
        return f"not compared with the published scores: {shown(str(error), 1000)}"
    line = _summary(frame[frame["verdict"] != "new"], _rounding_readers(plan))
    if n_moved:
        line += (
            "; the curves differ in their last bits from the published ones, as they "
            "do on another kind of processor"
        )
    return line


def _is_as_shipped(suite: Suite) -> bool:
    shipped = SUITES / f"{suite.name}.yaml"
    return is_file(shipped) and _text(shipped) == _text(suite.path)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")  # line ends are translated
    except (OSError, ValueError):  # changed since it was read
        return ""


def _rows_of(plan: Plan, published: pd.DataFrame) -> pd.DataFrame:
    """Keep what a plan has, which -d and -c may have limited."""
    datasets = {recipe.spec.id for recipe in plan.datasets}
    classifiers = {recipe.id for recipe in plan.classifiers}
    return published[
        published["dataset"].isin(datasets) & published["classifier"].isin(classifiers)
    ]


def _keys(path: Path) -> dict[tuple[str, int, str], str]:
    """Read the keys of cells from a file that `read_table` found sound."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return {
            (row["dataset"], int(row["repetition"]), row["classifier"]): row["key"]
            for row in csv.DictReader(stream)
            if row.get("key")
        }


def _matched(
    results: pd.DataFrame, base: pd.DataFrame, keys: dict[tuple[str, int, str], str]
) -> tuple[pd.DataFrame, int]:
    """Give cells of the same key the same data hash; say of how many it was another."""
    cells = base[_CELL].itertuples(index=False, name=None)
    hashes = dict(zip(cells, base["data_hash"], strict=True))
    matched = []
    n_moved = 0
    for row in results.to_dict("records"):
        cell = tuple(row[name] for name in _CELL)
        wanted = hashes.get(cell, "")
        is_same_cell = row["status"] == "done" and row["key"] == keys.get(cell)
        if wanted and is_same_cell and row["data_hash"] != wanted:
            n_moved += 1
            row = row | {"data_hash": wanted}
        matched.append(row)
    return pd.DataFrame(matched, columns=results.columns), n_moved


def _summary(frame: pd.DataFrame, readers: set[str]) -> str:
    n_equivalent = int((frame["verdict"] == "equivalent").sum())
    parts = [f"{n_equivalent} of {len(frame)} equivalent to the published"]
    sizes = frame["difference"].abs()
    if sizes.notna().any():
        largest = f"{sizes.max():.3f}"
        parts[0] += f", largest difference {largest.removeprefix('0')}"
        if float(largest):
            parts[0] += f" ({_row_name(frame.iloc[int(np.nanargmax(sizes))], readers)})"
    for verdict in VERDICTS:
        rows = frame[frame["verdict"] == verdict]
        if verdict == "equivalent" or rows.empty:
            continue
        names = [_row_name(row, readers) for _, row in rows.head(_SHOWN).iterrows()]
        said = f"{verdict}: {', '.join(names)}"
        if len(rows) > _SHOWN:
            said += f" and {len(rows) - _SHOWN} more"
        if verdict == "not comparable":
            said += f" ({shown(str(rows['why'].iloc[0]))})"
        parts.append(said)
    return "; ".join(parts)


def _row_name(row: "pd.Series[str]", readers: set[str]) -> str:
    name = f"{shown(row['classifier'])} on {shown(row['dataset'])}"
    if row["classifier"] in readers:
        name += ", which reads rounding"
    return name


def _rounding_readers(plan: Plan) -> set[str]:
    paths = {preset.class_path for preset in PRESETS.values() if preset.reads_rounding}
    return {recipe.id for recipe in plan.classifiers if recipe.class_path in paths}
