"""The comparison of a run with the published scores of the same suite, in one line."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from bench.base import PUBLISHED, SUITES, BenchError, is_file, shown
from bench.cells import Plan
from bench.compare.differences import VERDICTS, compare_results
from bench.compare.results_csv import read_table
from bench.render import restored
from bench.suite import PRESETS, Suite

_SHOWN = 3  # rows that are named for each verdict
_SAME = ("equivalent", "identical")
_CELL = ["dataset", "repetition", "classifier"]


def compare_with_published(
    plan: Plan, results: pd.DataFrame, folder: Path | None = None
) -> str:
    """Compare the scores of a shipped suite with the published ones.

    A suite is compared only if its file is unchanged, and no option has changed it but
    for the number of repetitions: then those that both have are compared. Where curves
    differ in their last bits alone, as on another kind of processor, the line says so.
    A published file of an earlier version has no fingerprints that would show it: there
    cells are of the same curves if their keys are equal, which cover all but the
    processor. The metric is the suite's first; margin and alpha are the suite's.

    Parameters
    ----------
    plan
        The plan that was run; only its rows are compared.
    results
        As `bench.read_results` returns them.
    folder
        The folder of published reports, each in a folder with its suite's name; by
        default that of the shipped reports.

    Returns
    -------
    str
        One line; empty if no published scores can be compared. If a published file
        cannot be read, the line says so, since that must not end a run.
    """
    path = (folder or PUBLISHED) / plan.suite.name / "results.csv"
    if not (is_file(path) and _is_as_shipped(plan.suite)):
        return ""
    stats, metric = plan.suite.stats, plan.suite.headline
    try:
        base = _rows_of(plan, read_table(path))
        if base.empty:
            return ""
        new, n_moved = _matched(results, base, _keys(path))
        frame = compare_results(
            base,
            new,
            metric=metric,
            margin=stats.margin,
            alpha=stats.alpha,
            overlap={recipe.spec.id: recipe.overlap for recipe in plan.datasets},
        )
    except BenchError as error:
        return f"not compared with the published scores: {shown(str(error), 1000)}"
    line = _summary(frame[frame["verdict"] != "new"], _depending_on_rounding(plan))
    if n_moved or frame["rounded"].any():
        line += (
            "; the curves differ from the published ones in their last bits, as on "
            "another kind of processor"
        )
    return line


def _is_as_shipped(suite: Suite) -> bool:
    if suite.changes.keys() - {("repetitions",)}:
        return False
    shipped = SUITES / f"{suite.name}.yaml"
    return is_file(shipped) and _text(shipped) == _text(suite.path)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")  # with line ends translated to \n
    except (OSError, ValueError):  # deleted or changed since the suite was read
        return ""


def _rows_of(plan: Plan, published: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of a plan, which -d, -c and -n may have limited."""
    repetitions = {
        recipe.spec.id: plan.suite.repetitions_of(recipe.spec)
        for recipe in plan.datasets
    }
    classifiers = {recipe.id for recipe in plan.classifiers}
    return published[
        published["classifier"].isin(classifiers)
        & (published["repetition"] < published["dataset"].map(repetitions))
    ]


def _keys(path: Path) -> dict[tuple[str, int, str], str]:
    """Read the keys of cells from a file that `read_table` has checked."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return {
            _coordinates(row): row["key"]
            for row in csv.DictReader(stream)
            if row.get("key")
        }


def _coordinates(row: dict[str, str]) -> tuple[str, int, str]:
    names = restored(row["dataset"]), restored(row["classifier"])
    return names[0], int(row["repetition"]), names[1]


def _matched(
    results: pd.DataFrame, base: pd.DataFrame, keys: dict[tuple[str, int, str], str]
) -> tuple[pd.DataFrame, int]:
    """Give cells with equal keys the data hash of a published cell.

    Only where that has no fingerprint.

    Returns
    -------
    results : DataFrame
    n_moved : int
        The number of cells whose hash was replaced.
    """
    old = base[base["fingerprint"] == ""]
    cells = old[_CELL].itertuples(index=False, name=None)
    hashes = dict(zip(cells, old["data_hash"], strict=True))
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


def _summary(frame: pd.DataFrame, depending: set[str]) -> str:
    n_equivalent = int(frame["verdict"].isin(_SAME).sum())
    parts = [f"{n_equivalent} of {len(frame)} equivalent to the published"]
    sizes = frame["difference"].abs()
    if sizes.notna().any():
        largest = f"{sizes.max():.3f}"
        parts[0] += f", largest difference {largest.removeprefix('0')}"
        if float(largest):
            row = frame.iloc[int(np.nanargmax(sizes))]
            parts[0] += f" ({_row_name(row, depending)})"
    for verdict in VERDICTS:
        rows = frame[frame["verdict"] == verdict]
        if verdict in _SAME or rows.empty:
            continue
        names = [_row_name(row, depending) for _, row in rows.head(_SHOWN).iterrows()]
        message = f"{verdict}: {', '.join(names)}"
        if len(rows) > _SHOWN:
            message += f" and {len(rows) - _SHOWN} more"
        if verdict == "not comparable":
            message += f" ({shown(str(rows['why'].iloc[0]))})"
        parts.append(message)
    return "; ".join(parts)


def _row_name(row: "pd.Series[str]", depending: set[str]) -> str:
    name = f"{shown(row['classifier'])} on {shown(row['dataset'])}"
    if row["classifier"] in depending:
        name += ", which depends on rounding"
    return name


def _depending_on_rounding(plan: Plan) -> set[str]:
    """Return the classifiers whose scores change with the last bits of curves."""
    paths = {preset.class_path for preset in PRESETS.values() if preset.reads_rounding}
    return {recipe.id for recipe in plan.classifiers if recipe.class_path in paths}
