"""The report's chapters on the suite as a whole, before and after its datasets."""

from collections import Counter
from collections.abc import Sequence

from bench.analysis import Findings, not_done, trained_online
from bench.cells import Plan
from bench.render import Block, Strong, Text, Warning


def opening(plan: Plan, found: Findings, answers: Sequence[Block] = ()) -> list[Block]:
    """Say what the suite asks, and what a reader must know before they read on.

    `answers` stand below the question, see `bench.report.answers.answer_blocks`.
    """
    suite, results = plan.suite, found.results
    blocks: list[Block] = []
    if suite.description:
        blocks.append(Text(suite.description))
    blocks += answers
    if plan.reference:
        blocks.append(Text([Strong(plan.reference.lesson)]))
    states = Counter(results["status"])
    counts = ", ".join(f"{n} {status}" for status, n in states.most_common())
    blocks.append(
        Text(
            f"{len(results)} cells ({len(plan.datasets)} datasets × "
            f"{suite.repetitions} repetitions × {len(plan.classifiers)} classifiers): "
            f"{counts}. Every repetition draws fresh training and test curves; within "
            "one, all classifiers see the same bytes. The input points are fixed, so "
            "the figures are conditional on them." + _online(found)
        )
    )
    if states.keys() - {"done"}:
        blocks.append(Warning("Not every cell is done; see Coverage below."))
    blocks += [Warning(f"{problem}.") for problem in found.problems]
    if not found.audits.empty:
        alarms = found.audits[found.audits["alarm"]]
        for dataset, rows in alarms.groupby("dataset", sort=False):
            more = f" ({len(rows) - 1} more under Audits.)" if len(rows) > 1 else ""
            blocks.append(Warning(f"{dataset}: {rows['words'].iloc[0]}.{more}"))
    if len(not_done(found.audits)):
        blocks.append(Warning("Not every audit is done; see Audits below."))
    return blocks


def _online(found: Findings) -> str:
    online = {
        name
        for _, own in found.summary.groupby("dataset", sort=False)
        for name in trained_online(own)
    }
    every = list(dict.fromkeys(found.results["classifier"]))
    names = [name for name in every if name in online]
    if not names:
        return ""
    if names == every:
        return (
            " All are trained online, on fresh curves in each epoch: no training set."
        )
    return (
        " Trained online, on fresh curves in each epoch: "
        f"{', '.join(names)}; the test curves are the same for all."
    )
