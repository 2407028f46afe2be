"""Check files against pydantic models; a mistake is named with its file and line."""

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import (
    CoreSchema,
    ErrorType,
    no_info_after_validator_function,
)

from bench.base.documents import Document
from bench.base.errors import BenchError
from bench.base.messages import did_you_mean, named, shown

Model = TypeVar("Model", bound=BaseModel)
# Errors of any other kind have messages of our own.
_PYDANTIC_KINDS = set(get_args(ErrorType))


class Strict(BaseModel):
    """Base of all models of files: refuses unknown keys and values of another type.

    Attributes
    ----------
    misplaced
        Key → where it belongs, for keys that a file may contain but the model lacks.
    """

    misplaced: ClassVar[Mapping[str, str]] = {}
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Take the keys' descriptions, which editors show, from the docstrings."""
        made = handler(core_schema)
        schema = handler.resolve_ref_schema(made)
        attributes: dict[str, str] = {}
        for model in reversed(cls.__mro__):
            if issubclass(model, BaseModel) and model.__doc__:
                summary, described = split_docstring(model)
                attributes |= described
        schema["description"] = summary
        for name, text in attributes.items():
            field = cls.model_fields.get(name)
            key = (field.alias if field else None) or name
            if key in schema.get("properties", {}):
                schema["properties"][key]["description"] = text
        return made

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in data:
                if key in cls.misplaced:
                    raise PydanticCustomError(
                        "misplaced",
                        "the key '{key}' belongs {place}",
                        {"key": key, "place": cls.misplaced[key]},
                    )
                if key not in known:
                    known += cls.misplaced
                    raise PydanticCustomError(
                        "unknown_key",
                        "unknown key '{key}'{hint}. Expected: {known}",
                        {
                            "key": key,
                            "hint": did_you_mean(key, known),
                            "known": ", ".join(known),
                        },
                    )
        return data


@dataclass(frozen=True)
class Matching:
    """A text that matches a pattern, with a message in words, for ``Annotated``.

    Attributes
    ----------
    pattern
        The pattern, from ``^`` to ``$``. Editors get it from the JSON Schema.
    expected
        What the text may be, in words: the end of the message.
    mended
        Turns a text that was refused into the nearest one that matches, or into an
        empty one if there is none.
    """

    pattern: str
    expected: str
    mended: Callable[[str], str] = lambda text: ""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check the text after all other checks."""
        return no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Give the pattern to editors."""
        return handler(core_schema) | {"pattern": self.pattern}

    def _matches(self, text: str) -> bool:
        # Not `match`: a dollar sign would also match before a line break at the end.
        return re.fullmatch(self.pattern, text) is not None

    def _check(self, text: str) -> str:
        if self._matches(text):
            return text
        mended = self.mended(text)
        example = f", such as '{mended}'" if self._matches(mended) else ""
        raise PydanticCustomError(
            "pattern",
            "found '{found}'; expected {expected}{example}",
            {
                "found": shown(text, 60),
                "expected": self.expected,
                "example": example,
            },
        )


def split_docstring(model: type) -> tuple[str, dict[str, str]]:
    """Split a class's docstring into its summary and its attributes.

    Returns
    -------
    summary : str
        The text before the section "Attributes", on one line.
    attributes : dict of str to str
        Name → its description in that section, on one line.
    """
    text = inspect.cleandoc(model.__doc__ or "")
    summary, _, section = text.partition("\nAttributes\n----------\n")
    attributes: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", section):
        names, _, description = entry.partition("\n")
        for name in names.split(", "):
            attributes[name] = " ".join(description.split())
    return " ".join(summary.split()), attributes


def validated(model: type[Model], document: Document, error: type[BenchError]) -> Model:
    """Read a document as a model; raise `error` at the first mistake."""
    try:
        return model.model_validate(_tuples(document.data))
    except ValidationError as problem:
        raise error(_explain(problem, document)) from None


def _tuples(data: Any) -> Any:
    """Turn lists into tuples, as the frozen models need; ``params`` stay as written."""
    if isinstance(data, list):
        return tuple(_tuples(part) for part in data)
    if isinstance(data, dict):
        return {
            key: part if key == "params" else _tuples(part)
            for key, part in data.items()
        }
    return data


def _explain(error: ValidationError, document: Document) -> str:
    """Write the first error of a document as a message, and count the others."""
    first, *rest = error.errors()
    # pydantic also reports a list as too short if one of its entries is wrong.
    rest = [e for e in rest if e["loc"] != first["loc"][: len(e["loc"])]]
    # A mistake in an entry with a sweep is reported for each dataset made of it; it is
    # one place in the file, and counts once.
    places = {document.written(*e["loc"]) for e in rest}
    places.discard(document.written(*first["loc"]))
    context = first.get("ctx", {})
    location = list(first["loc"])
    if first["type"] in ("unknown_key", "misplaced"):
        location.append(context["key"])
    if first["type"] == "duplicate":
        location.append(context["at"])
    written = _written(location, document.data)
    name = named(document.written(*written))
    message = first["msg"]
    if first["type"] == "missing":
        message = f"the key '{first['loc'][-1]}' is missing"
    elif first["type"] == "union_tag_invalid":
        tag, expected = shown(str(context["tag"]), 60), context["expected_tags"]
        hint = did_you_mean(tag, re.findall(r"'([^']*)'", expected))
        message = (
            f"found the kind '{tag}'{hint}, which does not match any of the expected "
            f"tags: {expected}"
        )
    elif first["type"] in _PYDANTIC_KINDS:
        # What a person writes is a list, though a model keeps it as a tuple.
        message = message.replace("tuple", "list").replace("Tuple", "list")
        message = message.replace(" after validation", "")
        found = shown(json.dumps(first["input"], default=str, ensure_ascii=False), 60)
        message = f"found {found}; {message[0].lower()}{message[1:]}"
        if first["type"] == "string_type" and isinstance(first["input"], int | float):
            message += ": put it in quotes"
    more = f" (and {len(places)} more)" if places else ""
    return f"{document.where(*written)}: {name or 'file'}: {message}{more}"


def _written(location: list[str | int], data: Any) -> list[str | int]:
    """Drop the parts of a location that are not in the file.

    pydantic adds the names of its union members to a location.
    """
    kept: list[str | int] = []
    for part in location:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            continue
        kept.append(part)
    return kept
