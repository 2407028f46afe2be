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

from bench.document_parts import Block, Section
from bench.page_blocks import PageBlocks, escape_html, join_lines

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
    text = f"""<!DOCTYPE html>
<html lang="{escape_html(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape_html(title)}</title>
<link rel="icon" href="data:,">
<style>
{_asset("page.css")}</style>
<script>{theme}</script>
</head>
<body>
<a class="skip" href="#page-text">Skip to the text</a>
<div class="page">
<header>
<h1>{escape_html(title)}</h1>
<button class="plain" type="button" aria-pressed="false" data-theme-toggle hidden>\
Dark</button>
</header>
<div class="columns">
<nav aria-label="Contents">
<p aria-hidden="true">Contents</p>
{page.contents()}
</nav>
<main id="page-text" tabindex="-1">
{join_lines(body)}
</main>
</div>
<footer>Tables: a heading sorts, the field above filters. Figures: a click enlarges, \
Escape closes.</footer>
</div>
<dialog><div class="enlarged">
<button class="plain" type="button" data-close autofocus>Close</button>
<div data-stage tabindex="0"></div>
</div></dialog>
<!-- DataTables and its companions as itables bundles them; licenses stand within. -->
<script type="text/plain" id="page-datatables">{_library()}</script>
<script type="module">{script}</script>
</body>
</html>
"""
    path.write_text(text, "utf-8")
    return path


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
