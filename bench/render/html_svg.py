"""Drawings as a part of a page, so that they have its colours and can be highlighted.

A folder of figures may come from anybody. A drawing becomes a part of a page only if it
holds nothing but the elements and attributes listed here: no script, no style sheet, no
other file's address. Any other one stays an image, in which nothing runs.
"""

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from bench.render.table_text import plain

_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
MOST_BYTES = 2**20  # a larger drawing would make the page slow
_DEEPEST = 32

# Without `use` and patterns: nested, a few lines of them draw without end.
_SHAPES = """
    circle clipPath defs desc ellipse g image line linearGradient marker path polygon
    polyline radialGradient rect stop svg text title tspan
"""
_PLACES = """
    cx cy d dx dy fx fy gradientTransform gradientUnits height offset overflow
    pathLength points preserveAspectRatio r rotate rx ry transform version viewBox width
    x x1 x2 y y1 y2
"""
_PAINTS = """
    clip-path clip-rule clipPathUnits color display fill fill-opacity fill-rule
    image-rendering marker-end marker-mid marker-start markerHeight markerUnits
    markerWidth opacity orient paint-order refX refY shape-rendering stop-color
    stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap
    stroke-linejoin stroke-miterlimit stroke-opacity stroke-width vector-effect
    visibility
"""
_LETTERS = """
    dominant-baseline font-family font-size font-style font-weight lengthAdjust
    letter-spacing text-anchor textLength
"""
_ELEMENTS = frozenset(_SHAPES.split())
_TEXTS = frozenset({"text", "tspan", "title", "desc"})
_ATTRIBUTES = frozenset(
    [*(_PLACES + _PAINTS + _LETTERS).split(), "data-classifier", "data-dataset"]
)
_CALLED = "hsl hsla matrix rgb rgba rotate scale skewX skewY translate url var"
_FUNCTIONS = frozenset(_CALLED.split())
_ID = r"[\w:.-]+"
_URL = re.compile(rf"url\(#({_ID})\)")
_PIXELS = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=\s]*")
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def inline_svg(content: bytes, words: str, prefix: str) -> str | None:
    """Return a drawing as markup of a page.

    Parameters
    ----------
    content
        The SVG file.
    words
        What it shows, for readers who cannot see it.
    prefix
        Begins each id of the drawing, so that it is unique in the page.

    Returns
    -------
    str or None
        None if it holds anything that is not listed here, or is larger than a
        mebibyte.
    """
    try:
        text = content.decode("utf-8")
        # A document type may define entities, which grow as they are replaced.
        if len(content) > MOST_BYTES or "<!DOCTYPE" in text or "<!ENTITY" in text:
            return None
        drawing = ElementTree.fromstring(text)
        if _name(drawing) != "svg":
            return None
        told = f' role="img" aria-label="{_escaped(plain(words))}"'
        return "".join(_written(drawing, prefix, told))
    except (ValueError, ElementTree.ParseError):  # a wrong encoding is a ValueError
        return None


def _written(
    element: Element, prefix: str, told: str = "", depth: int = 0
) -> Iterator[str]:
    """Yield an element as HTML reads it: without namespaces, and with its end.

    Raises
    ------
    ValueError
        If something in it is not listed above.
    """
    tag = _name(element)
    if tag not in _ELEMENTS or depth > _DEEPEST or (tag == "svg" and depth):
        raise ValueError(f"found the element {element.tag}")
    attributes = "".join(
        _attribute(name, value, tag, prefix) for name, value in element.attrib.items()
    )
    yield f"<{tag}{told}{attributes}>"
    # HTML may stand in a title and a description; here only text may.
    if tag in ("title", "desc") and len(element):
        raise ValueError("found elements in a description")
    keeps_text = tag in _TEXTS
    yield _escaped(element.text or "") if keeps_text else ""
    for child in element:
        yield from _written(child, prefix, depth=depth + 1)
        yield _escaped(child.tail or "") if keeps_text else ""
    yield f"</{tag}>"


def _attribute(name: str, value: str, tag: str, prefix: str) -> str:
    if name in ("href", f"{_LINK}href"):
        if tag == "image" and _PIXELS.fullmatch(value):
            return f' href="{_escaped(value)}"'
        raise ValueError(f"found the address {value}")
    if name == "id":
        if not re.fullmatch(_ID, value):
            raise ValueError(f"found the id {value}")
        return f' id="{prefix}{value}"'
    if name not in _ATTRIBUTES:
        raise ValueError(f"found the attribute {name}")
    if not name.startswith("data-"):
        called = re.findall(r"([\w-]*)\s*\(", value)
        # A backslash could write the name of a function in another way.
        if "\\" in value or not _FUNCTIONS.issuperset(called):
            raise ValueError(f"found the value {value}")
        if called.count("url") != len(_URL.findall(value)):
            raise ValueError(f"found the address {value}")
        value = _URL.sub(rf"url(#{prefix}\1)", value)
    return f' {name}="{_escaped(value)}"'


def _name(element: Element) -> str:
    """Return the name of an SVG element; empty for another one."""
    return element.tag.removeprefix(_SVG) if element.tag.startswith(_SVG) else ""


def _escaped(text: str) -> str:
    return text.translate(_ESCAPED)
