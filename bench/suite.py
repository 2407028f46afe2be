"""Reading a suite file: every mistake with its file, its line and what was expected."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.documents import Document, read_document
from bench.errors import SuiteError
from bench.schema import Suite

# The kinds of mistake whose messages `bench.schema` words itself.
_OUR_KINDS = (
    "unknown_key",
    "order",
    "channels",
    "source",
    "preset",
    "class",
    "duplicate",
    "metric",
)


def load_suite(path: str | Path) -> Suite:
    """Read and check a suite file.

    Raises
    ------
    MissingFileError
        No such file.
    SuiteError
        With file and line: unsafe YAML, an unknown key or name, a wrong type.
    """
    document = read_document(Path(path), SuiteError)
    if not isinstance(document.data, dict):
        raise SuiteError(f"{path}:1: expected a mapping; see `python -m bench schema`")
    try:
        suite = Suite.model_validate(_tuples(document.data))
    except ValidationError as error:
        raise SuiteError(_explain(error, document)) from None
    suite._document = document
    return suite


def _tuples(data: Any) -> Any:
    """Turn lists into the tuples of a frozen suite; parameters stay as written."""
    if isinstance(data, list):
        return tuple(_tuples(part) for part in data)
    if isinstance(data, dict):
        return {
            key: part if key == "params" else _tuples(part)
            for key, part in data.items()
        }
    return data


def _explain(error: ValidationError, document: Document) -> str:
    first, *rest = error.errors()
    # pydantic counts a list whose entry is wrong as too short as well.
    rest = [e for e in rest if e["loc"] != first["loc"][: len(e["loc"])]]
    context = first.get("ctx", {})
    location = list(first["loc"])
    if first["type"] == "unknown_key":
        location.append(context["key"])
    if first["type"] == "duplicate":
        location.append(context["at"])
    written = _written(location, document.data)
    name = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in written
    ).lstrip(".")
    message = first["msg"]
    if first["type"] == "missing":
        message = f"the key '{first['loc'][-1]}' is missing"
    elif first["type"] not in _OUR_KINDS:
        found = json.dumps(first["input"], default=str, ensure_ascii=False)
        found = found if len(found) <= 60 else found[:57] + "..."
        message = f"found {found}; {message[0].lower()}{message[1:]}"
    more = f" (and {len(rest)} more)" if rest else ""
    return f"{document.where(*written)}: {name or 'suite'}: {message}{more}"


def _written(location: list[str | int], data: Any) -> list[str | int]:
    """Keep what the file really says: pydantic adds the names of its union members."""
    kept: list[str | int] = []
    for part in location:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            continue
        kept.append(part)
    return kept
