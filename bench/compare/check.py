"""The gate of the fixture `bench_check`: a user's classifier on fresh repetitions.

A gate fails closed: results that cannot be compared do not pass.
"""

import math
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
from tabulate import tabulate

from bench.base import CompareError, MissingFileError, locked, shown, write_whole
from bench.compare.differences import compare_results
from bench.compare.fresh import find_dataset, score_classifier
from bench.compare.results_csv import MAX_NAME, read_table
from bench.stats import check_width, mean_interval

ALPHA = 0.05
MAX_REPETITIONS = 1000
# The columns of a baseline file. It leaves out seconds, which differ on each machine.
_KEPT = [
    "dataset",
    "repetition",
    "classifier",
    "status",
    "train_accuracy",
    "test_accuracy",
    "data_hash",
]
_ACCEPT = "run pytest with --bench-accept to write this run's scores to it"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a gate.

    Attributes
    ----------
    passed
        Whether the classifier passes.
    scores
        One row a repetition and classifier, with the columns of a ``results.csv``.
    headline
        One line with the classifier, the dataset, its score and the requirement.
    """

    passed: bool
    scores: pd.DataFrame
    headline: str

    @property
    def text(self) -> str:
        """The headline, followed by the table of scores."""
        columns = [c for c in self.scores.columns if c not in ("status", "data_hash")]
        table = tabulate(
            self.scores[columns].to_numpy().tolist(), headers=columns, floatfmt=".4f"
        )
        return f"{self.headline}\n\n{table}"


def check_classifier(
    estimator: Any,
    dataset: Any,
    *,
    at_least: float | None = None,
    against: Any = None,
    baseline_file: str | PathLike[str] | None = None,
    repetitions: int = 3,
    margin: float = 0.01,
    seed: int | None = None,
    name: str | None = None,
    accept: bool = False,
) -> Outcome:
    """Fit clones of a classifier on fresh repetitions, and judge their accuracy.

    The parameters are those of the fixture, in `bench.pytest_plugin`, and one more.

    Parameters
    ----------
    accept
        Whether to write the scores to `baseline_file` before comparing with it.

    Raises
    ------
    BenchError
        If an argument is invalid, or the dataset or a file does not exist.
    """
    gates = {"at_least": at_least, "against": against, "baseline_file": baseline_file}
    given = [gate for gate, value in gates.items() if value is not None]
    if len(given) != 1:
        found = ", ".join(given) or "none"
        raise CompareError(f"found {found}; expected one of {', '.join(gates)}")
    fewest = 1 if at_least is not None else 2  # one difference has no interval
    if not (isinstance(repetitions, int) and fewest <= repetitions <= MAX_REPETITIONS):
        raise CompareError(
            f"repetitions: found {repetitions!r}; expected a whole number from "
            f"{fewest} to {MAX_REPETITIONS} with {given[0]}"
        )
    check_width("margin", margin)
    recipe, suite_seed = find_dataset(dataset)
    seed = suite_seed if seed is None else seed
    name = _checked_name(name or type(estimator).__name__)
    scores = score_classifier(estimator, recipe, repetitions, seed, name)
    if at_least is not None:
        return _judge_floor(scores, at_least)
    if against is not None:
        other = score_classifier(against, recipe, repetitions, seed, name)
        title = type(against).__name__
        return _judge_difference(
            other, scores, margin, title + " (against)" * (title == name)
        )
    assert baseline_file is not None  # since it is the only gate left
    path = Path(baseline_file)
    if accept:
        _write_baseline(scores, path)
    return _judge_against_file(scores, path, margin)


def _judge_floor(scores: pd.DataFrame, floor: float) -> Outcome:
    """Pass if the mean is at least the floor, whatever its interval.

    Draws and seeds are fixed, so the same code always has the same mean, and nobody
    fails by chance. The interval only shows whether more repetitions might change the
    outcome.
    """
    if not (isinstance(floor, float | int) and 0 <= floor <= 1):
        raise CompareError(f"at_least: found {floor!r}; expected an accuracy, 0 to 1")
    values = scores["test_accuracy"].to_numpy()
    interval = mean_interval(values[:, None], ALPHA)
    mean, low, high = (
        float(x[0]) for x in (interval.mean, interval.low, interval.high)
    )
    passed = bool(mean >= floor - 1e-12)
    message = f"held-out accuracy {mean:.4f}"
    if not math.isnan(low):
        message += f" [{low:.4f}, {high:.4f}]"
    message += f", at_least={floor:g}"
    if not passed:
        message += ": below it"
        if math.isnan(high) or high >= floor:
            message += ", though not clearly: raise repetitions to be sure"
    return Outcome(passed, scores, f"{_title(scores)}: {message}")


def _judge_difference(
    other: pd.DataFrame, scores: pd.DataFrame, margin: float, title: str
) -> Outcome:
    """Pass unless worse than another classifier on the same draws."""
    verdict, message = _compared(other, scores, margin)
    both = pd.concat(
        [scores, other.assign(classifier=title)], ignore_index=True
    ).sort_values("repetition", kind="stable", ignore_index=True)
    headline = f"{_title(scores)} against {title}: {message}"
    return Outcome(verdict != "worse", both, headline)


def _judge_against_file(scores: pd.DataFrame, path: Path, margin: float) -> Outcome:
    """Pass unless worse than the scores in a baseline file, or from other data."""
    try:
        kept = read_table(path)
    except MissingFileError as error:
        raise MissingFileError(f"{error}; {_ACCEPT}") from None
    base = kept[_same_rows(kept, scores)]
    if base.empty:
        raise CompareError(f"{path}: found no scores of {_title(scores)}; {_ACCEPT}")
    verdict, message = _compared(base, scores, margin)
    if verdict == "not comparable":
        message += (
            "; draws change with seed, recipe and repetitions, and between machines "
            f"and versions of NumPy: {_ACCEPT}"
        )
    passed = verdict not in ("worse", "not comparable")
    return Outcome(passed, scores, f"{_title(scores)} against {path.name}: {message}")


def _compared(
    base: pd.DataFrame, scores: pd.DataFrame, margin: float
) -> tuple[str, str]:
    """Return the verdict on the scores, and a text with the numbers behind it."""
    row = compare_results(base, scores, margin=margin, alpha=ALPHA).iloc[0]
    if row["why"] and row["verdict"] == "not comparable":
        return row["verdict"], f"not comparable: {row['why']}"
    message = (
        f"{row['verdict']}: held-out accuracy {row['new']:.4f} against "
        f"{row['base']:.4f}, difference {row['difference']:+.4f} "
        f"[{row['low']:+.4f}, {row['high']:+.4f}], margin {margin:g}"
    )
    return row["verdict"], message


def _write_baseline(scores: pd.DataFrame, path: Path) -> None:
    """Write scores to a baseline file; the scores of other checks in it stay."""
    kept = scores[_KEPT]
    path.parent.mkdir(parents=True, exist_ok=True)
    # Workers of pytest-xdist may write to one file at the same time.
    with locked(path.with_name(f".{path.name}.lock")):
        if path.exists():
            old = read_table(path)
            others = old[~_same_rows(old, scores)].reindex(columns=_KEPT)
            kept = pd.concat([others, kept])
        kept = kept.sort_values(["dataset", "classifier", "repetition"])
        write_whole(path, kept.to_csv(index=False, lineterminator="\n").encode())


def _same_rows(kept: pd.DataFrame, scores: pd.DataFrame) -> "pd.Series[bool]":
    """Whether each kept row is of the dataset and classifier of the scores."""
    is_classifier = kept["classifier"] == scores["classifier"].iloc[0]
    same: pd.Series[bool] = is_classifier & (
        kept["dataset"] == scores["dataset"].iloc[0]
    )
    return same


def _title(scores: pd.DataFrame) -> str:
    first = scores.iloc[0]
    return f"{shown(first['classifier'])} on {shown(first['dataset'])}"


def _checked_name(name: str) -> str:
    if not (name.isprintable() and name.strip() == name and len(name) <= MAX_NAME):
        found = shown(name, 60)
        raise CompareError(
            f"name: found '{found}'; expected 1 to {MAX_NAME} characters"
        )
    return name
