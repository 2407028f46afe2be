"""Drawings as a part of a page, so that they have its colours and can be highlighted.

Only elements and attributes of an allow-list become a part of a page: a drawing with a
script, a style sheet or an address of another file stays an image.
"""

import re
from xml.etree import ElementTree

SVG = "http://www.w3.org/2000/svg"
_ELEMENTS = {
    "clipPath",
    "circle",
    "defs",
    "desc",
    "ellipse",
    "g",
    "image",
    "line",
    "marker",
    "path",
    "polygon",
    "polyline",
    "rect",
    "svg",
    "text",
    "title",
    "tspan",
    "use",
}
_NAME = re.compile(r"(?!on)[a-zA-Z][\w-]*")
_ADDRESS = re.compile(r"#[\w-]+|data:image/png;base64,[A-Za-z0-9+/=]*")
_REFERENCE = re.compile(r"url\((?!#[\w-]+\))", re.IGNORECASE)
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def inline_svg(content: bytes, words: str) -> str | None:
    """Return a drawing as markup of a page; None if it holds more than shapes and text.

    Parameters
    ----------
    content
        The SVG file.
    words
        What it shows, for readers who cannot see it.
    """
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return None
    try:
        drawing = ElementTree.fromstring(content)
    except ElementTree.ParseError:
        return None
    if _tag(drawing) != "svg" or not all(map(_is_harmless, drawing.iter())):
        return None
    drawing.set("role", "img")
    drawing.set("aria-label", words)
    return _written(drawing)


def _is_harmless(element: ElementTree.Element) -> bool:
    if _tag(element) not in _ELEMENTS:
        return False
    for name, value in element.attrib.items():
        if not _NAME.fullmatch(name) or name == "style":
            return False
        if name == "href" and not _ADDRESS.fullmatch(value):
            return False
        if _REFERENCE.search(value):
            return False
    return True


def _tag(element: ElementTree.Element) -> str:
    """Return the name of an SVG element; empty for another one."""
    space, _, name = str(element.tag).rpartition("}")
    return name if space == f"{{{SVG}" else ""


def _written(element: ElementTree.Element) -> str:
    """Write an element as HTML reads it: no namespaces, no end tag left out."""
    tag = _tag(element)
    attributes = "".join(
        f' {name}="{value.translate(_ESCAPED)}"'
        for name, value in element.attrib.items()
    )
    inside = (element.text or "").translate(_ESCAPED)
    for child in element:
        inside += _written(child) + (child.tail or "").translate(_ESCAPED)
    return f"<{tag}{attributes}>{inside}</{tag}>" if inside else f"<{tag}{attributes}/>"
