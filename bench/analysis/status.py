"""The state of a suite's store: counts by status, and why results are missing."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bench.base import digest, flatten, name_grid
from bench.cells import Audit, Plan, Task
from bench.store import STATUSES, Store

_SHOWN = 60  # characters of a value that differs
_MOST_FILES = 5  # that are named in one line
_NO_RESULT = "no result of this classifier is stored"
_NO_AUDIT = "no audit is stored"


def count_statuses(plan: Plan, store: Store) -> dict[tuple[str, str], Counter[str]]:
    """Count cells, those of given splits, transfers and audits by status.

    The keys are the names of dataset and classifier (empty for audits). Results are not
    opened; those that ``store.damaged`` has are "missing".
    """
    statuses = _statuses(store)
    counts: dict[tuple[str, str], Counter[str]] = {}
    for kind, cell in _tasks(plan):
        name = (_group(kind, cell), cell.name)
        status = statuses.get(cell.key, "missing")
        counts.setdefault(name, Counter())[status] += 1
    return counts


def _statuses(store: Store) -> dict[str, str]:
    """Return key → status of all results but those that are known to be damaged."""
    found = store.statuses()
    return {k: status for k, status in found.items() if k not in store.damaged}


def status_rows(plan: Plan, store: Store) -> list[dict[str, Any]]:
    """Count tasks by status, one row a kind, dataset and classifier.

    Returns
    -------
    list of dict
        ``kind`` ("cells", "given" for those of given splits beside others, "transfers"
        or "audits"), ``dataset``, ``classifier`` (empty for audits), the number with
        each status, and ``missing``, those without a sound result.
    """
    statuses = _statuses(store)
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for kind, cell in _tasks(plan):
        name = (kind, cell.dataset.spec.id, cell.name)
        if name not in rows:
            coordinates = zip(("kind", "dataset", "classifier"), name, strict=True)
            rows[name] = dict(coordinates) | dict.fromkeys((*STATUSES, "missing"), 0)
        rows[name][statuses.get(cell.key, "missing")] += 1
    return list(rows.values())


def explain_missing(plan: Plan, store: Store) -> Iterator[str]:
    """Explain which fields of each missing cell differ from the nearest stored result.

    Yields
    ------
    str
        One line for all cells that share a reason and their repetitions.
    """
    statuses = _statuses(store)
    missing: dict[tuple[str, str, str], list[Task]] = {}
    damaged: dict[tuple[str, str, str], list[Task]] = {}
    for kind, cell in _tasks(plan):
        name = (kind, cell.dataset.spec.id, cell.name)
        lists = missing.setdefault(name, []), damaged.setdefault(name, [])
        if cell.key not in statuses:
            lists[cell.key in store.damaged].append(cell)
    kinds: dict[str, dict[str, Any]] = {}
    repetitions: dict[str, set[int]] = {}
    if any(missing.values()):
        kinds, repetitions = _stored_kinds(plan, store, statuses)
    groups: dict[tuple[str, str, str], list[list[Task]]] = {}
    for name in missing:
        for cells, is_damaged in ((damaged[name], True), (missing[name], False)):
            if not cells:
                continue
            reason = "damaged; the next run computes them again"
            if not is_damaged:
                reason = _reason(cells[0], kinds, repetitions)
            ranges = _ranges({cell.repetition for cell in cells})
            group = (name[0], ranges, reason)
            groups.setdefault(group, []).append(cells)
    for (kind, ranges, reason), members in groups.items():
        yield f"{_where(kind, ranges, members)}: {reason}"


def differences(
    wanted: dict[str, Any],
    stored: dict[str, Any],
    files: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """Return a text for each field in which two flat keys differ, with both values.

    Of a source file its name takes the place of the values, which are hashes.

    Parameters
    ----------
    files
        Field that holds the hash of a file → name of that file.
    """
    names = wanted.keys() | stored.keys()
    # A field that is empty in one key and has parts in the other is left out here,
    # since each of its parts is listed.
    filled = {n for n in names if any(other.startswith(f"{n}.") for other in names)}
    changed: list[str] = []
    others: list[str] = []
    for name in sorted(names - filled - {"repetition"}):
        if _written(wanted, name) == _written(stored, name):
            continue
        if text := _file_change(name, wanted, stored, files):
            changed.append(text)
            continue
        others.append(
            f"{name} is {_shown(wanted, name, stored)}, "
            f"stored {_shown(stored, name, wanted)}"
        )
    more = len(changed) - _MOST_FILES
    if more > 0:
        changed[_MOST_FILES:] = [f"{more} more files differ"]
    return changed + others


def _file_change(
    name: str,
    wanted: dict[str, Any],
    stored: dict[str, Any],
    files: Mapping[str, str],
) -> str:
    """Say what happened to a source file, if the field is the hash of one; else ""."""
    field, found, file = name.partition(".sources.")
    if field.startswith("classifier") and found:
        if name not in stored:
            return f"{file} was not part of it"
        changed = f"{file} changed"
        return changed if name in wanted else f"{file} is no longer part of it"
    values = str(wanted.get(name)), str(stored.get(name))
    if name in files and all(value.startswith("file ") for value in values):
        return f"{files[name]} changed"
    return ""


def _reason(
    cell: Task, kinds: dict[str, dict[str, Any]], repetitions: dict[str, set[int]]
) -> str:
    kind = _kind(cell.fields)
    if kind in kinds:
        return f"only {_ranges(repetitions[kind])} are stored"
    wanted = flatten(json.loads(json.dumps(cell.fields)))
    files = _hashed_files(cell)
    candidates = [
        differences(wanted, stored, files)
        for stored in kinds.values()
        if _computes(stored) == _computes(wanted)
    ]
    no_candidate = _NO_AUDIT if isinstance(cell, Audit) else _NO_RESULT
    nearest = min(candidates, key=len, default=[no_candidate])
    return "; ".join(nearest)


def _hashed_files(cell: Task) -> dict[str, str]:
    """Return the fields of a key that hold the hash of one file, and its name."""
    if isinstance(cell, Audit):
        return {}
    *before, last = cell.classifier.parts
    files = {
        f"classifier.before.{i}.version": step.code.origin
        for i, step in enumerate(before)
    }
    files["classifier.version"] = last.code.origin
    return {field: name for field, name in files.items() if name}


def _computes(fields: dict[str, Any]) -> tuple[Any, bool]:
    """Return the classifier of a flat key, and whether it is an audit's key."""
    return fields.get("classifier.class"), "audit.results" in fields


