"""Whether the datasets of a suite differ in one number: then that is a sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.dataset_schema import DatasetSpec

FEWEST = 3  # values that make a curve


@dataclass(frozen=True)
class Sweep:
    """A quantity that varies from dataset to dataset, and nothing else does.

    Attributes
    ----------
    name
        The key, with a dot where it is nested: ``train``, ``inputs.std``.
    values
        Dataset id → its value.
    """

    name: str
    values: Mapping[str, float]


def swept(specs: Sequence[DatasetSpec]) -> Sweep | None:
    """Return the number in which all datasets differ, if it is the only difference."""
    flat = [_flat(spec.model_dump(mode="json", exclude={"id"})) for spec in specs]
    names = {name for entry in flat for name in entry}
    differing = [n for n in names if len({repr(entry.get(n)) for entry in flat}) > 1]
    if len(differing) != 1:
        return None
    [name] = differing
    values = [entry.get(name) for entry in flat]
    if any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
        return None
    if len(set(values)) < max(FEWEST, len(specs)):
        return None
    found = {spec.id: float(v) for spec, v in zip(specs, values, strict=True) if v}
    return Sweep(name, found) if len(found) == len(specs) else None


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {name: value}
    found: dict[str, Any] = {}
    for key, part in value.items():
        found |= _flat(part, f"{name}.{key}" if name else key)
    return found
