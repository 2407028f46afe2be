"""The schema of a reference: published scores that a report shows beside its own."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from bench.base import (
    Matching,
    MissingFileError,
    Strict,
    SuiteError,
    did_you_mean,
    is_file,
    read_document,
    resources,
    shown,
    validated,
)


class PublishedScore(Strict):
    """A published mean, with its standard deviation if it was given."""

    mean: float
    std: float | None = None


class Reference(Strict):
    """A table of published scores.

    Attributes
    ----------
    title
        The name of the source in a table's heading.
    source
        Where the scores were published, in a sentence.
    measures
        The kind of score: ``train_accuracy`` or ``test_accuracy``.
    lesson
        A warning about the comparison; the report starts with it.
    notes
        Classifier id → why the report's score may differ.
    remarks
        Further remarks on these datasets.
    datasets
        Dataset id → classifier id → published score.
    """

    title: str
    source: str
    measures: Annotated[
        str,
        Matching(
            "^(train|test)_[a-z_]+$",
            "train_ or test_ and the name of a metric, such as test_accuracy",
        ),
    ]
    lesson: str
    notes: dict[str, str] = Field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    datasets: dict[str, dict[str, PublishedScore]]


def load_reference(name_or_path: str, folder: Path) -> Reference:
    """Read a reference, given its path relative to `folder` or a shipped one's name.

    Raises
    ------
    MissingFileError
        If there is no such file.
    SuiteError
        If the file has a mistake.
    """
    candidates = [folder / name_or_path, folder / f"{name_or_path}.yaml"]
    if Path(name_or_path).name == name_or_path:
        candidates.append(resources.REFERENCES / f"{name_or_path}.yaml")
    path = next(filter(is_file, candidates), None)
    if path is None:
        known = sorted(path.stem for path in resources.REFERENCES.glob("*.yaml"))
        raise MissingFileError(
            f"no reference '{shown(name_or_path, 80)}' in {folder} or among the "
            f"shipped ones ({', '.join(known)}){did_you_mean(name_or_path, known)}"
        )
    return validated(Reference, read_document(path, SuiteError), SuiteError)
