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

from bench.answers_schema import AnswerSpec
from bench.dataset_schema import FEW, Channel, DatasetSpec, Id, Name, Seed
from bench.documents import Document
from bench.errors import did_you_mean
from bench.limits import Limits, parse_duration, parse_size
from bench.metrics import METRICS
from bench.presets import PRESETS
from bench.study_schema import StudySpec
from bench.training_schema import Training
from bench.validation import Strict


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


class StatsSpec(Strict):
    """How scores are compared.

    Attributes
    ----------
    baseline
        The classifier that others are compared to; by default the first that is not
        CHANCE.
    alpha
        Of tests, and one less the level of intervals.
    margin
        A difference of the mean score smaller than this is no matter.
    impute
        What stands in for a cell that is not done: "none" leaves its repetition out of
        comparisons, "chance" counts it as guessing.
    works
        The score from which a classifier counts as working on a dataset; without it
        the report says nothing of that.
    """

    baseline: Id | None = None
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    margin: Annotated[float, Field(ge=0)] = 0.01
    impute: Literal["none", "chance"] = "none"
    works: Annotated[float, Field(ge=0)] | None = None


class ClassifierSpec(Strict):
    """A classifier of a suite: a preset, a preset changed, or any class."""

    id: Id
    use: Name | None = None
    class_: Name | None = Field(None, alias="class")
    params: dict[str, Any] = Field(default_factory=dict)
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = ("value",)
    training: Training | None = None
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
    metrics: Annotated[tuple[Name, ...], FEW] = ("accuracy",)
    training: Training | None = None
    limits: LimitsSpec = LimitsSpec()
    stats: StatsSpec = StatsSpec()
    answers: Annotated[tuple[AnswerSpec, ...], Field(max_length=100)] = ()
    audits: bool = True
    study: StudySpec | None = None  # `bench run` does not read it
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
    def baseline(self) -> str:
        """The classifier that others are compared to."""
        if self.stats.baseline is not None:
            return self.stats.baseline
        ids = [entry.id for entry in self.classifiers]
        return next((name for name in ids if name != "CHANCE"), ids[0])

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
