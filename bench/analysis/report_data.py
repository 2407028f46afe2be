"""All that a report shows, as frames and plain facts: what its folder keeps.

A report's texts, tables and figures are made from this alone, so that a folder with its
CSV files and ``page.json`` is enough to make them again, without a store and without
the suite.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from bench.analysis.findings import Findings
from bench.stats import Metric, OwnMetric, metric_of

VERSION = 1  # of page.json; a reader refuses another one


@dataclass(frozen=True)
class SuiteFacts:
    """The settings of a suite that a report speaks of.

    Attributes
    ----------
    name, description, seed, repetitions, threads, metrics
        As in the suite file; the first metric is the headline.
    path
        The path of the suite file, and the options that changed it: the words of the
        command that repeats the run.
    baseline, alpha, margin, impute, works
        The settings of its statistics.
    own_metrics
        What is known of those of the metrics that are functions which the suite names.
    own_threads
        Classifier → the threads of its cells, where they are not the suite's.
    date
        The day on which the newest result was computed, such as 2026-11-30; empty if
        no result tells.
    """

    name: str
    description: str
    path: str
    seed: int
    repetitions: int
    threads: int
    metrics: tuple[str, ...]
    baseline: str
    alpha: float
    margin: float
    impute: str
    works: float | None = None
    date: str = ""
    own_metrics: tuple[OwnMetric, ...] = ()
    own_threads: dict[str, int] = field(default_factory=dict)

    def metric(self, name: str) -> str | OwnMetric:
        """Return what figures and `bench.stats.metric_of` take for a metric's name."""
        return next((own for own in self.own_metrics if own.name == name), name)

    @property
    def level(self) -> str:
        """The level of intervals, such as ``95%``."""
        return f"{100 * (1 - self.alpha):g}%"


@dataclass(frozen=True)
class Picture:
    """Curves of one class, to look at.

    Attributes
    ----------
    name
        The class: "symbolic", "neural", the name of a function, or the name of a class
        of recorded curves, with the number of the channel if they have several.
    curves : list of list of float, (n_shown, n_points)
        Rounded to three digits of its range.
    """

    name: str
    curves: list[list[float]]


@dataclass(frozen=True)
class HardCurve:
    """A held-out curve that many classifiers misclassify.

    Attributes
    ----------
    values : list of float, (n_points,)
    true, predicted
        Its class, and the class that most of these classifiers take it for.
    wrong, of
        How many classifiers misclassify it, of how many.
    """

    values: list[float]
    true: str
    predicted: str
    wrong: int
    of: int


@dataclass(frozen=True)
class RecordedFacts:
    """What a report says of recorded curves beside their scores.

    Attributes
    ----------
    sources
        The files, as the suite names them, or those that aeon bundles.
    n_curves, n_channels
        Of all repetitions together, since they divide the same curves.
    class_sizes : (n_classes,)
        The number of curves of each class.
    test_shares : (n_classes,)
        The share of each class in the test curves.
    data_hash
        SHA-256 of the data as they were read.
    design
        How the curves are divided: "given", "resample" or "folds".
    n_draws
        The number of divisions: draws, or folds of all repeats. Each is a repetition.
    folds
        The number of folds; None with another design.
    test
        The share of each class that a draw tests; None if draws have the sizes of the
        given division, and with another design.
    n_groups
        The number of groups that are divided whole; None without groups.
    most
        The largest number of training curves of each class; None for all.
    n_train, n_test
        Curves of a repetition, of all classes together.
    is_even
        Whether these are exactly the numbers of every repetition.
    overlap
        What repetitions that share curves add to 1/J in the variance of a mean over J
        of them.
    given
        Training and test curves of the given division, if it is computed besides.
    standardised
        Whether each channel of each curve has mean 0 and standard deviation 1.
    license
        As the files state it; empty if they do not.
    """

    sources: tuple[str, ...]
    n_curves: int
    class_sizes: tuple[int, ...]
    test_shares: tuple[float, ...]
    n_channels: int
    data_hash: str
    design: Literal["given", "resample", "folds"]
    n_draws: int
    folds: int | None
    test: float | None
    n_groups: int | None
    most: int | None
    n_train: int
    n_test: int
    is_even: bool
    overlap: float
    given: tuple[int, int] | None = None
    standardised: bool = False
    license: str = ""

    @property
    def wider(self) -> float:
        """By how much intervals are wider than those of independent draws."""
        return math.sqrt(1 + self.n_draws * self.overlap)


