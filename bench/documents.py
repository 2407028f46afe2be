"""YAML files as plain data, with the line that each value stands on.

YAML 1.2, composed to nodes and never to objects: any tag outside the core schema,
any anchor or alias and any duplicate key is refused.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, DocumentStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bench.errors import BenchError, MissingFileError

MAX_BYTES = 2**20
MAX_DEPTH = 32
_CORE = "tag:yaml.org,2002:"
_CORE_TAGS = {
    _CORE + name for name in ("str", "int", "float", "bool", "null", "map", "seq")
}


@dataclass(frozen=True)
class Document:
    """What a file says.

    Attributes
    ----------
    path
        The file.
    data
        Dictionaries, lists, strings, numbers, booleans and None.
    lines
        For each path of keys and positions, the line (from 1) where it stands.
    """

    path: Path
    data: Any
    lines: dict[tuple[str | int, ...], int]

    def where(self, *location: str | int) -> str:
        """Return ``file:line`` of the innermost part of `location` that is written."""
        found = location
        while found and found not in self.lines:
            found = found[:-1]
        return f"{self.path}:{self.lines.get(found, 1)}"


def read_document(path: Path, error: type[BenchError]) -> Document:
    """Read a YAML file; raise `error`, with file and line, on anything unsafe."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as problem:
        raise MissingFileError(
            f"{path}: cannot be read ({problem.strerror}); expected a YAML file"
        ) from None
    if len(raw) > MAX_BYTES:
        raise error(f"{path}: more than {MAX_BYTES} bytes; no such file needs them")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise error(f"{path}: not a text file in UTF-8") from None
    try:
        _refuse_unsafe(text, path, error)
        node = _yaml().compose(text)
    except YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        reason = getattr(problem, "problem", None) or "no YAML"
        raise error(f"{path}:{line}: not readable as YAML: {reason}") from None
    if node is None:
        raise error(f"{path}: an empty file; expected a mapping of keys to values")
    reader = _Reader(path, error)
    return Document(path, reader.read(node, ()), reader.lines)


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = "1.2"
    return yaml


def _refuse_unsafe(text: str, path: Path, error: type[BenchError]) -> None:
    """Look at the events, before anything is composed: aliases are never expanded."""
    depth = documents = 0
    for event in _yaml().parse(text):
        where = f"{path}:{event.start_mark.line + 1}"
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise error(f"{where}: an anchor or alias; write the value out instead")
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag) not in _CORE_TAGS:
            raise error(f"{where}: the tag {tag}; expected plain YAML without tags")
        documents += isinstance(event, DocumentStartEvent)
        if documents > 1:
            raise error(f"{where}: a second document; expected one a file")
        kind = type(event).__name__
        depth += kind.endswith(("SequenceStartEvent", "MappingStartEvent"))
        depth -= kind.endswith(("SequenceEndEvent", "MappingEndEvent"))
        if depth > MAX_DEPTH:
            raise error(f"{where}: nested more than {MAX_DEPTH} deep")


class _Reader:
    """Turns nodes into data and notes their lines."""

    def __init__(self, path: Path, error: type[BenchError]) -> None:
        self.path = path
        self.error = error
        self.lines: dict[tuple[str | int, ...], int] = {}

    def read(self, node: Node, location: tuple[str | int, ...]) -> Any:
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

    def _mapping(
        self, node: MappingNode, location: tuple[str | int, ...]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            where = f"{self.path}:{key_node.start_mark.line + 1}"
            if not isinstance(key_node, ScalarNode):
                raise self.error(f"{where}: a key that is no plain word")
            key = str(key_node.value)
            if key in found:
                raise self.error(f"{where}: the key '{key}' stands here twice")
            self.lines[(*location, key)] = key_node.start_mark.line + 1
            found[key] = self.read(value_node, (*location, key))
        return found

    def _scalar(self, node: ScalarNode) -> Any:
        text = str(node.value)
        tag = str(node.tag).removeprefix(_CORE)
        try:
            match tag:
                case "null":
                    return None
                case "bool":
                    return text.lower() == "true"
                case "int":
                    return int(text.replace("_", ""), 0)
                case "float":
                    return self._float(text)
        except ValueError:
            where = f"{self.path}:{node.start_mark.line + 1}"
            raise self.error(
                f"{where}: '{text[:40]}' is no number; quote it if it is text"
            ) from None
        return text  # strings, and dates, which the core schema reads as strings

    def _float(self, text: str) -> float:
        value = float(text)  # .inf and .nan are no numbers to Python, nor to us
        if not math.isfinite(value):
            raise ValueError(text)
        return value
