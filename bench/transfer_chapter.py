"""The report's chapter on transfer: who still knows the classes on another dataset."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.document_parts import Block, Figure, Items, Section, Strong, Table, Text
from bench.findings import Findings
from bench.metrics import METRICS
from bench.runner import Plan
from bench.transfer_tables import home_and_away


def transfer_chapter(
    plan: Plan, found: Findings, pictures: Sequence[Figure]
) -> list[Section]:
    """Show what classifiers do on datasets that they were not trained on, if asked."""
    table = transfer_table(plan, found)
    if table is None:
        return []
    said = (
        "Each classifier, as it was fitted to the training curves of one dataset, is "
        "asked about the test curves of the others; nothing is fitted again."
    )
    own = set(found.transfers["train"])
    points = [recipe.x for recipe in plan.datasets if recipe.spec.id in own]
    if any(not np.array_equal(x, points[0]) for x in points):
        said += (
            " The input points of these datasets differ: what a classifier was told "
            "of them is those of its training."
        )
    blocks: list[Block | Section] = [Text(said), *pictures, table]
    bad = found.transfer_cells[found.transfer_cells["status"] != "done"]
    by = ["train", "classifier", "status", "error"]
    lines = []
    for names, rows in bad.groupby(by, sort=False):
        train, classifier, status, error = map(str, names)
        tests = Counter(rows["test"])
        where = ", ".join(f"{name} ({n})" for name, n in tests.items())
        line = f"{train} to {where}, {classifier}: {status}"
        lines.append(line + (f" – {error}" if error else ""))
    if lines:
        blocks += [Text([Strong("Not done")]), Items(lines)]
    return [Section("Transfer", blocks)]


def transfer_table(plan: Plan, found: Findings) -> Table | None:
    """Lay out what each classifier loses elsewhere; None where it is not asked."""
    if found.transfers.empty:
        return None
    metric = METRICS[plan.suite.metrics[0]]
    larger = metric.larger_is_better
    rows = []
    for entry in home_and_away(found.transfers, larger_is_better=larger).to_dict(
        "records"
    ):
        worst = entry["difference"]
        rows.append(
            {
                "classifier": entry["classifier"],
                "at home": _number(entry["home"]),
                "elsewhere": _number(entry["away"]),
                "difference to trained there": _number(entry["lost"], "+.3f"),
                "worst": (
                    "–"
                    if math.isnan(worst)
                    else f"{entry['train']} to {entry['test']} ({worst:+.3f})"
                ),
            }
        )
    return Table(
        pd.DataFrame(rows),
        f"Mean held-out {metric.title} where a classifier was trained, and elsewhere: "
        "means over datasets, and over pairs of them, of means over repetitions. The "
        "difference is to the same classifier trained on the dataset that is tested, "
        "on the same curves; positive is better. Every pair with its intervals is in "
        "transfer.csv.",
    )


def _number(value: float, form: str = ".3f") -> str:
    return "–" if math.isnan(value) else f"{value:{form}}"
