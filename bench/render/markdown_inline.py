r"""Write words as a line of markdown in which all text is shown as it is.

The text stays readable in an editor: a character is escaped only where it would be
markup where it stands, by the rules of CommonMark and of GitHub's extensions to it
(https://github.github.com/gfm/). So ``[0.98, 1.00]``, ``F11_v1`` and ``p < 0.05`` stand
as they are, and ``*a*`` becomes ``\*a\*``.
"""

import re
import string
import unicodedata
from collections.abc import Iterator, Sequence
from html.entities import html5
from itertools import pairwise, product
from typing import Literal, TypeAlias
from urllib.parse import quote

from bench.render.blocks import Code, Link, Part, Strong
from bench.render.table_text import plain, spaced

# Where words stand: at the start of a paragraph or of an item of a list, where "# "
# would make a heading; in a later line of a paragraph, where "---" would make one of
# the line before; in a heading; or in a cell of a table, where "|" ends it.
Place: TypeAlias = Literal["paragraph", "line", "item", "heading", "cell"]

# Text without any of these is no markup, unless by its start or, in a heading, its end.
_SPECIAL = re.compile(r"[\\`*_~<&\[\]!$|@]|www\.|://", re.IGNORECASE)
_START = re.compile(
    r"""
      (?P<heading>\#)\#{0,5}(?:\ |$)
    | (?P<item>[-+*])(?:\ |$)
    | (?P<quote>>)
    | \d{1,9}(?P<number>[.)])(?:\ |$)
    | (?P<rule>[-_*])(?:\ ?(?P=rule)){2,}$
    | (?P<fence>`)`{2,}[^`]*$
    | (?P<tildes>~)~~
    | (?P<definition>\[)(?:[^\[\]]|\](?=\())*\]:
    | (?P<html><)[A-Za-z/!?]
    """,
    re.VERBOSE,
)
# After the "- " of an item: a task's box, or what would make the line a rule.
_ITEM_START = re.compile(r"\[[ xX]\](?: |$)|-(?: ?-)*$")
# Below another line: what would make that a heading, or the head of a table.
_LINE_START = re.compile(r"=+$|\|?(?: ?:?-+:? ?(?:\||$))+$")
_LAST_MARKS = re.compile(r"(?:^| )(#+)$")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|(?P<name>[A-Za-z0-9]+));")
# GitHub makes links of addresses that nobody marked as links.
_ADDRESS = re.compile(
    r"(?:https?|ftp)(?P<scheme>:)//(?=\S)|(?<![^\s*_~(])www(?P<www>\.)",
    re.IGNORECASE,
)
_MAIL = re.compile(
    r"(?<=[A-Za-z0-9.+_-])@(?=[A-Za-z0-9_-]*\.[A-Za-z0-9])(?=[0-9._-]*[A-Za-z])"
)
# A link of a mail address is made after backslashes and entities are replaced, but not
# across a comment.
_MAIL_BREAK = "<!-- -->"


class _Line:
    """A line of markdown, of which only some characters are somebody's text.

    The others are markup that this module wrote.

    Attributes
    ----------
    content
        The line, with its text not yet escaped.
    is_text
        For each character, whether it is text.
    links
        Start and end of the text of each link.
    """

    def __init__(self) -> None:
        self.content = ""
        self.is_text: list[bool] = []
        self.links: list[tuple[int, int]] = []

    def text(self, text: str) -> None:
        self.content += text
        self.is_text += [True] * len(text)

    def markup(self, markup: str) -> None:
        self.content += markup
        self.is_text += [False] * len(markup)

    def link(self, text: str, target: str) -> None:
        self.markup("[")
        start = len(self.content)
        self.text(text)
        self.links.append((start, len(self.content)))
        self.markup(f"]({link_target(target)})")

    def positions(self, pattern: str) -> Iterator[int]:
        """Yield where the text, not the markup, has a character."""
        for match in re.finditer(pattern, self.content):
            if self.is_text[match.start()]:
                yield match.start()


def inline(parts: Sequence[Part], place: Place = "paragraph") -> str:
    """Write words as a line of markdown, without spaces at its ends.

    Parameters
    ----------
    parts
        The words. White space of any kind, line breaks too, becomes one space.
    place
        Where the line stands.
    """
    line = _Line()
    _add(line, parts, place)
    return _escaped(line, place)


def image(alt: str, path: str, caption: Sequence[Part] = ()) -> str:
    """Write an image with its description, and in the line below it its caption."""
    line = _Line()
    line.markup("!")
    line.link(plain(alt), path)
    if caption:
        line.markup("\\\n")  # a backslash breaks the line, where a newline is a space
    start = len(line.content)
    _add(line, caption, "line")
    # GitHub's parser takes "![^" for "!" and the start of a footnote.
    return _escaped(line, "line", start).replace("![^", r"![\^", 1)


