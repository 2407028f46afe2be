"""Write the report of a suite: its data, README.md, chapters, figures, LaTeX tables.

A report depends on the suite and its stored results only, so writing it again changes
nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.analysis import (
    ReportData,
    collect,
    load_results,
    read_data,
    write_data,
    write_if_changed,
)
from bench.cells import Plan
from bench.render import (
    Block,
    FigureFile,
    Folded,
    Link,
    Section,
    Table,
    Text,
    latex_table,
    to_markdown,
)
from bench.report.chapters.dataset import chapter_tables
from bench.report.chapters.leaks import leak_table
from bench.report.chapters.matrix import matrix_table
from bench.report.chapters.sweeps import sweep_tables
from bench.report.chapters.threshold import threshold_table
from bench.report.chapters.transfer import transfer_table
from bench.report.compose import compose
from bench.report.document import Chapter, Document
from bench.report.figure_files import FigureFolder, slug
from bench.store import Result, Store


def write_report(
    plan: Plan,
    store: Store,
    folder: Path,
    results: Sequence[Result] | None = None,
    jobs: int = 1,
) -> Path:
    """Write a suite's report; return the path of its README.md.

    Parameters
    ----------
    results
        The result of each cell, if `bench.analysis.results.load_results` has read
        them already.
    jobs
        The number of processes that draw figures.

    Raises
    ------
    StoreError
        If the store has no result of the suite.
    OutputError
        If a process that draws ended.
    """
    results = load_results(plan, store) if results is None else results
    write_data(collect(plan, store, results), folder)
    # From its files, so that what they lack cannot be in the documents.
    return write_documents(read_data(folder), folder, jobs)


def write_documents(data: ReportData, folder: Path, jobs: int = 1) -> Path:
    """Write README.md, the chapters, the figures and tables.tex of a report."""
    with FigureFolder(folder, jobs=jobs) as figures:
        document = compose(data, figures)
        latex = _latex(data)  # while others draw
    for chapter in document.chapters:
        target = folder / chapter.path
        target.parent.mkdir(parents=True, exist_ok=True)
        write_if_changed(target, _chapter_text(chapter, document))
    _remove_others(folder, document)
    write_if_changed(folder / "tables.tex", latex)
    target = folder / "README.md"
    text = to_markdown(
        document.sections, title=document.title, opening=document.opening
    )
    write_if_changed(target, text)
    figures.remove_unused()
    return target


def _chapter_text(chapter: Chapter, document: Document) -> str:
    """Write a chapter, with links to the report and to its neighbours."""
    place = [c.path for c in document.chapters].index(chapter.path)
    links: list[str | Link] = [Link(f"↑ {document.title}", "../README.md")]
    for step, arrow in ((-1, "←"), (1, "→")):
        if 0 <= place + step < len(document.chapters):
            other = document.chapters[place + step]
            title = f"{arrow} {other.section.title}"
            links += [" · ", Link(title, Path(other.path).name)]
    blocks = [_below(block) for block in chapter.section.blocks]
    opening: list[Block] = [Text(links)]
    opening += [block for block in blocks if not isinstance(block, Section)]
    sections = [block for block in blocks if isinstance(block, Section)]
    return to_markdown(sections, title=chapter.section.title, opening=opening)


def _below(block: Block | Section) -> Any:
    """Return a block for a document in a folder below: its figures lie above it."""
    match block:
        case FigureFile():
            return replace(block, path=f"../{block.path}")
        case Folded() | Section():
            return replace(block, blocks=[_below(part) for part in block.blocks])
    return block


def _remove_others(folder: Path, document: Document) -> None:
    """Remove the chapters of an earlier report."""
    kept = {folder / chapter.path for chapter in document.chapters}
    chapters = folder / "datasets"
    for path in chapters.glob("*.md"):
        if path not in kept:
            path.unlink()
    if chapters.is_dir() and not any(chapters.iterdir()):
        chapters.rmdir()


def _latex(data: ReportData) -> str:
    """Write the tables of a report for LaTeX."""
    tables: list[tuple[str, Table | None]] = []
    if len(data.datasets) > 1:
        tables.append(("matrix", matrix_table(data)))
    for facts in data.datasets:
        name = facts.id
        tables += [
            (f"{slug(name)}-{kind}", replace(table, caption=f"{name}: {table.caption}"))
            for kind, table in chapter_tables(data, name).items()
        ]
    tables += [
        ("leaks", leak_table(data)),
        ("works", threshold_table(data)),
        ("transfer", transfer_table(data)),
        *sweep_tables(data).items(),
    ]
    texts = [
        latex_table(
            table.frame,
            caption=table.caption,
            label=f"tab:{data.suite.name}-{label}",
            bold=table.bold,
        )
        for label, table in tables
        if table is not None
    ]
    return "\n".join(texts)
