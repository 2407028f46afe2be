"""The schema of a classifier: a preset, any class, or a pipeline."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from bench.base import Strict, did_you_mean
from bench.suite.fields import (
    Channel,
    Id,
    LimitsSpec,
    Name,
    ResourcesSpec,
    Training,
)
from bench.suite.presets import PRESETS

MOST_STEPS = 20
MOST_MEMBERS = 100  # classifiers of one grid
MOST_STACKED = 100  # repetitions of one stack
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
_IN_FILE = re.compile(r"([^:\x00-\x1f]+\.py):([^\W\d]\w*)")


def file_of(class_path: str) -> tuple[str, str] | None:
    """Return file and class of ``./my.py:MyClassifier``; None for a dotted path."""
    match = _IN_FILE.fullmatch(class_path)
    return (match[1], match[2]) if match else None


def is_class_path(text: str) -> bool:
    """Tell whether a text is a dotted path, or one into a file: ``./my.py:Mine``."""
    return bool(_DOTTED.fullmatch(text) or file_of(text))


def default_id(entry: Any) -> str | None:
    """Return an entry's default id: the name of its preset, class or last step.

    Parameters
    ----------
    entry
        The entry as it is in the file, not checked yet.

    Returns
    -------
    str or None
        None if the entry has none of these.
    """
    if isinstance(entry, str):
        return re.split(r"[.:]", entry)[-1]
    if not isinstance(entry, Mapping):
        return None
    steps = entry.get("steps")
    if isinstance(steps, list | tuple) and steps:
        return default_id(steps[-1])
    name = entry.get("use", entry.get("class"))
    return default_id(name) if isinstance(name, str) else None


def long_form(text: str) -> dict[str, str]:
    """Read a text with a dot as a class, and any other as a preset."""
    return {"class" if "." in text else "use": text}


class Source(Strict):
    """The origin of a class, and its parameters.

    Attributes
    ----------
    use
        A preset's name.
    class_
        A class: a dotted path, ``package.module.Class``, or one in a file beside the
        suite, ``./my.py:MyClassifier``.
    wrap
        The form of the curves that the class expects: "aeon" is an array (n_curves,
        n_channels, n_points), "fda" is scikit-fda's FDataGrid.
    params
        Parameters of the class.
    """

    use: Name | None = None
    class_: Name | None = Field(None, alias="class")
    wrap: Literal["aeon", "fda"] | None = None
    params: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _resolvable(self) -> Self:
        if self.use is not None and self.use not in PRESETS:
            raise PydanticCustomError(
                "preset",
                "unknown classifier '{name}'{hint}. Known: {known}; write any other "
                "as {id: …, class: package.Class}",
                {
                    "name": self.use,
                    "hint": did_you_mean(self.use, PRESETS),
                    "known": ", ".join(PRESETS),
                },
            )
        path = self.class_
        if path is not None and not is_class_path(path):
            raise PydanticCustomError(
                "class",
                "found '{name}'; expected a dotted path, package.module.Class, or a "
                "class in a file, ./my.py:MyClassifier",
                {"name": path},
            )
        return self


def _may_be_a_name(schema: dict[str, Any]) -> None:
    """Let editors accept the short form, a name without settings."""
    schema["type"] = ["object", "string"]


class StepSpec(Source):
    """A class that transforms curves; the last step is a classifier.

    A step may be written as a preset's name or a dotted class path alone.
    """

    model_config = ConfigDict(json_schema_extra=_may_be_a_name)

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        return long_form(data) if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.use is None) == (self.class_ is None):
            raise PydanticCustomError(
                "source", "expected either 'use' (a preset) or 'class' (a dotted path)"
            )
        return self


def _may_have_a_grid(schema: dict[str, Any]) -> None:
    """Let editors know the key that `bench.suite.grids` reads, and the short form."""
    _may_be_a_name(schema)
    schema.pop("required")  # without an id, the name of the preset or class is used
    schema["properties"]["grid"] = {
        "description": "Parameters and the values that each takes. Each combination "
        "makes a classifier.",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_MEMBERS,
            "uniqueItems": True,
        },
    }


class ClassifierSpec(Source):
    """One of ``use``, ``class`` and ``steps``, with its settings.

    An entry may be written as a preset's name or a dotted class path alone.

    Attributes
    ----------
    id
        The classifier's name in tables and on the command line. By default the name of
        its preset or class, or that of its last step.
    steps
        The steps of a scikit-learn pipeline; the last one is a classifier.
    params
        Parameters of the class. In a pipeline, ``step__name`` is a parameter of a step,
        which is named after its class in lower case; any other name is a parameter of
        the last step.
    channels
        The channels of the dataset that the classifier reads.
    training
        How this classifier trains; by default as the suite says.
    stacked
        How many repetitions of SD or CSD train together on fixed curves, in less
        processor time. They are trained whole: with 5, repetitions 0 to 4, 5 to 9, …,
        however many are asked for.
    limits
        When a cell of this classifier is stopped; by default as the suite says.
    resources
        The threads, GPUs and places that a cell of this classifier takes.
    """

    misplaced: ClassVar[Mapping[str, str]] = {
        "grid": "in a suite file, which makes a classifier of each of its combinations"
    }
    model_config = ConfigDict(json_schema_extra=_may_have_a_grid)

    id: Id
    steps: (
        Annotated[tuple[StepSpec, ...], Field(min_length=2, max_length=MOST_STEPS)]
        | None
    ) = None
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = ("value",)
    training: Training | None = None
    stacked: Annotated[int, Field(ge=2, le=MOST_STACKED)] | None = None
    limits: LimitsSpec = LimitsSpec()
    resources: ResourcesSpec = ResourcesSpec()

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"id": default_id(data)} | long_form(data)
        if isinstance(data, dict) and "id" not in data:
            name = default_id(data)
            return data if name is None else {"id": name} | data
        return data

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = (self.use, self.class_, self.steps)
        if sum(source is not None for source in sources) != 1:
            raise PydanticCustomError(
                "source",
                "expected either 'use' (a preset), 'class' (a dotted path, or "
                "./my.py:MyClassifier) or 'steps' (a pipeline)",
            )
        if self.wrap and self.steps:
            raise PydanticCustomError(
                "wrap",
                "found 'wrap' beside 'steps'; expected it in the step that needs it",
            )
        return self
