"""The report's chapter on a dataset: its scores, and comparisons with the baseline."""

import math
from collections.abc import Sequence

import pandas as pd

from bench.dataset_words import told_apart
from bench.datasets import DatasetRecipe
from bench.document_parts import Block, Figure, Items, Section, Table, Text
from bench.findings import Findings, rows_of
from bench.metrics import METRICS
from bench.online_tables import caption_of, online_rows
from bench.runner import Plan
from bench.tables import online_note, score_rows, trained_online


def dataset_chapter(
    plan: Plan,
    found: Findings,
    recipe: DatasetRecipe,
    pictures: Sequence[Figure],
    online: pd.DataFrame,
) -> Section:
    """Tell of one dataset.

    Parameters
    ----------
    pictures
        Of this dataset, in the order in which they are shown.
    online
        Its `bench.online_tables.online_table`.
    """
    spec = recipe.spec
    about = [Text(spec.description)] if spec.description else []
    blocks: list[Block | Section] = [
        *about,
        Text(
            f"{told_apart(recipe)}; {len(recipe.x)} points of "
            f"{recipe.x.shape[1]} input(s), {spec.inputs.kind}; "
            f"{_curves(found, recipe)}, {spec.dtype}; channels: "
            f"{', '.join(spec.channels)}."
        ),
        score_table(plan, found, spec.id),
        *_notes(plan, found, spec.id),
        *_reference(plan, found, spec.id),
    ]
    compared = rows_of(found.compared, spec.id)
    if not compared.empty:
        blocks.append(comparison_table(plan, found, spec.id))
    if len(online):
        blocks.append(training_table(online))
    return Section(spec.id, [*blocks, *pictures])


def training_table(online: pd.DataFrame) -> Table:
    """Lay out what online training reached, and when."""
    return Table(online_rows(online), caption_of(online))


def score_table(plan: Plan, found: Findings, dataset: str) -> Table:
    """Lay out a dataset's scores, those not told apart from the best in bold."""
    frame = score_rows(plan, found.summary, dataset)
    intervals = rows_of(found.intervals, dataset)
    bold = pd.DataFrame(False, index=frame.index, columns=frame.columns)
    title = METRICS[plan.suite.metrics[0]].title
    caption = (
        f"Mean±std over n repetitions (ddof=1), sorted by held-out {title}. Seconds "
        f"are of {plan.suite.threads} thread(s) and compare on one machine only."
    )
    if not intervals.empty:
        near = set(intervals.loc[intervals["near_best"], "classifier"])
        bold[frame.columns[1]] = frame["classifier"].isin(near)
        caption += (
            " Bold: not told apart from the best (simultaneous intervals of the paired "
            f"difference at {1 - plan.suite.stats.alpha:.0%} include zero)."
        )
    note = online_note(rows_of(found.summary, dataset))
    caption += f" {note}" if note else ""
    defaults = [c.id for c in plan.classifiers if c.library_defaults]
    if defaults:
        caption += f" At their library's defaults: {', '.join(defaults)}."
    return Table(frame, caption, bold)


def comparison_table(plan: Plan, found: Findings, dataset: str) -> Table:
    """Lay out each classifier's paired difference to the baseline."""
    stats, metric = plan.suite.stats, METRICS[plan.suite.metrics[0]]
    compared = rows_of(found.compared, dataset)
    intervals = rows_of(found.intervals, dataset).set_index("classifier")
    compared = compared.sort_values("difference", ascending=False, kind="stable")
    rows = []
    for entry in compared.to_dict("records"):
        own = intervals.loc[entry["classifier"]]
        rows.append(
            {
                "classifier": entry["classifier"],
                f"{metric.title}, interval of the mean": interval(own.low, own.high),
                f"difference to {plan.suite.baseline}": f"{entry['difference']:+.3f}",
                "simultaneous interval": interval(entry["low"], entry["high"], "+.3f"),
                "p (Holm)": p_value(entry["p_holm"]),
                "win/tie/loss": f"{entry['wins']}/{entry['ties']}/{entry['losses']}",
                "P(above 0)": p_value(entry["p_above"]),
                "verdict": entry["verdict"],
            }
        )
    n = int(compared["n"].iloc[0])
    return Table(
        pd.DataFrame(rows),
        f"Paired over {n} complete repetitions; positive is better than "
        f"{plan.suite.baseline}. Intervals at {1 - stats.alpha:.0%}, of differences "
        "simultaneous over the classifiers (Bonferroni); paired t tests, two-sided, "
        f"from 5 repetitions up. With a margin of {stats.margin:g}: better above it, "
        f"worse below −{stats.margin:g}, equivalent within, else inconclusive. A tie "
        "is half a test curve or less." + _imputed(plan),
    )


def _curves(found: Findings, recipe: DatasetRecipe) -> str:
    own, spec = rows_of(found.summary, recipe.spec.id), recipe.spec
    n_online = len(trained_online(own))
    if n_online and n_online == len(own):
        return f"{spec.test} test curves a class, fresh training curves in each epoch"
    said = f"{spec.train} training and {spec.test} test curves a class"
    more = " (fresh training curves in each epoch for those trained online)"
    return said + more if n_online else said


def interval(low: float, high: float, form: str = ".3f") -> str:
    """Write ``[0.987, 0.991]``, or an en dash where there is none."""
    return "–" if math.isnan(low) else f"[{low:{form}}, {high:{form}}]"


def p_value(p: float) -> str:
    """Write a probability with three digits, and what rounds to 0 or 1 as a bound."""
    if math.isnan(p):
        return "–"
    if p < 0.001:
        return "<0.001"
    return ">0.999" if p > 0.999 else f"{p:.3f}"


def _imputed(plan: Plan) -> str:
    if plan.suite.stats.impute == "chance":
        return " Cells that failed count as guessing (impute: chance)."
    return " A repetition in which a cell is not done is left out (impute: none)."


def _notes(plan: Plan, found: Findings, dataset: str) -> list[Block]:
    """Say which metric is empty for which classifiers, and what it would need."""
    own = rows_of(found.summary, dataset)
    said = []
    for name in plan.suite.metrics:
        without = own.loc[
            own[f"test_{name}_mean"].isna() & (own["n"] > 0), "classifier"
        ]
        if len(without):
            metric = METRICS[name]
            said.append(
                f"{metric.title} needs {metric.needs}: none for {', '.join(without)}."
            )
    return [Text(" ".join(said))] if said else []


def _reference(plan: Plan, found: Findings, dataset: str) -> list[Block]:
    reference = plan.reference
    if reference is None or dataset not in reference.datasets:
        return []
    shown = set(found.summary["classifier"])
    notes = [
        f"{name}: {note}." for name, note in reference.notes.items() if name in shown
    ]
    return [
        Text(f"{reference.title}: {reference.source}. Why figures differ:"),
        Items(notes),
    ]
