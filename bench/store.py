"""The store: one small JSON a cell beside an ``.npz`` of its predictions.

Each file is written under a temporary name, flushed and renamed; the JSON comes
last and is the commit point. A result that does not match its checksum does not
count.
"""

import hashlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from bench.errors import StoreError

STATUSES = ("done", "failed", "timeout", "crashed", "skipped")


@dataclass(frozen=True)
class Result:
    """What a cell left.

    Attributes
    ----------
    key, fields
        The hash that names the result, and what it was taken over.
    dataset, repetition, classifier
        The cell's coordinates in the suite that computed it.
    status
        One of "done", "failed", "timeout", "crashed", "skipped".
    train, test
        Metric → score; empty unless done.
    fit_seconds, predict_seconds, fit_cpu_seconds, predict_cpu_seconds
        Wall clock and processor time; predicting covers both sets, with scores.
    peak_rss_mib
        Largest resident memory of the cell's process, in MiB.
    error
        Type, message and traceback of what went wrong.
    """

    key: str
    fields: dict[str, Any]
    dataset: str
    repetition: int
    classifier: str
    status: str
    data_hash: str = ""
    train: dict[str, float] = field(default_factory=dict)
    test: dict[str, float] = field(default_factory=dict)
    fit_seconds: float | None = None
    predict_seconds: float | None = None
    fit_cpu_seconds: float | None = None
    predict_cpu_seconds: float | None = None
    peak_rss_mib: float | None = None
    iterations: int | None = None
    threads: int = 1
    warnings: tuple[str, ...] = ()
    error: dict[str, str] | None = None
    versions: dict[str, str] = field(default_factory=dict)
    commit: str | None = None
    dirty: bool | None = None
    cpu: str = ""
    device: str = "cpu"
    arrays_sha256: str | None = None


class Store:
    """All results, under one folder.

    Parameters
    ----------
    folder
        Made when the first result is put.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> Result | None:
        """Return the result of a key, or None where there is no sound one."""
        try:
            document = json.loads(self._path(key, "json").read_text("utf-8"))
            known = {entry.name for entry in fields(Result)}
            document["warnings"] = tuple(document["warnings"])
            result = Result(**{k: v for k, v in document.items() if k in known})
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if result.key != key or result.status not in STATUSES:
            return None
        return result if self._sound(result) else None

    def put(self, result: Result, arrays: dict[str, np.ndarray] | None) -> Result:
        """Write a result and its arrays; return it with the arrays' checksum."""
        try:
            self._path(result.key, "json").parent.mkdir(parents=True, exist_ok=True)
            if arrays is not None:
                packed = io.BytesIO()
                np.savez_compressed(packed, allow_pickle=False, **arrays)
                raw = packed.getvalue()
                _write(self._path(result.key, "npz"), raw)
                checksum = hashlib.sha256(raw).hexdigest()
                result = Result(**(vars(result) | {"arrays_sha256": checksum}))
            text = json.dumps(asdict(result), indent=1, sort_keys=True)
            _write(self._path(result.key, "json"), text.encode())
        except OSError as error:
            raise StoreError(
                f"{self.folder}: cannot be written ({error.strerror}); make room, or "
                "choose another folder with --store"
            ) from None
        return result

    def arrays(self, key: str) -> dict[str, np.ndarray]:
        """Return labels, predictions and scores of a result."""
        with np.load(self._path(key, "npz"), allow_pickle=False) as packed:
            return dict(packed)

    def keys(self) -> Iterator[str]:
        """Yield the key of every result."""
        for path in sorted(self.folder.glob("??/*.json")):
            yield path.stem

    def _path(self, key: str, suffix: str) -> Path:
        return self.folder / key[:2] / f"{key}.{suffix}"

    def _sound(self, result: Result) -> bool:
        if result.arrays_sha256 is None:
            return result.status != "done"
        try:
            raw = self._path(result.key, "npz").read_bytes()
        except OSError:
            return False
        return hashlib.sha256(raw).hexdigest() == result.arrays_sha256


def _write(path: Path, raw: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as stream:
        stream.write(raw)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
