"""What is stored of a suite, and why what is missing cannot be reused."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from bench.cells import Cell
from bench.runner import Plan
from bench.seeds import digest
from bench.store import Store


def count_statuses(plan: Plan, store: Store) -> dict[tuple[str, str], Counter[str]]:
    """Count the cells of each dataset and classifier by status.

    "missing" is what nothing sound is stored of; what is wrong with a damaged file
    is then in ``store.damaged``.
    """
    counts: dict[tuple[str, str], Counter[str]] = {}
    for cell in plan.cells:
        stored = store.get(cell.key)
        name = (cell.dataset.spec.id, cell.classifier.id)
        found = stored.status if stored else "missing"
        counts.setdefault(name, Counter())[found] += 1
    return counts


def explain_missing(plan: Plan, store: Store) -> Iterator[str]:
    """Say of each missing cell in which fields it differs from the nearest stored one.

    Yields
    ------
    str
        One line for the repetitions of a dataset and classifier together.
    """
    missing: dict[str, list[Cell]] = {}
    for cell in plan.cells:
        if store.get(cell.key) is None:
            missing.setdefault(_kind(cell.fields), []).append(cell)
    kinds, repetitions = _stored_kinds(store)
    for kind, cells in missing.items():
        wanted = flatten(json.loads(json.dumps(cells[0].fields)))
        same_class = [
            (key, fields)
            for key, fields in kinds.items()
            if fields["classifier.class"] == wanted["classifier.class"]
        ]
        shown = _ranges(cell.repetition for cell in cells)
        where = f"{cells[0].dataset.spec.id}, {cells[0].classifier.id}, {shown}"
        if kind in kinds:
            yield f"{where}: stored are {_ranges(repetitions[kind])} alone"
        elif not same_class:
            yield f"{where}: nothing of this classifier is stored"
        else:
            differing = min(
                (differences(wanted, fields) for _, fields in same_class), key=len
            )
            yield f"{where}: {'; '.join(differing)}"


def differences(wanted: dict[str, Any], stored: dict[str, Any]) -> list[str]:
    """Name the fields in which two flat keys differ, and both values."""
    return [
        f"{name} is {_shown(wanted, name, stored)}, "
        f"stored {_shown(stored, name, wanted)}"
        for name in sorted(wanted.keys() | stored.keys())
        if name != "repetition" and wanted.get(name, ...) != stored.get(name, ...)
    ]


def flatten(fields: Any, name: str = "") -> dict[str, Any]:
    """Give every value of nested dictionaries a dotted name."""
    if not isinstance(fields, dict) or not fields:
        return {name: fields} if name else {}
    flat: dict[str, Any] = {}
    for key, value in fields.items():
        flat |= flatten(value, f"{name}.{key}" if name else key)
    return flat


def _stored_kinds(
    store: Store,
) -> tuple[dict[str, dict[str, Any]], dict[str, set[int]]]:
    kinds: dict[str, dict[str, Any]] = {}
    repetitions: dict[str, set[int]] = {}
    for key in store.keys():  # noqa: SIM118 (a method of ours, not a dictionary's)
        stored = store.get(key)
        if stored is not None:
            kind = _kind(stored.fields)
            kinds.setdefault(kind, flatten(stored.fields))
            repetitions.setdefault(kind, set()).add(stored.repetition)
    return kinds, repetitions


def _kind(fields: dict[str, Any]) -> str:
    """Name what the repetitions of a cell have in common."""
    return digest({k: v for k, v in fields.items() if k != "repetition"})


def _shown(fields: dict[str, Any], name: str, other: dict[str, Any]) -> str:
    if name not in fields:
        return "not given"
    value, theirs = fields[name], other.get(name)
    if isinstance(value, str) and isinstance(theirs, str) and "\n" in value + theirs:
        lines, other_lines = value.splitlines(), theirs.splitlines()
        pairs = zip(lines, other_lines, strict=False)
        at = next(
            (i for i, (a, b) in enumerate(pairs) if a != b),
            min(len(lines), len(other_lines)),
        )
        line = lines[at] if at < len(lines) else "(no more lines)"
        return f"'{line[:60]}' in line {at + 1}"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _ranges(numbers: Iterable[int]) -> str:
    """Write ``repetitions 0–3, 7``."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    text = ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in parts)
    return f"repetitions {text}"
