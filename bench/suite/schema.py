"""The schema of a suite file, as frozen and strict pydantic models.

Names of functions, files and classes are checked later, by the modules that load them.
"""

import re
import shlex
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bench.base import (
    BenchError,
    Document,
    Matching,
    Strict,
    did_you_mean,
    named,
    validated,
)
from bench.stats import METRICS
from bench.suite.answers import AnswerSpec
from bench.suite.classifiers import ClassifierSpec
from bench.suite.datasets import DatasetSpec
from bench.suite.extending import ADD, KEY, LISTS
from bench.suite.fields import FEW, Id, LimitsSpec, Name, Seed, Training
from bench.suite.recorded import RecordedSpec
from bench.suite.study import StudySpec
from bench.suite.sweeps import Family

_NAME = Matching(
    "^[A-Za-z0-9][A-Za-z0-9._-]*$",
    "letters from A to Z, digits, and . _ - after the first one",
    lambda text: re.sub("[^A-Za-z0-9._-]+", "-", text).lstrip("._-").rstrip("-"),
)
MOST_DATASETS = 20  # of a transfer: a wider table is not readable


class TransferSpec(Strict):
    """The datasets and classifiers of a transfer.

    Attributes
    ----------
    datasets
        Datasets to train on and to test on; by default all.
    classifiers
        Classifiers to test; by default all.
    """

    datasets: (
        Annotated[tuple[Id, ...], Field(min_length=2, max_length=MOST_DATASETS)] | None
    ) = None
    classifiers: Annotated[tuple[Id, ...], FEW] | None = None


def _kind(value: Any) -> str:
    return "some" if isinstance(value, dict | TransferSpec) else "all"


Transfer = Annotated[
    Annotated[bool, Tag("all")] | Annotated[TransferSpec, Tag("some")],
    Discriminator(_kind),
]


def _is_recorded(value: Any) -> str:
    is_recorded = isinstance(value, RecordedSpec) or (
        isinstance(value, dict) and "recorded" in value
    )
    return "recorded curves" if is_recorded else "generated curves"


# Curves that are drawn, or curves that somebody measured.
AnyDataset = Annotated[
    Annotated[DatasetSpec, Tag("generated curves")]
    | Annotated[RecordedSpec, Tag("recorded curves")],
    Discriminator(_is_recorded),
]


class StatsSpec(Strict):
    """Settings of the statistical comparisons.

    Attributes
    ----------
    baseline
        The classifier that the others are compared with. By default the first one that
        is not CHANCE.
    alpha
        Significance level of the tests. Intervals cover 1 − alpha.
    margin
        The largest difference of mean scores that does not matter in practice.
    impute
        What replaces the score of a cell that failed: "none" leaves its repetition out
        of the comparisons, "chance" counts it as a guess.
    works
        The score from which a classifier counts as working on a dataset. If it is
        given, the report has a table of verdicts: works, does not work, unclear.
    """

    baseline: Id | None = None
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    margin: Annotated[float, Field(ge=0)] = 0.01
    impute: Literal["none", "chance"] = "none"
    works: Annotated[float, Field(ge=0)] | None = None


def _may_extend(schema: dict[str, Any]) -> None:
    """Let editors know the keys that `bench.suite.extending` reads."""
    entries = {name: schema["properties"][name] for name in LISTS}
    required = schema["required"]
    schema["required"] = ["version", "name"]
    # What is missing here stands in the other file.
    schema["anyOf"] = [{"required": [KEY]}, {"required": required}]
    schema["properties"][KEY] = {
        "description": "Another suite, whose keys this one takes over and replaces: a "
        "path, or the name of a shipped suite.",
        "type": "string",
        "minLength": 1,
    }
    schema["properties"][ADD] = {
        "description": "Entries of datasets and classifiers that follow those of the "
        "suite that this one extends.",
        "type": "object",
        "properties": {
            name: {k: v for k, v in entry.items() if k in ("type", "items")}
            for name, entry in entries.items()
        },
        "additionalProperties": False,
    }


