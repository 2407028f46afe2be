"""The web page of a report that is a README.md alone, such as that of an example.

Its markdown may come from a stranger: HTML in it is text, its images are files of its
folder, and its links lead to files of the site or to the web.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bench.base import StoreError, shown
from bench.render import Link, write_markup

README = "README.md"
MOST_BYTES = 8 * 2**20  # of a README.md, and of an image
_IMAGES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}


@dataclass
class Readme:
    """What a README.md says.

    Attributes
    ----------
    title
        Its first heading of the first level; that is not a part of `body`.
    body
        Its markup, in which all text is escaped.
    headings
        Level, title and id of the other headings.
    summary
        The text of its first paragraph.
    image
        Its first image as an address with its content; empty without one.
    """

    title: str
    body: str = ""
    headings: list[tuple[int, str, str]] = field(default_factory=list)
    summary: str = ""
    image: str = ""


def write_readme_page(
    readme: Readme, target: Path, others: Sequence[Link] = ()
) -> Path:
    """Write the page of a README.md; return its path."""
    return write_markup(
        target,
        title=readme.title,
        body=readme.body,
        headings=readme.headings,
        links=others,
    )


def read_readme(folder: Path, files: Sequence[str] = ()) -> Readme:
    """Read the README.md of a folder.

    Parameters
    ----------
    files
        The names of files in the folder to which its page may link.

    Raises
    ------
    StoreError
        If it cannot be read.
    """
    path = folder / README
    try:
        if path.stat().st_size > MOST_BYTES:
            raise StoreError(
                f"{path}: found {path.stat().st_size} bytes; expected at most "
                f"{MOST_BYTES}"
            )
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(
            f"{path}: cannot be read ({shown(str(error), 200)}); expected markdown"
        ) from None
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    readme = Readme(folder.name)
    tokens = _titled(parser.parse(text), readme)
    for token in tokens:
        if token.type == "inline":
            token.children = list(_checked(token.children or [], folder, files, readme))
    body = parser.renderer.render(tokens, parser.options, {})
    body = re.sub(r"<p>(<img [^>]*>)</p>", r"<figure>\1</figure>", body)
    readme.body = body.replace("<table>", '<div class="scroll" tabindex="0"><table>')
    readme.body = readme.body.replace("</table>", "</table></div>")
    return readme


def _titled(tokens: list[Token], readme: Readme) -> list[Token]:
    """Take the title from the tokens, and give the other headings ids."""
    kept: list[Token] = []
    used = {"page-text"}
    has_title = False
    i = 0
    while i < len(tokens):
        token = tokens[i]
        words = _words(tokens[i + 1]) if i + 1 < len(tokens) else ""
        if token.type == "heading_open":
            if token.tag == "h1" and not has_title:
                readme.title, has_title = words or readme.title, True
                i += 3  # the heading's opening, text and end
                continue
            base = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "section"
            name, number = base, 1
            while name in used:
                number += 1
                name = f"{base}-{number}"
            used.add(name)
            token.attrSet("id", name)
            readme.headings.append((int(token.tag[1]), words, name))
        elif token.type == "paragraph_open" and not readme.summary:
            readme.summary = words
        kept.append(token)
        i += 1
    return kept


def _words(token: Token) -> str:
    """Return the text of an inline token, without its emphasis and links."""
    parts = [
        child.content if child.type in ("text", "code_inline", "image") else " "
        for child in token.children or []
        if child.type in ("text", "code_inline", "image", "softbreak", "hardbreak")
    ]
    return " ".join("".join(parts).split())


def _checked(
    tokens: Sequence[Token], folder: Path, files: Sequence[str], readme: Readme
) -> list[Token]:
    """Put images into the page, and drop links that lead to nothing in a site."""
    kept: list[Token] = []
    dropped = False
    for token in tokens:
        if token.type == "image":
            address = _image(folder, str(token.attrGet("src") or ""))
            if address:
                token.attrSet("src", address)
                readme.image = readme.image or address
                kept.append(token)
            else:
                kept.append(Token("text", "", 0, content=f"[{token.content}]"))
        elif token.type == "link_open":
            target = _link(str(token.attrGet("href") or ""), files)
            dropped = not target
            if target:
                token.attrSet("href", target)
                kept.append(token)
        elif token.type == "link_close" and dropped:
            dropped = False
        else:
            kept.append(token)
    return kept


def _image(folder: Path, source: str) -> str:
    """Return an image of the folder as an address with its content, or nothing."""
    path = folder / unquote(source)
    kind = _IMAGES.get(path.suffix.lower())
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
        if kind is None or not inside or path.stat().st_size > MOST_BYTES:
            return ""
        content = path.read_bytes()
    except (OSError, ValueError):
        return ""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _link(target: str, files: Sequence[str]) -> str:
    """Return where a link leads in a site, or nothing."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return ""
    if parts.scheme in ("http", "https") or target.startswith("#"):
        return target
    if parts.scheme or parts.netloc:
        return ""
    path = PurePosixPath(unquote(parts.path))
    if path.as_posix() in files:
        return target
    # Another report, as `../NAME/README.md` or `../NAME`.
    if path.parts[:1] == ("..",) and ".." not in path.parts[1:]:
        name = [part for part in path.parts[1:] if part != README]
        return f"../{name[0]}/index.html" if len(name) == 1 else ""
    return ""
