"""A dataset in words: what is told apart, of what, and what was done to the curves."""

from collections.abc import Sequence

import pandas as pd

from bench.analysis import Findings, rows_of, trained_online
from bench.cells import Plan
from bench.curves import DatasetRecipe
from bench.render import Block, FigureFile, Items, Section, Table, Text
from bench.report.tables import interval, online_note, p_value, score_rows
from bench.report.training import caption_of, online_rows
from bench.stats import METRICS
from bench.suite import MimicCurves, MlpCurves, WildCurves


def describe_classes(recipe: DatasetRecipe) -> str:
    """Say which curves a dataset's classes are, and how they are made harder."""
    spec = recipe.spec
    said = _classes(recipe)
    if spec.noise:
        said += f"; each curve standardised, with {spec.noise:g}% noise"
    elif spec.standardised:
        said += "; each curve standardised"
    if spec.split is not None:
        said += (
            f"; test curves are of {spec.split.unseen_functions} functions of which "
            "there is no training curve, others in each repetition"
        )
    return said


def _classes(recipe: DatasetRecipe) -> str:
    spec, neural = recipe.spec, recipe.spec.neural
    library = f"Library {spec.library}"
    if spec.task == "which-function":
        return f"{library}, which of its {recipe.n_classes} functions"
    if isinstance(neural, MlpCurves):
        layers = list(neural.hidden)
        return (
            f"{library} against untrained networks ({neural.activation}, hidden layers "
            f"{layers})"
        )
    if isinstance(neural, WildCurves):
        return (
            f"{library} against networks of random weights of all sizes (one of "
            f"{', '.join(neural.activations)}; hidden layers {list(neural.hidden)})"
        )
    if isinstance(neural, MimicCurves):
        return (
            f"{library} against networks fitted to its curves (one of "
            f"{', '.join(neural.activations)}; hidden layers {list(neural.hidden)}; "
            f"of {recipe.pool_size} those with an error below {neural.rmse:g})"
        )
    return f"{library} against itself, drawn independently"


def dataset_chapter(
    plan: Plan,
    found: Findings,
    recipe: DatasetRecipe,
    pictures: Sequence[FigureFile],
    online: pd.DataFrame,
) -> Section:
    """Tell of one dataset.

    Parameters
    ----------
    pictures
        Of this dataset, in the order in which they are shown.
    online
        Its `bench.analysis.online.online_table`.
    """
    spec = recipe.spec
    about = [Text(spec.description)] if spec.description else []
    blocks: list[Block | Section] = [
        *about,
        Text(
            f"{describe_classes(recipe)}; {len(recipe.x)} points of "
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
