"""Entries of a suite that stand for a family of datasets: one number takes values."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from bench.base import BenchError, Document, Location, did_you_mean, named, shown
from bench.suite.datasets import DatasetSpec
from bench.suite.expansion import Expansion, Made, expand
from bench.suite.fields import FEWEST_VALUES, MOST_VALUES

KEY = "sweep"
WIDTH, HIDDEN = "neural.width", "neural.hidden"  # a number that stands for a list
_LIKE = "{noise: [1, 5, 10]}"
_LONG = 1e15  # from here on a number is written with an exponent


@dataclass(frozen=True)
class Family:
    """The datasets that one entry of a suite stands for.

    Attributes
    ----------
    id
        The entry's id.
    name
        The number that its datasets differ in: ``train``, ``inputs.size``.
    values
        Dataset id → its value, ascending.
    """

    id: str
    name: str
    values: Mapping[str, float]


def expand_sweeps(
    document: Document, error: type[BenchError]
) -> tuple[Document, tuple[Family, ...]]:
    """Make a dataset of each value of each entry's sweep.

    Parameters
    ----------
    document
        A suite's file, not checked yet; where it is not a suite it is left as it is.
    error
        The exception for a mistake; its message has file and line.

    Returns
    -------
    document
        With an entry a dataset, that of the value v named ``<id> <field>=<v>``.
    families
        In the order of the file.
    """
    families: list[Family] = []

    def make(place: Location) -> list[Made]:
        sweep = _Sweep(document, place, error)
        made = [sweep.made(number) for number in range(len(sweep.values))]
        ids = [str(entry.get("id")) for entry, _ in made]
        values = dict(zip(ids, map(float, sweep.values), strict=True))
        ascending = dict(sorted(values.items(), key=lambda item: item[1]))
        families.append(Family(str(sweep.entry.get("id")), sweep.name, ascending))
        return made

    expanded = expand(document, "datasets", KEY, make)
    _refuse_twice(document, expanded, families, error)
    return expanded, tuple(families)


def number_text(value: float) -> str:
    """Write a number as short as it is read back: 5, 0.5, 1000000."""
    whole = float(value).is_integer() and abs(value) < _LONG
    return str(int(value)) if whole else repr(float(value))


def numeric_fields(entry: Mapping[str, Any]) -> dict[str, bool]:
    """Name every field that an entry may have, and tell which are numbers."""
    found = dict(_fields(DatasetSpec, entry))
    if HIDDEN in found:
        found[WIDTH] = True
    return found


class _Sweep(Expansion):
    """What an entry says under `sweep`, checked as far as it must be to read it."""

    def __init__(
        self, document: Document, place: Location, error: type[BenchError]
    ) -> None:
        super().__init__(document, place, error)
        asked = self.asked
        if not isinstance(asked, dict) or len(asked) != 1:
            found = ", ".join(asked) if isinstance(asked, dict) else ""
            raise self.wrong(
                f"found {shown(found, 60) or 'no field'}; expected one field and its "
                f"values, such as {_LIKE}; give each field an entry of its own"
            )
        [(self.name, values)] = asked.items()
        self.place += (self.name,)
        self.path: Location = tuple(self.name.split("."))
        if self.name == WIDTH:
            self.path = tuple(HIDDEN.split("."))
        self._check_name()
        self.values: list[float] = self._checked(values)

    def made(self, number: int) -> Made:
        """Return the entry with the field set to one of the values."""
        value = self.values[number]
        made = deepcopy(self.rest())
        if isinstance(made.get("id"), str):
            quantity = self.name.rpartition(".")[2]
            made["id"] = f"{made['id']} {quantity}={number_text(value)}"
        *outer, last = map(str, self.path)
        inner = made
        for key in outer:
            inner = inner.setdefault(key, {})
        written = (*self.place, number)
        if self.name != WIDTH:
            inner[last] = value
            return made, {self.path: written}
        inner[last] = [value] * self._depth()
        layers = {(*self.path, layer): written for layer in range(self._depth())}
        return made, {self.path: written} | layers

    def _depth(self) -> int:
        """Return how many hidden layers there are, by default as the schema says."""
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
                said = f"'{self.name}' is no number"
                if self.name == HIDDEN:
                    said += f"; {WIDTH} sets the width of all hidden layers"
            else:
                hint = did_you_mean(self.name, numbers)
                said = f"unknown field '{shown(self.name, 60)}'{hint}"
            raise self.wrong(f"{said}. Numbers of this dataset: {', '.join(numbers)}")
        *outer, last = map(str, self.path)
        inner: Any = self.entry
        for depth, key in enumerate(outer, start=1):
            inner = inner.get(key, {})
            if not isinstance(inner, dict):
                raise self.wrong(
                    f"'{named(self.path[:depth])}' is no mapping in the entry; "
                    "expected one, or nothing"
                )
        if last in inner and self.name != WIDTH:
            raise self.wrong(
                f"the entry says {self.name} as well; leave it out there, the values "
                "of a sweep take its place"
            )

    def _checked(self, values: Any) -> list[float]:
        if not isinstance(values, list):
            raise self.wrong(
                f"found {shown(repr(values), 60)}; expected a list of numbers, such "
                f"as {_LIKE}"
            )
        if not FEWEST_VALUES <= len(values) <= MOST_VALUES:
            raise self.wrong(
                f"{len(values)} values; expected {FEWEST_VALUES} to {MOST_VALUES}"
            )
        for number, value in enumerate(values):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise self.wrong(
                    f"found {shown(repr(value), 60)}; expected a number", number
                )
            if value in values[:number]:
                raise self.wrong(
                    f"the value {number_text(value)} stands here twice; give each once",
                    number,
                )
        return values


def _refuse_twice(
    document: Document,
    expanded: Document,
    families: list[Family],
    error: type[BenchError],
) -> None:
    """Refuse a family of the same id as another, or as a dataset.

    Two datasets of the same id are found later, as they are where nothing is swept.
    """
    entries = expanded.data["datasets"] if families else []
    ids = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    taken = {name for name in ids if isinstance(name, str)}
    for family in families:
        if family.id in taken:
            place = ("datasets", _last_of(document, family.id), "id")
            raise error(
                f"{document.where(*place)}: {named(place)}: the id '{family.id}' "
                "stands here twice; give each entry its own"
            )
        taken.add(family.id)


def _last_of(document: Document, name: str) -> int:
    entries = document.data["datasets"]
    own = [i for i, e in enumerate(entries) if isinstance(e, dict) and "id" in e]
    return max(i for i in own if entries[i]["id"] == name)


def _fields(
    model: type[BaseModel], data: Any, outer: str = ""
) -> Iterator[tuple[str, bool]]:
    """Yield the dotted name of each field of a model, and whether it is a number.

    Where a part may be one of several models, only the one of the `kind` that is
    written counts.
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
    """Return the models that a part may be of: one, where its `kind` is written."""
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) else []
    found = [model for part in _parts(annotation) for model in _models(part, data)]
    written = data.get("kind") if isinstance(data, Mapping) else None
    kinds = {model: model.model_fields.get("kind") for model in found}
    for model, kind in kinds.items():
        if kind is not None and (written or kind.default) in get_args(kind.annotation):
            return [model]
    return found


def _is_number(annotation: Any) -> bool:
    return annotation in (int, float) or any(map(_is_number, _parts(annotation)))


def _parts(annotation: Any) -> tuple[Any, ...]:
    """Return what a union or an annotated type is of; nothing for a list or a word."""
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return get_args(annotation)[:1]
    return ()