@dataclass(frozen=True)
class RocFacts:
    """A ROC curve of a classifier on two classes, averaged over repetitions.

    Attributes
    ----------
    rates : list of float, (n_points,)
        Mean true-positive rates at evenly spaced false-positive rates from 0 to 1, see
        `bench.stats.metrics.roc_rates`.
    area
        The mean area below the curves of single repetitions.
    n
        The number of repetitions.
    """

    rates: list[float]
    area: float
    n: int


@dataclass(frozen=True)
class DatasetFacts:
    """What a report says and shows of a dataset beside its scores.

    Attributes
    ----------
    id, description
        As in the suite file.
    words
        Its classes, points and sizes in a sentence.
    task
        "symbolic-vs-neural", "which-function" or "recorded".
    classes
        The names of the labels 0, 1, ….
    chance
        The headline score of guessing; None if that is not known.
    perfect
        The best headline score that there can be; None if that is not known.
    n_test
        Number of test curves of all classes together.
    learnable
        Whether the classes differ at all.
    x : list of list of float, (n_points, n_inputs)
        Input points of the pictures: of many points, evenly chosen ones.
    points : list of float
        All points of one input that are not evenly spaced, ascending; of very many
        evenly chosen ones. Else empty.
    n_points
        The number of points.
    pictures
        A few curves of each class.
    hardest
        Curves of one repetition, hardest first.
    repetition
        That repetition; None without any result.
    confusion
        Classifier → counts, (n_classes, n_classes), rows true, columns predicted, over
        all repetitions; only with more than two classes.
    recorded
        Where recorded curves are from and how they are divided; None for a generated
        dataset.
    roc
        Classifier → ROC curve, of the highlighted ones that give scores; empty unless
        the dataset has two classes and the report shows the scores of each.
    unranked
        The classifiers that have none since they give no scores that rank curves.
    """

    id: str
    description: str
    words: str
    task: str
    classes: tuple[str, ...]
    chance: float | None
    perfect: float | None
    n_test: int
    learnable: bool
    x: list[list[float]]
    points: list[float] = field(default_factory=list)
    n_points: int = 0
    pictures: tuple[Picture, ...] = ()
    hardest: tuple[HardCurve, ...] = ()
    repetition: int | None = None
    confusion: dict[str, list[list[int]]] = field(default_factory=dict)
    recorded: RecordedFacts | None = None
    roc: dict[str, RocFacts] = field(default_factory=dict)
    unranked: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassifierFacts:
    """A classifier of a suite.

    Attributes
    ----------
    id
        Its name in the suite.
    class_path
        The path of its class.
    library_defaults
        Whether it is a class of another library with the defaults of that library.
    online
        Whether it is trained online.
    own
        Whether its class is neither of this project nor of a package that the project
        names: a user's own.
    held_out
        Whether it was fitted to a training set which it did not predict.
    """

    id: str
    class_path: str
    library_defaults: bool
    online: bool
    own: bool
    held_out: bool = False


@dataclass(frozen=True)
class AnswerRow:
    """A row of a table that an answer rests on; see `bench.analysis.CheckedRow`."""

    words: str
    table: str
    problem: str


@dataclass(frozen=True)
class Answer:
    """An answer that a person wrote, checked against the tables.

    Attributes
    ----------
    known_commit
        Whether a result comes from the commit that the answer was written from.
    """

    question: str
    answer: str
    date: str
    commit: str
    known_commit: bool
    rows: tuple[AnswerRow, ...] = ()


@dataclass(frozen=True)
class ReferenceFacts:
    """Published scores that a report shows beside its own.

    Attributes
    ----------
    datasets
        Dataset → classifier → mean and std; the std may be None.
    ranges
        Dataset → classifier → the smallest score of repetitions, the largest one, and
        the number of repetitions; each may be None.
    given
        Dataset → classifier → score on the given split.
    """

    title: str
    source: str
    measures: str
    lesson: str
    notes: dict[str, str]
    remarks: tuple[str, ...]
    datasets: dict[str, dict[str, tuple[float, float | None]]]
    ranges: dict[str, dict[str, tuple[float | None, float | None, int | None]]] = field(
        default_factory=dict
    )
    given: dict[str, dict[str, float]] = field(default_factory=dict)

    def repeated(self, dataset: str, classifier: str) -> str:
        """Write what was published of repetitions; an en dash if nothing was.

        As ``0.953±0.041``, ``0.953±0.041 (0.850 to 1.000, n=30)`` or ``0.850 to 1.000
        (n=30)``.
        """
        low, high, n = self.ranges.get(dataset, {}).get(classifier, (None, None, None))
        text, more = "", []
        if classifier in self.datasets.get(dataset, {}):
            mean, std = self.datasets[dataset][classifier]
            text = f"{mean:.3f}±{'–' if std is None else f'{std:.3f}'}"
        if low is not None and high is not None:
            more.append(f"{low:.3f} to {high:.3f}")
            if not text:
                text = more.pop()
        if n is not None:
            more.append(f"n={n}")
        return (text + (f" ({', '.join(more)})" if more else "")) or "–"

    def has_repeated(self, dataset: str) -> bool:
        """Tell whether anything was published of repetitions of a dataset."""
        return bool(self.datasets.get(dataset) or self.ranges.get(dataset))


