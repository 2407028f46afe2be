"""Write sections and data frames as markdown in which all text is shown as it is."""

import re
from collections.abc import Sequence

import pandas as pd
from tabulate import tabulate

from bench.render.blocks import (
    Block,
    FigureFile,
    Folded,
    Items,
    Part,
    Section,
    Strong,
    Table,
    Text,
    Warning,
    Words,
    paragraphs,
)
from bench.render.markdown_inline import Place, image, inline
from bench.render.table_text import TextCell, lay_out, plain

_DAGGER = "†"


def to_markdown(
    sections: Sequence[Section],
    *,
    title: str | None = None,
    opening: Sequence[Block] = (),
) -> str:
    """Write sections as one markdown text, which ends with a newline.

    Parameters
    ----------
    sections
        The sections. Their titles are headings of the second level.
    title
        The heading of the first level; None for no such heading.
    opening
        Blocks between the title and the first section.
    """
    parts = [] if title is None else [_heading(title, 1)]
    for block in opening:
        parts += _block(block)
    for section in sections:
        parts += _section(section, 2)
    return "\n\n".join(parts) + "\n"


def _section(section: Section, level: int) -> list[str]:
    parts = [_heading(section.title, level)]
    for block in section.blocks:
        if isinstance(block, Section):
            parts += _section(block, level + 1)
        else:
            parts += _block(block)
    return parts


def _heading(title: str, level: int) -> str:
    return f"{'#' * min(level, 6)} {inline([title], 'heading')}".rstrip()


def _block(block: Block) -> list[str]:
    match block:
        case Text(words):
            return _paragraphs(words)
        case Items(entries):
            return ["\n".join(f"- {_in_one(e, 'item')}".rstrip() for e in entries)]
        case Folded(title, blocks):
            # This line is HTML, which is read as markdown only after an empty line.
            opening = f"<details>\n<summary>{_html_text(title)}</summary>"
            inside = [part for inner in blocks for part in _block(inner)]
            return [opening, *inside, "</details>"]
        case Warning(words):
            return [f"> {inline([Strong(block.heading), ' ', *_joined(words)])}"]
        case Table():
            return [_table(block), *_paragraphs(block.caption)]
        case FigureFile(path, alt, caption):
            first, *others = paragraphs(caption) or [[]]
            return [image(alt, path, first), *map(inline, others)]


def _paragraphs(words: Words) -> list[str]:
    return [inline(parts) for parts in paragraphs(words)]


def _in_one(words: Words, place: Place) -> str:
    return inline(_joined(words), place)


def _joined(words: Words) -> list[Part]:
    """Join paragraphs by a space."""
    parts = [[" ", *paragraph] for paragraph in paragraphs(words)]
    return [part for paragraph in parts for part in paragraph][1:]


def _html_text(text: str) -> str:
    """Write text for an element of HTML, where markdown's marks mean nothing."""
    is_entity = r"&(?=#?[A-Za-z0-9]+;)"
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", re.sub(is_entity, "&amp;", plain(text)))


def markdown_table(frame: pd.DataFrame) -> str:
    """Write a frame as a markdown table, as `Table` describes it.

    It has no newline at its end.
    """
    return _table(Table(frame))


def _table(table: Table) -> str:
    layout = lay_out(table)
    titles = [inline(title, "cell") for title in layout.titles]
    # A link is longer than what is seen of it: columns are as wide as that.
    seen = [inline([title], "cell") for title in layout.header]
    text: str = tabulate(
        [[_cell(cell) for cell in row] for row in layout.rows],
        headers=seen,
        tablefmt="pipe",
        disable_numparse=True,
        colalign=["right" if right else "left" for right in layout.numeric],
    )
    if titles != seen:
        _, _, below = text.partition("\n")
        text = f"| {' | '.join(titles)} |\n{below}"
    return text


def _cell(cell: TextCell) -> str:
    parts = [Strong(p) if isinstance(p, str) and cell.bold else p for p in cell.parts]
    return inline(parts, "cell") + f" {_DAGGER}" * bool(cell.mark)


def escape(text: str, place: Place = "paragraph") -> str:
    """Write text as markdown that shows it unchanged, on one line.

    Parameters
    ----------
    place
        Where it stands; see `bench.render.markdown_inline.inline`.
    """
    return inline([text], place)
