"""What a person answers to a suite's question, from the figures of its report."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from bench.validation import Strict


class AnswerSpec(Strict):
    """An answer to a question, written by a person from the report's figures.

    Attributes
    ----------
    question
        The question.
    answer
        The answer.
    date
        The day it was written, such as 2026-11-24.
    commit
        The commit of the results that it was read from, at least 7 hexadecimal digits.
        The report warns if no stored result is of that commit.
    """

    question: Annotated[str, Field(min_length=1, max_length=300)]
    answer: Annotated[str, Field(min_length=1, max_length=4000)]
    date: Annotated[str, Field(json_schema_extra={"format": "date"})]
    commit: Annotated[str, Field(json_schema_extra={"pattern": "^[0-9a-f]{7,40}$"})]

    @field_validator("date", mode="before")
    @classmethod
    def _of_the_calendar(cls, value: Any) -> Any:
        try:
            sound = date.fromisoformat(value).isoformat() == value
        except (TypeError, ValueError):
            sound = False
        if not sound:
            raise PydanticCustomError(
                "date",
                "found '{found}'; expected a day of the calendar, such as 2026-11-24",
                {"found": str(value)[:60]},
            )
        return value

    @field_validator("commit", mode="before")
    @classmethod
    def _hexadecimal(cls, value: Any) -> Any:
        # Digits alone are a number to YAML, and some of it is lost: 0123456.
        if not (isinstance(value, str) and re.fullmatch("[0-9a-f]{7,40}", value)):
            raise PydanticCustomError(
                "commit",
                "found '{found}'; expected 7 to 40 hexadecimal digits, as `git "
                "rev-parse HEAD` gives them; quote them if they are digits alone",
                {"found": str(value)[:60]},
            )
        return value
