"""Recorded curves in a report: how they are divided, and what that means for scores."""

import pandas as pd

from bench.analysis import DatasetFacts, RecordedFacts, ReportData, sources_in_words
from bench.base import shown
from bench.render import Block, Link, Table, Text
from bench.report.chapters.matrix import chapter_path, has_chapters
from bench.report.tables import counted
from bench.stats import FEWEST_FOR_VERDICT, name_some

_UNEQUAL = 1.1  # times the share of equal classes, from which a report speaks of it


def division_in_words(facts: RecordedFacts) -> str:
    """Say how the curves of a dataset are divided, and what it does to intervals."""
    words = _divided(facts)
    if facts.most is not None:
        words += f" At most {counted(facts.most, 'training curve')} of each class."
    if facts.n_groups is not None:
        words += (
            f" The {facts.n_groups} groups of curves that belong together are divided "
            "whole: none is on both sides."
        )
    words += f" {_inference(facts)}"
    if facts.given is not None:
        n_train, n_test = facts.given
        words += (
            f" The given division of the files ({n_train} and {n_test}) is computed "
            "beside the draws."
            if facts.design == "resample"
            else f" The given division of the files ({n_train} and {n_test}) is "
            "computed beside the folds."
        )
    return words


def _divided(facts: RecordedFacts) -> str:
    about = "" if facts.is_even else "about "
    sizes = f"{about}{facts.n_train} curves for training and {facts.n_test} for testing"
    if facts.design == "given":
        return f"Divided once, as the files divide them: {sizes}."
    whole = "group by group" if facts.n_groups is not None else "class by class"
    if facts.design == "folds":
        assert facts.folds is not None  # since the design has folds
        repeats = -(-facts.n_draws // facts.folds)
        times = f", {repeats} times" if repeats > 1 else ""
        return (
            f"{facts.folds}-fold cross-validation{times}, divided {whole}: "
            f"{counted(facts.n_draws, 'division')} with {sizes}."
        )
    draws = f"{counted(facts.n_draws, 'random draw')}, {whole}"
    if facts.test is None:
        return f"{draws}, with the sizes of the given files: {sizes}."
    return f"{draws}, with {100 * facts.test:g}% for testing: {sizes}."


def _inference(facts: RecordedFacts) -> str:
    """Say what the design allows to infer, in numbers."""
    n = facts.n_draws
    if n == 1:
        return "One division allows no interval, test or mark."
    shared = (
        f"All {n} divide the same {facts.n_curves} curves, so they are not independent"
    )
    if n < FEWEST_FOR_VERDICT:
        return f"{shared}; and {n} are too few for intervals, tests and marks."
    return (
        f"{shared}: intervals and tests count the variance 1/{n} + "
        f"{facts.overlap:.2g} times, not 1/{n} times, which makes intervals about "
        f"{facts.wider:.1f} times as wide as those of independent draws."
    )


def allows_inference(facts: DatasetFacts) -> bool:
    """Tell whether a dataset has repetitions enough, as far as its design says."""
    recorded = facts.recorded
    return recorded is None or recorded.n_draws >= FEWEST_FOR_VERDICT


def class_words(facts: DatasetFacts) -> list[Block]:
    """Say what the largest class alone scores, where the classes are unequal."""
    recorded = facts.recorded
    if recorded is None:
        return []
    largest = max(recorded.test_shares)
    if largest * len(facts.classes) < _UNEQUAL:
        return []
    name = facts.classes[recorded.test_shares.index(largest)]
    is_exact = recorded.design == "given" or (
        recorded.design == "resample" and recorded.test is None and recorded.is_even
    )
    return [
        Text(
            "The classes are of unequal size: a classifier that always answers "
            f"{shown(name, 40)}, the largest one in the test curves, has an accuracy "
            f"of {'' if is_exact else 'about '}{largest:.3f} and a balanced accuracy "
            f"of {1 / len(facts.classes):.3f}."
        )
    ]


def recorded_table(data: ReportData) -> list[Block]:
    """List how recorded curves are divided; one dataset says it in its chapter."""
    if len(data.recorded) < 2:
        return []
    rows = [_row(data, facts) for facts in data.recorded]
    return [
        Table(
            pd.DataFrame(rows),
            "Recorded curves, and how they are divided. Variance: how many times the "
            "intervals and tests of a mean count the variance over the J divisions, "
            "instead of 1/J times. Wider: about how much wider that makes intervals.",
        )
    ]


def _row(data: ReportData, facts: DatasetFacts) -> dict[str, object]:
    recorded = facts.recorded
    assert recorded is not None  # since the dataset is a recorded one
    n = recorded.n_draws
    title = facts.id
    channels = f" × {recorded.n_channels}" if recorded.n_channels > 1 else ""
    infers = n >= FEWEST_FOR_VERDICT
    about = "" if recorded.is_even else "about "
    return {
        "dataset": Link(title, chapter_path(data, title))
        if has_chapters(data)
        else title,
        "source": sources_in_words(recorded.sources),
        "curves": str(recorded.n_curves),
        "classes": str(len(facts.classes)),
        "points": f"{facts.n_points}{channels}",
        "design": _design(recorded),
        "training": f"{about}{recorded.n_train}",
        "test": f"{about}{recorded.n_test}",
        "variance": f"1/{n} + {recorded.overlap:.2g}" if infers else "no interval",
        "wider": f"{recorded.wider:.1f} times" if infers else "–",
    }


def _design(facts: RecordedFacts) -> str:
    """Name a design in few words."""
    if facts.design == "given":
        return "given division"
    groups = ", by groups" * (facts.n_groups is not None)
    if facts.design == "folds":
        assert facts.folds is not None  # since the design has folds
        repeats = -(-facts.n_draws // facts.folds)
        times = f", {repeats} times" if repeats > 1 else ""
        return f"{facts.folds} folds{times}{groups}"
    of = "" if facts.test is None else f" of {100 * facts.test:g}%"
    return f"{counted(facts.n_draws, 'draw')}{of}{groups}"


def repeated_in_words(data: ReportData) -> str:
    """Say what a repetition is, for the datasets of this report."""
    fresh = (
        "draws fresh training and test curves, the same for all classifiers. The input "
        "points are the same in all repetitions, so all scores are conditional on them."
    )
    if not data.recorded:
        return f"Every repetition {fresh}"
    several = [f.id for f in data.recorded if f.recorded and f.recorded.n_draws > 1]
    once = [f.id for f in data.recorded if f.id not in several]
    sentences = []
    if several:
        whose = "The curves" if not data.generated and not once else name_some(several)
        be = "are" if len(several) > 1 or whose == "The curves" else "is"
        sentences.append(
            f"{whose} {be} recorded: every repetition divides the same curves anew, "
            "the same for all classifiers. Such repetitions share curves and are not "
            "independent draws, which intervals and tests take into account."
        )
    if once:
        whose = "The curves" if not data.generated and not several else name_some(once)
        be = "are" if len(once) > 1 or whose == "The curves" else "is"
        sentences.append(
            f"{whose} {be} recorded, and divided once, the same for all classifiers: "
            "no interval, test or mark."
        )
    if data.generated:
        names = name_some([facts.id for facts in data.generated])
        sentences.append(f"Every repetition of {names} {fresh}")
    return " ".join(sentences)


def in_short(facts: DatasetFacts) -> str:
    """Say in a line what a dataset of recorded curves is."""
    recorded = facts.recorded
    assert recorded is not None  # since the dataset is a recorded one
    return (
        f"{recorded.n_curves} recorded curves of {len(facts.classes)} classes from "
        f"{sources_in_words(recorded.sources)}; {_design(recorded)}"
    )
