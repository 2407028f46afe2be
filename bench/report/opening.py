"""The beginning of a report, above its first chapter."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from bench.analysis import Findings, not_done, trained_online
from bench.cells import Plan
from bench.render import Block, Strong, Text, Warning
from bench.report.answers import answer_blocks
from bench.report.leaks import leak_verdict
from bench.report.tables import counted
from bench.store import Result


def opening(
    plan: Plan,
    findings: Findings,
    stored: Sequence[Result],
    tables: Mapping[str, pd.DataFrame],
) -> list[Block]:
    """State the question, its answers, what was computed, and all warnings.

    Parameters
    ----------
    stored
        The results of the cells that have one.
    tables
        The tables that answers rest on, see `bench.report.answers.answer_blocks`.
    """
    suite, results = plan.suite, findings.results
    blocks: list[Block] = []
    if suite.description:
        blocks.append(Text(suite.description))
    blocks += leak_verdict(plan, findings)
    blocks += answer_blocks(suite, [result.commit for result in stored], tables)
    if plan.reference:
        blocks.append(Text([Strong(plan.reference.lesson)]))
    states = Counter(results["status"])
    counts = ", ".join(f"{n} {status}" for status, n in states.most_common())
    blocks.append(
        Text(
            f"{counted(len(results), 'cell')} ({counted(len(plan.datasets), 'dataset')}"
            f" × {counted(suite.repetitions, 'repetition')} × "
            f"{counted(len(plan.classifiers), 'classifier')}): {counts}. Every "
            "repetition draws fresh training and test curves, the same for all "
            "classifiers. The input points are the same in all repetitions, so all "
            "scores are conditional on them." + _online(findings)
        )
    )
    if states.keys() - {"done"}:
        blocks.append(Warning("Not every cell is done; see Coverage below."))
    blocks += [Warning(f"{problem}.") for problem in findings.problems]
    if not findings.audits.empty:
        alarms = findings.audits[findings.audits["alarm"]]
        for dataset, rows in alarms.groupby("dataset", sort=False):
            # One alarm of each dataset: all of them would bury the chapters below.
            more = f" ({len(rows) - 1} more under Audits.)" if len(rows) > 1 else ""
            blocks.append(Warning(f"{dataset}: {rows['words'].iloc[0]}.{more}"))
    if len(not_done(findings.audits)):
        blocks.append(Warning("Not every audit is done; see Audits below."))
    return blocks


def _online(findings: Findings) -> str:
    """Name the classifiers that were trained online, if there are any."""
    online = {
        name
        for _, rows in findings.summary.groupby("dataset", sort=False)
        for name in trained_online(rows)
    }
    everyone = list(dict.fromkeys(findings.results["classifier"]))
    names = [name for name in everyone if name in online]
    if not names:
        return ""
    if names == everyone:
        return (
            " All classifiers are trained online, on fresh curves in each epoch, "
            "without a training set."
        )
    return (
        f" Trained online, on fresh curves in each epoch instead: {', '.join(names)}."
    )