def _stored_kinds(
    plan: Plan, store: Store, keys: Iterable[str]
) -> tuple[dict[str, dict[str, Any]], dict[str, set[int]]]:
    """Return the flat fields and the repetitions of each kind of stored results.

    Those that the plan reuses are not opened, since it knows their fields.
    """
    kinds: dict[str, dict[str, Any]] = {}
    repetitions: dict[str, set[int]] = {}
    planned = {cell.key: cell for cell in plan.everything}
    keys = sorted(keys)  # the first of equally near ones is told
    others = store.read_all(key for key in keys if key not in planned)
    for key in keys:
        stored = planned[key] if key in planned else next(others)
        if stored is not None:
            fields = stored.fields
            kind = _kind(fields)
            if kind not in kinds:
                kinds[kind] = flatten(json.loads(json.dumps(fields)))
            repetitions.setdefault(kind, set()).add(stored.repetition)
    return kinds, repetitions


def _kind(fields: dict[str, Any]) -> str:
    """Return a hash that the repetitions of a cell share."""
    return digest({k: v for k, v in fields.items() if k != "repetition"})


def _written(fields: dict[str, Any], name: str) -> str:
    """Write a value as it is hashed, which distinguishes 1, 1.0 and true."""
    return json.dumps(fields[name], ensure_ascii=False) if name in fields else ""


def _shown(fields: dict[str, Any], name: str, other: dict[str, Any]) -> str:
    if name not in fields:
        return "not given"
    a, b = fields[name], other.get(name)
    if isinstance(a, str) and isinstance(b, str) and "\n" in a + b:
        # A library's text: only its first line that differs is shown.
        lines, other_lines = a.split("\n"), b.split("\n")
        index = _first_difference(lines, other_lines)
        if index == len(lines):
            return f"'(no more lines)' in line {index + 1}"
        other_line = other_lines[index] if index < len(other_lines) else ""
        return f"'{_excerpt(lines[index], other_line)}' in line {index + 1}"
    return _excerpt(_written(fields, name), _written(other, name))


def _excerpt(text: str, other: str) -> str:
    """Cut a long text to the part where it first differs from another."""
    if len(text) <= _SHOWN:
        return text
    start = max(0, min(_first_difference(text, other) - 20, len(text) - _SHOWN))
    end = start + _SHOWN
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def _first_difference(a: Sequence[Any], b: Sequence[Any]) -> int:
    shorter = min(len(a), len(b))
    return next((i for i in range(shorter) if a[i] != b[i]), shorter)


def _where(kind: str, ranges: str, members: Sequence[Sequence[Task]]) -> str:
    """Name cells that share their kind and repetitions, a list for each classifier."""
    if len(members) == 1:
        first = members[0][0]
        names = [name for name in (_group(kind, first), first.name) if name]
        return ", ".join([*names, ranges])
    names_of = name_grid((cells[0].dataset.spec.id, cells[0].name) for cells in members)
    n = sum(map(len, members))
    kind = "cells of given splits" if kind == "given" else kind
    return f"{n} {kind} ({names_of}; {ranges})"


def _tasks(plan: Plan) -> Iterator[tuple[str, Task]]:
    """Yield all tasks of a plan with their kind.

    A cell of a given split has the coordinates of a dataset's first cell: only the plan
    tells the two apart.
    """
    kinds: dict[str, Sequence[Task]] = {
        "cells": plan.cells,
        "given": plan.given,
        "transfers": plan.transfers,
        "audits": plan.audits,
    }
    for kind, tasks in kinds.items():
        for task in tasks:
            yield kind, task


def _group(kind: str, task: Task) -> str:
    """Name the group of a task: a dataset, and what is computed of it beside cells."""
    beside = {"cells": "", "given": ", given split"}.get(kind, f", {kind}")
    return f"{task.dataset.spec.id}{beside}"


def _ranges(numbers: Iterable[int]) -> str:
    """Write numbers as ``repetitions 0–3, 7``."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    text = ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in parts)
    return f"repetitions {text}"
