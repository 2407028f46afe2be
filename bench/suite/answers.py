"""Answers in a suite file, written by a person, and the rows that they rest on."""

import re
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from bench.base import Matching, Strict
from bench.suite.fields import Id, Name

_NUMBERS = ("difference", "interval", "verdict")  # of a comparison
_CELL = ("column", "value")


class RowSpec(Strict):
    """A row of the report's tables that an answer rests on, and what it says there.

    Four forms: a row of ``summary.csv`` or ``intervals.csv`` (``dataset``,
    ``classifier``, and ``mean``, ``std``, ``mark`` or ``collapsed``), of
    ``comparisons.csv`` (also ``against``, and ``difference``, ``interval`` or
    ``verdict``; without ``dataset`` of ``pairs.csv``), a number of datasets
    (``classifier``, ``mark`` or ``verdict``, ``on``, ``of``), and a row of any other
    CSV file of the report (``table``, ``row``, and ``value`` or ``rows``).

    Attributes
    ----------
    dataset
        The dataset of the row.
    classifier
        The classifier of the row.
    score
        The score whose mean and std are given, such as ``train_accuracy`` or
        ``fit_seconds``. By default the held-out score of the first metric.
    mean
        The mean, rounded as here. Of a number up to 1 at least two decimals count.
    std
        The standard deviation, rounded as here.
    mark
        The classifier's place on the dataset: "best" has the best mean, "near_best" is
        not distinguishable from the best, "alone" is the only one of these.
    collapsed
        Number of its trainings, of all `of`, that never left chance.
    against
        The classifier that it is compared with; one of the two is the baseline.
    difference
        The difference to `against`, rounded as here; positive is better.
    interval
        The two ends of the interval of the difference, rounded as here.
    verdict
        The verdict on the difference.
    on
        Number of datasets on which the mark or the verdict holds.
    of
        Number of datasets that have a row for the classifier, or of its trainings.
    table
        The name of a CSV file of the report, without ".csv".
    row
        Column → its value in the row, such as ``{dataset: grid}``; a text such as
        ``"<= 0.55"`` is a condition.
    column
        The column of the row whose value is given.
    value
        The value there; a number is rounded as here.
    rows
        Number of rows, where `row` selects several.
    """

    dataset: Id | None = None
    classifier: Id | None = None
    score: Name | None = None
    mean: float | None = None
    std: Annotated[float, Field(ge=0)] | None = None
    mark: Literal["best", "near_best", "alone"] | None = None
    collapsed: Annotated[int, Field(ge=0)] | None = None
    against: Id | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    verdict: Literal["better", "worse", "equivalent", "inconclusive"] | None = None
    on: Annotated[int, Field(ge=0)] | None = None
    of: Annotated[int, Field(ge=1)] | None = None
    table: (
        Annotated[
            str,
            Field(max_length=60),
            Matching(
                "^[a-z_]+$",
                "the name of a CSV file of the report without '.csv', such as online",
            ),
        ]
        | None
    ) = None
    row: dict[Name, Name | int | float] = Field(default_factory=dict)
    column: Name | None = None
    value: Name | int | float | None = None
    rows: Annotated[int, Field(ge=0)] | None = None

    @field_validator("interval")
    @classmethod
    def _is_ordered(
        cls, value: tuple[float, float] | None
    ) -> tuple[float, float] | None:
        if value is not None and value[0] > value[1]:
            raise PydanticCustomError(
                "interval",
                "found [{low}, {high}]; expected the lower end first",
                {"low": value[0], "high": value[1]},
            )
        return value

    @model_validator(mode="after")
    def _is_one_form(self) -> Self:
        given = {name for name in type(self).model_fields if name in self._given}
        if problem := _problem(given):
            raise PydanticCustomError("rests_on", "{problem}", {"problem": problem})
        return self

    @property
    def _given(self) -> set[str]:
        return {name for name in self.model_fields_set if getattr(self, name) != {}}


def _problem(given: set[str]) -> str:
    """Return what is wrong with the keys of a row; empty if they make up one form."""

    def form(needs: set[str], may: set[str], one_of: set[str]) -> str:
        if missing := sorted(needs - given):
            return f"the key '{missing[0]}' is missing"
        if not given & one_of:
            return f"found no figure; expected at least one of {_listed(one_of)}"
        if beyond := sorted(given - needs - may - one_of):
            return (
                f"the key '{beyond[0]}' does not go with {_listed(given - {beyond[0]})}"
            )
        return ""

    if "table" in given:
        if "value" in given:
            return form({"table", "row", *_CELL}, set(), {"value"})
        return form({"table"}, {"row"}, {"rows"})
    if "collapsed" in given:
        needs = {"dataset", "classifier", "collapsed", "of"}
        return form(needs, {"mean", "std", "mark"}, {"collapsed"})
    if given & {"on", "of"}:
        if "mark" in given:
            return form({"classifier", "mark", "on", "of"}, set(), {"mark"})
        return form(
            {"classifier", "against", "verdict", "on", "of"}, set(), {"verdict"}
        )
    if "dataset" not in given:
        return form({"classifier", "against"}, set(), set(_NUMBERS))
    needs = {"dataset", "classifier"}
    if given & {*_NUMBERS, "against"}:
        both = {"mean", "std", "mark", "score"}
        return form(needs | {"against"}, both, set(_NUMBERS))
    if "score" in given:
        return form(needs | {"score"}, {"mark"}, {"mean", "std"})
    return form(needs, set(), {"mean", "std", "mark"})


def _listed(names: set[str]) -> str:
    return ", ".join(f"'{name}'" for name in RowSpec.model_fields if name in names)


class AnswerSpec(Strict):
    """An answer to a question, written by a person who read the report.

    Attributes
    ----------
    question
        The question.
    answer
        The answer.
    date
        The day on which it was written, such as 2026-11-24.
    commit
        The commit of the results that it is based on, at least 7 hexadecimal digits.
        The report warns if no stored result comes from that commit.
    rests_on
        The rows of the report's tables that the answer rests on. The report shows them
        below the answer, and warns if one of them is missing or says something else.
    """

    question: Annotated[str, Field(min_length=1, max_length=300)]
    answer: Annotated[str, Field(min_length=1, max_length=4000)]
    date: Annotated[str, Field(json_schema_extra={"format": "date"})]
    commit: Annotated[str, Field(json_schema_extra={"pattern": "^[0-9a-f]{7,40}$"})]
    rests_on: Annotated[tuple[RowSpec, ...], Field(max_length=200)] = ()

    @field_validator("date", mode="before")
    @classmethod
    def _is_a_date(cls, value: Any) -> Any:
        try:
            # fromisoformat also reads other forms, such as 20261124.
            is_date = date.fromisoformat(value).isoformat() == value
        except (TypeError, ValueError):
            is_date = False
        if not is_date:
            raise PydanticCustomError(
                "date",
                "found '{found}'; expected a date, such as 2026-11-24",
                {"found": str(value)[:60]},
            )
        return value

    @field_validator("commit", mode="before")
    @classmethod
    def _hexadecimal(cls, value: Any) -> Any:
        # YAML reads digits alone as a number, which loses leading zeros: 0123456.
        if not (isinstance(value, str) and re.fullmatch("[0-9a-f]{7,40}", value)):
            raise PydanticCustomError(
                "commit",
                "found '{found}'; expected 7 to 40 hexadecimal digits, such as from "
                "`git rev-parse HEAD`; quote them if all are digits 0 to 9",
                {"found": str(value)[:60]},
            )
        return value
