"""Write the blocks of a document as HTML; all text is escaped."""

import base64
import html
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from bench.base import MissingFileError, is_file, read_bytes
from bench.render.blocks import (
    Block,
    Code,
    FigureFile,
    Folded,
    Items,
    Link,
    Part,
    Section,
    Strong,
    Table,
    Text,
    Warning,
    Words,
    paragraphs,
)
from bench.render.html_svg import MOST_BYTES, inline_svg
from bench.render.table_text import TextCell, lay_out, plain, spaced, text_of

_MEDIA_TYPES = {
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}
# Ids of the page's template, and of the explorer.
_RESERVED = (
    "page-text",
    "page-contents",
    "page-data",
    "page-dataset",
    "page-metric",
    "page-axis",
    "page-cell-title",
)
_LONG_TEXT = 48  # characters from which a cell of several words is wrapped
_LONG_WORD = 80  # characters from which a single word is; a hash of 64 is not
_PRINTED_WORD = 16  # characters from which a word may be broken in print
_FILTERED = 8  # rows from which a table has a field to filter them
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
        self._n_figures = 0
        self._used_ids = set(_RESERVED)

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
            case Folded(title, blocks):
                summary = f"<summary>{escape_html(title)}</summary>"
                inside = join_lines(self.block(inner) for inner in blocks)
                return f"<details>\n{summary}\n{inside}\n</details>"
            case Warning(words):
                return (
                    '<div class="warning" role="note">'
                    f"<p><strong>{escape_html(block.heading)}</strong> "
                    f"{_inside(words)}</p></div>"
                )
            case Table():
                return self.table(block)
            case FigureFile():
                return self.figure(block)

    def table(self, table: Table) -> str:
        """Write a table and its caption, and a field to filter many rows.

        The page's script reads ``data-order`` of a cell, the number that it is sorted
        by, and ``data-first`` of a heading: ``asc`` or ``desc``, as numbers are sorted
        at the first click.
        """
        layout = lay_out(table)
        name = self.new_id("table")
        titles = "".join(
            _title(
                title,
                numeric=numeric,
                help=table.help.get(label, ""),
                is_smaller_first=label in table.smaller_first,
            )
            for title, numeric, label in zip(
                layout.titles, layout.numeric, layout.labels, strict=True
            )
        )
        rows = (
            "<tr>"
            + "".join(
                _cell(cell, position == 0, numeric)
                for position, (cell, numeric) in enumerate(
                    zip(row, layout.numeric, strict=True)
                )
            )
            + "</tr>"
            for row in layout.rows
        )
        caption = escape_html(table.caption) or "Table"
        n_columns = len(layout.titles)
        widths = ["wide"] * (n_columns > _WIDE) + ["widest"] * (n_columns > _WIDEST)
        tools = f"{_tools(name)}\n" if len(layout.rows) >= _FILTERED else ""
        return f"""<div class="table" data-table>
{tools}<div class="scroll" tabindex="0" role="group" aria-labelledby="{name}">
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
        """Write a figure, which is part of the page.

        A drawing beside a PNG of the same name is preferred: it is sharp at every size,
        has the page's colours, and what shows a classifier in it has the attribute
        ``data-classifier``.
        """
        path = self.folder / figure.path
        name = self.new_id(f"figure {path.stem}")
        self._n_figures += 1
        picture = _drawing(path.with_suffix(".svg"), figure.alt, self._n_figures) or (
            f'<img src="{_data_address(path)}" alt="{escape_html(figure.alt)}">'
        )
        caption = f"<figcaption>{escape_html(figure.caption)}</figcaption>"
        return (
            f'<figure id="{name}">{picture}{caption if figure.caption else ""}</figure>'
        )

    def new_id(self, text: str) -> str:
        """Make a new id from a text; a number is added if it is already used."""
        base = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "section"
        name, number = base, 1
        while name in self._used_ids:
            number += 1
            name = f"{base}-{number}"
        self._used_ids.add(name)
        return name


def _tools(name: str) -> str:
    """Write the field that filters a table's rows; the script shows it."""
    return f"""<div class="tools" data-tools hidden>
<label><span class="aside">Filter rows</span>\
<input type="search" placeholder="Filter rows" autocomplete="off" \
aria-describedby="{name}"></label>
<p role="status" data-count></p>
</div>"""


def _title(
    title: Sequence[Part], *, numeric: bool, help: str, is_smaller_first: bool
) -> str:
    classes = ["number"] * numeric + ["word"] * _has_long_word(text_of(title))
    first = f' data-first="{"asc" if is_smaller_first else "desc"}"' if numeric else ""
    words = _inline(title)
    if help:
        words = f'<abbr title="{escape_html(help)}">{words}</abbr>'
    return f'<th scope="col"{_classes(classes)}{first}>{words}</th>'


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
    words = _inline(cell.parts)
    if cell.mark:
        classes.append("near")
        words += '<span class="dagger" aria-hidden="true">†</span>'
        words += f'<span class="aside">, {escape_html(cell.mark)}</span>'
    tag, scope = ("th", ' scope="row"') if names_row else ("td", "")
    return f"<{tag}{scope}{_classes(classes)}{order}>{words}</{tag}>"


def _classes(names: Sequence[str]) -> str:
    return f' class="{" ".join(names)}"' if names else ""


def _paragraphs(words: Words) -> str:
    return join_lines(f"<p>{_inline(parts)}</p>" for parts in paragraphs(words))


def _inside(words: Words) -> str:
    return "<br>".join(_inline(parts) for parts in paragraphs(words))


def _inline(parts: Iterable[Part]) -> str:
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
                html_parts.append(html.escape(spaced(part)))
    return "".join(html_parts)


def escape_html(text: str) -> str:
    """Put text on one line and escape it for HTML and its attributes."""
    return html.escape(plain(text))


def join_lines(parts: Iterable[str]) -> str:
    """Put each part on a line of its own."""
    return "\n".join(parts)


def _drawing(path: Path, words: str, number: int) -> str | None:
    """Return an SVG file as part of the page; None if there is none to be trusted."""
    if not is_file(path):
        return None
    try:
        content = read_bytes(path, MOST_BYTES)
    except OSError:
        return None
    # An id of the page never has an underscore.
    return inline_svg(content, words, f"f{number}_")


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
