"""What markdown shows, and which of its escapes are not needed.

The parser is markdown-it with GitHub's tables and text struck through. It knows no
links without marks, formulas and lists of tasks, which GitHub reads too; the functions
here have rules of their own for those.
"""

import re
from collections.abc import Iterator
from functools import cache
from html.entities import html5
from html.parser import HTMLParser

from markdown_it import MarkdownIt

# What GitHub makes a link of, without any mark.
BARE_LINK = re.compile(
    r"(?:https?|ftp)://\S|(?<![^\s*_~(])www\."
    r"|[A-Za-z0-9.+_-]@[A-Za-z0-9_-]*\.[A-Za-z0-9_.-]*[A-Za-z]",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|(\w+));")
_FENCED = re.compile(r"(?ms)^(`{3,}|~{3,}).*?^\1[`~]*$")
_ESCAPE = re.compile(r"\\[!-/:-@\[-`{-~]")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.texts += [value for name, value in attrs if name == "alt"]

    def handle_data(self, data):
        self.texts.append(data)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def shown(markdown: str) -> tuple[str, list[str]]:
    """Return the text that a reader sees, on one line, and the elements it stands in.

    An image is its description. Text outside of an element, such as the newline
    between two, is text too.
    """
    reader = _Reader()
    reader.feed(_parser().render(markdown))
    reader.close()
    return " ".join("".join(reader.texts).split()), reader.tags


def entities_in(markdown: str) -> list[str]:
    r"""List the entities and backslashes of a file that it does not need.

    Each with its line, such as ``3: \[ in 'accuracy \[0.9, 1\]'``. One is needed if
    the text would be shown otherwise with all of its kind in the line, or in the cell
    of a table, replaced by what they stand for.
    """
    # A block of code keeps its lines, so that numbers of lines stay right.
    text = _FENCED.sub(lambda match: "\n" * match[0].count("\n"), markdown)
    found = []
    lines = text.splitlines()
    for number, (before, line) in enumerate(zip(["", *lines], lines), 1):  # noqa: B905
        if re.match(r"</?(?:details|summary)\b", line):
            # HTML, in which a backslash is a backslash.
            for entity in re.finditer(r"&lt;(?![A-Za-z/!?])|&amp;(?!#?\w+;)", line):
                found.append(f"{number}: {entity[0]} in {line!r}")
            continue
        is_row = line.startswith("|")
        form = "| head |\n|---|\n| {} |\n" if is_row else "{}\n"
        form = "before\\\n{}\n" if before.endswith("\\") else form
        for unit in _cells(line) if is_row else [line]:
            found += [
                f"{number}: {escape} in {unit.strip()!r}"
                for escape in _unneeded(unit.strip(), form)
            ]
    return found


def _cells(row: str) -> list[str]:
    return re.findall(r"(?:\\.|[^|\\])+", row)


def _unneeded(unit: str, form: str) -> Iterator[str]:
    """Yield what a unit does not need; `form` is a document with a place for it."""
    escapes = list(_escapes(unit))
    for escape in sorted({text for _, text in escapes}):
        positions = [i for i, text in escapes if text == escape]
        if escape.startswith("&") or not _is_githubs(unit, escape):
            changed = unit
            for i in reversed(positions):
                changed = changed[:i] + _meaning(escape) + changed[i + len(escape) :]
            documents = [form.replace("{}", text) for text in (unit, changed)]
            if shown(documents[0]) == shown(documents[1]):
                yield escape


def _escapes(unit: str) -> Iterator[tuple[int, str]]:
    """Yield each backslash with what it escapes, and each entity, outside of code."""
    i = 0
    while i < len(unit):
        if match := _ESCAPE.match(unit, i):
            yield i, match[0]
        elif match := re.compile("`+").match(unit, i):
            marks = match[0]
            ends = re.compile(f"(?<!`){marks}(?!`)").search(unit, match.end())
            i = ends.end() if ends else match.end()
            continue
        elif (match := _ENTITY.match(unit, i)) and _is_known(match):
            yield i, match[0]
        i = match.end() if match else i + 1


def _is_known(entity: re.Match[str]) -> bool:
    return entity[1] is None or f"{entity[1]};" in html5


def _meaning(escape: str) -> str:
    return shown(escape)[0] if escape.startswith("&") else escape[1:]


def _is_githubs(unit: str, escape: str) -> bool:
    """Whether GitHub, other than the parser, could need the escape."""
    plain = unit.replace(escape, escape[1:])
    return {
        "\\:": bool(re.search(r"(?i)(?:https?|ftp)\\://", unit)),
        "\\.": bool(re.search(r"(?i)www\\\.", unit)),
        "\\$": bool(re.search(r"\$\S.*\S\$|\$\S\$", plain)),
        "\\~": bool(re.search(r"~[^\s~].*~|~[^\s~]~", plain)),
        "\\]": bool(re.search(r"\[.*\\\]\\?\[", unit)),  # may refer to a definition
        "\\[": bool(re.match(r"\s*- \\\[[ xX]\]", unit)),  # a task
        "\\^": "![\\^" in unit,
    }.get(escape, False)
