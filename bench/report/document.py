"""A whole report as blocks: what README.md, its chapters and the page are made from."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.render import Block, Section


@dataclass(frozen=True)
class Chapter:
    """The chapter of a dataset in a file of its own.

    Attributes
    ----------
    path
        Its file, relative to the report's folder, such as ``datasets/grid.md``.
    section
        Its title and its blocks; paths of figures are relative to the report's folder.
    """

    path: str
    section: Section


@dataclass(frozen=True)
class Document:
    """The blocks of a report.

    Attributes
    ----------
    title
        The suite's name.
    opening
        The question, its answer, what limits it, and the matrix of scores.
    sections
        The sections of README.md.
    chapters
        The chapters that are files beside it; empty with few datasets, whose chapters
        are among `sections`.
    """

    title: str
    opening: Sequence[Block]
    sections: Sequence[Section]
    chapters: Sequence[Chapter] = field(default_factory=tuple)
