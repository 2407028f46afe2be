"""What a suite file may say of a dataset: library, points, networks, sizes."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from bench.neural_schema import MlpCurves, NeuralCurves
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
FEWEST_VALUES, MOST_VALUES = 2, 100  # of a sweep


def _only_kind_is_required(schema: dict[str, Any]) -> None:
    """Let an editor take an entry whose size is under its `sweep`."""
    schema["required"] = ["kind"]


class _Inputs(Strict):
    """Settings that every kind of input points has.

    Attributes
    ----------
    sort
        Whether to sort the points by their first column.
    """

    model_config = ConfigDict(json_schema_extra=_only_kind_is_required)

    sort: bool = False


class _Bounded(_Inputs):
    """Points of an interval.

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
        Which kind: "x10".
    rows
        How many rows to take, from the first.
    columns
        Which columns to take.
    """

    kind: Literal["x10"]
    rows: Annotated[int, Field(ge=1, le=1000)] = 1000
    columns: Annotated[tuple[Literal[0, 1], ...], FEW] = (0, 1)


class NormalInputs(_Inputs):
    """Points from N(mean, std²).

    Attributes
    ----------
    kind
        Which kind: "normal".
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
        Which kind: "uniform".
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
        Which kind: "grid".
    size
        Number of points in each dimension: in all, size to the power of dim.
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
    """Points of a normal sample within [low, high], sorted and evenly thinned.

    Attributes
    ----------
    kind
        Which kind: "truncated-normal".
    std
        Standard deviation of the sample, whose mean is 0.
    size
        Number of points that remain.
    pool
        Number of points drawn before those outside [low, high] are dropped.
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
        Which kind: "file".
    path
        The file, relative to the suite file.
    columns
        Which columns to take, counted from 0; by default all.
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


class Split(Strict):
    """How the library's functions are divided between training and test.

    Attributes
    ----------
    unseen_functions
        How many functions only the test curves are drawn from. Each repetition chooses
        others.
    """

    unseen_functions: Annotated[int, Field(alias="unseen-functions", ge=1)]


def _may_sweep(schema: dict[str, Any]) -> None:
    """Tell an editor of the key that `bench.sweep_entries` reads."""
    schema["properties"]["sweep"] = {
        "description": "One number of the dataset, by its dotted name, and the values "
        "that it takes. Each value makes a dataset.",
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": {
            "type": "array",
            "items": {"type": "number"},
            "minItems": FEWEST_VALUES,
            "maxItems": MOST_VALUES,
            "uniqueItems": True,
        },
    }


class DatasetSpec(Strict):
    """The recipe of a dataset: library, input points, networks, sizes.

    Attributes
    ----------
    id
        The dataset's name in tables and on the command line.
    description
        What the dataset asks, for a reader. No result depends on it.
    library
        The function library: the name of a shipped one, or a file beside the suite.
    inputs
        The points at which every curve is evaluated.
    neural
        The curves that the library's curves are classified against.
    task
        The classes: the library's curves and neural curves, or the library's functions.
    noise
        Noise in percent of a curve's standard deviation. Curves are standardised before
        it is added, and again afterwards.
    standardise
        With "curve" each curve is scaled to mean 0 and standard deviation 1.
    split
        How the library's functions are divided between training and test.
    dtype
        The precision of points, coefficients, networks and curves.
    channels
        What a row holds: the curve's values, its gradient, the input points.
    train, test
        Number of training and of test curves in each class.
    """

    elsewhere: ClassVar[Mapping[str, str]] = {
        "sweep": "in a suite file, which makes a dataset of each of its values"
    }
    model_config = ConfigDict(json_schema_extra=_may_sweep)

    id: Id
    description: Annotated[str, Field(max_length=2000)] = ""
    library: Annotated[str, Field(min_length=1, max_length=1000)]
    inputs: Inputs
    neural: NeuralCurves = MlpCurves()
    task: Literal["symbolic-vs-neural", "which-function"] = "symbolic-vs-neural"
    noise: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    standardise: Literal["curve"] | None = None
    split: Split | None = None
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

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        which = self.task == "which-function"
        for wrong, found, expected in (
            (
                self.noise > 0 and "gradient" in self.channels,
                "noise together with the channel 'gradient'",
                "one of them: an exact gradient beside noisy values gives the class "
                "away",
            ),
            (
                which and "neural" in self.model_fields_set,
                "'neural' under task: which-function",
                "none: the classes are the library's functions",
            ),
            (
                which and self.split is not None,
                "'split' under task: which-function",
                "none: a function that was never seen cannot be named",
            ),
        ):
            if wrong:
                raise PydanticCustomError(
                    "together",
                    "found {found}; expected {expected}",
                    {"found": found, "expected": expected},
                )
        return self

    @property
    def standardised(self) -> bool:
        """Whether each curve gets mean 0 and standard deviation 1.

        So do those of nets and of the functions that they mimic: else the deviation,
        which only the latter have exact, would give the class away.
        """
        mimic = self.task != "which-function" and self.neural.kind == "mimic"
        return self.standardise == "curve" or self.noise > 0 or mimic

    @property
    def not_online(self) -> str:
        """Why there are no fresh curves without end of it; empty where there are."""
        why = {
            "task: which-function": self.task == "which-function",
            "split": self.split is not None,
            "neural.kind: mimic": self.neural.kind == "mimic",
        }
        named = ", ".join(name for name, holds in why.items() if holds)
        if not named:
            return ""
        return (
            f"found {named}, of which there are no fresh curves without end; expected "
            "training: {mode: fixed}, or another dataset"
        )
