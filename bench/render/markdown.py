"""Write sections and data frames as markdown; all text is escaped."""

import html
import re
from collections.abc import Sequence
from urllib.parse import quote

import pandas as pd
from tabulate import tabulate

from bench.render.blocks import (
    Block,
    Code,
    FigureFile,
    Folded,
    Items,
    Link,
    Section,
    Strong,
    Table,
    Text,
    Warning,
    Words,
    paragraphs,
)
from bench.render.table_text import lay_out, plain

# Without "#": it is part of the entities, and only special at the start of a line.
_MARKDOWN = {ord(mark): f"&#{ord(mark)};" for mark in "\\`*_{}[]|!"}
# The start of a line that markdown would read as a heading, a list or a rule.
_LINE_START = re.compile(r"(\d*)([#+~\-]|(?<=\d)[.)])")


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
    parts = [] if title is None else [f"# {_escaped(title)}"]
    for block in opening:
        parts += _block(block)
    for section in sections:
        parts += _section(section, 2)
    return "\n\n".join(parts) + "\n"


def _section(section: Section, level: int) -> list[str]:
    parts = [f"{'#' * min(level, 6)} {_escaped(section.title)}"]
    for block in section.blocks:
        if isinstance(block, Section):
            parts += _section(block, level + 1)
        else:
            parts += _block(block)
    return parts


def _block(block: Block) -> list[str]:
    match block:
        case Text(words):
            return _paragraphs(words)
        case Items(entries):
            return ["\n".join(f"- {' '.join(_paragraphs(e))}" for e in entries)]
        case Folded(title, entries):
            summary = f"<summary>{_escaped(title)}</summary>"
            # Markdown within HTML is read only after an empty line.
            return [f"<details>\n{summary}", *_block(Items(entries)), "</details>"]
        case Warning(words):
            return [f"> **Warning.** {' '.join(_paragraphs(words))}"]
        case Table():
            return _table(block)
        case FigureFile(path, alt, caption):
            picture = f"![{_escaped(alt)}]({_target(path)})"
            return [picture, *_paragraphs(caption)]


def _table(table: Table) -> list[str]:
    text_table = lay_out(table.frame, table.bold)
    text: str = tabulate(
        [
            [f"**{escape(c.text)}**" if c.bold else escape(c.text) for c in row]
            for row in text_table.rows
        ],
        headers=[escape(title) for title in text_table.header],
        tablefmt="pipe",
        disable_numparse=True,
        colalign=["right" if right else "left" for right in text_table.numeric],
    )
    return [text, *_paragraphs(table.caption)]


def _paragraphs(words: Words) -> list[str]:
    texts = []
    for parts in paragraphs(words):
        text = "".join(_inline(part) for part in parts).strip()
        start = _LINE_START.match(text)
        if start:
            text = f"{start[1]}&#{ord(start[2])};{text[start.end() :]}"
        texts.append(text)
    return texts


def _inline(part: str | Code | Strong | Link) -> str:
    match part:
        case Code(text):
            return f"<code>{_escaped(text)}</code>"
        case Strong(text):
            return f"**{_escaped(text)}**"
        case Link(text, target):
            return f"[{_escaped(text)}]({_target(target)})"
        case _:
            # The dots keep spaces at the ends, which separate this part from its
            # neighbours and would be stripped.
            return _escaped(f".{part}.")[1:-1]


def _escaped(text: str) -> str:
    return escape(plain(text))


def _target(path: str) -> str:
    return quote(path, safe="/:?#&=%+,;@~")


def markdown_table(frame: pd.DataFrame) -> str:
    """Write a frame of formatted text as a markdown table.

    Only ids and titles are escaped: a caller may mark other cells, such as in bold.
    """
    names = ("classifier", "dataset")
    cells = [
        [
            escape(str(value)) if column in names else str(value)
            for column, value in zip(frame.columns, row, strict=True)
        ]
        for row in frame.itertuples(index=False)
    ]
    table: str = tabulate(
        cells,
        headers=[escape(str(column)) for column in frame.columns],
        tablefmt="pipe",
        disable_numparse=True,
        colalign=["left"] + ["right"] * (len(frame.columns) - 1),
    )
    return table


def escape(text: str) -> str:
    """Escape text so that markdown and HTML show it unchanged."""
    return html.escape(text, quote=False).translate(_MARKDOWN)
