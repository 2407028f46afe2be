"""The verdict on audits: signs that the classes differ in more than their shapes.

If they do, by the fault of a dataset or of the harness, scores mean less than they seem
to.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.cells import BASELINES, DEPTH, PERMUTED, TREES, Plan
from bench.curves import RecordedRecipe
from bench.stats import CHANCE, widening
from bench.store import BAD, Result, Store

# A report judges some hundred audits. At four standard errors, a false alarm among them
# is unlikely (p = 6e-5 each).
STANDARD_ERRORS = 4
MARGIN = 0.01  # accuracy: a tree this close to the best classifier explains its score
TRIVIAL = 0.95  # from this accuracy of a tree on, the task is trivial
IMBALANCE = 0.1  # relative to the share that a class should have
_THRESHOLD = f"alarm beyond {STANDARD_ERRORS} standard errors"
_NOT_DONE = ("missing", *BAD)
_COLUMNS = (
    "dataset",
    "audit",
    "value",
    "expected",
    "standard_error",
    "n",
    "alarm",
    "words",
)


def load_audits(plan: Plan, store: Store) -> list[Result]:
    """Read the result of every audit; its status is "missing" if it is not stored."""
    stored = store.read_all(audit.key for audit in plan.audits)
    return [
        audit.result("missing") if result is None else result
        for audit, result in zip(plan.audits, stored, strict=True)
    ]


def find_audits(plan: Plan, store: Store, results: pd.DataFrame) -> pd.DataFrame:
    """Judge the stored audits of a suite; nothing is drawn or fitted.

    Parameters
    ----------
    results
        The suite's cells, as `bench.analysis.results.results_frame` returns them,
        possibly with the column collapsed of `bench.analysis.findings.Findings`.

    Returns
    -------
    DataFrame
        For each dataset, the rows of `judge_audits` over the audits that are done, and
        then a row for each reason why others are not: its ``audit`` is their status, or
        "missing" if nothing is stored; its ``value`` is their number, of ``n``. Empty
        if the suite has no audits.
    """
    audits: dict[str, list[Result]] = {}
    for result, audit in zip(load_audits(plan, store), plan.audits, strict=True):
        audits.setdefault(audit.dataset.spec.id, []).append(result)
    cells = results[results["status"] == "done"]
    recipes = {audit.dataset.spec.id: audit.dataset for audit in plan.audits}
    frames = []
    for dataset, of_dataset in audits.items():
        rows = cells[cells["dataset"] == dataset]
        scores = rows.get("test_accuracy", pd.Series(dtype=float))
        # A collapse says nothing of how well the best classifier separates the classes.
        if "collapsed" in rows:
            scores = scores[~rows["collapsed"].fillna(False).astype(bool)]
        means = scores.groupby(rows["classifier"]).mean() if len(scores) else scores
        frames += [
            judge_audits(
                dataset,
                [result.figures for result in of_dataset if result.status == "done"],
                chance=list(scores[rows["classifier"] == CHANCE]),
                best=float(means.max()) if len(means) else None,
                overlap=recipes[dataset].overlap,
                recorded=isinstance(recipes[dataset], RecordedRecipe),
            ),
            _not_done(plan, dataset, of_dataset),
        ]
    frames = [frame for frame in frames if len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def not_done(audits: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `find_audits` about audits that are not done."""
    return audits if audits.empty else audits[audits["audit"].isin(_NOT_DONE)]


