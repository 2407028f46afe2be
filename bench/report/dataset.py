"""The report's chapter on one dataset: its description, tables and figures."""

import pandas as pd

from bench.analysis import CellArrays, Findings, rows_of, trained_online
from bench.cells import Plan
from bench.curves import DatasetRecipe
from bench.render import Block, Items, Section, Table, Text
from bench.report.dataset_pictures import (
    DatasetCurves,
    draw_certainty,
    draw_dataset,
    draw_differences,
)
from bench.report.figure_files import FigureFolder
from bench.report.tables import (
    capitalised,
    counted,
    interval,
    online_note,
    p_value,
    score_rows,
)
from bench.report.training import draw_training, training_table
from bench.stats import METRICS
from bench.suite import MimicCurves, MlpCurves, WildCurves


def dataset_chapter(
    plan: Plan,
    findings: Findings,
    recipe: DatasetRecipe,
    arrays: CellArrays,
    figures: FigureFolder,
) -> Section:
    """Describe a dataset, then show its tables, then its figures.

    Parameters
    ----------
    arrays
        What `bench.analysis.cell_arrays.read_cell_arrays` read of its cells.
    """
    spec = recipe.spec
    about = [Text(spec.description)] if spec.description else []
    scores, *others = dataset_tables(plan, findings, spec.id, arrays.online).values()
    curves = DatasetCurves(recipe, plan.suite.seed)
    blocks: list[Block | Section] = [
        *about,
        Text(
            f"{describe_classes(recipe)}; {counted(len(recipe.x), 'point')} of "
            f"{counted(recipe.x.shape[1], 'input')}, {spec.inputs.kind}; "
            f"{_sizes(findings, recipe)}, {spec.dtype}; channels: "
            f"{', '.join(spec.channels)}."
        ),
        scores,
        *_notes(plan, findings, spec.id),
        *_reference(plan, findings, spec.id),
        *others,
        draw_dataset(curves, figures),
        *draw_differences(plan, findings, spec.id, figures),
        *draw_training(plan, spec.id, arrays, figures),
        *draw_certainty(plan, curves, arrays, figures),
    ]
    return Section(spec.id, blocks)


def dataset_tables(
    plan: Plan, findings: Findings, dataset: str, online: pd.DataFrame
) -> dict[str, Table]:
    """Return the tables of a dataset, scores first; those without rows are left out.

    Parameters
    ----------
    online
        See `bench.analysis.online.online_table`; of this dataset alone.
    """
    tables = {"scores": score_table(plan, findings, dataset)}
    if not rows_of(findings.compared, dataset).empty:
        tables["comparisons"] = comparison_table(plan, findings, dataset)
    if len(online):
        tables["online"] = training_table(online)
    return tables


def describe_classes(recipe: DatasetRecipe) -> str:
    """Describe the classes of a dataset, its noise and its split."""
    spec = recipe.spec
    text = _classes(recipe)
    if spec.noise:
        text += f"; each curve standardised, with {spec.noise:g}% noise"
    elif spec.standardised:
        text += "; each curve standardised"
    if spec.split is not None:
        text += (
            f"; test curves come from {spec.split.unseen_functions} functions without "
            "training curves, drawn anew in each repetition"
        )
    return text


def _classes(recipe: DatasetRecipe) -> str:
    """Name the source of each class."""
    spec, neural = recipe.spec, recipe.spec.neural
    library = f"Library {spec.library}"
    if spec.task == "which-function":
        return f"{library}, one class for each of its {recipe.n_classes} functions"
    if isinstance(neural, MlpCurves):
        layers = list(neural.hidden)
        return (
            f"{library} against untrained networks ({neural.activation}, hidden layers "
            f"{layers})"
        )
    if isinstance(neural, WildCurves):
        return (
            f"{library} against networks with random weights of all sizes (activation "
            f"one of {', '.join(neural.activations)}; hidden layers "
            f"{list(neural.hidden)})"
        )
    if isinstance(neural, MimicCurves):
        return (
            f"{library} against networks fitted to its curves (activation one of "
            f"{', '.join(neural.activations)}; hidden layers {list(neural.hidden)}; "
            f"those of {recipe.pool_size} fits with an error below {neural.rmse:g})"
        )
    return f"{library} against itself, both classes drawn independently"


def _sizes(findings: Findings, recipe: DatasetRecipe) -> str:
    """Count the curves of each class."""
    summary, spec = rows_of(findings.summary, recipe.spec.id), recipe.spec
    n_online = len(trained_online(summary))
    if n_online and n_online == len(summary):
        return f"{spec.test} test curves per class, fresh training curves in each epoch"
    text = f"{spec.train} training and {spec.test} test curves per class"
    fresh = " (fresh training curves in each epoch for classifiers trained online)"
    return text + fresh if n_online else text


