"""A trained discriminator as files: a card in JSON, and its weights in safetensors.

The files hold no code, and every value that is read from them is checked.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from safetensors import SafetensorError, numpy, safe_open

from bench.base import (
    DiscriminatorError,
    Matching,
    MissingFileError,
    Strict,
    is_file,
    read_bytes,
    shown,
    write_whole,
)
from bench.export.card_networks import KINDS, Network

FORMAT, VERSION = "function-bench discriminator", 1
CARD, WEIGHTS = "card.json", "weights.safetensors"
_MAX_CARD = 2**27  # bytes; most of them are the points, a million at most
_MAX_WEIGHTS = 2**31

# JSON has no tuples: `strict=False` accepts a list here, and no other type.
Point = Annotated[tuple[float, ...], Field(min_length=1, strict=False)]
Weights = dict[str, np.ndarray]


class WeightsFile(Strict):
    """The file with the weights, and its checksum."""

    file: Literal["weights.safetensors"] = "weights.safetensors"
    sha256: Annotated[str, Matching("^[0-9a-f]{64}$", "64 hexadecimal digits")]


class Card(Strict):
    """The description of a discriminator: its input, its network and its provenance.

    Attributes
    ----------
    network
        The architecture.
    classes
        The labels in the order of the logits; with two classes, the only logit is that
        of the second.
    class_names
        The meaning of the labels.
    channels
        The name of each block of n_points columns that it reads.
    x
        The points at which curves are evaluated, one a row.
    weights
        The file with its weights.
    dataset, classifier, training, scores, provenance
        How it was made, as JSON values; nothing is computed from them.
    """

    format: Literal["function-bench discriminator"]
    version: Literal[1]
    network: Network
    classes: Annotated[tuple[int | str, ...], Field(min_length=2, strict=False)]
    class_names: Annotated[tuple[str, ...], Field(strict=False)] = ()
    channels: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    x: Annotated[tuple[Point, ...], Field(min_length=1, strict=False)]
    weights: WeightsFile
    dataset: dict[str, Any] = Field(default_factory=dict)
    classifier: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    scores: dict[str, Any] = Field(default_factory=dict)
    provenance: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        network, n_classes = self.network, len(self.classes)
        n_outputs = 1 if n_classes == 2 else n_classes
        n_lengths = len({len(row) for row in self.x})
        for place, found, expected, why in (
            ("network.n_points", network.n_points, len(self.x), "the rows of x"),
            ("network.n_channels", network.n_channels, len(self.channels), "channels"),
            ("network.n_outputs", network.n_outputs, n_outputs, f"{n_classes} classes"),
            ("x", n_lengths, 1, "the lengths of its rows"),
        ):
            if found != expected:
                raise PydanticCustomError(
                    "consistent",
                    "{place}: found {found}, expected {expected} ({why})",
                    {"place": place, "found": found, "expected": expected, "why": why},
                )
        return self


def write_discriminator(
    folder: Path, card: Mapping[str, Any], weights: Weights
) -> Path:
    """Write both files, each atomically; return the card's path.

    Parameters
    ----------
    folder
        Created if it does not exist. An earlier export in it is replaced.
    card
        The values of a `Card` without format, version and weights.

    Raises
    ------
    DiscriminatorError
        If a weight is not finite, or the folder holds files that are not ours.
    """
    check_free(folder)
    _check_finite(weights, "")
    # The metadata distinguish our file from other models in this format.
    raw = numpy.save(
        {name: np.ascontiguousarray(value) for name, value in weights.items()},
        {"format": FORMAT},
    )
    whole = {
        "format": FORMAT,
        "version": VERSION,
        **card,
        "weights": {"file": WEIGHTS, "sha256": hashlib.sha256(raw).hexdigest()},
    }
    text = _as_text(whole).encode()
    _parse_card(text, folder / CARD)  # so that only readable cards are written
    folder.mkdir(parents=True, exist_ok=True)
    # The card comes last. If the process ends before, the older card's checksum shows
    # that the weights are not those that it describes.
    write_whole(folder / WEIGHTS, raw)
    write_whole(folder / CARD, text)
    return folder / CARD


def _as_text(card: Mapping[str, Any]) -> str:
    """Write JSON for readers: each value on its own line, but all points on one."""
    entries = []
    for key, value in card.items():
        indent = None if key == "x" else 1
        written = json.dumps(value, indent=indent, allow_nan=False)
        entries.append(f'"{key}": {written}'.replace("\n", "\n "))
    return "{\n " + ",\n ".join(entries) + "\n}\n"


def check_free(folder: Path) -> None:
    """Refuse a folder if an export would replace a file that is not of an export."""
    for name, is_ours in ((CARD, _is_our_card), (WEIGHTS, _is_our_weights)):
        path = folder / name
        if os.path.lexists(path) and not is_ours(path):
            raise DiscriminatorError(
                f"{path}: exists and was not written by `bench export`; move it, or "
                "choose another folder"
            )


def read_discriminator(folder: Path) -> tuple[Card, Weights]:
    """Read both files.

    Raises
    ------
    MissingFileError
        If a file does not exist, or cannot be read.
    DiscriminatorError
        If a file is not as `write_discriminator` wrote it.
    """
    if not folder.is_dir():
        raise MissingFileError(
            f"{folder}: not a folder; expected one that `python -m bench export` wrote"
        )
    card = _parse_card(_read(folder / CARD, _MAX_CARD), folder / CARD)
    path = folder / WEIGHTS
    raw = _read(path, _MAX_WEIGHTS)
    if hashlib.sha256(raw).hexdigest() != card.weights.sha256:
        raise DiscriminatorError(
            f"{path}: not the weights that {CARD} describes (the checksum differs): "
            "truncated, changed or of another export; export again"
        )
    try:
        weights = numpy.load(raw)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise DiscriminatorError(
            f"{path}: not a safetensors file ({shown(str(error), 100)}); export again"
        ) from None
    for name, value in weights.items():
        if value.dtype != np.float32:
            raise DiscriminatorError(
                f"{path}: {shown(name, 60)} is {value.dtype}; expected float32"
            )
    _check_finite(weights, f"{path}: ")
    return card, weights


def _parse_card(raw: bytes, path: Path) -> Card:
    problem = ""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):  # such as a million opening brackets
        document, problem = None, "truncated, or not JSON"
    is_ours = isinstance(document, dict) and document.get("format") == FORMAT
    if not problem and not is_ours:
        problem = "not the card of a discriminator"
    if not problem and document.get("version") != VERSION:
        version = shown(repr(document.get("version")), 40)
        problem = f"found version {version} of the format, this program reads {VERSION}"
    if not problem:
        try:
            return Card.model_validate(document)
        except ValidationError as error:
            first, *_ = error.errors(include_url=False, include_input=False)
        # pydantic adds the kind of network to the path of a field.
        place = ".".join(str(p) for p in first["loc"] if p not in KINDS)
        problem = f"{place}: {first['msg']}" if place else first["msg"]
    raise DiscriminatorError(
        f"{path}: {shown(problem)}; expected a card that `python -m bench export` wrote"
    )


def _read(path: Path, limit: int) -> bytes:
    try:
        raw = read_bytes(path, limit)
    except OSError as error:
        raise MissingFileError(
            f"{path}: cannot be read ({error.strerror or error}); expected a file that "
            "`python -m bench export` wrote"
        ) from None
    if len(raw) > limit:
        raise DiscriminatorError(
            f"{path}: found more than {limit} bytes; expected a smaller file, which "
            "`python -m bench export` wrote"
        )
    return raw


def _check_finite(weights: Weights, where: str) -> None:
    for name, value in weights.items():
        if not np.isfinite(value).all():
            raise DiscriminatorError(
                f"{where}found weights that are not finite ({shown(name, 60)}): the "
                "training diverged; train again with a lower lr"
            )


def _is_our_card(path: Path) -> bool:
    try:
        document = json.loads(read_bytes(path, _MAX_CARD))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("format") == FORMAT


def _is_our_weights(path: Path) -> bool:
    if not is_file(path):  # opening a pipe would wait for a writer
        return False
    try:
        with safe_open(path, "numpy") as file:
            return bool((file.metadata() or {}).get("format") == FORMAT)
    except (OSError, SafetensorError):
        return False
