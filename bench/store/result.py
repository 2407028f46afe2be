"""The result of a cell or an audit, and its form as JSON."""

import hashlib
import json
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from bench.base import shown

STATUSES = ("done", "failed", "timeout", "crashed", "skipped")
BAD = ("failed", "timeout", "crashed")  # computed again only with --retry-failed


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a cell or an audit.

    Attributes
    ----------
    key, fields
        The hash that names the result, and the values that were hashed.
    dataset, repetition, classifier
        The cell's coordinates in the suite that computed it; an audit has an empty
        classifier.
    status
        One of "done", "failed", "timeout", "crashed", "skipped".
    data_hash
        Hash of the training and test curves.
    fingerprint
        Numbers that are the same for these curves on every processor, see
        `bench.base.fingerprints`; a transfer has those of both datasets.
    train, test
        Metric → score; empty unless done.
    figures
        The numbers that an audit found, see `bench.cells.audits.audit_curves`;
        empty unless done.
    fit_seconds, predict_seconds, fit_cpu_seconds, predict_cpu_seconds
        Wall-clock and processor time. Predicting covers the training and the test
        curves, and the computation of scores.
    seconds
        Wall-clock time of the cell's process, until it ended or was stopped.
    peak_rss_mib
        Peak resident memory of the cell's processes, in MiB.
    attempts
        Number of times it was started: more than 1 after faults of the machine.
    sharing
        Number of cells that its process computed in turn, this one included. The peak
        memory is then that of the process until it had computed this one.
    batched
        Number of repetitions that were trained together. Seconds are then the whole
        batch's, divided by this number, and the memory is the whole batch's.
    target
        In a transfer, the dataset whose test curves were scored; otherwise empty.
    iterations
        Number of iterations or epochs of the fit, if the classifier says it.
    threads
        Number of threads that the cell was allowed.
    warnings
        The warnings that were raised most often, each once, with their count.
    other_warnings
        How many more were raised than these and their counts say.
    absent
        Method ("predict_proba", "decision_function") → why the scores that it gave are
        left out, see `bench.cells.outputs`. A method that does not exist is not named.
    own_scores
        Identity of a metric that a suite brought (see `bench.cells.own_metrics`) → its
        scores "train" and "test", each a number or None, and "problem": why one is
        missing, or an empty text.
    error
        Type and message of the error, the signal that ended the process if one did, and
        the traceback, which the store keeps in a file of its own.
    versions
        Distribution → version: those that compute every result, and those that its
        classifier imports, see `bench.classifiers.imported`.
    commit, dirty, cpu, blas, device
        Provenance, see `bench.base.provenance`.
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
    fingerprint: list[list[float]] = field(default_factory=list)
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
    sharing: int = 1
    batched: int = 1
    target: str = ""
    iterations: int | None = None
    threads: int = 1
    warnings: tuple[str, ...] = ()
    other_warnings: int = 0
    absent: dict[str, str] = field(default_factory=dict)
    own_scores: dict[str, dict[str, float | str | None]] = field(default_factory=dict)
    error: dict[str, str] | None = None
    versions: dict[str, str] = field(default_factory=dict)
    commit: str | None = None
    dirty: bool | None = None
    cpu: str = ""
    blas: str = ""
    device: str = "cpu"
    arrays_sha256: str | None = None

    @property
    def is_given(self) -> bool:
        """Whether recorded curves were divided as their files divide them."""
        dataset = self.fields.get("dataset")
        return (
            isinstance(dataset, dict)
            and "recorded" in dataset
            and dataset.get("split") == "given"
        )

    @property
    def division(self) -> str:
        """Which curves of its dataset it is of: a repetition, or the given split."""
        return "given split" if self.is_given else f"repetition {self.repetition}"

    @property
    def is_audit(self) -> bool:
        """Whether it is an audit's result, which has no predictions."""
        return not self.classifier

    @property
    def has_arrays(self) -> bool:
        """Whether it must have arrays beside it: those of a cell that is done."""
        return self.status == "done" and not self.is_audit


_READERS = {
    name: TypeAdapter[Any](kind) for name, kind in get_type_hints(Result).items()
}
# Fields that later versions added have a default, so that older results can be read.
_REQUIRED = {
    entry.name
    for entry in fields(Result)
    if entry.default is MISSING and entry.default_factory is MISSING
}


def encodable(result: Result) -> Result:
    """Escape characters that UTF-8 cannot encode, such as lone surrogates.

    Messages of a classifier can be any string.
    """
    if not (result.error or result.warnings or result.absent):
        return result

    def escaped(text: str) -> str:
        return text.encode("utf-8", "backslashreplace").decode()

    error = result.error and {k: escaped(v) for k, v in result.error.items()}
    return replace(
        result,
        error=error,
        warnings=tuple(map(escaped, result.warnings)),
        absent={method: escaped(why) for method, why in result.absent.items()},
    )


def to_json(result: Result) -> bytes:
    """Write a result as JSON, its key first."""
    return json.dumps(vars(result), separators=(",", ":")).encode()


def to_result(document: Any) -> Result:
    """Make a result of JSON that was read.

    Raises
    ------
    ValueError
        If it is not a result; the message says what is wrong.
    """
    if not isinstance(document, dict) or not document.keys() >= _REQUIRED:
        raise ValueError("not a result of this program, or one of another version")
    if isinstance(document.get("warnings"), list):
        document["warnings"] = tuple(document["warnings"])
    values: dict[str, Any] = {}
    for name, reader in _READERS.items():
        if name not in document:
            continue
        try:
            values[name] = reader.validate_python(document[name], strict=True)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]["msg"]
            raise ValueError(f"its field '{name}': {problem}") from None
    result = Result(**values)
    if result.status not in STATUSES:
        raise ValueError(
            f"its field 'status': found '{shown(result.status, 60)}'; expected one of "
            f"{', '.join(STATUSES)}"
        )
    return result


def from_file(raw: bytes) -> Result:
    """Read a result of an older store: JSON that contains its own checksum.

    Raises
    ------
    ValueError
        If it is not a result, or was changed after it was written; the message says
        what is wrong.
    """
    document = read_json(raw)
    if not isinstance(document, dict) or not document.keys() > _REQUIRED:
        raise ValueError("not a result of this program, or one of another version")
    checksum = document.pop("checksum", None)
    try:
        text = json.dumps(document, sort_keys=True)
    except RecursionError:
        raise ValueError("nested too deeply for a result") from None
    if checksum != hashlib.sha256(text.encode()).hexdigest():
        raise ValueError("its checksum does not match")
    return to_result(document)


def read_json(raw: bytes) -> Any:
    """Read JSON.

    Raises
    ------
    ValueError
        If it is none, or nested too deeply.
    """
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise ValueError("truncated, or not JSON") from None
