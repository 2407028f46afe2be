"""Read YAML files as plain data and remember the line of each value.

YAML 1.2 is composed to nodes and never to objects. Any tag, directive, anchor, alias,
duplicate key or invisible character is refused.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    ScalarEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from bench.base.errors import BenchError, MissingFileError
from bench.base.files import read_bytes
from bench.base.messages import shown

MAX_BYTES = 2**18
MAX_NODES = 10_000  # keys, values, lists and mappings: each takes some 60 µs to read
MAX_DEPTH = 32
MAX_KEY = 100  # characters
MAX_DIGITS = 100  # characters of a number; Python's own limit is 4300 digits
_CORE = "tag:yaml.org,2002:"
Location = tuple[str | int, ...]  # keys and positions, from the outermost


@dataclass(frozen=True)
class Document:
    """The content of a YAML file, and the lines it was written on.

    Attributes
    ----------
    path
        The file.
    data
        Dictionaries, lists, strings, numbers, booleans and None.
    lines
        Location in the file → its line, counted from 1.
    moved
        Location in the data → location in the file, for each part that was moved after
        the file was read (see `bench.suite.expansion`).
    files
        Location in the file → another file in which this part is written, for each part
        that was taken over from one (see `bench.suite.extending`).
    options
        Location in the file → the option of the command line that set this part (see
        `bench.suite.changes`).
    """

    path: Path
    data: Any
    lines: Mapping[Location, int]
    moved: Mapping[Location, Location] = field(default_factory=dict)
    files: Mapping[Location, Path] = field(default_factory=dict)
    options: Mapping[Location, str] = field(default_factory=dict)

    def written(self, *location: str | int) -> Location:
        """Return the location in the file of a part of the data."""
        for length in range(len(location), 0, -1):
            if location[:length] in self.moved:
                return self.moved[location[:length]] + location[length:]
        return location

    def file(self, *location: str | int) -> Path:
        """Return the file in which a part of the data is written."""
        written = self.written(*location)
        for length in range(len(written), 0, -1):
            if written[:length] in self.files:
                return self.files[written[:length]]
        return self.path

    def where(self, *location: str | int) -> str:
        """Return ``file:line`` of the innermost part of `location` that is written.

        Of a part that an option of the command line set, return the option.
        """
        written = self.written(*location)
        while written and not (written in self.lines or written in self.options):
            written = written[:-1]
        if written in self.options:
            return self.options[written]
        return f"{self.file(*location)}:{self.lines.get(written, 1)}"


def read_document(path: Path, error: type[BenchError]) -> Document:
    """Read a YAML file.

    Parameters
    ----------
    path
        The file.
    error
        The exception for a mistake; its message has file and line.

    Raises
    ------
    MissingFileError
        If the file cannot be read.
    error
        If the file is too large, is not YAML, or contains anything unsafe.
    """
    try:
        raw = read_bytes(path, MAX_BYTES)
    except OSError as problem:
        raise MissingFileError(
            f"{path}: cannot be read ({problem.strerror}); expected a YAML file"
        ) from None
    if len(raw) > MAX_BYTES:
        raise error(f"{path}: more than {MAX_BYTES} bytes; expected a smaller file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise error(
            f"{path}: not a text file in UTF-8; save it in that encoding"
        ) from None
    parsed = _parsed(text, lambda line: f"{path}:{line}" if line else f"{path}", error)
    if parsed is None:
        raise error(f"{path}: an empty file; expected a mapping of keys to values")
    return Document(path, *parsed)


def parse_value(text: str, place: str, error: type[BenchError]) -> Any:
    """Read a value as it would be read in a file, such as ``0.5`` or ``[1, 2]``.

    Parameters
    ----------
    text
        YAML 1.2, of one line.
    place
        Where the text stands, with which messages begin.
    error
        The exception for a mistake.
    """
    # An open list or mapping of a text of several lines would end in a later line.
    if "\n" in text or "\r" in text:
        raise error(f"{place}: found several lines; expected a value on one line")
    parsed = _parsed(text, lambda _: place, error)
    if parsed is None:
        raise error(f"{place}: found no value; expected one, such as 5, text or [1, 2]")
    return parsed[0]


def _parsed(
    text: str, where: Callable[[int], str], error: type[BenchError]
) -> tuple[Any, dict[Location, int]] | None:
    """Read a text as data and lines; None if it is empty.

    Parameters
    ----------
    where
        Names the place of a line, counted from 1; 0 stands for the whole text.
    """
    try:
        _refuse_unsafe(text, where, error)
        node = _yaml().compose(text)
    except ReaderError as problem:
        # This error has no line, unlike the others of ruamel.yaml.
        line = text.count("\n", 0, text.find(chr(problem.character))) + 1
        raise error(
            f"{where(line)}: the character U+{problem.character:04X}, which YAML does "
            "not allow; remove it"
        ) from None
    except YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        reason = getattr(problem, "problem", None) or "not YAML"
        raise error(f"{where(line)}: not readable as YAML: {shown(reason)}") from None
    except BenchError:
        raise
    except Exception as problem:
        # ruamel.yaml lets ValueError, OverflowError and others escape from a wrong
        # escape sequence or directive.
        raise error(
            f"{where(0)}: not readable as YAML: {shown(str(problem))}; remove "
            "directives and escapes"
        ) from None
    if node is None:
        return None
    reader = _Reader(where, error)
    return reader.read(node, ()), reader.lines


def flatten(fields: Any, name: str = "") -> dict[str, Any]:
    """Give every value of nested dictionaries a dotted name, such as ``inputs.size``.

    Lists and empty dictionaries count as values.
    """
    if not isinstance(fields, dict) or not fields:
        return {name: fields} if name else {}
    flat: dict[str, Any] = {}
    for key, value in fields.items():
        flat |= flatten(value, f"{name}.{key}" if name else key)
    return flat


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = "1.2"
    return yaml


def _refuse_unsafe(
    text: str, where_is: Callable[[int], str], error: type[BenchError]
) -> None:
    """Check the events of a text before it is composed.

    Composing expands aliases, so that a few lines could fill the memory.
    """
    depth = documents = nodes = 0
    for event in _yaml().parse(text):
        where = where_is(event.start_mark.line + 1)
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise error(f"{where}: an anchor or alias; write the value itself instead")
        if getattr(event, "tag", None) is not None:
            raise error(
                f"{where}: the tag {shown(str(event.tag), 60)}; expected plain YAML "
                "without tags"
            )
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if event.version or event.tags:
                raise error(f"{where}: a directive (%); expected none, remove it")
        if documents > 1:
            raise error(f"{where}: a second document; expected one document per file")
        starts = isinstance(event, CollectionStartEvent)
        nodes += starts or isinstance(event, ScalarEvent)
        if nodes > MAX_NODES:
            raise error(
                f"{where}: more than {MAX_NODES} keys and values by this line; split "
                "the file"
            )
        depth += starts - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise error(
                f"{where}: nested more than {MAX_DEPTH} levels deep; use fewer levels"
            )


class _Reader:
    """Converts nodes to plain data and records their lines."""

    def __init__(self, where: Callable[[int], str], error: type[BenchError]) -> None:
        self.where = where
        self.error = error
        self.lines: dict[Location, int] = {}

    def read(self, node: Node, location: Location) -> Any:
        self.lines.setdefault(location, node.start_mark.line + 1)
        match node:
            case MappingNode():
                return self._mapping(node, location)
            case SequenceNode():
                return [
                    self.read(child, (*location, i))
                    for i, child in enumerate(node.value)
                ]
        assert isinstance(node, ScalarNode)  # there is no fourth kind
        return self._scalar(node)

    def _mapping(self, node: MappingNode, location: Location) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            where = self._where(key_node)
            if not isinstance(key_node, ScalarNode):
                raise self.error(
                    f"{where}: found a list or mapping as a key; expected a word"
                )
            key = self._text(key_node)
            if len(key) > MAX_KEY or "\n" in key:
                raise self.error(
                    f"{where}: the key '{shown(key, 40)}'; expected one line of at "
                    f"most {MAX_KEY} characters"
                )
            if key in mapping:
                raise self.error(f"{where}: duplicate key '{key}'; keys must be unique")
            self.lines[(*location, key)] = key_node.start_mark.line + 1
            mapping[key] = self.read(value_node, (*location, key))
        return mapping

    def _scalar(self, node: ScalarNode) -> Any:
        text = self._text(node)
        kind = str(node.tag).removeprefix(_CORE)
        try:
            match kind:
                case "null":
                    return None
                case "bool":
                    return text.lower() == "true"
                case "int" | "float" if len(text) > MAX_DIGITS:
                    raise ValueError(text)
                case "int":
                    return int(text.replace("_", ""), 0)
                case "float":
                    return self._float(text)
        except ValueError:
            raise self.error(
                f"{self._where(node)}: '{text[:40]}' is not a finite number of at most "
                f"{MAX_DIGITS} characters; quote it if it is text"
            ) from None
        return text  # strings, and dates, which the core schema reads as strings

    def _text(self, node: ScalarNode) -> str:
        """Return the text of a scalar; refuse invisible characters.

        A tab alone may stand as a delimiter, which a suite gives.
        """
        text = str(node.value)
        try:  # JSON writes a character beyond U+FFFF as two escapes
            text = text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise self.error(
                f"{self._where(node)}: half a character (a lone surrogate); remove it"
            ) from None
        allowed = "\n\t" if node.style in ("|", ">") or text == "\t" else ""
        for character in text:
            if not character.isprintable() and character not in allowed:
                raise self.error(
                    f"{self._where(node)}: the character U+{ord(character):04X}, which "
                    "cannot be seen; remove it, or write text of several lines as a "
                    "block (|)"
                )
        return text

    def _where(self, node: Node) -> str:
        return self.where(node.start_mark.line + 1)

    def _float(self, text: str) -> float:
        value = float(text)  # raises for .inf and .nan, which are not Python's names
        if not math.isfinite(value):
            raise ValueError(text)
        return value
