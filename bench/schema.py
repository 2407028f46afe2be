"""What may stand in a suite file: pydantic models, frozen and strict.

Names of functions, files and classes are resolved later, by the modules that know
them.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bench.documents import Document
from bench.errors import did_you_mean
from bench.limits import Limits, parse_duration, parse_size
from bench.metrics import METRICS
from bench.presets import PRESETS
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
_FEW = Field(min_length=1, max_length=100)


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
    columns: Annotated[tuple[Literal[0, 1], ...], _FEW] = (0, 1)


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
    columns: Annotated[tuple[Annotated[int, Field(ge=0)], ...], _FEW] | None = None


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
    channels: Annotated[tuple[Channel, ...], _FEW] = ("value",)
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


class LimitsSpec(Strict):
    """What a cell is stopped for: a time, such as 90, 10m, 2h; a memory: 4GiB."""

    timeout: Name | int | float | None = None
    memory: Name | None = None

    @field_validator("timeout", "memory")
    @classmethod
    def _readable(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None:
            parse = parse_duration if info.field_name == "timeout" else parse_size
            try:
                parse(str(value))
            except ValueError as error:
                raise PydanticCustomError(
                    "limit",
                    "found '{found}'; {said}",
                    {"found": value, "said": str(error)},
                ) from None
        return value

    def over(self, wider: "LimitsSpec") -> Limits:
        """Return the limits, those not given here taken from `wider`."""
        timeout = wider.timeout if self.timeout is None else self.timeout
        memory = wider.memory if self.memory is None else self.memory
        return Limits(
            None if timeout is None else parse_duration(str(timeout)),
            None if memory is None else parse_size(memory),
        )


class ClassifierSpec(Strict):
    """A classifier of a suite: a preset, a preset changed, or any class."""

    id: Id
    use: Name | None = None
    class_: Name | None = Field(None, alias="class")
    params: dict[str, Any] = Field(default_factory=dict)
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = ("value",)
    limits: LimitsSpec = LimitsSpec()

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"id": data, "use": data}
        if isinstance(data, dict) and "id" not in data and len(data) > 0:
            path = data.get("class")
            default = data.get("use", path)
            if isinstance(default, str):
                return {"id": default.rpartition(".")[2] if path else default} | data
        return data

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.use is None) == (self.class_ is None):
            raise PydanticCustomError(
                "source", "expected either 'use' (a preset) or 'class' (a dotted path)"
            )
        if self.use is not None and self.use not in PRESETS:
            raise PydanticCustomError(
                "preset",
                "unknown classifier '{name}'{hint}. Known: {known}; any other is "
                "written {id: …, class: package.Class}",
                {
                    "name": self.use,
                    "hint": did_you_mean(self.use, PRESETS),
                    "known": ", ".join(PRESETS),
                },
            )
        if self.class_ is not None and not re.fullmatch(
            r"[^\W\d]\w*(\.[^\W\d]\w*)+", self.class_
        ):
            raise PydanticCustomError(
                "class",
                "found '{name}'; expected a dotted path, package.module.Class",
                {"name": self.class_},
            )
        return self


class Suite(Strict):
    """What to run: datasets × repetitions × classifiers."""

    version: Literal[1]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    description: str = ""
    seed: Seed = 0
    repetitions: Annotated[int, Field(ge=1, le=100_000)]
    threads: Annotated[int, Field(ge=1, le=1024)] = 1
    datasets: Annotated[tuple[DatasetSpec, ...], Field(min_length=1)]
    classifiers: Annotated[tuple[ClassifierSpec, ...], Field(min_length=1)]
    metrics: Annotated[tuple[Name, ...], _FEW] = ("accuracy",)
    limits: LimitsSpec = LimitsSpec()
    reference: Annotated[str, Field(min_length=1, max_length=1000)] | None = None

    _document: Document = PrivateAttr(default=Document(Path("suite"), {}, {}))

    @field_validator("datasets", "classifiers")
    @classmethod
    def _distinct(cls, entries: tuple[Any, ...]) -> tuple[Any, ...]:
        ids = [entry.id for entry in entries]
        for position, name in enumerate(ids):
            if name in ids[:position]:
                raise PydanticCustomError(
                    "duplicate",
                    "the id '{name}' stands here twice; give each entry its own",
                    {"name": name, "at": position},
                )
        return entries

    @field_validator("metrics")
    @classmethod
    def _metrics(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in METRICS:
                raise PydanticCustomError(
                    "metric",
                    "unknown metric '{name}'{hint}. Known: {known}",
                    {
                        "name": name,
                        "hint": did_you_mean(name, METRICS),
                        "known": ", ".join(METRICS),
                    },
                )
        return names

    @property
    def path(self) -> Path:
        """The file that the suite was read from."""
        return self._document.path

    @property
    def folder(self) -> Path:
        """Where the suite's relative paths start."""
        return self.path.parent

    def where(self, *location: str | int) -> str:
        """Return ``file:line`` of a part, such as ``("datasets", 0, "library")``."""
        return self._document.where(*location)