def score_table(plan: Plan, findings: Findings, dataset: str) -> Table:
    """List a dataset's scores; bold are those that may be the best."""
    frame = score_rows(plan, findings.summary, dataset)
    intervals = rows_of(findings.intervals, dataset)
    bold = pd.DataFrame(False, index=frame.index, columns=frame.columns)
    title = METRICS[plan.suite.metrics[0]].title
    caption = (
        f"Mean±std over n repetitions (ddof=1), sorted by held-out {title}. Seconds "
        "are medians over repetitions, measured on "
        f"{counted(plan.suite.threads, 'thread')}; compare them within one machine "
        "only."
    )
    if not intervals.empty:
        near = set(intervals.loc[intervals["near_best"], "classifier"])
        bold[frame.columns[1]] = frame["classifier"].isin(near)
        caption += (
            " Bold: no significant difference from the best (the simultaneous "
            f"{1 - plan.suite.stats.alpha:.0%} interval of the paired difference "
            "includes zero)."
        )
    note = online_note(rows_of(findings.summary, dataset))
    caption += f" {note}" if note else ""
    defaults = [c.id for c in plan.classifiers if c.library_defaults]
    if defaults:
        caption += f" With their library's default parameters: {', '.join(defaults)}."
    return Table(frame, caption, bold)


def comparison_table(plan: Plan, findings: Findings, dataset: str) -> Table:
    """List the paired difference of each classifier to the baseline."""
    stats, metric = plan.suite.stats, METRICS[plan.suite.metrics[0]]
    compared = rows_of(findings.compared, dataset)
    intervals = rows_of(findings.intervals, dataset).set_index("classifier")
    compared = compared.sort_values("difference", ascending=False, kind="stable")
    rows = []
    for entry in compared.to_dict("records"):
        mean = intervals.loc[entry["classifier"]]
        rows.append(
            {
                "classifier": entry["classifier"],
                f"{metric.title}, interval of the mean": interval(mean.low, mean.high),
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
        f"Paired over {counted(n, 'complete repetition')}; positive is better than "
        f"{plan.suite.baseline}. Intervals at {1 - stats.alpha:.0%}; those of "
        "differences are simultaneous over the classifiers (Bonferroni). Paired "
        "two-sided t tests, from 5 repetitions up. The verdict depends on where the "
        f"interval of the difference lies: better above {stats.margin:g}, the margin; "
        f"worse below −{stats.margin:g}; equivalent between the two; otherwise "
        "inconclusive. A tie is a difference of at most half a test curve."
        + _imputed(plan),
    )


def _imputed(plan: Plan) -> str:
    """Explain how the comparisons treat cells that are not done."""
    if plan.suite.stats.impute == "chance":
        return " A cell that failed counts as a guess (impute: chance)."
    return " A repetition with a cell that is not done is left out (impute: none)."


def _notes(plan: Plan, findings: Findings, dataset: str) -> list[Block]:
    """Explain the empty scores: which metric needs what, which classifiers lack it."""
    # A cell that is not done lacks all scores, for another reason.
    results = rows_of(findings.results, dataset)
    done = results[results["status"] == "done"]
    sentences = []
    for name in plan.suite.metrics:
        lacking = done[done[f"test_{name}"].isna()]
        if lacking.empty:
            continue
        metric = METRICS[name]
        refused = lacking[lacking["absent"] != ""]
        never = [c for c in _ids(lacking) if c not in _ids(refused)]
        needs = f"{capitalised(metric.title)} needs {metric.needs}"
        if never:
            verb = "does" if len(never) == 1 else "do"
            sentences.append(f"{needs}, which {', '.join(never)} {verb} not have.")
        for classifier in _ids(refused):
            rows = refused[refused["classifier"] == classifier]
            of_all = f" in {counted(len(rows), 'repetition')}"
            sentences.append(
                f"{needs}; {classifier} gave none that can be used{of_all}: "
                f"{rows['absent'].iloc[0]}."
            )
    return [Text(" ".join(sentences))] if sentences else []


def _ids(rows: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(rows["classifier"]))


def _reference(plan: Plan, findings: Findings, dataset: str) -> list[Block]:
    """Name the source of the published scores, and why ours may differ."""
    reference = plan.reference
    if reference is None or dataset not in reference.datasets:
        return []
    shown = set(findings.summary["classifier"])
    notes = [
        f"{name}: {note}." for name, note in reference.notes.items() if name in shown
    ]
    source = f"{reference.title}: {reference.source}."
    if not notes:
        return [Text(source)]
    return [Text(f"{source} Why its scores differ from ours:"), Items(notes)]
