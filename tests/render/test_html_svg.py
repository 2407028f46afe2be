import pytest

from bench.render.html_svg import inline_svg

SPACE = 'xmlns="http://www.w3.org/2000/svg"'


def test_shapes_and_texts_become_markup_with_words():
    content = (
        f'<svg {SPACE} width="9"><g data-classifier="a&amp;b"><path d="M0 0h9"/></g>'
        '<clipPath id="f1"><rect width="9"/></clipPath><text clip-path="url(#f1)">'
        "a &lt;b&gt; é</text></svg><!-- drawn by -->"
    ).encode()
    assert inline_svg(content, 'a "figure"') == (
        '<svg width="9" role="img" aria-label="a &quot;figure&quot;">'
        '<g data-classifier="a&amp;b"><path d="M0 0h9"/></g>'
        '<clipPath id="f1"><rect width="9"/></clipPath>'
        '<text clip-path="url(#f1)">a &lt;b&gt; é</text></svg>'
    )


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<style>p { color: red }</style>",
        '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>',
        '<p xmlns="http://www.w3.org/1999/xhtml">x</p>',
        '<a href="https://example.org"><path/></a>',
        '<path onclick="alert(1)"/>',
        '<path style="fill: red"/>',
        '<image href="https://example.org/a.png"/>',
        '<image href="data:image/svg+xml;base64,AA=="/>',
        '<use href="other.svg#a"/>',
        '<path fill="url(https://example.org/a.svg#b)"/>',
        '<animate attributeName="href" values="javascript:alert(1)"/>',
        "<g>",
    ],
)
def test_anything_else_stays_an_image(inside):
    assert inline_svg(f"<svg {SPACE}>{inside}</svg>".encode(), "words") is None


def test_entities_are_not_read():
    bomb = f'<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg {SPACE}><text>&a;</text></svg>'
    assert inline_svg(bomb.encode(), "words") is None