def _add(line: _Line, parts: Sequence[Part], place: Place) -> None:
    for piece, after in pairwise([*_pieces(parts), ""]):
        match piece:
            case Code(text):
                _add_code(line, text, in_cell=place == "cell")
            case Strong(text):
                _add_strong(line, text, _first_mark(after))
            case Link(text, target):
                line.link(text, target)
            case str(text):
                line.text(text)


def link_target(target: str) -> str:
    """Write the target of a link so that it is read unchanged."""
    quoted = quote(target.strip(), safe="/:?#&=%+,;@~")
    return _ENTITY.sub(r"\\\g<0>", quoted)


def _pieces(parts: Sequence[Part]) -> list[Part]:
    """Put words on one line; leave out what is empty, and join what stands together."""
    pieces: list[Part] = []
    for part in parts:
        match part:
            case str(text):
                before = pieces[-1] if pieces else None
                if isinstance(before, str):
                    text = before + text
                    pieces.pop()
                piece: Part = spaced(text)
            case Link(text, target):
                piece = Link(plain(text), target)
            case _:
                piece = type(part)(plain(part.text))
        if isinstance(piece, Link) or _text_in(piece):
            pieces.append(piece)
    if pieces and isinstance(pieces[0], str):
        pieces[0] = pieces[0].lstrip(" ")
    if pieces and isinstance(pieces[-1], str):
        pieces[-1] = pieces[-1].rstrip(" ")
    return pieces


def _text_in(piece: Part) -> str:
    return piece if isinstance(piece, str) else piece.text


def _first_mark(piece: Part) -> str:
    """Return the first character of a piece as it is written."""
    match piece:
        case Code():
            return "`"
        case Strong():
            return "*"
        case Link():
            return "["
        case _:
            return piece[:1]


def _add_code(line: _Line, text: str, *, in_cell: bool) -> None:
    # In a cell, "|" is escaped in code too, but a backslash before it cannot be. And
    # the marks of two neighbours would be read as one.
    if (in_cell and "\\|" in text) or line.content.endswith("`"):
        line.markup("<code>")
        line.text(text)
        line.markup("</code>")
        return
    marks = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    shown = text.replace("|", r"\|") if in_cell else text
    line.markup(f"{marks}{space}{shown}{space}{marks}")


def _add_strong(line: _Line, text: str, after: str) -> None:
    before = line.content[-1:]
    # Stars beside a letter do not enclose a bracket, and four stars are one mark. Of
    # what GitHub's parser finds beside stars, it skips "~".
    is_clear = all(
        "~" not in (outside, inside)
        and (
            _is_space(outside)
            or not _is_mark(inside)
            or _is_mark(outside, certainly=True)
        )
        for outside, inside in ((before, text[0]), (after, text[-1]))
    )
    is_after_stars = before == "*" and not line.is_text[-1]
    is_plain = is_clear and not is_after_stars
    line.markup("**" if is_plain else "<strong>")
    line.text(text)
    line.markup("**" if is_plain else "</strong>")


def _escaped(line: _Line, place: Place, start: int = 0) -> str:
    content = line.content
    if _SPECIAL.search(content):
        escaped = set(_marks_within(line))
        if place == "cell":
            escaped.update(line.positions(r"\|"))
        mails = set(_mails(line))
    else:
        escaped, mails = set(), set()
    at_ends = _marks_at_ends(content, place, start)
    escaped.update(i for i in at_ends if line.is_text[i])
    return "".join(
        "\\" * (i in escaped) + _MAIL_BREAK * (i in mails) + mark
        for i, mark in enumerate(content)
    )


def _marks_at_ends(content: str, place: Place, start: int) -> Iterator[int]:
    """Yield what would begin a block, or be left out at the end of a heading."""
    if place == "heading":
        if found := _LAST_MARKS.search(content):
            yield found.start(1)
    elif place != "cell":
        if found := _START.match(content, start):
            yield found.start(found.lastgroup or 0)
        if place == "item" and _ITEM_START.match(content, start):
            yield start
        if place == "line" and _LINE_START.match(content, start):
            yield start


def _marks_within(line: _Line) -> Iterator[int]:
    """Yield the positions of text that would be markup anywhere in a line."""
    content = line.content
    yield from line.positions(r"\\(?=[!-/:-@\[-`{-~])")
    # The comment within a mail address ends with ">" too.
    last_end = max(content.rfind(">"), *_mails(line), -1)
    tags = line.positions(r"<(?=[A-Za-z/!?]|[^\s<>]*@)")  # or an address in brackets
    yield from (i for i in tags if i < last_end)
    for match in _ENTITY.finditer(content):
        name = match["name"]
        if line.is_text[match.start()] and (name is None or f"{name};" in html5):
            yield match.start()
    yield from _brackets(line)
    for mark in "*_~":
        yield from _emphasis(line, mark)
    yield from _backticks(line)
    yield from _dollars(line)
    for match in _ADDRESS.finditer(content):
        i = match.start(match.lastgroup or 0)
        if line.is_text[i] and not _is_in_link(line, i):
            yield i


