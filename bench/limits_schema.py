"""What a suite file may say of limits: of all its cells, or of one classifier's."""

from typing import Any

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from bench.dataset_schema import Name
from bench.limits import Limits, parse_duration, parse_size
from bench.validation import Strict


class LimitsSpec(Strict):
    """When a cell is stopped.

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
