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
    shown,
    validated,
)
from bench.stats import METRICS, PROBABILITIES, SCORES, OwnMetric
from bench.suite.answers import AnswerSpec
from bench.suite.classifiers import ClassifierSpec, default_id, is_class_path
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


# Of scikit-learn's functions, what those get that do not read predictions.
_NEEDS = {
    "average_precision_score": "scores",
    "brier_score_loss": "probabilities",
    "d2_brier_score": "probabilities",
    "d2_log_loss_score": "probabilities",
    "hinge_loss": "scores",
    "log_loss": "probabilities",
    "roc_auc_score": "scores",
    "top_k_accuracy_score": "scores",
}
_NEEDED = {"predictions": "", "probabilities": PROBABILITIES, "scores": SCORES}
# The ends of names by which scikit-learn tells the direction of its functions.
_DIRECTIONS = {
    "_score": True,
    "_scorer": True,
    "_loss": False,
    "_error": False,
    "_deviance": False,
}
_LONGEST_METRIC = 40  # characters
_METRIC_ID = Matching(
    "^[A-Za-z][A-Za-z0-9_-]*$",
    "a letter from A to Z, then letters, digits, _ and -: it is a part of the names of "
    "columns",
    lambda text: re.sub("[^A-Za-z0-9_-]+", "_", text).strip("_-"),
)


def _metric_or_name(schema: dict[str, Any]) -> None:
    """Let editors accept the short form, a name or a path without settings."""
    schema["type"] = ["object", "string"]


class MetricSpec(Strict):
    """A metric: a known one by its name, or any function of scikit-learn's signature.

    A text without a dot is the name of a known metric. A path alone is a function,
    whose own name is the id. The function is code, which a run calls, as it does a
    classifier's class; a report shows the scores that a run has stored.

    Attributes
    ----------
    id
        The name of its scores, in tables and in the columns of CSV files. By default
        the function's.
    function
        ``f(y_true, y_pred, **params)``, which returns a number: a dotted path,
        ``package.module.function``, or one in a file beside the suite,
        ``./my_metrics.py:profit``; also a scorer, as scikit-learn's ``make_scorer``
        makes it. Labels are numbers from 0, in the order of the classes.
    params
        Further arguments of the function.
    larger_is_better
        Its direction. It may be left out where the function's name tells, as those of
        scikit-learn do: larger scores are better if it ends in ``_score`` or
        ``_scorer``, smaller ones if it ends in ``_loss``, ``_error`` or ``_deviance``.
    needs
        What the function gets beside the labels: "predictions" (the default),
        "probabilities", or "scores", which are probabilities or decision values. Of
        two classes it gets those of class 1, of more a column for each, as from
        ``make_scorer``. The few functions of scikit-learn that need scores are known.
    bounds
        The least and the largest score that there can be, if they are known:
        intervals then stay within them.
    """

    model_config = ConfigDict(json_schema_extra=_metric_or_name)

    id: Annotated[str, Field(max_length=_LONGEST_METRIC), _METRIC_ID] | None = None
    function: Name | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    larger_is_better: bool | None = None
    needs: Literal["predictions", "probabilities", "scores"] | None = None
    bounds: tuple[float, float] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        if data in METRICS or not re.search("[.:/]", data):
            # Here, since an id that is refused for its letters is no known metric.
            _check_known(data)
            return {"id": data}
        return {"function": data}

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.function is None:
            if self.id is None:
                raise PydanticCustomError(
                    "metric", "expected 'id' (a known metric) or 'function' (a path)"
                )
            _check_known(self.id)
            if others := self.model_fields_set - {"id"}:
                raise PydanticCustomError(
                    "metric_keys",
                    "'{name}' is a known metric, which takes no '{key}'; expected its "
                    "name alone, or a 'function' and another id",
                    {"name": self.id, "key": min(others)},
                )
            return self
        problem = self._problem(self.function)
        if problem:
            raise PydanticCustomError("function", "{problem}", {"problem": problem})
        return self

    def _problem(self, function: str) -> str:
        """Say why the function cannot be used; else return an empty text."""
        if function.endswith(".py"):
            return (
                f"found the file '{shown(function, 60)}'; expected a function in it, "
                f"{shown(function, 60)}:my_function"
            )
        if not is_class_path(function):
            return (
                f"found '{shown(function, 60)}'; expected a dotted path, "
                "package.module.function, or a function in a file, "
                "./my_metrics.py:my_function"
            )
        if self.name in METRICS:
            return (
                f"'{self.name}' is the name of a known metric; give the function "
                "another id"
            )
        is_id = re.fullmatch(_METRIC_ID.pattern, self.name)
        if not is_id or len(self.name) > _LONGEST_METRIC:
            return (
                f"the function's name '{shown(self.name, 60)}' cannot be its id; give "
                f"it one, of at most {_LONGEST_METRIC} letters from A to Z, digits, _ "
                "and -"
            )
        if self.bounds is not None and not self.bounds[0] < self.bounds[1]:
            return f"found the bounds {list(self.bounds)}; expected the lower one first"
        if self._direction is None:
            return (
                f"'{shown(function, 60)}' does not tell which direction is better; "
                "expected larger_is_better: true or false beside it (a name that ends "
                "in _score, _scorer, _loss, _error or _deviance tells)"
            )
        return ""

    @property
    def name(self) -> str:
        """Its id, by default the function's name."""
        return self.id or default_id(self.function) or ""

    @property
    def needed(self) -> str:
        """What its function gets: "predictions", "probabilities" or "scores"."""
        package, _, name = (self.function or "").rpartition(".")
        known = _NEEDS.get(name) if package == "sklearn.metrics" else None
        return self.needs or known or "predictions"

    @property
    def described(self) -> str | OwnMetric:
        """The name of a known metric, or what reports must know of another."""
        if self.function is None:
            return self.name
        return OwnMetric(
            self.name,
            self.function,
            bool(self._direction),
            _NEEDED[self.needed],
            self.bounds,
        )

    @property
    def _direction(self) -> bool | None:
        if self.larger_is_better is not None:
            return self.larger_is_better
        name = default_id(self.function) or ""
        found = [larger for end, larger in _DIRECTIONS.items() if name.endswith(end)]
        return found[0] if found else None


