"""The beginning of a report: the question, its answer, what limits it, the matrix."""

import re
from collections import Counter
from collections.abc import Sequence

from bench.analysis import ReportData, not_done
from bench.render import Block, Strong, Text, Warning
from bench.report.chapters.answers import answer_warnings
from bench.report.chapters.audits import alarm_warnings
from bench.report.chapters.leaks import leak_verdict
from bench.report.chapters.matrix import ranked
from bench.report.chapters.recorded import repeated_in_words
from bench.report.tables import counted, ranged
from bench.stats import CHANCE, FEWEST_FOR_VERDICT, name_some

_LEAD = 300  # characters of an answer from which no further sentence is quoted
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def question_and_answer(data: ReportData) -> list[Block]:
    """State the question, its answer in a sentence or two, and all warnings."""
    blocks: list[Block] = []
    if data.suite.description:
        blocks.append(Text(data.suite.description))
    verdict = leak_verdict(data)
    if data.answers:
        blocks.append(Text([Strong("Answer."), f" {lead(data.answers[0].answer)}"]))
    elif not verdict:
        blocks.append(Text([Strong("Answer."), f" {composed_answer(data)}"]))
    # The verdict of tests says the same as a person's answer, but for an alarm.
    blocks += [b for b in verdict if isinstance(b, Warning) or not data.answers]
    return [*blocks, *_warnings(data)]


def lead(answer: str) -> str:
    """Return the first sentences of an answer, as many as one reads at a glance."""
    sentences = _SENTENCE.split(" ".join(answer.split()))
    text = sentences[0]
    for sentence in sentences[1:]:
        if len(text) + len(sentence) > _LEAD:
            break
        text += f" {sentence}"
    return text


def composed_answer(data: ReportData) -> str:
    """Say in a sentence or two which classifier is best, from the verdicts alone."""
    intervals = data.findings.intervals
    if intervals is None or not intervals["best"].any():
        return _means_alone(data)
    metric = data.metric.title
    best = intervals[intervals["best"] & (intervals["classifier"] != CHANCE)]
    if best.empty:
        text = f"No classifier has a better mean held-out {metric} than {CHANCE}."
        return f"{text} {_baseline(data)}".strip()
    judged = list(dict.fromkeys(intervals.loc[intervals["best"], "dataset"]))
    n_datasets = len(judged)
    order = ranked(data)
    counts = Counter(best["classifier"])
    first = max(counts, key=lambda name: (counts[name], -order.index(name)))
    near = {
        dataset: [name for name in rows["classifier"] if name != first]
        for dataset, rows in intervals[intervals["near_best"]].groupby("dataset")
        if first in set(rows["classifier"])
    }
    if n_datasets == 1:
        # Several may have the same mean, and be the best together.
        row = next(r for r in best.to_dict("records") if r["classifier"] == first)
        text = f"{first} has the best mean held-out {metric}, {row['mean']:.3f}"
        text += f" on {row['dataset']}" if len(data.datasets) > 1 else ""
        if near[row["dataset"]]:
            names = name_some(near[row["dataset"]])
            text += f"; not distinguishable from it: {names}"
        elif (intervals["left_out"] == "").sum() > 1:
            text += "; it is distinguishable from all others"
            text += " that are compared" * bool((intervals["left_out"] != "").any())
    else:
        firsts = best.loc[best["classifier"] == first, "dataset"]
        alone = sum(not near[dataset] for dataset in firsts)
        text = (
            f"{first} has the best mean held-out {metric} on {counts[first]} of "
            f"{n_datasets} datasets"
        )
        text += f", on {alone} of them ahead of all others" if alone else ""
        others = [f"{name} on {n}" for name, n in counts.most_common() if name != first]
        text += f"; {name_some(others)}" if others else ""
    text += "."
    return " ".join(filter(None, (text, _unjudged(data, judged), _baseline(data))))


def _unjudged(data: ReportData, judged: Sequence[str]) -> str:
    """Name the recorded datasets that are divided too rarely for a verdict."""
    names = [
        facts.id
        for facts in data.recorded
        if facts.id not in judged
        and facts.recorded is not None
        and facts.recorded.n_draws < FEWEST_FOR_VERDICT
    ]
    if not names:
        return ""
    return (
        f"No verdict on {name_some(names)}, whose curves are divided fewer than "
        f"{FEWEST_FOR_VERDICT} times."
    )


