"""The report's chapter on whether classifiers work, and what a person answered."""

from collections.abc import Iterable

import pandas as pd

from bench.analysis import Findings
from bench.cells import Plan
from bench.render import Block, Section, Strong, Table, Text, Warning
from bench.report.tables import interval, mean_std
from bench.stats import DOES_NOT, METRICS, UNCLEAR, WORKS
from bench.suite import Suite


def answer_blocks(suite: Suite, commits: Iterable[str | None]) -> list[Block]:
    """Say what was answered, when and from which results; warn where there are none.

    Parameters
    ----------
    commits
        Of the results that there are, where they are known.
    """
    known = set(filter(None, commits))
    blocks: list[Block] = []
    for entry in suite.answers:
        blocks += [
            Text([Strong(entry.question)]),
            Text(entry.answer),
            Text(f"Written {entry.date} from the results of commit {entry.commit}."),
        ]
        if not any(commit.startswith(entry.commit) for commit in known):
            blocks.append(
                Warning(
                    f"No result below is of commit {entry.commit}: read the figures "
                    f"again before you trust the answer to '{entry.question}'."
                )
            )
    return blocks


def works_chapter(plan: Plan, found: Findings) -> list[Section]:
    """Say on which datasets which classifiers work, if the suite asks."""
    table = works_table(plan, found)
    if table is None:
        return []
    counts = found.works["verdict"].value_counts()
    works, does_not, unclear = (counts.get(v, 0) for v in (WORKS, DOES_NOT, UNCLEAR))
    said = (
        f"Of {len(found.works)} pairs of a dataset and a classifier {works} work, "
        f"{does_not} do not, {unclear} are unclear."
    )
    return [Section("Works, or does not work", [Text(said), table])]


def works_table(plan: Plan, found: Findings) -> Table | None:
    """Lay out on which datasets which classifiers work; None if it is not asked."""
    if found.works.empty:
        return None
    stats, metric = plan.suite.stats, METRICS[plan.suite.metrics[0]]
    assert stats.works is not None  # else there would be no rows
    rows = [
        {
            "dataset": entry["dataset"],
            "classifier": entry["classifier"],
            f"held-out {metric.title}": mean_std(entry["mean"], entry["std"]),
            f"{1 - stats.alpha:.0%} interval": interval(entry["low"], entry["high"]),
            "n": str(entry["n"]),
            "verdict": entry["verdict"],
        }
        for entry in found.works.to_dict("records")
    ]
    words = ("above", "below") if metric.larger_is_better else ("below", "above")
    return Table(
        pd.DataFrame(rows),
        f"Works: the whole t interval of the mean held-out {metric.title} is at "
        f"{stats.works:g} or {words[0]}; does not work: all of it is {words[1]}; "
        "unclear: neither, or no interval. Mean±std over n repetitions (ddof=1) in "
        "which every classifier has a score; intervals each by itself.",
    )
