"""A trained discriminator as files: a card in JSON beside its weights in safetensors.

Neither holds code, and nothing is taken from them that was not looked at.
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
_MAX_CARD = 2**27  # bytes; a million points are the longest thing in it
_MAX_WEIGHTS = 2**31

# JSON has no tuples: `strict=False` takes a list for one, and nothing else.
Point = Annotated[tuple[float, ...], Field(min_length=1, strict=False)]
Weights = dict[str, np.ndarray]


class WeightsFile(Strict):
    """Which file holds the weights."""

    file: Literal["weights.safetensors"] = "weights.safetensors"
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Card(Strict):
    """What a discriminator reads, what it is, and where it comes from.

    Attributes
    ----------
    network
        The architecture.
    classes
        Labels in the order of the logits; of two, the logit is the second's.
    class_names
        What they mean.
    channels
        The name of each block of n_points columns that it reads.
    x
        Where curves were evaluated, a row a point.
    weights
        Its file, by checksum.
    dataset, classifier, training, scores, provenance
        How it came about, as JSON values; nothing is computed from them.
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
            ("x", n_lengths, 1, "rows are of one length"),
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
    """Write both files, each whole or not at all; return the card's path.

    Parameters
    ----------
    folder
        Made if need be. What other exports left there is replaced.
    card
        As `Card` has it, without format, version and weights.

    Raises
    ------
    DiscriminatorError
        If a weight is not finite, or the folder holds files that are not ours.
    """
    check_free(folder)
    _check_finite(weights, "")
    # With metadata of its own, so that we know our file from anybody's model.
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
    _parse_card(text, folder / CARD)  # what is written can be read
    folder.mkdir(parents=True, exist_ok=True)
    # The card is the last: until then the checksum in the older one tells.
    write_whole(folder / WEIGHTS, raw)
    write_whole(folder / CARD, text)
    return folder / CARD


def _as_text(card: Mapping[str, Any]) -> str:
    """Write JSON to be read: each key on a line of its own, but points in one."""
    entries = []
    for key, value in card.items():
        indent = None if key == "x" else 1
        written = json.dumps(value, indent=indent, allow_nan=False)
        entries.append(f'"{key}": {written}'.replace("\n", "\n "))
    return "{\n " + ",\n ".join(entries) + "\n}\n"


def check_free(folder: Path) -> None:
    """Refuse a folder in which a file of ours would replace one that is not."""
    for name, is_ours in ((CARD, _is_our_card), (WEIGHTS, _is_our_weights)):
        path = folder / name
        if os.path.lexists(path) and not is_ours(path):
            raise DiscriminatorError(
                f"{path}: is no file of an earlier export; move it away, or choose "
                "another folder"
            )


def read_discriminator(folder: Path) -> tuple[Card, Weights]:
    """Read both files.

    Raises
    ------
    MissingFileError
        If one is not there, or cannot be read.
    DiscriminatorError
        If one is not what `write_discriminator` wrote.
    """
    if not folder.is_dir():
        raise MissingFileError(
            f"{folder}: no folder; expected one that `python -m bench export` wrote"
        )
    card = _parse_card(_read(folder / CARD, _MAX_CARD), folder / CARD)
    path = folder / WEIGHTS
    raw = _read(path, _MAX_WEIGHTS)
    if hashlib.sha256(raw).hexdigest() != card.weights.sha256:
        raise DiscriminatorError(
            f"{path}: not the weights that {CARD} is of (their checksum differs): "
            "truncated, changed or of another export; export again"
        )
    try:
        weights = numpy.load(raw)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise DiscriminatorError(
            f"{path}: no safetensors file ({shown(str(error), 100)}); export again"
        ) from None
    for name, value in weights.items():
        if value.dtype != np.float32:
            raise DiscriminatorError(
                f"{path}: {shown(name, 60)} is {value.dtype}; expected float32"
            )
    _check_finite(weights, f"{path}: ")
    return card, weights


def _parse_card(raw: bytes, path: Path) -> Card:
    said = ""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found, said = None, "truncated, or no JSON"
    if not said and not (isinstance(found, dict) and found.get("format") == FORMAT):
        said = "no card of a discriminator"
    if not said and found.get("version") != VERSION:
        version = shown(repr(found.get("version")), 40)
        said = f"of version {version} of the format, this program reads {VERSION}"
    if not said:
        try:
            return Card.model_validate(found)
        except ValidationError as error:
            first, *_ = error.errors(include_url=False, include_input=False)
        # pydantic adds the kind of network to the place.
        place = ".".join(str(p) for p in first["loc"] if p not in KINDS)
        said = f"{place}: {first['msg']}" if place else first["msg"]
    raise DiscriminatorError(
        f"{path}: {shown(said)}; expected a card that `python -m bench export` wrote"
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
        raise DiscriminatorError(f"{path}: more than {limit} bytes; none of ours has")
    return raw


def _check_finite(weights: Weights, where: str) -> None:
    for name, value in weights.items():
        if not np.isfinite(value).all():
            raise DiscriminatorError(
                f"{where}weights that are not finite ({shown(name, 60)}): the training "
                "diverged; train again with a lower lr"
            )


def _is_our_card(path: Path) -> bool:
    try:
        found = json.loads(read_bytes(path, _MAX_CARD))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("format") == FORMAT


def _is_our_weights(path: Path) -> bool:
    if not is_file(path):  # a pipe would block
        return False
    try:
        with safe_open(path, "numpy") as file:
            return bool((file.metadata() or {}).get("format") == FORMAT)
    except (OSError, SafetensorError):
        return False
