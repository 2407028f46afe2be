"""Change values of a suite by options of the command line, before it is checked."""

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Self
from unicodedata import normalize

from bench.base import (
    BenchError,
    Document,
    Location,
    SuiteError,
    did_you_mean,
    named,
    parse_value,
    shown,
)
from bench.suite.classifiers import default_id, long_form
from bench.suite.recorded import DRAWS

ANSWERS = "answers"
_MOST = 1000  # characters of one change


@dataclass(frozen=True)
class Change:
    """A value that replaces one of a suite file.

    Attributes
    ----------
    option
        What was written on the command line, such as ``--set stats.margin=0.02``.
    name
        The dotted name of the value, such as ``datasets.normal-100.train``.
    value
        The value, as it would be written in the file: YAML 1.2.
    is_number
        Whether it is the number of repetitions of every dataset, as ``-n`` sets it.
        Then it also replaces the number of draws of recorded curves.
    """

    option: str
    name: str
    value: str
    is_number: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``KEY=VALUE``, as it stands after ``--set``.

        Raises
        ------
        SuiteError
            If it has another form.
        """
        name, equals, value = text.partition("=")
        name = name.strip()
        is_name = bool(name) and not name.endswith(".")
        if not (is_name and equals and len(text) <= _MOST and text.isprintable()):
            raise SuiteError(
                f"--set: found '{shown(text, 60)}'; expected KEY=VALUE, such as "
                "datasets.0.train=200"
            )
        return cls(f"--set {text}", name, value)

    @classmethod
    def of_repetitions(cls, n: int) -> Self:
        """Return the change that ``-n`` stands for."""
        return cls(f"-n {n}", "repetitions", str(n), is_number=True)


def change(
    document: Document, changes: Iterable[Change], error: type[BenchError]
) -> Document:
    """Set values of a suite; later changes follow on earlier ones.

    If any value is another one, the ``answers`` of the file are left out, since they
    were written about other results.

    Parameters
    ----------
    document
        The content of a suite file, a mapping that is not checked yet. Entries with a
        sweep or a grid are not expanded yet.
    changes
        The values. One that is equal to that in the file changes nothing.
    error
        The exception for a mistake; its message begins with the option.
    """
    for each in changes:
        for part in _of_each_dataset(document, each, error):
            document = _Setting(document, part, error).changed()
    if document.options and not any(at[0] == ANSWERS for at in document.options):
        data = {key: part for key, part in document.data.items() if key != ANSWERS}
        return replace(document, data=data)
    return document


def _of_each_dataset(
    document: Document, each: Change, error: type[BenchError]
) -> list[Change]:
    """Return the changes that one stands for: ``-n`` is for each kind of dataset.

    Draws of recorded curves are counted by their split. Folds and a given split are
    what they are: if a suite has no other datasets, ``-n`` is a mistake.
    """
    entries = document.data.get("datasets")
    if not each.is_number or not isinstance(entries, list):
        return [each]
    recorded = {
        i: entry
        for i, entry in enumerate(entries)
        if isinstance(entry, Mapping) and "recorded" in entry
    }
    drawn = {i: entry for i, entry in recorded.items() if _is_drawn(entry)}
    changes = [each] if len(recorded) < len(entries) or not entries else []
    for i, entry in drawn.items():
        if "split" not in entry and each.value == str(DRAWS):
            continue  # what it has by default
        name = f"datasets.{_id_of(entry) or i}.split.resample"
        changes.append(replace(each, name=name, is_number=False))
    if not changes and not drawn:
        first = _id_of(recorded[0]) or "0"
        raise error(
            f"{each.option}: the splits of recorded curves set their repetitions, and "
            f"that of '{first}' has no number of draws; expected no -n, or a split "
            f"with one, such as --set datasets.{first}.split={{resample: {each.value}}}"
        )
    return changes


def _is_drawn(entry: Mapping[str, Any]) -> bool:
    """Whether recorded curves, not checked yet, are divided by random draws."""
    split, source = entry.get("split"), entry["recorded"]
    if isinstance(split, Mapping):
        return "resample" in split
    files = source.get("files") if isinstance(source, Mapping) else None
    is_one = isinstance(files, str) or (isinstance(files, list) and len(files) == 1)
    return split is None and is_one


class _Setting:
    """One change: finds the part that it names, and replaces it."""

    def __init__(
        self, document: Document, each: Change, error: type[BenchError]
    ) -> None:
        self._document = document
        self._change = each
        self._error = error

    def changed(self) -> Document:
        """Return the document with the change."""
        value = parse_value(self._change.value, self._change.option, self._error)
        data = deepcopy(self._document.data)
        outer: Any = data
        at: Location = ()
        rest = self._change.name
        first_new: Location | None = None  # the outermost part that is not in the file
        while True:
            step, rest = self._step(outer, at, rest)
            at += (step,)
            if not rest:
                break
            if isinstance(outer, dict) and step not in outer:
                first_new = first_new or at
                outer[step] = {}
            if len(at) == 2 and at[0] == "classifiers" and isinstance(outer[step], str):
                name = outer[step]
                outer[step] = {"id": default_id(name)} | long_form(name)
            outer = outer[step]
        is_new = isinstance(outer, dict) and step not in outer
        if not is_new and _written(outer[step]) == _written(value):
            return self._document
        outer[step] = value
        n = len(at)
        set_parts = [at[:i] for i in range(len(first_new or at), n + 1)]
        document = self._document
        return replace(
            document,
            data=data,
            lines={k: line for k, line in document.lines.items() if k[:n] != at},
            options={k: o for k, o in document.options.items() if k[:n] != at}
            | dict.fromkeys(set_parts, self._change.option),
        )

    def _step(self, outer: Any, at: Location, rest: str) -> tuple[str | int, str]:
        """Return the first key or position of a name within a part, and the rest."""
        if isinstance(outer, dict):
            key, _, rest = rest.partition(".")
            if not key:
                raise self._mistake(at, "found an empty part of the name")
            return key, rest
        if not isinstance(outer, list):
            raise self._mistake(
                at,
                f"found {shown(_written(outer), 60)}, which has no parts; expected the "
                "name of a value, a list or a mapping",
            )
        positions = {
            **{str(i): i for i in range(len(outer))},
            # An id comes before a position.
            **{name: i for i, name in enumerate(map(_id_of, outer)) if name},
        }
        wanted = normalize("NFC", rest)
        # The longest one first, since ids may have dots.
        for name in sorted(positions, key=len, reverse=True):
            look = normalize("NFC", name)
            if wanted == look or wanted.startswith(f"{look}."):
                return positions[name], wanted[len(look) + 1 :]
        ids = [name for name in map(_id_of, outer) if name]
        first = rest.partition(".")[0]
        found = f"no entry '{shown(first, 60)}'{did_you_mean(first, ids)}"
        last = len(outer) - 1
        expected = f"a position from 0 to {last}" if outer else "no name, it is empty"
        if ids:
            expected += f", or an id: {', '.join(ids)}"
        raise self._mistake(at, f"{found}; expected {expected}")

    def _mistake(self, at: Location, message: str) -> BenchError:
        place = f"{named(at)}: " if at else ""
        return self._error(f"{self._change.option}: {place}{message}")


def _id_of(entry: Any) -> str:
    """Return the id of an entry that is not checked yet; empty if it has none."""
    if isinstance(entry, Mapping) and "id" in entry:
        return str(entry["id"])
    return default_id(entry) or ""


def _written(value: Any) -> str:
    """Write a value, which distinguishes 1, 1.0 and true."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
