"""Write a document as one web page that needs no other files and no network.

Tables are sorted and filtered by DataTables, from the bundle for offline use in the
package itables. Without scripts the page is still complete. Its content security policy
forbids all requests, and all scripts but the page's own.
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
        The file, such as ``reports/seed/index.html``. Figures' paths are relative to
        its folder.
    title
        The heading of the first level, and the title of the window.
    sections
        The sections. Their titles are headings of the second level, and are listed in
        the table of contents.
    opening
        Blocks between the title and the first section.
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
    """Read DataTables' bundle, escaped so that it cannot end its script element."""
    # itables is not imported: it would read the user's own configuration of itables.
    path = Path(str(distribution("itables").locate_file("itables/html/dt_bundle.js")))
    text = path.read_text("utf-8")
    # The HTML standard advises this ("Restrictions for contents of script elements").
    # In JavaScript's strings and patterns, \x3C is the same as <.
    return re.sub(r"<(?=!--|/?script)", r"\\x3C", text, flags=re.IGNORECASE)
