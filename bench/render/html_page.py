"""Write a document as one web page that needs no other files and no network.

Its scripts sort and filter tables, enlarge figures and mark the section that is read.
Without scripts the page is still complete. Its content security policy forbids all
requests, and all scripts but the page's own.
"""

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from bench.render.blocks import Block, Link, Section
from bench.render.html_blocks import PageBlocks, join_lines
from bench.render.table_text import plain

_WEB = Path(__file__).parent / "web"


@dataclass(frozen=True)
class PagePart:
    """A part of a page with scripts of its own, after the opening.

    All but `data` is trusted: it becomes markup and code of the page as it is.

    Attributes
    ----------
    title
        Its heading of the second level, in plain text.
    html
        Its markup, below the heading.
    style
        Rules that follow those of the page.
    script
        Code that runs after the page's own, in the same module.
    library
        Code that runs before both, as a script of its own; it must not contain
        ``</script`` nor ``<!--``.
    data
        What the script reads from the element ``page-data``, as JSON. It may hold any
        text, since it is never read as markup or code.
    """

    title: str
    html: str
    style: str = ""
    script: str = ""
    library: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def write_webpage(
    path: str | Path,
    *,
    title: str,
    sections: Sequence[Section],
    opening: Sequence[Block] = (),
    chapters: Mapping[str, Section] | None = None,
    chapters_after: str = "",
    part: PagePart | None = None,
    links: Sequence[Link] = (),
    figures: Path | None = None,
    language: str = "en",
) -> Path:
    """Write a self-contained page; return its path.

    Parameters
    ----------
    path
        The file, such as ``reports/seed/index.html``.
    title
        The heading of the first level, and the title of the window.
    sections
        The sections. Their titles are headings of the second level, and are listed in
        the table of contents.
    opening
        Blocks between the title and the first section.
    chapters
        Sections that are closed until the reader opens them, by the path of the file
        that holds them elsewhere: links to that file lead to the chapter.
    chapters_after
        The title of the section that they follow; by default the last one.
    part
        A part with scripts of its own, between the opening and the first section.
    links
        Links beside the title.
    figures
        The folder that figures' paths are relative to; by default that of the page.
    language
        The language of the text, for screen readers.

    Raises
    ------
    MissingFileError
        If a figure's file cannot be read.
    ValueError
        If a figure is neither PNG, SVG, JPEG nor WebP, or `part` holds data that JSON
        does not.
    """
    page = PageBlocks(Path(path).parent if figures is None else figures)
    body = [page.block(block) for block in opening]
    if part is not None:
        name = page.new_id(part.title)
        page.headings.append((2, part.title, name))
        heading = f'<h2 id="{name}">{_escaped(part.title)}</h2>'
        body.append(f"<section>\n{heading}\n{part.html}\n</section>")
    names: dict[str, str] = {}
    entries = list(page.headings)

    def add(section: Section) -> None:
        first = len(page.headings)
        body.append(page.section(section, 2))
        entries.extend(page.headings[first:])

    def add_chapters() -> None:
        for file, chapter in (chapters or {}).items():
            first = len(page.headings)
            written = page.section(chapter, 2)
            body.append(written.replace("<section>", "<section data-chapter>", 1))
            _, heading, names[file] = page.headings[first]
            entries.append((3, heading, names[file]))

    for section in sections:
        add(section)
        if section.title == chapters_after:
            add_chapters()
    if not names:
        add_chapters()
    text = join_lines(body)
    for file, name in names.items():
        text = text.replace(f'href="{_address(file)}"', f'href="#{name}"')
    return write_markup(
        path,
        title=title,
        body=text,
        headings=entries,
        part=part,
        links=links,
        language=language,
    )


def write_markup(
    path: str | Path,
    *,
    title: str,
    body: str,
    headings: Sequence[tuple[int, str, str]] = (),
    part: PagePart | None = None,
    links: Sequence[Link] = (),
    language: str = "en",
) -> Path:
    """Write a self-contained page around markup that is there already; return its path.

    A page that would not change is left alone.

    Parameters
    ----------
    body
        Trusted markup: no text of a stranger may be in it unescaped.
    headings
        Level, title and id of each heading of the second and third level; two or more
        are listed in the table of contents.
    part
        Its markup must be in `body`; from here are its style, scripts and data.
    path, title, links, language
        See `write_webpage`.
    """
    path = Path(path)
    scripts = [_asset("page.js")] + ([part.script] if part else [])
    theme, script = _asset("theme.js"), "\n".join(scripts)
    library = part.library if part else ""
    hashes = " ".join(map(_hash, filter(None, (theme, library, script))))
    entries = [heading for heading in headings if heading[0] <= 3]
    rendered = _template().render(
        language=plain(language),
        policy="default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"img-src data:; style-src 'unsafe-inline'; script-src {hashes}",
        title=plain(title),
        style=_asset("page.css") + (part.style if part else ""),
        theme=theme,
        links="\n".join(
            f'<a href="{_address(link.target)}">{_escaped(link.text)}</a>'
            for link in links
        ),
        contents=_contents(entries) if len(entries) > 1 else "",
        body=body,
        data=_json(part.data) if part and part.data else "",
        library=library,
        script=script,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    content = rendered.encode("utf-8")
    if not (path.is_file() and path.read_bytes() == content):
        path.write_bytes(content)
    return path


def _contents(headings: Sequence[tuple[int, str, str]]) -> str:
    items = (
        f'<li class="level-{level}"><a href="#{name}">{_escaped(title)}</a></li>'
        for level, title, name in headings
    )
    return f"<ul>\n{join_lines(items)}\n</ul>"


def _escaped(text: str) -> str:
    return html.escape(plain(text))


def _address(target: str) -> str:
    return html.escape(quote(target.strip(), safe="/:?#&=%+,;@~"))


def _json(data: Mapping[str, Any]) -> str:
    """Write JSON that neither ends its element nor begins another one."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # No parser can read half a pair of surrogates.
    text = text.encode("utf-8", "replace").decode("utf-8")
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _template() -> Template:
    environment = Environment(
        autoescape=True,
        keep_trailing_newline=True,
        loader=FileSystemLoader(_WEB),
        undefined=StrictUndefined,
    )
    return environment.get_template("page.html.j2")


def _asset(name: str) -> str:
    return (_WEB / name).read_text("utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
