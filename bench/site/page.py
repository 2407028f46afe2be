"""The web page of a report, from the files in its folder alone."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.analysis import ReportData, read_data
from bench.base import StoreError, shown
from bench.render import FigureFile, Link, Section, Text, write_webpage
from bench.report import FigureFolder, compose
from bench.site.explorer import explorer_part

PAGE = "index.html"
_IN_HEADER = ("results", "summary")  # the provenance lists the other tables
_DATASETS, _METHODS = "Datasets", "How it was measured"  # sections of a report
_MOST_BYTES = 8 * 2**20  # of a drawing


def write_page(
    folder: Path,
    target: Path | None = None,
    others: Sequence[Link] = (),
    jobs: int = 1,
) -> Path:
    """Write the page of a report; return its path.

    Parameters
    ----------
    folder
        The report's folder, as `bench.report.write_report` writes it.
    target
        The file of the page. By default it is ``index.html`` in `folder`, and drawings
        that are not in ``figures`` are added there; otherwise nothing is written to
        `folder`.
    others
        Links beside the title, such as to other reports.
    jobs
        The number of processes that draw what is not drawn yet.

    Raises
    ------
    StoreError
        If a file of the report is missing, or does not hold what a report has.
    OutputError
        If a process that draws ended.
    """
    data = read_data(folder)
    if target is None:
        suite = Path(data.suite.path)
        if suite.is_file():
            there = Path(os.path.relpath(suite, folder)).as_posix()
            others = [*others, Link(suite.name, there)]
        return _write(data, folder, folder / PAGE, others, jobs)
    return write_page_of(data, folder, target, others, jobs)


def write_page_of(
    data: ReportData,
    folder: Path,
    target: Path,
    others: Sequence[Link] = (),
    jobs: int = 1,
) -> Path:
    """Write the page of a report whose data is read already, outside its folder."""
    with tempfile.TemporaryDirectory(prefix="bench-") as drawn:
        _copy_drawings(folder, Path(drawn))
        return _write(data, Path(drawn), target, others, jobs)


def _write(
    data: ReportData, folder: Path, target: Path, others: Sequence[Link], jobs: int
) -> Path:
    """Write a page whose drawings lie, or are put, below a folder."""
    try:
        with FigureFolder(folder, formats=["svg"], jobs=jobs) as figures:
            document = compose(data, figures)
            part = explorer_part(data)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        # Its files have the types of a report's, but not what one holds.
        kind = type(error).__name__
        raise StoreError(
            f"{data.suite.name}: no page can be made of its tables "
            f"({shown(f'{kind}: {error}', 200)}); expected those that `bench report` "
            "writes: write the report again"
        ) from error
    # The explorer comes before the first figures: they show what it begins with.
    pictures = [block for block in document.opening if isinstance(block, FigureFile)]
    sections = [Section("Overview", pictures)] if pictures else []
    sections += document.sections
    if document.chapters and all(s.title != _DATASETS for s in sections):
        titles = [section.title for section in sections]
        at = titles.index(_METHODS) if _METHODS in titles else len(titles)
        sections.insert(at, Section(_DATASETS, [Text("A title opens its chapter.")]))
    files = [f"{name}.csv" for name in _IN_HEADER if name in data.tables]
    return write_webpage(
        target,
        title=document.title,
        opening=[block for block in document.opening if block not in pictures],
        sections=sections,
        chapters={chapter.path: chapter.section for chapter in document.chapters},
        chapters_after=_DATASETS,
        part=part,
        links=[*others, *(Link(file, file) for file in files)],
        figures=folder,
    )


def _copy_drawings(folder: Path, target: Path) -> None:
    """Copy the drawings of a report, so that current ones are not drawn again."""
    (target / "figures").mkdir()
    for path in (folder / "figures").glob("*.svg"):
        is_file = path.is_file() and not path.is_symlink()
        if is_file and path.stat().st_size <= _MOST_BYTES:
            shutil.copyfile(path, target / "figures" / path.name)
