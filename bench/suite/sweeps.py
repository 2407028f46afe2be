"""Expand an entry with a sweep into a family of datasets that differ in one number."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from bench.base import BenchError, Document, Location, did_you_mean, named, shown
from bench.suite.datasets import DatasetSpec
from bench.suite.expansion import Expansion, PlainEntry, expand
from bench.suite.fields import FEWEST_VALUES, MOST_VALUES
from bench.suite.recorded import RecordedSpec

KEY = "sweep"
# The width is a number that can be swept; it sets all hidden layers, which are a list.
WIDTH, HIDDEN = "neural.width", "neural.hidden"
_EXAMPLE = "{noise: [1, 5, 10]}"
_LONG = 1e15  # the smallest number that is written with an exponent


@dataclass(frozen=True)
class Family:
    """The datasets of one entry with a sweep.

    Attributes
    ----------
    id
        The entry's id.
    name
        The number in which its datasets differ, such as ``train`` or ``inputs.size``.
    values
        Dataset id → its value, in ascending order of values.
    """

    id: str
    name: str
    values: Mapping[str, float]


def expand_sweeps(
    document: Document, error: type[BenchError]
) -> tuple[Document, tuple[Family, ...]]:
    """Replace each entry with a sweep by one dataset for each value.

    Parameters
    ----------
    document
        The content of a suite file, not checked yet. If it is not a suite, it is
        returned unchanged.
    error
        The exception for a mistake; its message has file and line.

    Returns
    -------
    document
        The content with one entry per dataset, with the id ``<id> <field>=<value>``.
    families
        The entries with a sweep, in the order of the file.
    """
    families: list[Family] = []

    def make(place: Location) -> list[PlainEntry]:
        sweep = _Sweep(document, place, error)
        plain_entries = [sweep.plain_entry(i) for i in range(len(sweep.values))]
        ids = [str(entry.get("id")) for entry, _ in plain_entries]
        values = dict(zip(ids, map(float, sweep.values), strict=True))
        ascending = dict(sorted(values.items(), key=lambda item: item[1]))
        families.append(Family(str(sweep.entry.get("id")), sweep.name, ascending))
        return plain_entries

    expanded = expand(document, "datasets", KEY, make)
    _refuse_duplicate_ids(document, expanded, families, error)
    return expanded, tuple(families)


def number_text(value: float) -> str:
    """Write a number in its shortest form without loss: 5, 0.5, 1000000."""
    whole = float(value).is_integer() and abs(value) < _LONG
    return str(int(value)) if whole else repr(float(value))


def numeric_fields(entry: Mapping[str, Any]) -> dict[str, bool]:
    """Return each possible field of an entry: dotted name → whether it is a number."""
    model = RecordedSpec if "recorded" in entry else DatasetSpec
    fields = dict(_fields(model, entry))
    if HIDDEN in fields:
        fields[WIDTH] = True
    return fields


class _Sweep(Expansion):
    """An entry with a sweep, checked only as far as expanding it needs."""

    def __init__(
        self, document: Document, place: Location, error: type[BenchError]
    ) -> None:
        super().__init__(document, place, error)
        requested = self.requested
        if not isinstance(requested, dict) or len(requested) != 1:
            found = ", ".join(requested) if isinstance(requested, dict) else ""
            raise self.mistake(
                f"found {shown(found, 60) or 'no field'}; expected one field and its "
                f"values, such as {_EXAMPLE}; write an entry for each field"
            )
        [(self.name, values)] = requested.items()
        self.place += (self.name,)
        self.path: Location = tuple(self.name.split("."))
        if self.name == WIDTH:
            self.path = tuple(HIDDEN.split("."))
        self._check_name()
        self.values: list[float] = self._checked(values)

    def plain_entry(self, position: int) -> PlainEntry:
        """Return the entry with the field set to the value at a position."""
        value = self.values[position]
        entry = deepcopy(self.rest())
        if isinstance(entry.get("id"), str):
            quantity = self.name.rpartition(".")[2]
            entry["id"] = f"{entry['id']} {quantity}={number_text(value)}"
        *outer, last = map(str, self.path)
        inner = entry
        for key in outer:
            inner = inner.setdefault(key, {})
        written = (*self.place, position)
        if self.name != WIDTH:
            inner[last] = value
            return entry, {self.path: written}
        inner[last] = [value] * self._depth()
        layers = {(*self.path, layer): written for layer in range(self._depth())}
        return entry, {self.path: written} | layers

    def _depth(self) -> int:
        """Return the number of hidden layers: the entry's, or the schema's default."""
        neural = self.entry.get("neural", {})
        hidden = neural.get("hidden")
        if hidden is None:
            [model, *_] = _models(DatasetSpec.model_fields["neural"].annotation, neural)
            hidden = model.model_fields["hidden"].default
        return len(hidden) if isinstance(hidden, list | tuple) else 1

    def _check_name(self) -> None:
        fields = numeric_fields(self.entry)
        numbers = sorted(name for name, is_number in fields.items() if is_number)
        if self.name not in numbers:
            if self.name in fields:
                problem = f"'{self.name}' is not a number"
                if self.name == HIDDEN:
                    problem += f"; {WIDTH} sets the width of all hidden layers"
            else:
                hint = did_you_mean(self.name, numbers)
                problem = f"unknown field '{shown(self.name, 60)}'{hint}"
            raise self.mistake(
                f"{problem}. Numbers of this dataset: {', '.join(numbers)}"
            )
        *outer, last = map(str, self.path)
        inner: Any = self.entry
        for depth, key in enumerate(outer, start=1):
            inner = inner.get(key, {})
            if not isinstance(inner, dict):
                raise self.mistake(
                    f"'{named(self.path[:depth])}' is not a mapping in the entry; "
                    "expected a mapping, or no such key"
                )
        if last in inner and self.name != WIDTH:
            raise self.mistake(
                f"found {self.name} in the entry as well; expected it in the sweep "
                "alone: remove it from the entry"
            )

    def _checked(self, values: Any) -> list[float]:
        if not isinstance(values, list):
            raise self.mistake(
                f"found {shown(repr(values), 60)}; expected a list of numbers, such "
                f"as {_EXAMPLE}"
            )
        if not FEWEST_VALUES <= len(values) <= MOST_VALUES:
            raise self.mistake(
                f"found {len(values)} values; expected {FEWEST_VALUES} to {MOST_VALUES}"
            )
        for position, value in enumerate(values):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise self.mistake(
                    f"found {shown(repr(value), 60)}; expected a number", position
                )
            if value in values[:position]:
                raise self.mistake(
                    f"duplicate value {number_text(value)}; values must be unique",
                    position,
                )
        return values


def _refuse_duplicate_ids(
    document: Document,
    expanded: Document,
    families: list[Family],
    error: type[BenchError],
) -> None:
    """Raise an error if a family has the id of another family or of a dataset.

    The schema finds two datasets with the same id later.
    """
    entries = expanded.data["datasets"] if families else []
    ids = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    used_ids = {name for name in ids if isinstance(name, str)}
    for family in families:
        if family.id in used_ids:
            place = ("datasets", _last_with_id(document, family.id), "id")
            raise error(
                f"{document.where(*place)}: {named(place)}: duplicate id "
                f"'{family.id}'; ids must be unique"
            )
        used_ids.add(family.id)


def _last_with_id(document: Document, name: str) -> int:
    entries = document.data["datasets"]
    with_id = [i for i, e in enumerate(entries) if isinstance(e, dict) and "id" in e]
    return max(i for i in with_id if entries[i]["id"] == name)


def _fields(
    model: type[BaseModel], data: Any, outer: str = ""
) -> Iterator[tuple[str, bool]]:
    """Yield the dotted name of each field of a model, and whether it is a number.

    If a part can be one of several models, only the model of the `kind` in the file
    counts.
    """
    for key, field in model.model_fields.items():
        name = field.alias or key
        part = data.get(name) if isinstance(data, Mapping) else None
        models = _models(field.annotation, part)
        for inner in models:
            yield from _fields(inner, part, f"{outer}{name}.")
        if not models:
            yield f"{outer}{name}", _is_number(field.annotation)


def _models(annotation: Any, data: Any) -> list[type[BaseModel]]:
    """Return the possible models of a part: only one if its `kind` is in the file.

    A model without a `kind` is possible if it has all keys in the file.
    """
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) else []
    models = [model for part in _parts(annotation) for model in _models(part, data)]
    written = data.get("kind") if isinstance(data, Mapping) else None
    kinds = {model: model.model_fields.get("kind") for model in models}
    for model, kind in kinds.items():
        if kind is not None and (written or kind.default) in get_args(kind.annotation):
            return [model]
    if isinstance(data, Mapping) and not any(kinds.values()):
        return [model for model in models if data.keys() <= model.model_fields.keys()]
    return models


def _is_number(annotation: Any) -> bool:
    return annotation in (int, float) or any(map(_is_number, _parts(annotation)))


def _parts(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union or the type within Annotated; nothing otherwise."""
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return get_args(annotation)[:1]
    return ()
