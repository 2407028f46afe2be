"""The schema of input points: the kinds of points and their settings."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bench.base import Strict, shown
from bench.suite.fields import FEW, Positive, Seed, Size

MOST_COLUMNS = 16
Dim = Annotated[int, Field(ge=1, le=MOST_COLUMNS)]
_EACH = Field(min_length=1, max_length=MOST_COLUMNS)  # one entry for each column


def _form(value: Any) -> str:
    return "list" if isinstance(value, list | tuple) else "number"


def _number_or_list(value: Any) -> Any:
    if isinstance(value, str | dict | bool) or value is None or value in ([], ()):
        raise PydanticCustomError(
            "number_or_list",
            "found {found}; expected a number, or a list with one for each column, "
            "such as [1, 0]",
            {"found": shown(json.dumps(value, default=str, ensure_ascii=False), 60)},
        )
    return value


# One number for all columns of the input, or a list with one for each.
Number = Annotated[
    Annotated[float, Tag("number")]
    | Annotated[Annotated[tuple[float, ...], _EACH], Tag("list")],
    Discriminator(_form),
    BeforeValidator(_number_or_list),
]
PositiveNumber = Annotated[
    Annotated[Positive, Tag("number")]
    | Annotated[Annotated[tuple[Positive, ...], _EACH], Tag("list")],
    Discriminator(_form),
    BeforeValidator(_number_or_list),
]
GridSize = Annotated[
    Annotated[Size, Tag("number")]
    | Annotated[Annotated[tuple[Size, ...], _EACH], Tag("list")],
    Discriminator(_form),
    BeforeValidator(_number_or_list),
]


def _is_name(value: Any) -> str:
    return "name" if isinstance(value, str) else "position"


Column = Annotated[
    Annotated[Annotated[int, Field(ge=0)], Tag("position")]
    | Annotated[Annotated[str, Field(min_length=1, max_length=200)], Tag("name")],
    Discriminator(_is_name),
]


def _only_kind_is_required(schema: dict[str, Any]) -> None:
    """Let editors accept an entry whose size is a swept number, under `sweep`."""
    schema["required"] = ["kind"]


class _Inputs(Strict):
    """Settings of every kind of input points.

    Attributes
    ----------
    per_column
        The keys that may be a list, with one number for each column of the input.
    sort
        Whether to sort the points by their first column.
    """

    per_column: ClassVar[tuple[str, ...]] = ()
    model_config = ConfigDict(json_schema_extra=_only_kind_is_required)

    sort: bool = False

    @model_validator(mode="before")
    @classmethod
    def _count_columns(cls, data: Any) -> Any:
        """Set `dim` to the length of the lists where it is not written."""
        if not isinstance(data, dict) or "dim" in data or "dim" not in cls.model_fields:
            return data
        lists = [data[k] for k in cls.per_column if _form(data.get(k)) == "list"]
        if not lists or not 1 <= len(lists[0]) <= MOST_COLUMNS:
            return data
        return data | {"dim": len(lists[0])}

    @model_validator(mode="after")
    def _one_for_each_column(self) -> Self:
        for name in self.per_column:
            value, n = getattr(self, name), self._n_columns
            if isinstance(value, tuple) and len(value) != n:
                found = ", ".join(f"{entry:g}" for entry in value)
                raise PydanticCustomError(
                    "columns",
                    "{name}: found [{found}]; expected one number for all columns, or "
                    "a list with one for each of the {dim}",
                    {
                        "name": name,
                        "found": found,
                        "dim": f"{n} columns" if n > 1 else "1 column",
                    },
                )
        return self

    @property
    def _n_columns(self) -> int:
        return int(getattr(self, "dim", 1))  # some kinds have one column


class _Bounded(_Inputs):
    """Settings of points within an interval.

    Attributes
    ----------
    low, high
        The ends of the interval: a number for all columns, or a list with one for each.
    """

    per_column: ClassVar[tuple[str, ...]] = ("low", "high")

    low: Number
    high: Number

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        lows, highs = self._each(self.low), self._each(self.high)
        for column, (low, high) in enumerate(zip(lows, highs, strict=False)):
            if not low < high:
                raise PydanticCustomError(
                    "order",
                    "low = {low}, high = {high}{where}; expected low < high",
                    {
                        "low": low,
                        "high": high,
                        "where": f" in column {column}" if self._n_columns > 1 else "",
                    },
                )
        return self

    def _each(self, value: float | tuple[float, ...]) -> Sequence[float]:
        return value if isinstance(value, tuple) else (value,) * self._n_columns


class X10Inputs(_Inputs):
    """The notebook's own sample of N(0, 1): 1000 rows, 2 columns.

    Attributes
    ----------
    kind
        The kind "x10".
    rows
        Number of rows to use, from the first.
    columns
        The columns to use. They must be written for a library that reads one column.
    """

    kind: Literal["x10"]
    rows: Annotated[int, Field(ge=1, le=1000)] = 1000
    columns: Annotated[tuple[Literal[0, 1], ...], FEW] = (0, 1)


class NormalInputs(_Inputs):
    """Points from N(mean, std²).

    Attributes
    ----------
    kind
        The kind "normal".
    size
        Number of points.
    mean, std
        Mean and standard deviation of the distribution: a number for all columns, or
        a list with one for each.
    seed
        Seed of the points. They are the same in all repetitions.
    dim
        Number of columns of the input; by default the length of a list, or 1.
    """

    per_column: ClassVar[tuple[str, ...]] = ("mean", "std")

    kind: Literal["normal"]
    size: Size
    mean: Number = 0.0
    std: PositiveNumber = 1.0
    seed: Seed = 0
    dim: Dim = 1


class UniformInputs(_Bounded):
    """Points from the uniform distribution on [low, high).

    Attributes
    ----------
    kind
        The kind "uniform".
    size
        Number of points.
    seed
        Seed of the points. They are the same in all repetitions.
    dim
        Number of columns of the input; by default the length of a list, or 1.
    """

    kind: Literal["uniform"]
    size: Size
    seed: Seed = 0
    dim: Dim = 1


class GridInputs(_Bounded):
    """Equally spaced points.

    Attributes
    ----------
    kind
        The kind "grid".
    size
        Number of points in each dimension, or a list with one number for each. The
        total number is their product: size to the power of dim.
    endpoint
        Whether `high` is one of the points.
    dim
        Number of columns of the input; by default the length of a list, or 1.
    """

    per_column: ClassVar[tuple[str, ...]] = ("low", "high", "size")

    kind: Literal["grid"]
    size: GridSize
    endpoint: bool = False
    dim: Dim = 1


class TruncatedNormalInputs(_Bounded):
    """Points from a normal sample within [low, high], sorted and evenly thinned.

    Attributes
    ----------
    kind
        The kind "truncated-normal".
    std
        Standard deviation of the sample, whose mean is 0: a number for all columns, or
        a list with one for each.
    size
        Number of points that are kept.
    pool
        Number of points that are drawn before those outside [low, high] are dropped.
    seed
        Seed of the points. They are the same in all repetitions.
    dim
        Number of columns of the input; by default the length of a list, or 1.
    """

    per_column: ClassVar[tuple[str, ...]] = ("low", "high", "std")

    kind: Literal["truncated-normal"]
    std: PositiveNumber
    size: Size
    pool: Annotated[int, Field(ge=1, le=10_000_000)] = 1_000_000
    seed: Seed = 0
    dim: Dim = 1


class TextMarks(Strict):
    """The marks of a file of text, where they cannot be recognised.

    Attributes
    ----------
    delimiter
        What separates the columns of a text file, where it cannot be recognised.
    decimal
        The decimal mark of a text file, where it cannot be recognised.
    """

    delimiter: Literal[",", ";", "|", "tab", "whitespace"] | None = None
    decimal: Literal[".", ","] | None = None

    @model_validator(mode="before")
    @classmethod
    def _characters(cls, data: Any) -> Any:
        """Accept the characters themselves for the words "tab" and "whitespace"."""
        words = {"\t": "tab", "\\t": "tab", " ": "whitespace"}
        written = data.get("delimiter") if isinstance(data, dict) else None
        if isinstance(written, str) and written in words:
            return data | {"delimiter": words[written]}
        return data

    @model_validator(mode="after")
    def _two_marks(self) -> Self:
        if self.delimiter == self.decimal == ",":
            raise PydanticCustomError(
                "marks",
                "found ',' as delimiter and as decimal; expected two different marks: "
                "separate the file's columns by semicolons",
            )
        return self


class FileInputs(TextMarks, _Inputs):
    """Points from a file: .csv, .tsv, .txt, .dat, .npy, or one of these with .gz.

    Attributes
    ----------
    kind
        The kind "file".
    path
        The file, relative to the suite file.
    columns
        The columns to use, by position from 0 or by name. By default all; a file with
        more columns than the library reads is refused.
    """

    kind: Literal["file"]
    path: Annotated[str, Field(min_length=1, max_length=1000)]
    columns: Annotated[tuple[Column, ...], FEW] | None = None


Inputs = Annotated[
    X10Inputs
    | NormalInputs
    | UniformInputs
    | GridInputs
    | TruncatedNormalInputs
    | FileInputs,
    Field(discriminator="kind"),
]
