"""Write the report of a suite: README.md, index.html, tables and figures.

A report depends on the suite and its stored results only, so writing it again changes
nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from bench.analysis import Findings, analyse, load_results, read_cell_arrays
from bench.base import StoreError
from bench.cells import Plan
from bench.render import Section, Table, latex_table, to_markdown, write_webpage
from bench.report.across import across_chapter
from bench.report.appendix import (
    audits_chapter,
    coverage_chapter,
    provenance_chapter,
    remarks_chapter,
)
from bench.report.dataset import dataset_chapter, dataset_tables
from bench.report.figure_files import FigureFolder, slug
from bench.report.leaks import leak_chapter, leak_table
from bench.report.opening import opening
from bench.report.overview import overview_chapter
from bench.report.sweeps import sweep_chapters, sweep_tables
from bench.report.threshold import threshold_chapter, threshold_table
from bench.report.transfer import transfer_chapter, transfer_table
from bench.store import Result, Store


def write_report(
    plan: Plan, store: Store, folder: Path, results: Sequence[Result] | None = None
) -> Path:
    """Write a suite's report; return the path of its README.md.

    Parameters
    ----------
    results
        The result of each cell, if `bench.analysis.results.load_results` has read
        them already.

    Raises
    ------
    StoreError
        If the store has no result of the suite.
    """
    results = load_results(plan, store) if results is None else results
    stored = [result for result in results if result.status != "missing"]
    if not stored:
        raise StoreError(
            f"{store.folder}: found no result of the suite '{plan.suite.name}'; "
            "expected at least one; run `python -m bench run "
            f"{plan.suite.command_words}` first"
        )
    findings = analyse(plan, store, results)
    folder.mkdir(parents=True, exist_ok=True)
    figures = FigureFolder(folder)
    datasets, online = [], []
    for recipe in plan.datasets:  # the arrays of all at once may not fit into memory
        arrays = read_cell_arrays(findings, recipe.spec.id, store)
        datasets.append(dataset_chapter(plan, findings, recipe, arrays, figures))
        online.append(arrays.online)
    sections: list[Section] = [
        *leak_chapter(plan, findings),
        *threshold_chapter(plan, findings),
        *sweep_chapters(plan, findings, figures),
        *datasets,
        overview_chapter(plan, findings, figures),
        *transfer_chapter(plan, findings, figures),
        *across_chapter(plan, findings, figures),
        *remarks_chapter(plan),
        coverage_chapter(findings, store),
        *audits_chapter(findings),
        provenance_chapter(plan, findings, stored),
    ]
    tables = _write_csv(findings, pd.concat(online, ignore_index=True), folder)
    _write_latex(plan, findings, online, folder)
    name, beginning = plan.suite.name, opening(plan, findings, stored, tables)
    write_webpage(
        folder / "index.html", title=name, sections=sections, opening=beginning
    )
    target = folder / "README.md"
    target.write_text(to_markdown(sections, title=name, opening=beginning), "utf-8")
    figures.remove_unused()
    return target


def _write_csv(
    findings: Findings, online: pd.DataFrame, folder: Path
) -> dict[str, pd.DataFrame]:
    """Write each frame that has rows as a CSV file; return those frames by name.

    The file of a frame without rows is removed: it is of an earlier report.
    """
    frames = {
        "results": findings.results,
        "summary": findings.summary,
        "intervals": findings.intervals,
        "comparisons": findings.compared,
        "pairs": _pairs(findings),
        "leaks": findings.leaks,
        "audits": findings.audits,
        "online": online,
        "sweep": findings.along,
        "crossings": findings.crossings,
        "transfer": findings.transfers,
        "works": findings.works,
    }
    written = {}
    for name, frame in frames.items():
        path = folder / f"{name}.csv"
        if frame is None or frame.empty:
            path.unlink(missing_ok=True)
        else:
            frame.to_csv(path, index=False, lineterminator="\n")
            written[name] = frame
    return written


def _pairs(findings: Findings) -> pd.DataFrame | None:
    """Return the pairs across datasets, without columns of which nothing is known."""
    across = findings.across
    return None if across is None else across.pairs.dropna(axis=1, how="all")


def _write_latex(
    plan: Plan, findings: Findings, online: Sequence[pd.DataFrame], folder: Path
) -> None:
    """Write the tables of the chapters; `online` holds one frame for each dataset."""
    tables: list[tuple[str, Table | None]] = []
    for recipe, frame in zip(plan.datasets, online, strict=True):
        name = recipe.spec.id
        tables += [
            (f"{slug(name)}-{kind}", replace(table, caption=f"{name}: {table.caption}"))
            for kind, table in dataset_tables(plan, findings, name, frame).items()
        ]
    tables += [
        ("leaks", leak_table(plan, findings)),
        ("works", threshold_table(plan, findings)),
        ("transfer", transfer_table(plan, findings)),
        *sweep_tables(plan, findings).items(),
    ]
    texts = [
        latex_table(
            table.frame,
            caption=table.caption,
            label=f"tab:{plan.suite.name}-{label}",
            bold=table.bold,
        )
        for label, table in tables
        if table is not None
    ]
    (folder / "tables.tex").write_text("\n".join(texts), "utf-8")
