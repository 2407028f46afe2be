"""Take over the content of another suite file, which ``extends`` names.

The content is joined before it is checked. Error messages still name the file and line
of each part, and paths stay relative to the file in which they are written, since the
document remembers where each part comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.base import (
    SUITES,
    BenchError,
    Document,
    Location,
    MissingFileError,
    did_you_mean,
    is_file,
    read_document,
    shown,
)

KEY, ADD = "extends", "add"
MOST = 5  # files that extend one another
LISTS = ("datasets", "classifiers")  # to which entries may be added
# These say what one file is, or what a person read in its report.
_NOT_TAKEN = ("version", "name", "answers", KEY, ADD)


def extend(document: Document, error: type[BenchError]) -> Document:
    """Join a suite file with the one that it extends, if it extends any.

    Keys of the file replace those of the other one. Mappings, such as ``stats``, are
    joined key by key, unless they differ in their ``mode``. Entries below ``add``
    follow those of the other file.

    Parameters
    ----------
    document
        The content of a suite file, a mapping that is not checked yet.
    error
        The exception for a mistake; its message has file and line.

    Raises
    ------
    MissingFileError
        If the other file cannot be read.
    error
        If files extend one another in a circle, or more than `MOST` of them.
    """
    return _extended(document, error, (document.path,))


def shipped_names() -> list[str]:
    """Return the names of the shipped suites."""
    return sorted(suite.stem for suite in SUITES.glob("*.yaml"))


def short_path(path: Path) -> Path:
    """Return a path relative to the current folder, if it is below it.

    In a checkout a shipped suite is: messages and reports show the shorter path.
    """
    is_below = path.is_absolute() and path.is_relative_to(Path.cwd())
    return path.relative_to(Path.cwd()) if is_below else path


def _extended(
    document: Document, error: type[BenchError], chain: tuple[Path, ...]
) -> Document:
    data = document.data
    if KEY not in data:
        if ADD in data:
            raise error(
                f"{document.where(ADD)}: {ADD}: found no '{KEY}' beside it; expected "
                f"the suite whose lists it adds to, or no '{ADD}'"
            )
        return document
    where = f"{document.where(KEY)}: {KEY}"
    path = _find(data[KEY], where, chain, error)
    if len(chain) == MOST:
        raise error(
            f"{where}: found more than {MOST} files that extend one another; write "
            "them as fewer files"
        )
    base = read_document(path, error)
    if not isinstance(base.data, dict):
        raise error(f"{path}:1: expected a mapping of keys to values")
    if (version := base.data.get("version")) != document.data.get("version"):
        raise error(
            f"{base.where('version')}: version: found {shown(repr(version), 60)}; "
            f"expected {shown(repr(data.get('version')), 60)}, as in the file that "
            f"extends it, {document.path}"
        )
    base = _extended(base, error, (*chain, path))
    return _added(_joined(base, document), error)


def _find(
    name: Any, where: str, chain: tuple[Path, ...], error: type[BenchError]
) -> Path:
    """Find the file that a suite extends: beside it, or a shipped one."""
    if not (isinstance(name, str) and name):
        raise error(
            f"{where}: found {shown(repr(name), 60)}; expected the path of a suite, "
            "or the name of a shipped one"
        )
    folder = chain[-1].parent
    candidates = [folder / name]
    if Path(name).name == name:  # a name, without a folder
        candidates += [folder / f"{name}.yaml", SUITES / f"{name}.yaml"]
    found = [path for path in candidates if is_file(path)]
    # A suite "seed.yaml" may extend the shipped suite "seed".
    others = [path for path in found if not path.samefile(chain[-1])]
    path = next(iter(others or found), None)
    if path is None:
        known = shipped_names()
        raise MissingFileError(
            f"{where}: no suite '{shown(name, 80)}' in {folder} or among the shipped "
            f"ones ({', '.join(known)}){did_you_mean(Path(name).stem, known)}"
        )
    if any(path.samefile(earlier) for earlier in chain):
        files = " → ".join(map(str, [*chain, path]))
        raise error(f"{where}: found a circle, {files}; remove one of its '{KEY}'")
    return short_path(path)


@dataclass
class _Join:
    """The parts of a joined document, which grow."""

    data: dict[str, Any]
    lines: dict[Location, int]
    files: dict[Location, Path]

    def take(self, base: Document, location: Location) -> None:
        """Take over where a part of the base is written."""

        def within(at: Location) -> bool:
            return at[: len(location)] == location

        self.files[location] = base.path
        self.files |= {at: file for at, file in base.files.items() if within(at)}
        self.lines |= {at: line for at, line in base.lines.items() if within(at)}


def _joined(base: Document, own: Document) -> Document:
    """Join two documents; what the own one says replaces what the base says."""
    taken = {key: part for key, part in base.data.items() if key not in _NOT_TAKEN}
    join = _Join(taken | own.data, dict(own.lines), {})
    for key, part in taken.items():
        if key not in own.data:
            join.take(base, (key,))
        elif _are_joined(part, own.data[key]):
            join.data[key] = part | own.data[key]
            for inner in part.keys() - own.data[key].keys():
                join.take(base, (key, inner))
    return Document(own.path, join.data, join.lines, files=join.files)


def _are_joined(part: Any, own: Any) -> bool:
    if not (isinstance(part, dict) and isinstance(own, dict)):
        return False
    # Another mode, of `training`, has other keys.
    return bool(own.get("mode", part.get("mode")) == part.get("mode"))


def _added(document: Document, error: type[BenchError]) -> Document:
    """Move the entries below ``add`` to the ends of their lists."""
    data = {key: part for key, part in document.data.items() if key not in (KEY, ADD)}
    lines, files = dict(document.lines), dict(document.files)
    for part, entries in _additions(document, error).items():
        before = data.get(part, [])
        if not isinstance(before, list):
            continue  # the schema refuses it
        data[part] = [*before, *entries]
        for position in range(len(entries)):
            source, target = (ADD, part, position), (part, len(before) + position)
            files[target] = document.path
            lines |= {
                target + at[3:]: line
                for at, line in document.lines.items()
                if at[:3] == source
            }
    return replace(document, data=data, lines=lines, files=files)


def _additions(document: Document, error: type[BenchError]) -> Mapping[str, list[Any]]:
    additions = document.data.get(ADD, {})
    expected = f"expected lists of entries to add: {', '.join(LISTS)}"
    if not isinstance(additions, dict):
        raise error(
            f"{document.where(ADD)}: {ADD}: found {shown(repr(additions), 60)}; "
            f"{expected}"
        )
    for part, entries in additions.items():
        where = f"{document.where(ADD, part)}: {ADD}.{part}"
        if part not in LISTS:
            raise error(
                f"{where}: unknown key '{part}'{did_you_mean(part, LISTS)}; {expected}"
            )
        if not isinstance(entries, list):
            raise error(f"{where}: found {shown(repr(entries), 60)}; expected a list")
    return additions
