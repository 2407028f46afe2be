"""Fields that several parts of a suite file share: ids, sizes, limits, training."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from bench.base import Limits, Matching, Strict, parse_duration, parse_size

# An id becomes part of file names: no slashes and control characters, no dot at the
# start, no space at either end.
_ID = Matching(
    r"^[^\s/\\.\x00-\x1f]([^/\\\x00-\x1f]*[^\s/\\\x00-\x1f])?$",
    "1 to 64 characters, no slash, no dot at the start, no space at either end",
    lambda text: re.sub(r"[/\\\x00-\x1f]+", "-", text).lstrip(". ").strip(" -"),
)
Id = Annotated[str, Field(max_length=64), _ID]
Size = Annotated[int, Field(ge=1, le=1_000_000)]
Seed = Annotated[int, Field(ge=0, lt=2**64)]
Positive = Annotated[float, Field(gt=0)]
Channel = Literal["value", "gradient", "input"]
Name = Annotated[str, Field(max_length=200)]
FEW = Field(min_length=1, max_length=100)
FEWEST_VALUES, MOST_VALUES = 2, 100  # in a sweep


class LimitsSpec(Strict):
    """The limits beyond which a cell is stopped.

    Attributes
    ----------
    timeout
        Wall-clock time: ``90`` (seconds), ``10m``, ``2h``. By default there is no
        limit.
    memory
        Resident memory of the cell's processes: ``4GiB``, ``500MB``. By default 80% of
        the machine's memory, divided by the number of cells at the same time.
    """

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
                    "found '{found}'; {expected}",
                    {"found": value, "expected": str(error)},
                ) from None
        return value

    def over(self, wider: "LimitsSpec") -> Limits:
        """Return these limits, with missing ones taken from `wider`."""
        timeout = wider.timeout if self.timeout is None else self.timeout
        memory = wider.memory if self.memory is None else self.memory
        return Limits(
            None if timeout is None else parse_duration(str(timeout)),
            None if memory is None else parse_size(memory),
        )


class ResourcesSpec(Strict):
    """What each cell of a classifier needs while it is computed.

    Attributes
    ----------
    threads
        Number of threads that BLAS, OpenMP and torch may use. By default as the suite
        says. It is part of the cells' keys.
    gpu
        Number of GPUs that a cell has for itself: it sees these, and no other cell that
        asks for GPUs does.
    slots
        How many of the places of ``-j``, or of a worker's threads, a cell takes. One
        that asks for more than there are takes them all. By default its memory limit
        is as many times that of a cell with one.
    """

    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    gpu: Annotated[int, Field(ge=0, le=64)] = 0
    slots: Annotated[int, Field(ge=1, le=1024)] = 1


Count = Annotated[int, Field(ge=1, le=100_000_000)]


class FixedTraining(Strict):
    """Training on the fixed training curves of a repetition.

    Attributes
    ----------
    mode
        The mode "fixed", which is the default.
    """

    mode: Literal["fixed"]


class OnlineTraining(Strict):
    """Training on fresh curves in every epoch; all repetitions train together.

    Attributes
    ----------
    mode
        The mode "online".
    epochs
        Number of epochs. Each draws one batch of fresh curves.
    curves
        Number of curves of each class in a batch.
    steps
        Number of optimiser steps on each batch.
    evaluate_every
        Number of epochs between two measurements of the held-out accuracy. It is also
        measured after the last epoch.
    """

    mode: Literal["online"]
    epochs: Count
    curves: Annotated[int, Field(ge=1, le=100_000)] = 5
    steps: Annotated[int, Field(ge=1, le=10_000)] = 5
    evaluate_every: Count = 100


Training = Annotated[FixedTraining | OnlineTraining, Field(discriminator="mode")]