class Suite(Strict):
    """An experiment: datasets × repetitions × classifiers.

    Attributes
    ----------
    version
        The version of the file format.
    name
        The suite's name. The report is written to ``reports/<name>/``.
    description
        The question that the suite answers, for a reader. No result depends on it.
    seed
        The root of all random streams.
    repetitions
        Number of times that each dataset is drawn and each classifier is fitted. Each
        repetition draws fresh training and test curves. Only generated datasets need
        it: of recorded curves the split sets the number.
    threads
        Number of threads that BLAS, OpenMP and torch may use in a cell. Cells that run
        at the same time never use more threads together than the machine has cores.
    datasets
        The datasets, one entry each.
    classifiers
        The classifiers: a preset's name, a dotted class path, or an entry with more
        settings.
    metrics
        The scores to compute from the predictions. The first one comes first in the
        tables. Other metrics need no new fits.
    training
        The training of SD and CSD; for one classifier, write it in its entry. By
        default on the fixed training curves.
    limits
        The limits beyond which a cell is stopped; for one classifier, write them in its
        entry.
    stats
        Settings of the statistical comparisons.
    answers
        Answers that a person wrote after reading the report, which starts with them.
    audits
        Whether to check each dataset for shortcuts that give the classes away.
    transfer
        Whether to test classifiers that were trained on one dataset on the others: true
        for all datasets and classifiers, or a selection.
    study
        A hyperparameter search. ``bench study`` reads it, ``bench run`` does not.
    reference
        Published scores to show beside those of the report: the name of a shipped file
        (``seed-notebook``) or a path.
    """

    misplaced: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (KEY, ADD), "in a suite file, which takes over the keys of another one"
    )
    model_config = ConfigDict(json_schema_extra=_may_extend)

    version: Literal[1]
    name: Annotated[str, Field(max_length=64), _NAME]
    description: str = ""
    seed: Seed = 0
    repetitions: Annotated[int, Field(ge=1, le=100_000)] = 1
    threads: Annotated[int, Field(ge=1, le=1024)] = 1
    datasets: Annotated[tuple[AnyDataset, ...], Field(min_length=1)]
    classifiers: Annotated[tuple[ClassifierSpec, ...], Field(min_length=1)]
    metrics: Annotated[tuple[Name, ...], FEW] = ("accuracy",)
    training: Training | None = None
    limits: LimitsSpec = LimitsSpec()
    stats: StatsSpec = StatsSpec()
    answers: Annotated[tuple[AnswerSpec, ...], Field(max_length=100)] = ()
    audits: bool = True
    transfer: Transfer = False
    study: StudySpec | None = None
    reference: Annotated[str, Field(min_length=1, max_length=1000)] | None = None

    _document: Document = PrivateAttr(default=Document(Path("suite"), {}, {}))
    _families: tuple[Family, ...] = PrivateAttr(default=())
    _grids: Mapping[str, tuple[str, ...]] = PrivateAttr(default_factory=dict)

    @classmethod
    def from_document(
        cls,
        document: Document,
        error: type[BenchError],
        families: tuple[Family, ...] = (),
        grids: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Self:
        """Check the content of a suite file.

        Parameters
        ----------
        document
            The content, in which entries with a sweep or a grid are already expanded.
        error
            The exception for the first mistake; its message has file and line.
        families, grids
            The entries that were expanded, see the properties of these names.
        """
        suite = validated(cls, document, error)
        suite._document = document
        suite._families = families
        suite._grids = {} if grids is None else grids
        return suite

    @field_validator("datasets", "classifiers")
    @classmethod
    def _distinct(cls, entries: tuple[Any, ...]) -> tuple[Any, ...]:
        ids = [entry.id for entry in entries]
        for position, name in enumerate(ids):
            if name in ids[:position]:
                raise PydanticCustomError(
                    "duplicate",
                    "duplicate id '{name}'; ids must be unique",
                    {"name": name, "at": position},
                )
        # On the screen they are equal, and in file names on some systems.
        looks = [unicodedata.normalize("NFC", name) for name in ids]
        for position, look in enumerate(looks):
            if look in looks[:position]:
                raise PydanticCustomError(
                    "duplicate",
                    "the id '{name}' looks like an earlier one, which writes an "
                    "accent with other Unicode characters; give it another name",
                    {"name": look, "at": position},
                )
        return entries

    @field_validator("metrics")
    @classmethod
    def _metrics(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in METRICS:
                raise PydanticCustomError(
                    "metric",
                    "unknown metric '{name}'{hint}. Known: {known}",
                    {
                        "name": name,
                        "hint": did_you_mean(name, METRICS),
                        "known": ", ".join(METRICS),
                    },
                )
        return names

    @model_validator(mode="after")
    def _has_repetitions(self) -> Self:
        is_needed = any(isinstance(spec, DatasetSpec) for spec in self.datasets)
        if is_needed and "repetitions" not in self.model_fields_set:
            raise PydanticCustomError(
                "repetitions",
                "the key 'repetitions' is missing: how often is each dataset drawn?",
            )
        return self

    def repetitions_of(self, spec: DatasetSpec | RecordedSpec) -> int:
        """Return the number of repetitions of a dataset."""
        return spec.repetitions if isinstance(spec, RecordedSpec) else self.repetitions

    @property
    def baseline(self) -> str:
        """Id of the classifier that the others are compared with."""
        if self.stats.baseline is not None:
            return self.stats.baseline
        ids = [entry.id for entry in self.classifiers]
        return next((name for name in ids if name != "CHANCE"), ids[0])

    @property
    def path(self) -> Path:
        """The file that the suite was read from."""
        return self._document.path

    @property
    def folder(self) -> Path:
        """The folder of the suite's file."""
        return self.path.parent

    def folder_of(self, *location: str | int) -> Path:
        """Return the folder that the paths of a part are relative to.

        It is that of the file in which the part is written: the suite's, or one that
        it extends.
        """
        return self._document.file(*location).parent

    @property
    def changes(self) -> Mapping[tuple[str | int, ...], str]:
        """Location → the option of the command line that changed it."""
        return self._document.options

    @property
    def command_words(self) -> str:
        """What names the suite on the command line: its path and its changes."""
        options = dict.fromkeys(self.changes.values())
        words = [self.path.as_posix()]
        for option in options:
            words += option.split(" ", 1)
        return shlex.join(words)

    @property
    def families(self) -> tuple[Family, ...]:
        """The entries with a sweep, each with the datasets that were made of it."""
        return self._families

    @property
    def grids(self) -> Mapping[str, tuple[str, ...]]:
        """Id of an entry with a grid → ids of the classifiers that were made of it."""
        return self._grids

    def with_data(self, data: Mapping[str, Any], error: type[BenchError]) -> Self:
        """Return a suite of other content, whose paths are relative as they were."""
        places: list[tuple[str | int, ...]] = [("reference",)]
        for part in LISTS:
            places += [(part, i) for i in range(len(getattr(self, part)))]
        files = {at: self._document.file(*at) for at in places}
        return self.from_document(Document(self.path, data, {}, files=files), error)

    def where(self, *location: str | int) -> str:
        """Return ``file:line`` of a part, such as ``("datasets", 0, "library")``."""
        return self._document.where(*location)

    def named(self, *location: str | int) -> str:
        """Return the name of a part in the file, such as ``datasets[0].library``."""
        return named(self._document.written(*location))