def _mails(line: _Line) -> list[int]:
    """Return where GitHub would find mail addresses: the positions of their @."""
    return [i for i in line.positions(_MAIL.pattern) if not _is_in_link(line, i)]


def _is_in_link(line: _Line, position: int) -> bool:
    return any(start <= position < end for start, end in line.links)


def _brackets(line: _Line) -> Iterator[int]:
    first = line.content.find("[")
    for i in line.positions(r"\](?=[(\[])"):
        if 0 <= first < i and not _is_in_link(line, i):
            yield i
    for i in line.positions(r"!(?=\[)"):
        if not line.is_text[i + 1]:  # the "[" of a link, which would be an image
            yield i
    for start, end in line.links:
        text = line.content[start:end]
        if "](" in text or "][" in text or not _is_balanced(text):
            yield from (start + m.start() for m in re.finditer(r"[\[\]]", text))


def _is_balanced(text: str) -> bool:
    depth = 0
    for mark in re.findall(r"[\[\]]", text):
        depth += 1 if mark == "[" else -1
        if depth < 0:
            return False
    return depth == 0


def _emphasis(line: _Line, mark: str) -> Iterator[int]:
    """Yield the marks of emphasis, or of text struck through, that are no such marks.

    Only where some of them could open it and later ones close it.
    """
    runs = []
    is_pair = has_opened = mark == "*" and "**" in _markup_of(line)
    for start, end in _text_runs(line, mark):
        opens, closes = _flanks(line.content, start, end, mark)
        is_pair |= has_opened and closes
        has_opened |= opens
        if opens or closes:
            runs.append((start, end))
    if is_pair:
        for start, end in runs:
            yield from range(start, end)


def _markup_of(line: _Line) -> str:
    return "".join(
        mark if not is_text else " "
        for mark, is_text in zip(line.content, line.is_text, strict=True)
    )


def _text_runs(line: _Line, mark: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each unbroken run of a mark in the text."""
    start = None
    for i, (found, is_text) in enumerate(zip(line.content, line.is_text, strict=True)):
        if found == mark and is_text:
            start = i if start is None else start
        elif start is not None:
            yield start, i
            start = None
    if start is not None:
        yield start, len(line.content)


def _flanks(content: str, start: int, end: int, mark: str) -> tuple[bool, bool]:
    """Return whether a run may open emphasis, and whether it may close it.

    By CommonMark's rules of flanking delimiters, of its versions with and without
    symbols such as ± among the punctuation.
    """
    neighbours = [(content[:start], content[end:])]
    # GitHub's parser skips "~" to find the neighbours of other marks.
    neighbours.append((content[:start].rstrip("~"), content[end:].lstrip("~")))
    opens = closes = False
    for (left, right), certainly in product(neighbours, (False, True)):
        before, after = left[-1:], right[:1]
        before_mark = _is_mark(before, certainly=certainly)
        after_mark = _is_mark(after, certainly=certainly)
        is_left = not _is_space(after) and (
            not after_mark or _is_space(before) or before_mark
        )
        is_right = not _is_space(before) and (
            not before_mark or _is_space(after) or after_mark
        )
        if mark == "_":
            opens |= is_left and (not is_right or before_mark)
            closes |= is_right and (not is_left or after_mark)
        else:
            opens |= is_left
            closes |= is_right
    return opens, closes


def _is_space(character: str) -> bool:
    return character in ("", " ", "\n")  # the start and end of a line are like spaces


def _is_mark(character: str, *, certainly: bool = False) -> bool:
    """Whether a character is punctuation; `certainly` leaves out symbols such as ±."""
    if not character:
        return False
    if character in string.punctuation:
        return True
    category = unicodedata.category(character)[0]
    return category == "P" or (category == "S" and not certainly)


def _backticks(line: _Line) -> Iterator[int]:
    """Yield backticks that could enclose code with others."""
    runs = list(_text_runs(line, "`"))
    lengths = {end - start for start, end in runs}
    # Escaped ones can still close what another opens: all are escaped, or none.
    if len(lengths) < len(runs) or "`" in _markup_of(line):
        for start, end in runs:
            yield from range(start, end)


def _dollars(line: _Line) -> Iterator[int]:
    """Yield dollar signs that could enclose a formula, as GitHub reads it."""
    found = list(line.positions(r"\$"))
    content = line.content
    opened = [i for i in found if not _is_space(content[i + 1 : i + 2])]
    closed = [i for i in found if not _is_space(content[i - 1 : i])]
    if opened and closed and opened[0] < closed[-1]:
        yield from found
