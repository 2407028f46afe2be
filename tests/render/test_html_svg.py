"""Drawings in a page: nothing runs, nothing is loaded, and no id stands twice."""

import re
from html.parser import HTMLParser

import pytest

from bench.render.html_svg import MOST_BYTES, inline_svg

NAMESPACES = (
    'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
)


def drawing(inside: str, attributes: str = "") -> bytes:
    return f"<svg {NAMESPACES} {attributes}>{inside}</svg>".encode()


def test_a_drawing_keeps_its_shapes_and_text_under_ids_of_its_own() -> None:
    content = drawing(
        '\n<clipPath id="c.1"><rect width="9"/></clipPath><!-- a comment -->\n'
        '<g data-classifier="&lt;b&gt; &quot;x(" clip-path="url(#c.1)">'
        '<path d="M0 0l1-1" fill="var(--soft,#666)" marker-end="url(#m)"/></g>\n'
        '<text x="1">a &amp; b <tspan>c</tspan> d</text><title>t &lt;b&gt;</title>'
        '<image href="data:image/png;base64,AA+/=="/>',
        'viewBox="0 0 9 9" width="9"',
    )
    assert inline_svg(content, 'what "it" shows', "f1_") == (
        '<svg role="img" aria-label="what &quot;it&quot; shows" viewBox="0 0 9 9" '
        'width="9"><clipPath id="f1_c.1"><rect width="9"></rect></clipPath>'
        '<g data-classifier="&lt;b&gt; &quot;x(" clip-path="url(#f1_c.1)">'
        '<path d="M0 0l1-1" fill="var(--soft,#666)" marker-end="url(#f1_m)"></path></g>'
        '<text x="1">a &amp; b <tspan>c</tspan> d</text><title>t &lt;b&gt;</title>'
        '<image href="data:image/png;base64,AA+/=="></image></svg>'
    )


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<style>*{fill: red}</style>",
        "<foreignObject><b/></foreignObject>",
        '<foreignObject xmlns="http://www.w3.org/1999/xhtml"/>',
        '<img xmlns="http://www.w3.org/1999/xhtml" src="x"/>',
        '<path onclick="alert(1)"/>',
        '<path onload="alert(1)"/>',
        '<path style="fill: red"/>',
        '<path class="warning"/>',
        '<a href="javascript:alert(1)"/>',
        '<use href="#a"/>',
        '<use xlink:href="https://a.org/b.svg#c"/>',
        '<image href="https://a.org/b.png"/>',
        '<image xlink:href="data:image/svg+xml;base64,AA"/>',
        '<path href="#a"/>',
        '<path fill="url(https://a.org/#b)"/>',
        '<path fill="url(&quot;#b&quot;)"/>',
        '<path fill="URL(#b)"/>',
        '<path fill="u\\72l(https://a.org)"/>',
        '<path fill="image-set(&quot;https://a.org&quot;)"/>',
        '<path fill="var(--x, url(https://a.org))"/>',
        '<set attributeName="href" to="javascript:alert(1)"/>',
        '<animate attributeName="fill"/>',
        '<path id="a b"/>',
        '<path tabindex="0"/>',
        '<path xml:base="https://a.org"/>',
        "<title><tspan>a</tspan></title>",
        "<svg/>",
        "<g>" * 40 + "</g>" * 40,
        "<g>" * 5000 + "</g>" * 5000,
        "<g>",
        "\ud800",
        f"<desc>{'a' * MOST_BYTES}</desc>",
    ],
)
def test_a_drawing_with_anything_else_is_no_part_of_a_page(inside: str) -> None:
    content = f"<svg {NAMESPACES}>{inside}</svg>".encode(errors="surrogatepass")
    assert inline_svg(content, "x", "f1_") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg/>",
        b'<html xmlns="http://www.w3.org/1999/xhtml"/>',
        b'<!DOCTYPE svg [<!ENTITY a "b">]>' + drawing("<text>&a;</text>"),
        drawing("").decode().encode("utf-16"),
        drawing("<text>é</text>").decode().encode("latin-1"),
    ],
)
def test_what_is_no_svg_in_utf_8_is_no_part_of_a_page(content: bytes) -> None:
    assert inline_svg(content, "x", "f1_") is None


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def test_text_of_a_drawing_is_no_markup() -> None:
    words = "&lt;/text&gt;&lt;/svg&gt;&lt;script&gt;"
    content = drawing(f"<text>{words}</text><desc>{words}</desc>{words}")
    markup = inline_svg(content, "</svg><script>", "f1_") or ""
    reader = _Tags()
    reader.feed(markup)
    assert reader.tags == ["svg", "text", "desc"]
    assert not re.search("<script", markup)
