"""Write the blocks of a document as HTML; all text is escaped."""

import base64
import html
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from bench.base import MissingFileError
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
from bench.render.table_text import TextCell, lay_out, plain

_MEDIA_TYPES = {
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}
_LONG_TEXT = 48  # characters from which a cell of several words is wrapped
_LONG_WORD = 80  # characters from which a single word is; a hash of 64 is not
_PRINTED_WORD = 16  # characters from which a word may be broken in print
_WIDE, _WIDEST = 9, 16  # columns beyond which print uses small type, or breaks words


class PageBlocks:
    """A writer of blocks that collects the headings and keeps ids unique.

    Parameters
    ----------
    folder
        The folder that figures' paths are relative to.

    Attributes
    ----------
    headings : list of tuple
        Level, title and id of each heading so far.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.headings: list[tuple[int, str, str]] = []
        self._used_ids = {"page-text", "page-datatables"}  # ids of the page's template

    def section(self, section: Section, level: int) -> str:
        """Write a section, with a heading of that level, and all its blocks."""
        name = self.new_id(section.title)
        self.headings.append((level, section.title, name))
        tag = f"h{min(level, 6)}"
        parts = [f'<{tag} id="{name}">{escape_html(section.title)}</{tag}>']
        for block in section.blocks:
            if isinstance(block, Section):
                parts.append(self.section(block, level + 1))
            else:
                parts.append(self.block(block))
        return f"<section>\n{join_lines(parts)}\n</section>"

    def block(self, block: Block) -> str:
        """Write a block."""
        match block:
            case Text(words):
                return _paragraphs(words)
            case Items(entries):
                items = (f"<li>{_inside(entry)}</li>" for entry in entries)
                return f"<ul>\n{join_lines(items)}\n</ul>"
            case Folded(title, entries):
                summary = f"<summary>{escape_html(title)}</summary>"
                return f"<details>\n{summary}\n{self.block(Items(entries))}\n</details>"
            case Warning(words):
                return (
                    '<div class="warning" role="note">'
                    f"<p><strong>Warning.</strong> {_inside(words)}</p></div>"
                )
            case Table():
                return self.table(block)
            case FigureFile():
                return self.figure(block)

    def table(self, table: Table) -> str:
        """Write a table, its caption and its search field, which the script shows."""
        text_table = lay_out(table.frame, table.bold)
        name = self.new_id("table")
        titles = "".join(
            _title(title, number)
            for title, number in zip(text_table.header, text_table.numeric, strict=True)
        )
        rows = (
            "<tr>"
            + "".join(
                _cell(cell, position == 0, number)
                for position, (cell, number) in enumerate(
                    zip(row, text_table.numeric, strict=True)
                )
            )
            + "</tr>"
            for row in text_table.rows
        )
        caption = escape_html(table.caption) or "Table"
        n_columns = len(text_table.header)
        widths = ["wide"] * (n_columns > _WIDE) + ["widest"] * (n_columns > _WIDEST)
        return f"""<div class="table" data-table>
<div class="tools" data-tools hidden>
<label><span class="aside">Filter rows</span>\
<input type="search" placeholder="Filter rows" autocomplete="off" \
aria-describedby="{name}"></label>
<p role="status" data-count></p>
</div>
<div class="scroll" tabindex="0" role="group" aria-labelledby="{name}">
<table{_classes(widths)}>
<caption id="{name}"><span>{caption}</span></caption>
<thead><tr>{titles}</tr></thead>
<tbody>
{join_lines(rows)}
</tbody>
</table>
</div>
</div>"""

    def figure(self, figure: FigureFile) -> str:
        """Write a figure; the image is part of the page."""
        address = _data_address(self.folder / figure.path)
        caption = f"<figcaption>{escape_html(figure.caption)}</figcaption>"
        return (
            '<figure><button type="button" data-enlarge disabled>'
            f'<span class="aside">Enlarge: </span><img src="{address}" '
            f'alt="{escape_html(figure.alt)}"></button>'
            f"{caption if figure.caption else ''}</figure>"
        )

    def contents(self) -> str:
        """List the headings of the second and third level as links."""
        items = (
            f'<li class="level-{level}"><a href="#{name}">{escape_html(title)}</a></li>'
            for level, title, name in self.headings
            if level <= 3
        )
        return f"<ul>\n{join_lines(items)}\n</ul>" if self.headings else ""

    def new_id(self, text: str) -> str:
        """Make a new id from a text; a number is added if it is already used."""
        base = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "section"
        name, number = base, 1
        while name in self._used_ids:
            number += 1
            name = f"{base}-{number}"
        self._used_ids.add(name)
        return name


def _title(title: str, numeric: bool) -> str:
    classes = ["number"] * numeric + ["word"] * _has_long_word(title)
    # A long name such as predict_cpu_seconds may be broken after an underscore.
    text = escape_html(title).replace("_", "_<wbr>")
    return f'<th scope="col"{_classes(classes)}>{text}</th>'


def _has_long_word(text: str) -> bool:
    return any(len(word) >= _PRINTED_WORD for word in re.split(r"[\s_]", text))


def _cell(cell: TextCell, names_row: bool, numeric: bool) -> str:
    classes = []
    order = ""
    if numeric:
        classes.append("number")
        # A blank cell has no number; the script sorts it to the end.
        number = "" if cell.number is None else repr(cell.number)
        order = f' data-order="{number.replace("inf", "Infinity")}"'
    elif len(cell.text) >= (_LONG_TEXT if " " in cell.text else _LONG_WORD):
        classes.append("long")
    if _has_long_word(cell.text):
        classes.append("word")
    if cell.bold:
        classes.append("best")
    tag, scope = ("th", ' scope="row"') if names_row else ("td", "")
    return f"<{tag}{scope}{_classes(classes)}{order}>{escape_html(cell.text)}</{tag}>"


def _classes(names: Sequence[str]) -> str:
    return f' class="{" ".join(names)}"' if names else ""


def _paragraphs(words: Words) -> str:
    return join_lines(f"<p>{_inline(parts)}</p>" for parts in paragraphs(words))


def _inside(words: Words) -> str:
    return "<br>".join(_inline(parts) for parts in paragraphs(words))


def _inline(parts: Iterable[str | Code | Strong | Link]) -> str:
    html_parts = []
    for part in parts:
        match part:
            case Code(text):
                html_parts.append(f"<code>{escape_html(text)}</code>")
            case Strong(text):
                html_parts.append(f"<strong>{escape_html(text)}</strong>")
            case Link(text, target):
                address = quote(target.strip(), safe="/:?#&=%+,;@~")
                html_parts.append(
                    f'<a href="{escape_html(address)}">{escape_html(text)}</a>'
                )
            case _:
                # The dots keep spaces at the ends, which separate this part from its
                # neighbours and would be stripped.
                html_parts.append(escape_html(f".{part}.")[1:-1])
    return "".join(html_parts)


def escape_html(text: str) -> str:
    """Put text on one line and escape it for HTML and its attributes."""
    return html.escape(plain(text))


def join_lines(parts: Iterable[str]) -> str:
    """Put each part on a line of its own."""
    return "\n".join(parts)


def _data_address(path: Path) -> str:
    media = _MEDIA_TYPES.get(path.suffix.lower())
    if media is None:
        known = ", ".join(_MEDIA_TYPES)
        raise ValueError(
            f"{path}: found the suffix '{path.suffix}'; expected one of {known}"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingFileError(f"{path}: {error.strerror or error}") from None
    return f"data:{media};base64,{base64.b64encode(content).decode('ascii')}"