@dataclass(frozen=True)
class Log:
    """The end of the traceback of cells that share an error."""

    dataset: str
    classifier: str
    repetition: int
    text: str


@dataclass(frozen=True)
class ReportData:
    """Everything that a report is made of.

    Attributes
    ----------
    findings
        The frames; see `bench.analysis.findings.Findings`.
    online
        See `bench.analysis.online.online_table`, of all datasets; may be empty.
    calibration
        Columns dataset, classifier, n, ece_mean and ece_std: the expected calibration
        error over repetitions; may be empty.
    history, held_out
        See `bench.stats.histories.history_frame` and `held_out_frame`, with a column
        dataset; of long trainings some epochs.
    per_class
        The scores of each class, see `bench.analysis.cell_arrays.CellArrays`, with a
        column dataset and the names of classes; may be empty.
    provenance
        What the results were computed from, with and on: one sentence each.
    transfer_failures
        One sentence for each kind of transfer that is not done.
    highlighted
        At most six classifiers that figures show in colour, most important first.
    """

    suite: SuiteFacts
    datasets: tuple[DatasetFacts, ...]
    classifiers: tuple[ClassifierFacts, ...]
    findings: Findings
    answers: tuple[Answer, ...]
    reference: ReferenceFacts | None
    online: pd.DataFrame
    calibration: pd.DataFrame
    history: pd.DataFrame
    held_out: pd.DataFrame
    provenance: tuple[str, ...]
    logs: tuple[Log, ...]
    transfer_failures: tuple[str, ...]
    highlighted: tuple[str, ...]
    per_class: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def headline(self) -> str:
        """The name of the first metric."""
        return self.suite.metrics[0]

    @property
    def recorded(self) -> tuple[DatasetFacts, ...]:
        """The datasets of recorded curves."""
        return tuple(facts for facts in self.datasets if facts.recorded is not None)

    @property
    def generated(self) -> tuple[DatasetFacts, ...]:
        """The datasets whose repetitions are fresh draws."""
        return tuple(facts for facts in self.datasets if facts.recorded is None)

    @property
    def repetitions(self) -> tuple[int, ...]:
        """The different numbers of repetitions of the datasets, ascending."""
        numbers = {
            self.suite.repetitions if f.recorded is None else f.recorded.n_draws
            for f in self.datasets
        }
        return tuple(sorted(numbers))

    @property
    def measure(self) -> str | OwnMetric:
        """The first metric, as figures take it."""
        return self.suite.metric(self.headline)

    @property
    def metric(self) -> Metric | OwnMetric:
        """The first metric: its title, its direction and what it needs."""
        return metric_of(self.measure)

    def dataset(self, name: str) -> DatasetFacts:
        """Return the facts of a dataset.

        Raises
        ------
        KeyError
            If there is no such dataset.
        """
        for facts in self.datasets:
            if facts.id == name:
                return facts
        raise KeyError(name)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Name of each CSV file, without ".csv" → its frame; without empty ones."""
        found = self.findings
        frames: dict[str, Any] = {
            "results": found.results,
            "summary": found.summary,
            "given": found.given,
            "intervals": found.intervals,
            "comparisons": found.compared,
            "pairs": None if found.across is None else found.across.pairs,
            "stability": found.stability,
            "leaks": found.leaks,
            "audits": found.audits,
            "calibration": self.calibration,
            "per_class": self.per_class,
            "online": self.online,
            "sweep": found.along,
            "crossings": found.crossings,
            "transfer": found.transfers,
            "works": found.works,
        }
        return {
            name: frame
            for name, frame in frames.items()
            if frame is not None and not frame.empty
        }