def _check_known(name: str) -> None:
    if name not in METRICS:
        raise PydanticCustomError(
            "metric",
            "unknown metric '{name}'{hint}. Known: {known}; write any other as "
            "{id: …, function: package.module.function}",
            {
                "name": shown(name, 60),
                "hint": did_you_mean(name, METRICS),
                "known": ", ".join(METRICS),
            },
        )


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
    scores
        "both": classifiers predict the training and the test curves; "held-out": the
        test curves alone, which takes half of the time for some. There is no training
        score then.
    threads
        Number of threads that BLAS, OpenMP and torch may use in a cell; for one
        classifier, write it in the resources of its entry. Cells that run at the same
        time never use more threads together than the machine has cores.
    datasets
        The datasets, one entry each.
    classifiers
        The classifiers: a preset's name, a dotted class path, or an entry with more
        settings.
    metric_entries
        The scores to compute from the predictions: names of metrics, paths of
        functions, or entries with more settings. The first one comes first in the
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
        (``seed-notebook``, ``ucr``) or a path.
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
    scores: Literal["both", "held-out"] = "both"
    threads: Annotated[int, Field(ge=1, le=1024)] = 1
    datasets: Annotated[tuple[AnyDataset, ...], Field(min_length=1)]
    classifiers: Annotated[tuple[ClassifierSpec, ...], Field(min_length=1)]
    metric_entries: Annotated[tuple[MetricSpec, ...], FEW] = Field(
        default=(MetricSpec(id="accuracy"),),
        alias="metrics",
        json_schema_extra={"default": ["accuracy"]},
    )
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

    @field_validator("metric_entries")
    @classmethod
    def _distinct_metrics(
        cls, entries: tuple[MetricSpec, ...]
    ) -> tuple[MetricSpec, ...]:
        names = [entry.name.lower() for entry in entries]
        for position, name in enumerate(names):
            if name in names[:position]:
                raise PydanticCustomError(
                    "duplicate",
                    "duplicate metric '{name}'; ids must differ, and not in case alone",
                    {"name": entries[position].name, "at": position},
                )
        return entries

    @model_validator(mode="after")
    def _has_repetitions(self) -> Self:
        is_needed = any(isinstance(spec, DatasetSpec) for spec in self.datasets)
        if is_needed and "repetitions" not in self.model_fields_set:
            raise PydanticCustomError(
                "repetitions",
                "the key 'repetitions' is missing: how often is each dataset drawn?",
            )
        return self

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics; the first is the headline."""
        return tuple(entry.name for entry in self.metric_entries)

    @property
    def headline(self) -> str | OwnMetric:
        """The first metric: its name, or what reports must know of an own one."""
        return self.metric_entries[0].described

    @property
    def own_metrics(self) -> tuple[OwnMetric, ...]:
        """The metrics that are functions which the suite names."""
        described = [entry.described for entry in self.metric_entries]
        return tuple(entry for entry in described if isinstance(entry, OwnMetric))

    def with_metric(self, entry: MetricSpec) -> Self:
        """Return the suite with one more metric, whose file is relative to it."""
        entries = (*self.metric_entries, entry)
        return self.model_copy(update={"metric_entries": entries})

    def threads_of(self, entry: ClassifierSpec) -> int:
        """Return the number of threads of a classifier's cells."""
        return entry.resources.threads or self.threads

    @property
    def own_threads(self) -> dict[str, int]:
        """Classifier → the threads of its cells, where they are not the suite's."""
        threads = {entry.id: self.threads_of(entry) for entry in self.classifiers}
        return {name: n for name, n in threads.items() if n != self.threads}

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
        places: list[tuple[str | int, ...]] = [("reference",), ("metrics",)]
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