def judge_audits(
    dataset: str,
    figures: Sequence[dict[str, Any]],
    *,
    chance: Sequence[float] = (),
    best: float | None = None,
    overlap: float = 0.0,
    recorded: bool = False,
) -> pd.DataFrame:
    """Judge the audits of a dataset over its repetitions.

    Parameters
    ----------
    dataset : str
        The dataset's id.
    figures
        One a repetition, as `bench.cells.audits.audit_curves` returns them.
    chance : sequence of float
        Held-out accuracies of CHANCE over repetitions; NaN are left out.
    best : float, optional
        Mean held-out accuracy of the best classifier.
    overlap : float, optional
        What repetitions that divide one pool of curves add to 1/n in the variance of a
        mean (`bench.stats.intervals.pool_overlap`). It raises the standard errors of
        trees and of balances. Those of CHANCE and of permuted labels stay: each
        repetition guesses or permutes anew, whichever curves it shares with others.
    recorded : bool, optional
        Whether the curves are recorded ones. Then classes of unequal size are no alarm,
        and words tell what is a property of the data.

    Returns
    -------
    DataFrame
        One row an audit, with the columns ``dataset``, ``audit``, ``value``,
        ``expected`` (the value without a shortcut or an error), ``standard_error``
        over repetitions (never below the binomial one, which is taken for one or two),
        ``n`` (repetitions), ``alarm``, and ``words`` (finding and threshold). Empty if
        no repetition has figures.

        - "CHANCE", if given: accuracy.
        - "KNN, labels permuted" and "SVC, labels permuted": balanced accuracy, whose
          expectation does not depend on the class sizes.
        - "tree on scale", "tree on roughness", "tree on scale and roughness" (the
          features of `bench.cells.shallow_baselines.shortcut_features`) and "tree on
          points" (every column, all channels): accuracy.
        - "duplicates": the number of test curves that are training curves of the same
          repetition.
        - "balance of training curves" and "balance of test curves": the share of the
          class that is furthest from an equal share; of recorded curves the share of
          the largest class, which is no alarm.
    """
    n = len(figures)
    if not n:
        return pd.DataFrame(columns=_COLUMNS)
    sizes = _sizes([audit["curves"] for audit in figures])
    scores = {
        name: [float(audit["scores"][name]) for audit in figures] for name in BASELINES
    }
    n_duplicates = sum(audit["duplicates"] for audit in figures)
    known = [score for score in chance if not math.isnan(score)]
    rows = [
        *([_chance(known, sizes["test"] / n)] if known else []),
        *(_permuted(name, scores[name], sizes["fitted"]) for name in PERMUTED),
        *(
            _tree(name, scores[name], sizes["fitted"], best, overlap, recorded)
            for name in TREES
        ),
        _duplicates(n_duplicates, int(sizes["test"].sum()), n, recorded),
        *(
            _sizes_told(part, sizes[part], n)
            if recorded
            else _balance(part, sizes[part], n, overlap)
            for part in ("training", "test")
        ),
    ]
    return pd.DataFrame([{"dataset": dataset} | row for row in rows])


def _sizes(curves: Sequence[dict[str, list[int]]]) -> dict[str, np.ndarray]:
    """Add up the curves of each class over repetitions; leave out empty classes."""
    n_labels = max(len(sizes) for audit in curves for sizes in audit.values())
    total = {
        # A repetition without curves of the last labels has a shorter list.
        part: np.sum([np.pad(s[part], (0, n_labels - len(s[part]))) for s in curves], 0)
        for part in curves[0]
    }
    present = total["training"] + total["test"] > 0
    return {part: sizes[present] for part, sizes in total.items()}


def _not_done(plan: Plan, dataset: str, audits: Sequence[Result]) -> pd.DataFrame:
    """Make a row for each reason why audits of a dataset are not done."""
    counts = Counter(
        (result.status, _error(result)) for result in audits if result.status != "done"
    )
    command = f"`python -m bench run {plan.suite.command_words}`"
    rows = []
    for (status, error), count in counts.items():
        words = f"{count} of {len(audits)} repetitions have no audit: "
        if status == "missing":
            words += f"nothing is stored; {command} computes what is missing"
        else:
            words += f"{status}{error}; --retry-failed computes what failed again"
        value, n = float(count), len(audits)
        row = _row(status, value, 0.0, 0.0, n, alarm=False, words=words, trap="")
        rows.append({"dataset": dataset} | row)
    return pd.DataFrame(rows, columns=_COLUMNS)


def _error(result: Result) -> str:
    if not result.error:
        return ""
    message = f"{result.error.get('type')}: {result.error.get('message')}"
    return f" ({message.splitlines()[0][:300]})"


def _chance(scores: list[float], sizes: np.ndarray) -> dict[str, Any]:
    """Compare the accuracy of guesses with chance.

    `sizes` are the test curves of each class in one repetition.
    """
    expected = 1 / len(sizes)
    n_curves = float(sizes.sum()) * len(scores)
    error = _standard_error(scores, math.sqrt(expected * (1 - expected) / n_curves))
    return _at_chance("CHANCE", "accuracy of CHANCE", scores, expected, error)


def _permuted(name: str, scores: list[float], sizes: np.ndarray) -> dict[str, Any]:
    """Compare fits to permuted labels with chance.

    `sizes` are the test curves of each class in all repetitions.
    """
    expected = 1 / len(sizes)
    # The balanced accuracy is a mean of recalls, each with a binomial variance.
    variances = expected * (1 - expected) / np.maximum(sizes, 1)
    error = _standard_error(scores, math.sqrt(variances.sum()) / len(sizes))
    title = f"balanced accuracy of {name}, training and test labels permuted"
    return _at_chance(f"{name}, labels permuted", title, scores, expected, error)


def _at_chance(
    audit: str, title: str, scores: list[float], expected: float, error: float
) -> dict[str, Any]:
    value = float(np.mean(scores))
    alarm = abs(value - expected) > STANDARD_ERRORS * error
    words = (
        f"{title}: {value:.4f}; expected {expected:.4f} by chance; {_THRESHOLD} of "
        f"{error:.4f}"
    )
    trap = "labels leak, or a score is wrong"
    return _row(audit, value, expected, error, len(scores), alarm, words, trap)


