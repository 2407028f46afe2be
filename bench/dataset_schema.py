"""What a suite file may say of a dataset: library, points, networks, sizes."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from bench.validation import Strict

Id = Annotated[
    str, Field(max_length=64, pattern=r"^[^\s/\\.\x00-\x1f]([^/\\\x00-\x1f]*\S)?$")
]
Size = Annotated[int, Field(ge=1, le=1_000_000)]
Dim = Annotated[int, Field(ge=1, le=16)]
Seed = Annotated[int, Field(ge=0, lt=2**64)]
Positive = Annotated[float, Field(gt=0)]
Channel = Literal["value", "gradient", "input"]
Name = Annotated[str, Field(max_length=200)]
FEW = Field(min_length=1, max_length=100)


class _Inputs(Strict):
    sort: bool = False


class _Bounded(_Inputs):
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
    """The study's own N(0, 1) sample."""

    kind: Literal["x10"]
    rows: Annotated[int, Field(ge=1, le=1000)] = 1000
    columns: Annotated[tuple[Literal[0, 1], ...], FEW] = (0, 1)


class NormalInputs(_Inputs):
    """Points from N(mean, std²)."""

    kind: Literal["normal"]
    size: Size
    mean: float = 0.0
    std: Positive = 1.0
    seed: Seed = 0
    dim: Dim = 1


class UniformInputs(_Bounded):
    """Points from the uniform distribution on [low, high)."""

    kind: Literal["uniform"]
    size: Size
    seed: Seed = 0
    dim: Dim = 1


class GridInputs(_Bounded):
    """An equally spaced grid; `size` is per dimension."""

    kind: Literal["grid"]
    size: Size
    endpoint: bool = False
    dim: Dim = 1


class TruncatedNormalInputs(_Bounded):
    """A sorted and thinned normal sample within [low, high]."""

    kind: Literal["truncated-normal"]
    std: Positive
    size: Size
    pool: Annotated[int, Field(ge=1, le=10_000_000)] = 1_000_000
    seed: Seed = 0
    dim: Dim = 1


class FileInputs(_Inputs):
    """Points from a file, relative to the suite."""

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


class MlpCurves(Strict):
    """Untrained multilayer perceptrons."""

    kind: Literal["mlp"] = "mlp"
    hidden: Annotated[
        tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(max_length=64)
    ] = (32, 32)
    activation: Literal["relu", "tanh", "sigmoid", "silu", "gelu"] = "relu"
    curves_per_net: Annotated[int, Field(ge=1, le=4096)] = 1


class DatasetSpec(Strict):
    """The recipe of a dataset, as a suite writes it."""

    id: Id
    library: Annotated[str, Field(min_length=1, max_length=1000)]
    inputs: Inputs
    neural: MlpCurves = MlpCurves()
    dtype: Literal["float64", "float32"] = "float64"
    channels: Annotated[tuple[Channel, ...], FEW] = ("value",)
    train: Size = 1000
    test: Size = 1000

    @field_validator("channels")
    @classmethod
    def _has_value(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        if "value" not in channels or len(set(channels)) < len(channels):
            raise PydanticCustomError(
                "channels", "expected 'value' and further channels, each once"
            )
        return channels
