"""The report's verdict on leaks, from datasets on which nothing can be learnt."""

import math

import pandas as pd

from bench.analysis import ReportData
from bench.render import Block, Section, Strong, Table, Text, Warning
from bench.report.tables import counted, interval, p_value
from bench.stats import CANNOT_TELL, LEAK, POWER, name_some

_MOST_ROWS = 30  # of the table; leaks.csv has all
_MOST_NAMED = 3  # leaks that the first sentence tells
_TOGETHER = "all together"


def leak_verdict(data: ReportData) -> list[Block]:
    """Answer in words whether any classifier beats 1/2 where nothing can be learnt."""
    leaks = data.findings.leaks
    if leaks.empty:
        return []
    tested = leaks[leaks["verdict"] != CANNOT_TELL]
    level = f"{100 * data.suite.alpha:g}%"
    if tested.empty:
        words = (
            f"Cannot tell whether there is a leak on {_names(data)}, where nothing can "
            "be learnt: there are too few test curves."
        )
        return [Warning(words)]
    classifiers = counted(tested["classifier"].nunique(), "classifier")
    what = (
        f"Both classes of {_names(data)} are drawn by the same recipe, so nothing can "
        "be learnt, and every accuracy must be 1/2 but for chance. Exact binomial "
        f"tests of {classifiers}, {_tests(tested)}, simultaneous at "
        f"{level}"
    )
    found = leaks[leaks["verdict"] == LEAK].sort_values("p", kind="stable")
    if len(found):
        told = "; ".join(
            f"{row['classifier']} {_where(row['dataset'])} {row['accuracy']:.3f} "
            f"{interval(row['low'], row['high'])}"
            for row in found.head(_MOST_NAMED).to_dict("records")
        )
        more = len(found) - _MOST_NAMED
        told += f" and {more} more" if more > 0 else ""
        blocks: list[Block] = [
            Warning(
                f"LEAK: {told}. {what}, find what chance does not explain: something "
                "besides the shapes of curves gives the classes away, or a score is "
                "wrong."
            )
        ]
    else:
        blocks = [
            Text([Strong("No leak found."), f" {_smallest(tested)} {what}."]),
        ]
    untested = leaks[leaks["verdict"] == CANNOT_TELL]
    if len(untested):
        names = [
            f"{row['classifier']} {_where(row['dataset'])}"
            for row in untested.to_dict("records")
        ]
        blocks.append(
            Warning(
                f"Nothing can be told of {name_some(names)}: too few cells are done."
            )
        )
    return blocks


def leak_chapter(data: ReportData) -> list[Section]:
    """List the tests behind the verdict, if there is one."""
    table = leak_table(data)
    return [] if table is None else [Section("Is there a leak?", [table])]


def leak_table(data: ReportData) -> Table | None:
    """List accuracies against 1/2; None if every dataset can be learnt."""
    leaks = data.findings.leaks
    if leaks.empty:
        return None
    shown = leaks
    if len(leaks) > _MOST_ROWS:
        shown = leaks[(leaks["dataset"] == "") | (leaks["verdict"] == LEAK)]
        if shown.empty:
            shown = leaks.sort_values("p", kind="stable").head(_MOST_ROWS)
    rows = [
        {
            "classifier": row["classifier"],
            "dataset": row["dataset"] or _TOGETHER,
            "test curves": str(row["n_curves"]),
            "held-out accuracy": _number(row["accuracy"]),
            "simultaneous interval": interval(row["low"], row["high"]),
            "p (adjusted)": p_value(row["p_adjusted"]),
            "smallest leak": _number(row["detectable"]),
            "verdict": row["verdict"],
        }
        for row in shown.to_dict("records")
    ]
    n_tests = counted(int(leaks["accuracy"].notna().sum()), "test")
    level = f"{100 - 100 * data.suite.alpha:g}%"
    caption = (
        "Accuracy over the test curves of all repetitions, against exactly 1/2. Exact "
        "binomial tests, two-sided, and exact intervals (Clopper and Pearson) at "
        f"{level}, adjusted for {n_tests} at once (Bonferroni). Smallest leak: the "
        "difference from 1/2 that the test finds "
        f"with probability {POWER:g}."
    )
    if (leaks["dataset"] == "").any():
        caption += (
            " All together: the test curves of all these datasets; of datasets that "
            "share their curves only the largest."
        )
    if len(shown) < len(leaks):
        caption += f" Shown are {len(shown)} of {len(leaks)} rows; leaks.csv has all."
    return Table(pd.DataFrame(rows), caption)


def _smallest(tested: pd.DataFrame) -> str:
    """Say which leaks would have been found; of several classifiers the largest."""
    pooled = tested[tested["dataset"] == ""]["detectable"].max()
    single = tested[tested["dataset"] != ""]["detectable"].max()
    leak = f"A leak of {single:.3f} or more of one classifier on one dataset"
    if not math.isnan(pooled):
        leak += f", or of {pooled:.3f} or more on all datasets together,"
    return f"{leak} would have been found with probability {POWER:g}."


def _tests(tested: pd.DataFrame) -> str:
    """Count the tests and what they are of."""
    n_datasets = tested.loc[tested["dataset"] != "", "dataset"].nunique()
    words = f"on {counted(n_datasets, 'dataset')}"
    if (tested["dataset"] == "").any():
        words += " and on all together"
    return f"{words} ({counted(len(tested), 'test')})"


def _names(data: ReportData) -> str:
    return name_some([facts.id for facts in data.datasets if not facts.learnable])


def _where(dataset: str) -> str:
    return f"on {dataset}" if dataset else "on all datasets together"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
