"""The gate of the fixture `bench_check`: a user's classifier on fresh repetitions.

A gate fails closed: it passes only where the requirement is shown to hold. What cannot
be told, or not be compared, does not pass.
"""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, TypedDict

import pandas as pd
from tabulate import tabulate

from bench.base import CompareError, MissingFileError, locked, shown, write_whole
from bench.compare.differences import compare_results, signed, what_is_missing
from bench.compare.fresh import find_dataset, score_classifier
from bench.compare.results_csv import MAX_NAME, read_table
from bench.curves import RecordedRecipe
from bench.render import csv_text
from bench.stats import FEWEST_FOR_VERDICT, check_width, score_interval

ALPHA = 0.05  # one minus the coverage of the two-sided interval behind each gate
PASS, FAIL, CANNOT_TELL = "pass", "fail", "cannot tell"
INCONCLUSIVE = ("fail", "warn")  # what the fixture does where it cannot tell
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
_NOT_COMPARABLE = "not comparable: "
_ACCEPT = "run pytest with --bench-accept to write this run's scores to it"


class _Limits(TypedDict):
    """What a comparison allows, as arguments of `compare_results`."""

    at_most_worse: float
    half_curve: float
    overlap: float


@dataclass(frozen=True)
class Outcome:
    """The outcome of a gate.

    Attributes
    ----------
    verdict
        "pass", "fail" or "cannot tell".
    scores
        One row a repetition and classifier, with the columns of a ``results.csv``.
    headline
        One line: what was compared, the figures, the verdict and the remedy.
    """

    verdict: str
    scores: pd.DataFrame
    headline: str

    @property
    def passed(self) -> bool:
        """Whether the requirement is shown to hold."""
        return self.verdict == PASS

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
    repetitions: int = 5,
    margin: float = 0.01,
    inconclusive: str = "fail",
    seed: int | None = None,
    name: str | None = None,
    accept: bool = False,
) -> Outcome:
    """Fit clones of a classifier on fresh repetitions, and judge their accuracy.

    The parameters are those of the fixture, in `bench.pytest_plugin`, and one more.

    Parameters
    ----------
    inconclusive
        Only checked here: it is the fixture that warns.
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
    if not (isinstance(repetitions, int) and 1 <= repetitions <= MAX_REPETITIONS):
        raise CompareError(
            f"repetitions: found {repetitions!r}; expected a whole number from 1 to "
            f"{MAX_REPETITIONS}"
        )
    if inconclusive not in INCONCLUSIVE:
        raise CompareError(
            f"inconclusive: found {inconclusive!r}; expected 'fail' or 'warn'"
        )
    if at_least is not None and not _is_accuracy(at_least):
        raise CompareError(
            f"at_least: found {at_least!r}; expected an accuracy, 0 to 1"
        )
    check_width("margin", margin)
    recipe, suite_seed = find_dataset(dataset)
    if isinstance(recipe, RecordedRecipe):
        repetitions = recipe.spec.repetitions
    seed = suite_seed if seed is None else seed
    name = _checked_name(name or type(estimator).__name__)
    kept = None
    if baseline_file is not None and not accept:  # read before any fit
        kept = _read_baseline(Path(baseline_file), recipe.spec.id, name)
    scores = score_classifier(estimator, recipe, repetitions, seed, name)
    n_curves = recipe.n_test
    if at_least is not None:
        return _judge_floor(scores, at_least, n_curves, recipe.overlap)
    limits = _Limits(
        at_most_worse=margin, half_curve=0.5 / n_curves, overlap=recipe.overlap
    )
    if against is not None:
        other = score_classifier(against, recipe, repetitions, seed, name)
        title = type(against).__name__
        title += " (against)" * (title == name)
        return _judge_difference(other, scores, limits, title)
    assert baseline_file is not None  # since it is the only gate left
    path = Path(baseline_file)
    if kept is None:
        _write_baseline(scores, path)
        kept = _read_baseline(path, recipe.spec.id, name)
    return _judge_against_file(scores, kept, path.name, limits)


def _judge_floor(
    scores: pd.DataFrame, floor: float, n_curves: int, overlap: float
) -> Outcome:
    """Fail if the mean is below the floor; pass if its whole interval is not.

    Draws and seeds are fixed, so the same code always has the same mean: whether that
    is below the floor is no question of chance. But a mean above the floor may be luck
    of the few draws, and then the gate cannot tell.
    """
    values = scores["test_accuracy"].to_numpy()
    n, mean = len(values), float(values.mean())
    low, high = 0.0, 1.0  # what is known of any accuracy
    figures = f"held-out accuracy {mean:.4f}"
    if n >= FEWEST_FOR_VERDICT:
        lows, highs = score_interval(
            values[:, None],
            ALPHA,
            bounds=(0.0, 1.0),
            n_curves=n_curves,
            overlap=overlap,
        )
        low, high = float(lows[0]), float(highs[0])
        figures += f" [{low:.4f}, {high:.4f}]"
    figures += f" over {_counted(n)}, at_least={floor:g}"
    verdict, said = _floor_verdict(mean, low, floor), ": reached"
    if verdict == FAIL:
        said = ": below it"
        if high >= floor:
            said += ", though not clearly: raise repetitions to be sure"
    elif verdict == CANNOT_TELL:
        missing = what_is_missing(values, 0.5 / n_curves, mean - floor, ALPHA, overlap)
        said = (
            ": cannot tell: the mean is not below it, but a pass needs the whole "
            f"interval above it. {_remedy(missing, 'a lower floor')}"
        )
    return Outcome(verdict, scores, f"{_title(scores)}: {figures}{said}")


def _floor_verdict(mean: float, low: float, floor: float) -> str:
    # The floor itself is reached, whatever the last bits of a mean are.
    if mean < floor - 1e-12:
        return FAIL
    return PASS if low >= floor - 1e-12 else CANNOT_TELL


def _judge_difference(
    other: pd.DataFrame, scores: pd.DataFrame, limits: _Limits, title: str
) -> Outcome:
    """Judge against another classifier on the same draws."""
    verdict, message = _compared(other, scores, limits)
    both = pd.concat(
        [scores, other.assign(classifier=title)], ignore_index=True
    ).sort_values("repetition", kind="stable", ignore_index=True)
    return Outcome(verdict, both, f"{_title(scores)} against {title}: {message}")


def _judge_against_file(
    scores: pd.DataFrame, kept: pd.DataFrame, file: str, limits: _Limits
) -> Outcome:
    """Judge against the scores of a baseline file; those of other data fail."""
    verdict, message = _compared(kept, scores, limits, " (of the kept scores as well)")
    if message.startswith(_NOT_COMPARABLE):
        message += (
            "; draws change with seed, recipe and repetitions, and between machines "
            f"and versions of NumPy: {_ACCEPT}"
        )
    return Outcome(verdict, scores, f"{_title(scores)} against {file}: {message}")


def _compared(
    base: pd.DataFrame, scores: pd.DataFrame, limits: _Limits, of_which: str = ""
) -> tuple[str, str]:
    """Judge noninferiority; return the verdict, and a text with the numbers behind it.

    With one row, the interval is the two-sided one: a classifier that is worse by more
    than the margin passes with a probability of at most ALPHA / 2, and one that is not
    fails with at most as much.
    """
    row = compare_results(base, scores, alpha=ALPHA, **limits).iloc[0]
    found, n, margin = row["verdict"], int(row["n"]), limits["at_most_worse"]
    if found == "not comparable":
        return FAIL, f"{_NOT_COMPARABLE}{row['why']}"
    figures = f"held-out accuracy {row['new']:.4f} against {row['base']:.4f}"
    if found == "identical":
        return PASS, f"identical: {figures}, the same in each of {_counted(n)}"
    figures += f", difference {signed(row['difference'])}"
    if n >= FEWEST_FOR_VERDICT:
        figures += f" [{signed(row['low'])}, {signed(row['high'])}]"
    figures += f" over {_counted(n)}, margin {margin:g}"
    if found == "noninferior":
        return PASS, f"not worse by more than the margin: {figures}"
    if found == "worse":
        return FAIL, f"worse by more than the margin: {figures}"
    return CANNOT_TELL, (
        f"cannot tell: {figures}. A pass needs the whole interval above {-margin:g}. "
        f"{_remedy(row['why'] + of_which, 'a larger margin')}"
    )


def _remedy(missing: str, other: str) -> str:
    """Say what gives a verdict, in one sentence."""
    return (
        f"{missing[0].upper()}{missing[1:]}; or give {other}, or inconclusive='warn', "
        "which lets it pass"
    )


def _is_accuracy(value: object) -> bool:
    return isinstance(value, float | int) and 0 <= value <= 1


def _counted(n: int) -> str:
    return f"{n} repetition{'s' * (n != 1)}"


def _read_baseline(path: Path, dataset: str, name: str) -> pd.DataFrame:
    """Read the scores of a dataset and classifier that a baseline file must have."""
    try:
        kept = read_table(path)
    except MissingFileError as error:
        raise MissingFileError(f"{error}; {_ACCEPT}") from None
    rows = kept[_is_of(kept, dataset, name)]
    if rows.empty:
        title = f"{shown(name)} on {shown(dataset)}"
        raise CompareError(f"{path}: found no scores of {title}; {_ACCEPT}")
    return rows


def _write_baseline(scores: pd.DataFrame, path: Path) -> None:
    """Write scores to a baseline file; the scores of other checks in it stay."""
    kept = scores[_KEPT]
    path.parent.mkdir(parents=True, exist_ok=True)
    # Workers of pytest-xdist may write to one file at the same time.
    with locked(path.with_name(f".{path.name}.lock")):
        if path.exists():
            old = read_table(path)
            first = scores.iloc[0]
            is_replaced = _is_of(old, first["dataset"], first["classifier"])
            others = old[~is_replaced].reindex(columns=_KEPT)
            kept = pd.concat([others, kept])
        kept = kept.sort_values(["dataset", "classifier", "repetition"])
        write_whole(path, csv_text(kept).encode())


def _is_of(kept: pd.DataFrame, dataset: str, name: str) -> "pd.Series[bool]":
    """Whether each kept row is of a dataset and classifier."""
    found: pd.Series[bool] = (kept["dataset"] == dataset) & (kept["classifier"] == name)
    return found


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
