"""The schema of a study: a search over hyperparameters."""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from bench.base import Strict
from bench.suite.fields import Name, Size

Scalar = bool | int | float | str | None
Choice = Scalar | tuple[Scalar, ...]
MOST = 100  # dimensions of a study, and choices of a dimension


class DimensionSpec(Strict):
    """The possible values of one parameter: a list of choices, or a range.

    Attributes
    ----------
    choices
        Numbers, words, or lists of them.
    low, high
        The ends of a range, both included. Values are integers if both ends are.
    log
        Whether values are drawn evenly on a logarithmic scale.
    """

    choices: (
        Annotated[tuple[Choice, ...], Field(min_length=1, max_length=MOST)] | None
    ) = None
    low: int | float | None = None
    high: int | float | None = None
    log: bool = False

    @property
    def labels(self) -> list[Scalar]:
        """A scalar for each choice; a list becomes JSON, as Optuna stores no lists."""
        return [_label(choice) for choice in self.choices or ()]

    def value_of(self, label: Any) -> Any:
        """Return the choice with a label; in a range, a number is its own label."""
        if self.choices is None:
            return label
        return self.choices[self.labels.index(label)]

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        ends = [self.low, self.high]
        is_range = self.choices is None and None not in ends
        is_list = self.choices is not None and ends == [None, None] and not self.log
        if not (is_range or is_list):
            raise PydanticCustomError(
                "dimension", "expected either 'choices', or 'low' and 'high'"
            )
        return self

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low is None or self.high is None:
            return self
        if not self.low < self.high:
            raise PydanticCustomError(
                "order",
                "low = {low}, high = {high}; expected low < high",
                {"low": self.low, "high": self.high},
            )
        if self.log and not self.low > 0:
            raise PydanticCustomError(
                "order",
                "found low = {low} with log: true; expected a number above 0",
                {"low": self.low},
            )
        return self

    @field_validator("choices")
    @classmethod
    def _distinct(cls, choices: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        labels = [_label(choice) for choice in choices or ()]
        for position, name in enumerate(labels):
            if name in labels[:position]:
                raise PydanticCustomError(
                    "duplicate",
                    "duplicate choice {name}; choices must be unique",
                    {"name": str(name), "at": position},
                )
        return choices


class StudySpec(Strict):
    """A hyperparameter search for a suite of one dataset and one classifier.

    Trials are trained as the classifier is: online, or on the fixed training curves of
    repetition 0.

    Attributes
    ----------
    sampler
        How configurations are chosen: "random", "tpe" (tree-structured Parzen
        estimators), or "batched" (random; configurations of one architecture train
        together as stacked networks, online).
    trials
        Number of configurations to try, in total.
    pruner
        The rule that ends a trial early: "none", "median" (it is worse than half of the
        earlier ones) or "halving" (asynchronous successive halving). Only online
        training has scores before its end, and so "none" alone is right for others.
    validation
        Number of curves in each class on which trials are compared. They are neither
        training nor test curves. Recorded curves have none to spare: there a quarter of
        the training curves is left out of the training and takes their place.
    space
        Parameter → its possible values.
    log
        Whether each trial of online training is also recorded by MLflow or Weights &
        Biases.
    """

    sampler: Literal["random", "tpe", "batched"] = "tpe"
    trials: Annotated[int, Field(ge=1, le=10_000)]
    pruner: Literal["none", "median", "halving"] = "median"
    validation: Size = 500
    space: Annotated[dict[Name, DimensionSpec], Field(min_length=1, max_length=MOST)]
    log: Literal["mlflow", "wandb"] | None = None


def _label(choice: Choice) -> Scalar:
    return json.dumps(choice) if isinstance(choice, tuple) else choice