def _means_alone(data: ReportData) -> str:
    """Name the best means where too few repetitions allow no verdict."""
    column = f"test_{data.headline}_mean"
    known = data.findings.summary[data.findings.summary[column].notna()]
    known = known[known["classifier"] != CHANCE]
    if known.empty:
        return "None yet: no cell is done."
    firsts = known.groupby("dataset", sort=False).first()
    counts = Counter(firsts["classifier"])
    n_known = len(firsts)
    named = [f"{name} on {n} of {n_known}" for name, n in counts.most_common()]
    best = f"The best means have {name_some(named)} dataset{'s' * (n_known != 1)}"
    if len(data.datasets) == 1:
        best = f"{next(iter(counts))} has the best mean"
    n = data.repetitions[-1]
    why = "comparisons need three repetitions"
    if n < FEWEST_FOR_VERDICT:
        why += f", here {'is' if n == 1 else 'are'} {n}"
    else:
        why += ", and no classifier has as many"
    return f"No verdict: {why}. {best}."


def _baseline(data: ReportData) -> str:
    """Count the verdicts on differences to the baseline."""
    compared = data.findings.compared
    if compared is None or compared.empty:
        return ""
    rows = compared[(compared["left_out"] == "") & (compared["classifier"] != CHANCE)]
    counts = Counter(rows["verdict"])
    if not len(rows):
        return ""
    told = [
        f"{counts[word]} {word}"
        for word in ("better", "worse", "equivalent", "inconclusive")
        if counts[word]
    ]
    return (
        f"Of {counted(len(rows), 'comparison')} with the baseline "
        f"{data.suite.baseline}: {', '.join(told)}."
    )


def _warnings(data: ReportData) -> list[Block]:
    """Say what limits the answer."""
    blocks: list[Block] = list(answer_warnings(data.answers))
    findings, lacking = data.findings, []
    for frame, what in (
        (findings.results, "cells"),
        (findings.given, "cells of the given splits"),
    ):
        states = Counter(frame["status"] if len(frame) else [])
        left = {state: n for state, n in states.items() if state != "done"}
        if left:
            counts = ", ".join(f"{n} {state}" for state, n in left.items())
            lacking.append(f"{counts} of {sum(states.values())} {what}")
    if lacking:
        words = " and ".join(lacking)
        blocks.append(Warning(f"{words}; see Coverage.", "Not done"))
    blocks += [Warning(f"{problem}.") for problem in data.findings.problems]
    blocks += alarm_warnings(data)
    if len(not_done(data.findings.audits)):
        blocks.append(Warning("Not every audit is done; see Audits.", "Not audited"))
    if data.reference:
        blocks.append(Text(data.reference.lesson))
    return blocks


def design(data: ReportData) -> str:
    """Say what was computed, and how: cells, repetitions, points, training."""
    return (
        f"{counted(len(data.findings.results), 'cell')} "
        f"({counted(len(data.datasets), 'dataset')} × "
        f"{ranged(data.repetitions, 'repetition')} × "
        f"{counted(len(data.classifiers), 'classifier')}){_all_done(data)}. "
        f"{repeated_in_words(data)}"
        + _online([facts.id for facts in data.classifiers if facts.online], data)
        + _defaults(data)
    )


def _all_done(data: ReportData) -> str:
    return ", all done" if (data.findings.results["status"] == "done").all() else ""


def _online(names: Sequence[str], data: ReportData) -> str:
    """Name the classifiers that were trained online, if there are any."""
    if not names:
        return ""
    if len(names) == len(data.classifiers):
        return (
            " All classifiers are trained online, on fresh curves in each epoch, "
            "without a training set."
        )
    return (
        f" Trained online, on fresh curves in each epoch instead: {', '.join(names)}."
    )


def _defaults(data: ReportData) -> str:
    names = [facts.id for facts in data.classifiers if facts.library_defaults]
    if not names:
        return ""
    return f" With their library's default parameters: {', '.join(names)}."
