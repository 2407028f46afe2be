"""The schema of input points: the kinds of points and their settings."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from bench.base import Strict
from bench.suite.fields import FEW, Positive, Seed, Size

Dim = Annotated[int, Field(ge=1, le=16)]


def _only_kind_is_required(schema: dict[str, Any]) -> None:
    """Let editors accept an entry whose size is a swept number, under `sweep`."""
    schema["required"] = ["kind"]


class _Inputs(Strict):
    """Settings of every kind of input points.

    Attributes
    ----------
    sort
        Whether to sort the points by their first column.
    """

    model_config = ConfigDict(json_schema_extra=_only_kind_is_required)

    sort: bool = False


class _Bounded(_Inputs):
    """Settings of points within an interval.

    Attributes
    ----------
    low, high
        The ends of the interval, in every dimension.
    """

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high:
            raise PydanticCustomError(
                "order",
                "low = {low}, high = {high}; expected low < high",
                {"low": self.low, "high": self.high},
            )
        return self


class X10Inputs(_Inputs):
    """The notebook's own sample of N(0, 1): 1000 rows, 2 columns.

    Attributes
    ----------
    kind
        The kind "x10".
    rows
        Number of rows to use, from the first.
    columns
        The columns to use.
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
        Mean and standard deviation of the distribution.
    seed
        Seed of the points. They are the same in all repetitions.
    dim
        Number of columns of the input.
    """

    kind: Literal["normal"]
    size: Size
    mean: float = 0.0
    std: Positive = 1.0
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
        Number of columns of the input.
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
        Number of points in each dimension. The total number is size to the power of
        dim.
    endpoint
        Whether `high` is one of the points.
    dim
        Number of columns of the input.
    """

    kind: Literal["grid"]
    size: Size
    endpoint: bool = False
    dim: Dim = 1


class TruncatedNormalInputs(_Bounded):
    """Points from a normal sample within [low, high], sorted and evenly thinned.

    Attributes
    ----------
    kind
        The kind "truncated-normal".
    std
        Standard deviation of the sample, whose mean is 0.
    size
        Number of points that are kept.
    pool
        Number of points that are drawn before those outside [low, high] are dropped.
    seed
        Seed of the points. They are the same in all repetitions.
    dim
        Number of columns of the input.
    """

    kind: Literal["truncated-normal"]
    std: Positive
    size: Size
    pool: Annotated[int, Field(ge=1, le=10_000_000)] = 1_000_000
    seed: Seed = 0
    dim: Dim = 1


class FileInputs(_Inputs):
    """Points from a file of numbers: .csv, .txt, .npy, or one of these with .gz.

    Attributes
    ----------
    kind
        The kind "file".
    path
        The file, relative to the suite file.
    columns
        The columns to use, counted from 0; by default all.
    """

    kind: Literal["file"]
    path: Annotated[str, Field(min_length=1, max_length=1000)]
    columns: Annotated[tuple[Annotated[int, Field(ge=0)], ...], FEW] | None = None


Inputs = Annotated[
    X10Inputs
    | NormalInputs
    | UniformInputs
    | GridInputs
    | TruncatedNormalInputs
    | FileInputs,
    Field(discriminator="kind"),
]
