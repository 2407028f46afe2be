"""The schema of a reference: published scores that a report shows beside its own."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

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
    """What was published of a classifier on a dataset.

    It has a mean, or the smallest and the largest score, or the score on the given
    split; or several of them.

    Attributes
    ----------
    mean, std
        Mean over repetitions, and their standard deviation.
    low, high
        The smallest and the largest score of a repetition.
    n
        The number of repetitions that these are of.
    given
        The score on the division that the files of recorded curves come with.
    """

    mean: float | None = None
    std: float | None = None
    low: float | None = None
    high: float | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    given: float | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        has_range = self.low is not None and self.high is not None
        if self.mean is None and self.given is None and not has_range:
            raise PydanticCustomError(
                "score", "expected a mean, or low and high, or given"
            )
        if self.std is not None and self.mean is None:
            raise PydanticCustomError("score", "found std without mean")
        if (self.low is None) != (self.high is None):
            raise PydanticCustomError("score", "expected low and high together")
        if self.low is not None and self.high is not None:
            middle = self.low if self.mean is None else self.mean
            if not self.low <= middle <= self.high:
                raise PydanticCustomError(
                    "score", "expected low ≤ mean ≤ high, in this order"
                )
        if self.n is not None and not self.repeats:
            raise PydanticCustomError(
                "score", "found n without mean, low or high, which it is of"
            )
        return self

    @property
    def repeats(self) -> bool:
        """Whether it has figures of repetitions, not of the given split alone."""
        return self.mean is not None or self.low is not None


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
