"""From everything that a report shows to its blocks; figures are drawn on the way."""

import pandas as pd

from bench.analysis import DatasetFacts, ReportData
from bench.render import Block, Link, Section, Table
from bench.report.chapters.across import across_chapter
from bench.report.chapters.answers import answer_sections
from bench.report.chapters.appendix import (
    coverage_chapter,
    methods_chapter,
    provenance_chapter,
    remarks_chapter,
)
from bench.report.chapters.audits import audits_chapter
from bench.report.chapters.dataset import dataset_chapter
from bench.report.chapters.given import given_table
from bench.report.chapters.leaks import leak_chapter
from bench.report.chapters.matrix import (
    chapter_path,
    draw_matrix,
    has_chapters,
    matrix_table,
)
from bench.report.chapters.opening import question_and_answer
from bench.report.chapters.recorded import in_short
from bench.report.chapters.scores import draw_costs, draw_scores
from bench.report.chapters.sweeps import sweep_chapters
from bench.report.chapters.threshold import threshold_chapter
from bench.report.chapters.transfer import transfer_chapter
from bench.report.document import Chapter, Document
from bench.report.figure_files import FigureFolder

SIDE_BY_SIDE = 3  # datasets whose scores one figure shows
_A_SENTENCE = 160  # characters of a dataset's description in the list of datasets


def compose(data: ReportData, figures: FigureFolder) -> Document:
    """Make all blocks of a report; its figures are drawn into the folder.

    Parameters
    ----------
    data
        See `bench.analysis.collect` and `bench.analysis.read_data`.
    figures
        The folder of figures; only what is not there yet is drawn.
    """
    datasets = [facts.id for facts in data.datasets]
    opening: list[Block] = question_and_answer(data)
    if len(data.datasets) > 1:
        opening += [matrix_table(data), *given_table(data)]
    overview: list[Block] = []
    if len(datasets) <= SIDE_BY_SIDE:
        overview += draw_scores(data, datasets, figures)
    else:
        overview += draw_matrix(data, figures)
    chapters = [dataset_chapter(data, facts, figures) for facts in data.datasets]
    costs = draw_costs(data, figures)
    sections: list[Section] = [
        *leak_chapter(data),
        *answer_sections(data.answers),
        *threshold_chapter(data),
        *sweep_chapters(data, figures),
        *([] if has_chapters(data) else chapters),
        *across_chapter(data, figures),
        *transfer_chapter(data, figures),
        *([Section("Cost", costs)] if costs else []),
        *([_list_of_datasets(data)] if len(datasets) > SIDE_BY_SIDE else []),
        methods_chapter(data),
        *remarks_chapter(data),
        *audits_chapter(data),
        *coverage_chapter(data),
        provenance_chapter(data, list(data.tables)),
    ]
    if len(data.datasets) == 1:  # its table is the one that a reader looks for
        sections = _table_first(chapters[0], opening, sections)
    opening += overview
    return Document(
        title=data.suite.name,
        opening=opening,
        sections=sections,
        chapters=[
            Chapter(chapter_path(data, facts.id), section)
            for facts, section in zip(data.datasets, chapters, strict=True)
        ]
        if has_chapters(data)
        else (),
    )


def _table_first(
    chapter: Section, opening: list[Block], sections: list[Section]
) -> list[Section]:
    """Move the table of the only dataset into the opening."""
    tables = [block for block in chapter.blocks if isinstance(block, Table)][:1]
    opening += tables
    rest = [block for block in chapter.blocks if block not in tables]
    moved = Section(chapter.title, rest)
    return [moved if section is chapter else section for section in sections]


def _list_of_datasets(data: ReportData) -> Section:
    """Say in a sentence what each dataset asks; its title leads to its chapter."""
    frame = pd.DataFrame(
        {
            "dataset": [Link(f.id, chapter_path(data, f.id)) for f in data.datasets],
            "what": [_what(facts) for facts in data.datasets],
        }
    )
    return Section("Datasets", [Table(frame, "Each title leads to its chapter.")])


def _what(facts: DatasetFacts) -> str:
    words = facts.description or (in_short(facts) if facts.recorded else facts.words)
    text = " ".join(words.split())
    if len(text) <= _A_SENTENCE:
        return text
    return text[: text.rfind(" ", 0, _A_SENTENCE)] + " …"