def _tree(
    name: str,
    scores: list[float],
    sizes: np.ndarray,
    best: float | None,
    overlap: float,
    recorded: bool,
) -> dict[str, Any]:
    """Compare a shallow tree on simple features with the best classifier."""
    value, expected = float(np.mean(scores)), float(sizes.max() / sizes.sum())
    floor = math.sqrt(expected * (1 - expected) / sizes.sum())
    error = _standard_error(scores, floor) * widening(len(scores), overlap)
    words = (
        f"accuracy of a decision tree of depth {DEPTH} on {TREES[name]}: {value:.3f}; "
        f"the largest class alone gives {expected:.3f}"
    )
    # In floating point 0.99 - 0.98 is larger than 0.01.
    is_near_best = best is not None and value >= best - MARGIN - 1e-9
    if best is not None and not math.isnan(best):
        words += f", the best classifier {best:.3f}"
    words += f"; alarm from {TRIVIAL:g}, or within {MARGIN:g} of the best classifier"
    # If no classifier beats guessing, a tree is as good as the best but explains
    # nothing.
    beats_guessing = value - expected > STANDARD_ERRORS * error
    alarm = beats_guessing and (is_near_best or value >= TRIVIAL)
    trap = f"{TREES[name]} are enough, so scores on this dataset do not show that "
    trap += (
        "a classifier recognises shapes; that is a property of these curves"
        if recorded
        else "a classifier recognises functions"
    )
    return _row(name, value, expected, error, len(scores), alarm, words, trap)


def _duplicates(
    n_duplicates: int, n_curves: int, n: int, recorded: bool
) -> dict[str, Any]:
    words = (
        f"{n_duplicates} of {n_curves} test curves equal a training curve of their "
        "repetition; alarm from 1"
    )
    trap = "a classifier that memorises training curves is rewarded"
    if recorded:
        trap += (
            ". The files hold equal curves: remove them, or name those that belong "
            "together as groups"
        )
    alarm = n_duplicates > 0
    return _row("duplicates", float(n_duplicates), 0.0, 0.0, n, alarm, words, trap)


def _sizes_told(part: str, sizes: np.ndarray, n: int) -> dict[str, Any]:
    """Tell the sizes of recorded classes; that they are unequal is no fault."""
    total = int(sizes.sum())
    share = float(sizes.max() / total)
    words = f"{part} curves of each class: {sizes.min()} to {sizes.max()} of {total}"
    if sizes.min() < sizes.max():
        words += (
            f"; always naming the largest class is an accuracy of {share:.3f}, and a "
            f"balanced accuracy of {1 / len(sizes):.3f}"
        )
    name = f"balance of {part} curves"
    return _row(name, share, 1 / len(sizes), 0.0, n, alarm=False, words=words, trap="")


def _balance(part: str, sizes: np.ndarray, n: int, overlap: float) -> dict[str, Any]:
    """Compare the share of each class with an equal share."""
    equal, total = 1 / len(sizes), sizes.sum()
    shares = sizes / total
    value = float(shares[np.abs(shares - equal).argmax()])
    error = math.sqrt(equal * (1 - equal) / total) * widening(n, overlap)
    # Classes may be drawn at random, and then a few curves are unbalanced by chance.
    alarm = abs(value - equal) > max(IMBALANCE * equal, STANDARD_ERRORS * error)
    words = (
        f"{part} curves of each class: {sizes.min()} to {sizes.max()} of {total}; "
        f"alarm if a share differs from {equal:.3f} by more than {IMBALANCE:.0%} of "
        f"it and by more than {STANDARD_ERRORS} standard errors"
    )
    trap = "read balanced accuracy, not accuracy"
    name = f"balance of {part} curves"
    return _row(name, value, equal, error, n, alarm, words, trap)


def _row(
    audit: str,
    value: float,
    expected: float,
    error: float,
    n: int,
    alarm: bool,
    words: str,
    trap: str,
) -> dict[str, Any]:
    return {
        "audit": audit,
        "value": value,
        "expected": expected,
        "standard_error": error,
        "n": n,
        "alarm": bool(alarm),
        "words": f"{words}: {trap}" if alarm else words,
    }


def _standard_error(scores: list[float], floor: float) -> float:
    """Return the standard error over repetitions, but at least `floor`.

    A few repetitions may agree by chance, and then their own standard error is too
    small.
    """
    n = len(scores)
    if n <= 2:
        return floor
    return max(float(np.std(scores, ddof=1)) / math.sqrt(n), floor)
