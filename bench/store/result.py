"""A result: what a cell or an audit left, as the store keeps it."""

import hashlib
import json
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

STATUSES = ("done", "failed", "timeout", "crashed", "skipped")
BAD = ("failed", "timeout", "crashed")  # final, until they are asked for again


@dataclass(frozen=True)
class Result:
    """What a cell or an audit left.

    Attributes
    ----------
    key, fields
        The hash that names the result, and what it was taken over.
    dataset, repetition, classifier
        The cell's coordinates in the suite that computed it; an audit has an empty
        classifier.
    target
        Of a transfer: the dataset whose test curves were scored; else empty.
    status
        One of "done", "failed", "timeout", "crashed", "skipped".
    train, test
        Metric → score; empty unless done.
    figures
        What an audit found, see `bench.cells.audits.audit_repetition`; empty unless
        done.
    fit_seconds, predict_seconds, fit_cpu_seconds, predict_cpu_seconds
        Wall clock and processor time; predicting covers both sets, with scores.
    seconds
        Wall clock of the cell's process, until it ended or was stopped.
    peak_rss_mib
        Largest resident memory of the cell's processes, in MiB.
    attempts
        How often it was begun; more than once after faults of the machine.
    batched
        How many repetitions were trained together; seconds are then the whole
        batch's, divided by it, and the memory is the whole batch's.
    error
        Type and message of what went wrong, the signal that ended the process if one
        did, and the traceback, which the store keeps in a file of its own.
    arrays_sha256
        Checksum of the ``.npz`` file.
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
    figures: dict[str, Any] = field(default_factory=dict)
    fit_seconds: float | None = None
    predict_seconds: float | None = None
    fit_cpu_seconds: float | None = None
    predict_cpu_seconds: float | None = None
    seconds: float | None = None
    peak_rss_mib: float | None = None
    attempts: int = 1
    batched: int = 1
    target: str = ""
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

    @property
    def is_audit(self) -> bool:
        """Whether an audit left it, which has no predictions."""
        return not self.classifier


_READERS = {
    name: TypeAdapter[Any](kind) for name, kind in get_type_hints(Result).items()
}
# What later versions added has a default, so that older results are read.
_REQUIRED = {
    entry.name
    for entry in fields(Result)
    if entry.default is MISSING and entry.default_factory is MISSING
}


def encodable(result: Result) -> Result:
    """Escape what UTF-8 cannot hold: a classifier's messages may be any string."""

    def escaped(text: str) -> str:
        return text.encode("utf-8", "backslashreplace").decode()

    error = result.error and {k: escaped(v) for k, v in result.error.items()}
    return replace(result, error=error, warnings=tuple(map(escaped, result.warnings)))


def to_json(result: Result) -> bytes:
    """Write a result as JSON with a checksum of itself."""
    document = asdict(result)
    document["checksum"] = _checksum(document)
    return json.dumps(document, indent=1, sort_keys=True).encode()


def from_json(raw: bytes) -> Result:
    """Read a result; raise ValueError, with what is wrong, on anything else."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise ValueError("truncated, or no JSON") from None
    if not isinstance(document, dict) or not document.keys() > _REQUIRED:
        raise ValueError("no result of this program, or of another version of it")
    try:
        if document.pop("checksum", None) != _checksum(document):
            raise ValueError("its checksum does not match")
    except RecursionError:
        raise ValueError("nested too deeply for a result") from None
    if isinstance(document.get("warnings"), list):
        document["warnings"] = tuple(document["warnings"])
    found: dict[str, Any] = {}
    for name, reader in _READERS.items():
        if name not in document:
            continue
        try:
            found[name] = reader.validate_python(document[name], strict=True)
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]["msg"]
            raise ValueError(f"its field '{name}': {wrong}") from None
    result = Result(**found)
    if result.status not in STATUSES:
        raise ValueError(f"its field 'status': none of {', '.join(STATUSES)}")
    return result


def _checksum(document: dict[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
