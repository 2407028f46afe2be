"""What a suite file may say of a dataset: library, points, networks, sizes."""

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
        How many functions only the test curves are drawn from. Each repetition chooses
        others.
    """

    unseen_functions: Annotated[int, Field(alias="unseen-functions", ge=1)]


def _may_sweep(schema: dict[str, Any]) -> None:
    """Tell an editor of the key that `bench.suite.sweeps` reads."""
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
