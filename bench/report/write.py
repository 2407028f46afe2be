"""The report: README.md, index.html, tables and pictures, from what is stored.

It is a function of the suite and its results alone, so writing it again changes
nothing.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bench.analysis import Findings, analyse, load_results, read_cell_arrays, rows_of
from bench.base import StoreError
from bench.cells import Plan
from bench.render import Items, Section, latex_table, to_markdown, write_webpage
from bench.report.across import across_chapter
from bench.report.answers import answer_blocks, works_chapter, works_table
from bench.report.appendix import audits_chapter, coverage_chapter, provenance_chapter
from bench.report.dataset import (
    comparison_table,
    dataset_chapter,
    score_table,
    training_table,
)
from bench.report.dataset_pictures import slug
from bench.report.figure_files import FigureFolder
from bench.report.opening import opening
from bench.report.overview import Pictures
from bench.report.sweeps import along_table, sweep_chapters
from bench.report.transfer import transfer_chapter, transfer_table
from bench.stats import METRICS
from bench.store import Result, Store


def write_report(
    plan: Plan, store: Store, folder: Path, found: Sequence[Result] | None = None
) -> Path:
    """Write a suite's report; return the path of its README.md.

    `found` is what `load_results` gave, if that was done already.
    """
    found = load_results(plan, store) if found is None else found
    stored = [result for result in found if result.status != "missing"]
    if not stored:
        raise StoreError(
            f"{store.folder}: nothing of the suite '{plan.suite.name}' is stored; run "
            f"`python -m bench run {plan.suite.path}` first"
        )
    findings = analyse(plan, store, found)
    folder.mkdir(parents=True, exist_ok=True)
    figures = FigureFolder(folder)
    pictures = Pictures(plan, findings, figures)
    chapters, online = [], []
    for recipe in plan.datasets:  # one after the other: the arrays of all are many
        told = read_cell_arrays(findings, recipe.spec.id, store)
        drawn = pictures.dataset(recipe, told)
        chapters.append(dataset_chapter(plan, findings, recipe, drawn, told.online))
        online.append(told.online)
    _write_tables(plan, findings, pd.concat(online, ignore_index=True), folder)
    sections: list[Section] = [
        *works_chapter(plan, findings),
        *sweep_chapters(plan, findings, pictures.sweeps()),
        *chapters,
        Section(
            f"{METRICS[plan.suite.metrics[0]].title.capitalize()}, overfitting, cost",
            pictures.overview(),
        ),
        *transfer_chapter(plan, findings, pictures.transfers()),
        *across_chapter(plan, findings, pictures.across()),
        *_remarks(plan),
        coverage_chapter(findings, store),
        *audits_chapter(findings),
        provenance_chapter(plan, findings, stored),
    ]
    answers = answer_blocks(plan.suite, [result.commit for result in stored])
    beginning = opening(plan, findings, answers)
    name = plan.suite.name
    write_webpage(
        folder / "index.html", title=name, sections=sections, opening=beginning
    )
    target = folder / "README.md"
    target.write_text(to_markdown(sections, title=name, opening=beginning), "utf-8")
    figures.remove_unused()
    return target


def _write_tables(
    plan: Plan, found: Findings, online: pd.DataFrame, folder: Path
) -> None:
    frames = {
        "results": found.results,
        "summary": found.summary,
        "comparisons": found.compared,
        "pairs": found.across.pairs if found.across is not None else None,
        "audits": found.audits,
        "online": online,
        "sweep": found.along,
        "crossings": found.crossings,
        "transfer": found.transfers,
        "works": found.works,
    }
    for name, frame in frames.items():
        if frame is not None and not frame.empty:
            path = folder / f"{name}.csv"
            frame.to_csv(path, index=False, lineterminator="\n")
    parts = []
    for recipe in plan.datasets:
        name = recipe.spec.id
        tables = {"scores": score_table(plan, found, name)}
        if not rows_of(found.compared, name).empty:
            tables["comparisons"] = comparison_table(plan, found, name)
        if len(online) and name in set(online["dataset"]):
            tables["online"] = training_table(online[online["dataset"] == name])
        parts += [
            latex_table(
                table.frame,
                caption=f"{name}: {table.caption}",
                label=f"tab:{plan.suite.name}-{slug(name)}-{kind}",
                bold=table.bold,
            )
            for kind, table in tables.items()
        ]
    whole = {"works": works_table(plan, found), "transfer": transfer_table(plan, found)}
    for sweep in found.sweeps:
        kind = f"sweep-{slug(sweep.family)}" if sweep.family else "sweep"
        whole[kind] = along_table(plan, found, sweep)
    for kind, table in whole.items():
        if table is not None:
            parts.append(
                latex_table(
                    table.frame,
                    caption=table.caption,
                    label=f"tab:{plan.suite.name}-{kind}",
                )
            )
    (folder / "tables.tex").write_text("\n".join(parts), "utf-8")


def _remarks(plan: Plan) -> list[Section]:
    remarks = plan.reference.remarks if plan.reference else ()
    return [Section("Remarks", [Items(list(remarks))])] if remarks else []
