"""A report as one web page that needs nothing beside it, neither files nor a network.

The tables are DataTables', from the bundle that the package itables ships for use
offline; without scripts the page is still whole. Its policy forbids every script but
the page's own, and every request.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from bench.render.blocks import Block, Section
from bench.render.html_blocks import PageBlocks, join_lines
from bench.render.table_text import plain

_WEB = Path(__file__).parent / "web"


def write_webpage(
    path: str | Path,
    *,
    title: str,
    sections: Sequence[Section],
    opening: Sequence[Block] = (),
    language: str = "en",
) -> Path:
    """Write a self-contained page; return its path.

    Parameters
    ----------
    path
        The file, such as ``reports/seed/index.html``; its folder is where figures'
        paths begin.
    title
        The heading of the first level, and the name of the window.
    sections
        The sections; their titles are headings of the second level, and the contents.
    opening
        What stands between the title and the first section.
    language
        The language of the text, for screen readers.

    Raises
    ------
    MissingFileError
        If a figure's file cannot be read.
    ValueError
        If a figure is neither PNG, SVG, JPEG nor WebP.
    """
    path = Path(path)
    page = PageBlocks(path.parent)
    body = [page.block(block) for block in opening]
    body += [page.section(section, 2) for section in sections]
    theme, script = _asset("theme.js"), _asset("page.js")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src 'unsafe-inline'; script-src blob: {_hash(theme)} {_hash(script)}"
    )
    text = _template().render(
        language=plain(language),
        policy=policy,
        title=plain(title),
        style=_asset("page.css"),
        theme=theme,
        contents=page.contents(),
        body=join_lines(body),
        library=_library(),
        script=script,
    )
    path.write_text(text, "utf-8")
    return path


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


def _library() -> str:
    """Read DataTables' bundle, so written that it cannot end the element it is in."""
    # The package itself is not imported: it would read a reader's configuration.
    path = Path(str(distribution("itables").locate_file("itables/html/dt_bundle.js")))
    text = path.read_text("utf-8")
    # As HTML's own standard advises; within strings and patterns it means the same.
    return re.sub(r"<(?=!--|/?script)", r"\\x3C", text, flags=re.IGNORECASE)
