"""The schema of recorded curves: the files that hold them, and their splits."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bench.base import Matching, Strict, shown
from bench.suite.datasets import may_sweep
from bench.suite.fields import Channel, Id, Size
from bench.suite.inputs import Column, TextMarks

DRAWS = 10  # of one file, where the suite does not say how it is divided
SHARE = 0.3  # of the curves that such a draw tests
GIVEN: Literal["given"] = "given"
_File = Annotated[str, Field(min_length=1, max_length=1000)]
_Repeats = Annotated[int, Field(ge=1, le=1000)]


class CurveFiles(TextMarks):
    """Files of curves: .npz, .csv, .tsv, .parquet, .ts or .arff.

    Attributes
    ----------
    files
        One file with all curves; or a list of two, the training curves and the test
        curves. Paths are relative to the suite file.
    """

    files: Annotated[
        Annotated[_File, Tag("one file")]
        | Annotated[
            Annotated[tuple[_File, ...], Field(min_length=1, max_length=2)],
            Tag("list of files"),
        ],
        Discriminator(
            lambda value: "one file" if isinstance(value, str) else "list of files"
        ),
    ]

    @property
    def paths(self) -> tuple[str, ...]:
        """The files as written: one, or training and test."""
        return (self.files,) if isinstance(self.files, str) else self.files


class BundledCurves(Strict):
    """Curves that an installed aeon has among its files; nothing is downloaded.

    Attributes
    ----------
    aeon
        The name of the dataset, such as ``GunPoint``. The files are read without
        importing aeon.
    """

    aeon: Annotated[
        str,
        Field(max_length=64),
        Matching("^[A-Za-z0-9][A-Za-z0-9_-]*$", "letters, digits, _ and -"),
    ]


class ResampleSplit(Strict):
    """Monte-Carlo draws: repeated random divisions of all curves, class by class.

    Attributes
    ----------
    resample
        Number of draws. Each is a repetition.
    test
        Share of each class's curves that are tested. By default each draw has the sizes
        and the class counts of the two files; of one file 0.3.
    groups
        The column of a table, or the array of an .npz file, that says which curves
        belong together, such as those of one person. No group is on both sides.
    """

    resample: _Repeats
    test: Annotated[float, Field(gt=0, lt=1)] | None = None
    groups: Column | None = None


class FoldsSplit(Strict):
    """Repeated stratified cross-validation of all curves.

    Attributes
    ----------
    folds
        Number of folds. Each fold is tested once, by what was trained on the others.
    repeats
        Number of times that all curves are divided into folds. Each fold of each
        division is a repetition.
    groups
        The column of a table, or the array of an .npz file, that says which curves
        belong together, such as those of one person. No group is on both sides.
    """

    folds: Annotated[int, Field(ge=2, le=1000)]
    repeats: _Repeats = 1
    groups: Column | None = None


# No tag of a union is a key of a suite: messages leave them out of a location.
def _kind_of_split(value: Any) -> str:
    if isinstance(value, str):
        return "given split"
    if isinstance(value, FoldsSplit) or (isinstance(value, dict) and "folds" in value):
        return "cross-validation"
    return "draws"


def _refuse_other_words(value: Any) -> Any:
    if isinstance(value, dict | ResampleSplit | FoldsSplit) or value in (None, GIVEN):
        return value
    raise PydanticCustomError(
        "split",
        "found {found}; expected given, {resample: 10}, {resample: 10, test: 0.3} "
        "or {folds: 5, repeats: 2}",
        {"found": shown(f"'{value}'" if isinstance(value, str) else repr(value), 60)},
    )


RecordedSplit = Annotated[
    Annotated[Literal["given"], Tag("given split")]
    | Annotated[ResampleSplit, Tag("draws")]
    | Annotated[FoldsSplit, Tag("cross-validation")],
    Discriminator(_kind_of_split),
    BeforeValidator(_refuse_other_words),
]


def _refuse_other_sources(value: Any) -> Any:
    if isinstance(value, dict | CurveFiles | BundledCurves):
        return value
    name = value if isinstance(value, str) else "curves.csv"
    raise PydanticCustomError(
        "source",
        "found {found}; expected {files: {name}}, {files: [TRAIN, TEST]} or "
        "{aeon: NAME}",
        {"found": shown(repr(value), 60), "name": shown(name, 60)},
    )


def _kind_of_source(value: Any) -> str:
    is_bundled = isinstance(value, BundledCurves) or (
        isinstance(value, dict) and "aeon" in value
    )
    return "bundled curves" if is_bundled else "files of curves"


class RecordedSpec(Strict):
    """The recipe of a dataset of recorded curves: where they are, how they are divided.

    Attributes
    ----------
    id
        The dataset's name in tables and on the command line.
    description
        The question that the dataset answers, for a reader. No result depends on it.
    recorded
        The files with the curves, or the name of a dataset that aeon brings along.
    label
        The column of a table that holds the classes, by name or by position from 0; by
        default "label". The files of other kinds say it themselves: the last attribute
        of .arff, the array ``y`` of .npz.
    split
        How the curves are divided between training and test: ``given`` (the division of
        two files, once), ``{resample: 10}``, ``{resample: 10, test: 0.3}`` or ``{folds:
        5, repeats: 2}``. It sets the number of repetitions. By default ``given`` for
        two files, and for one ``{resample: 10, test: 0.3}``.
    missing
        With "interpolate" missing values are filled in on the line between their
        neighbours; by default they are refused.
    standardise
        With "curve" each channel of each curve is scaled to mean 0 and standard
        deviation 1.
    dtype
        The precision in which classifiers read the curves.
    train
        The largest number of training curves of each class; by default all that the
        split gives, and never more than the largest class has. Draws of fewer curves
        are the first ones of draws of more, and all have the same test curves.
    """

    misplaced: ClassVar[Mapping[str, str]] = {
        "sweep": "in a suite file, which makes a dataset of each of its values"
    }
    model_config = ConfigDict(json_schema_extra=may_sweep)
    # The channels of a file are all values; they have no gradient and no input.
    channels: ClassVar[tuple[Channel, ...]] = ("value",)
    task: ClassVar[str] = "recorded"
    not_online: ClassVar[str] = (
        "found recorded curves, which cannot give the unlimited fresh curves of online "
        "training; expected training: {mode: fixed}, or another dataset"
    )

    id: Id
    description: Annotated[str, Field(max_length=2000)] = ""
    recorded: Annotated[
        Annotated[CurveFiles, Tag("files of curves")]
        | Annotated[BundledCurves, Tag("bundled curves")],
        Discriminator(_kind_of_source),
        BeforeValidator(_refuse_other_sources),
    ]
    label: Column | None = None
    split: RecordedSplit | None = None
    missing: Literal["interpolate"] | None = None
    standardise: Literal["curve"] | None = None
    dtype: Literal["float64", "float32"] = "float64"
    train: Size | None = None

    @model_validator(mode="after")
    def _compatible(self) -> Self:
        if self.split == GIVEN and not self.has_given_split:
            raise PydanticCustomError(
                "together",
                "found split: given with one file; expected two files, training and "
                "test, or another split, such as {resample: 10, test: 0.3}",
            )
        return self

    @property
    def has_given_split(self) -> bool:
        """Whether the curves come divided into training and test."""
        source = self.recorded
        return isinstance(source, BundledCurves) or len(source.paths) == 2

    @property
    def division(self) -> Literal["given"] | ResampleSplit | FoldsSplit:
        """The split with its defaults filled in."""
        split = self.split
        if split is None:
            if self.has_given_split:
                return GIVEN
            split = ResampleSplit(resample=DRAWS)
        if isinstance(split, ResampleSplit) and not self.has_given_split:
            share = SHARE if split.test is None else split.test
            return split.model_copy(update={"test": share})
        return split

    @property
    def repetitions(self) -> int:
        """The number of repetitions that the split asks for."""
        division = self.division
        if isinstance(division, ResampleSplit):
            return division.resample
        if isinstance(division, FoldsSplit):
            return division.folds * division.repeats
        return 1

    @property
    def groups(self) -> int | str | None:
        """The column that says which curves belong together, if the split names one."""
        division = self.division
        return division.groups if not isinstance(division, str) else None

    @property
    def standardised(self) -> bool:
        """Whether each channel of each curve has mean 0 and standard deviation 1."""
        return self.standardise == "curve"

    @property
    def as_given(self) -> "RecordedSpec":
        """The same dataset with the division of its two files."""
        return self.model_copy(update={"split": GIVEN})
