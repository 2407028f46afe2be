"""The schema of a dataset: library, input points, networks and sizes."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from bench.base import Strict
from bench.suite.fields import FEW, FEWEST_VALUES, MOST_VALUES, Channel, Id, Size
from bench.suite.inputs import Inputs
from bench.suite.networks import MlpCurves, NeuralCurves


class Split(Strict):
    """How the library's functions are divided between training and test.

    Attributes
    ----------
    unseen_functions
        Number of functions that only the test curves are drawn from. Each repetition
        chooses other functions.
    """

    unseen_functions: Annotated[int, Field(alias="unseen-functions", ge=1)]


def may_sweep(schema: dict[str, Any]) -> None:
    """Let editors know the key that `bench.suite.sweeps` reads."""
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
        The question that the dataset answers, for a reader. No result depends on it.
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
        The content of a row: the curve's values, its gradient, the input points.
    train, test
        Number of training and of test curves in each class.
    """

    misplaced: ClassVar[Mapping[str, str]] = {
        "sweep": "in a suite file, which makes a dataset of each of its values"
    }
    model_config = ConfigDict(json_schema_extra=may_sweep)

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
                "channels",
                "found {found}; expected 'value' and further channels, each once",
                {"found": ", ".join(channels)},
            )
        return channels

    @model_validator(mode="after")
    def _compatible(self) -> Self:
        which_function = self.task == "which-function"
        for is_wrong, found, expected in (
            (
                self.noise > 0 and "gradient" in self.channels,
                "noise together with the channel 'gradient'",
                "one of them: an exact gradient beside noisy values gives the class "
                "away",
            ),
            (
                which_function and "neural" in self.model_fields_set,
                "'neural' with task: which-function",
                "no such key: the classes are the library's functions",
            ),
            (
                which_function and self.split is not None,
                "'split' with task: which-function",
                "no such key: a classifier cannot name a function that it never saw",
            ),
        ):
            if is_wrong:
                raise PydanticCustomError(
                    "together",
                    "found {found}; expected {expected}",
                    {"found": found, "expected": expected},
                )
        return self

    @property
    def standardised(self) -> bool:
        """Whether each curve is scaled to mean 0 and standard deviation 1.

        Mimic networks and the functions that they were fitted to always are. Only the
        functions have a standard deviation of exactly 1 before, which would give the
        class away.
        """
        mimic = self.task != "which-function" and self.neural.kind == "mimic"
        return self.standardise == "curve" or self.noise > 0 or mimic

    @property
    def not_online(self) -> str:
        """The reason why it does not support online training; empty if it does."""
        reasons = {
            "task: which-function": self.task == "which-function",
            "split": self.split is not None,
            "neural.kind: mimic": self.neural.kind == "mimic",
        }
        found = ", ".join(name for name, holds in reasons.items() if holds)
        if not found:
            return ""
        return (
            f"found {found}, which cannot give the unlimited fresh curves of online "
            "training; expected training: {mode: fixed}, or another dataset"
        )
