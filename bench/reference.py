"""Published figures to print beside ours."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench import resources
from bench.documents import read_document
from bench.errors import MissingFileError, SuiteError, did_you_mean


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Figure(_Strict):
    """A published mean, with its standard deviation where it was given."""

    mean: float
    std: float | None = None


class Reference(_Strict):
    """A table of somebody's figures.

    Attributes
    ----------
    title
        What to call the source in a table's heading.
    source
        Where the figures stand, in a sentence.
    measures
        The score they are: ``train_accuracy`` or ``test_accuracy``.
    lesson
        What a reader must know before comparing; the report opens with it.
    notes
        For a classifier, why ours may differ.
    remarks
        Anything else that the report says of these datasets.
    datasets
        Dataset id → classifier id → figure.
    """

    title: str
    source: str
    measures: str = Field(pattern="^(train|test)_[a-z_]+$")
    lesson: str
    notes: dict[str, str] = {}
    remarks: tuple[str, ...] = ()
    datasets: dict[str, dict[str, Figure]]


def load_reference(name_or_path: str, folder: Path) -> Reference:
    """Read a reference: a path relative to `folder`, or a shipped one's name."""
    candidates = [folder / name_or_path, folder / f"{name_or_path}.yaml"]
    if Path(name_or_path).name == name_or_path:
        candidates.append(resources.REFERENCES / f"{name_or_path}.yaml")
    path = next((path for path in candidates if path.is_file()), None)
    if path is None:
        known = sorted(path.stem for path in resources.REFERENCES.glob("*.yaml"))
        raise MissingFileError(
            f"no reference '{name_or_path}' in {folder} or among the shipped ones "
            f"({', '.join(known)}){did_you_mean(name_or_path, known)}"
        )
    document = read_document(path, SuiteError)
    try:
        return Reference.model_validate(document.data)
    except ValidationError as error:
        first = error.errors()[0]
        raise SuiteError(
            f"{document.where(*first['loc'])}: {'.'.join(map(str, first['loc']))}: "
            f"{first['msg']}"
        ) from None
