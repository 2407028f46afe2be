"""The report's chapter on one dataset: its description, tables and figures."""

import math

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
    waiting,
)
from bench.report.training import draw_training, training_table
from bench.stats import METRICS, share_in_words
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
    """List a dataset's scores; the best is bold, those that may be the best marked."""
    frame = score_rows(plan, findings.summary, dataset)
    intervals = rows_of(findings.intervals, dataset)
    title = METRICS[plan.suite.metrics[0]].title
    caption = (
        f"Mean±std over n repetitions (ddof=1), sorted by held-out {title}. Seconds "
        "are medians over repetitions, measured on "
        f"{counted(plan.suite.threads, 'thread')}; compare them within one machine "
        f"only.{waiting(rows_of(findings.results, dataset))}"
    )
    best: list[str] = []
    if not intervals.empty:
        rows = intervals.set_index("classifier").loc[frame["classifier"]]
        headline = frame.columns[1]
        best = list(rows.index[rows["best"]])
        near = rows["near_best"] & ~rows["best"]
        frame[headline] = [
            f"{text} {_NEAR}" if mark else text
            for text, mark in zip(frame[headline], near, strict=True)
        ]
        _add_intervals(plan, frame, rows)
        caption += " " + _explained(plan, rows)
    bold = pd.DataFrame(False, index=frame.index, columns=frame.columns)
    bold[frame.columns[1]] = frame["classifier"].isin(best)
    note = online_note(rows_of(findings.summary, dataset))
    caption += f" {note}" if note else ""
    defaults = [c.id for c in plan.classifiers if c.library_defaults]
    if defaults:
        caption += f" With their library's default parameters: {', '.join(defaults)}."
    return Table(frame, caption, bold)


_NEAR = "≈"  # beside a score that is not distinguishable from the best


def _add_intervals(plan: Plan, frame: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Add the intervals of means after the first score, and the share of collapses.

    `rows` are those of `summarise_scores`, in the order of `frame`.
    """
    entries = rows.to_dict("records")
    frame.insert(
        2,
        f"{_level(plan)} interval",
        [interval(entry["low"], entry["high"]) for entry in entries],
    )
    if rows["collapsed"].any():
        shares = [share_in_words(entry, int(entry["n"])) for entry in entries]
        words = [text.replace(" collapsed", "") or "–" for text in shares]
        frame.insert(3, "collapsed", words)


def _explained(plan: Plan, rows: pd.DataFrame) -> str:
    """Explain intervals, marks and collapses below the table of scores."""
    compared = rows[rows["left_out"] == ""]
    sentences = []
    if rows["low"].notna().any():
        sentences.append(
            f"Each {_level(plan)} interval is that of one mean by itself (Korn and "
            "Graubard), from 3 repetitions up."
        )
    if rows["collapsed"].any():
        sentences.append(
            "Collapsed: trainings that never left chance, with the exact "
            f"{_level(plan)} interval of their share. Mean±std is of all trainings; "
            "intervals, marks and comparisons are of those that left chance."
        )
    elif rows["collapsed_high"].notna().any():
        n = int(rows.loc[rows["collapsed_high"].notna(), "n"].min())
        most = float(rows["collapsed_high"].max())
        sentences.append(
            "No classifier that left chance has a training that did not; with "
            f"{n} trainings its share of collapses is at most {most:.2f} "
            f"({_level(plan)})."
        )
    if len(compared) > 1:
        n_pairs = len(compared) * (len(compared) - 1) // 2
        sentences.append(
            f"Bold: the best. {_NEAR}: not distinguishable from the best (the "
            f"{_level(plan)} interval of the paired difference, simultaneous over all "
            f"pairs of {len(compared)} classifiers, includes zero; {n_pairs} in all, "
            "Bonferroni)."
        )
    left_out = rows[rows["left_out"] != ""]
    if len(left_out):
        reasons = [f"{name} ({why})" for name, why in left_out["left_out"].items()]
        sentences.append(f"Not compared: {', '.join(reasons)}.")
    return " ".join(sentences)


def _level(plan: Plan) -> str:
    return f"{100 * (1 - plan.suite.stats.alpha):g}%"


def comparison_table(plan: Plan, findings: Findings, dataset: str) -> Table:
    """List the paired difference of each classifier to the baseline."""
    stats = plan.suite.stats
    compared = rows_of(findings.compared, dataset)
    compared = compared.sort_values("difference", ascending=False, kind="stable")
    rows = []
    for entry in compared.to_dict("records"):
        is_known = not math.isnan(entry["difference"])
        counts = f"{entry['wins']}/{entry['ties']}/{entry['losses']}"
        rows.append(
            {
                "classifier": entry["classifier"],
                # + 0.0 turns a rounded -0.0 into 0.0, which prints as +0.000.
                f"difference to {plan.suite.baseline}": (
                    f"{round(entry['difference'], 3) + 0.0:+.3f}" if is_known else "–"
                ),
                "simultaneous interval": interval(entry["low"], entry["high"], "+.3f"),
                "p (adjusted)": p_value(entry["p_adjusted"]),
                "n": str(entry["n"]),
                "win/tie/loss": counts if is_known else "–",
                "verdict": entry["words"],
            }
        )
    family = int(compared["family"].iloc[0])
    return Table(
        pd.DataFrame(rows),
        f"Paired over the n repetitions that both classifiers have; positive is better "
        f"than {plan.suite.baseline}. {_procedure(stats.alpha, family)} The spread of "
        "a difference counts as at least 0.71 test curves. The verdict depends on "
        f"where the interval lies: better above {stats.margin:g}, the margin; worse "
        f"below −{stats.margin:g}; equivalent between the two; otherwise, and below 3 "
        "repetitions, inconclusive. A classifier that lacks more than a fifth of its "
        "repetitions, or has fewer than 3, is not compared. A tie is a difference of "
        "at most half a test curve." + _imputed(plan),
    )


def _procedure(alpha: float, family: int) -> str:
    """Say how intervals and p are made, for so many classifiers compared."""
    level = f"{100 * (1 - alpha):g}%"
    tests = "two-sided paired t test, from 5 repetitions up"
    if family == 0:
        return "No classifier is compared, for the reason in its row."
    if family == 1:
        return f"One classifier is compared: t interval at {level}, {tests}."
    return (
        f"Intervals and p are simultaneous over the {family} classifiers compared "
        f"(Bonferroni): t intervals at 1 − {alpha:g}/{family}, together {level}, and "
        f"min(1, {family}·p) of the {tests}."
    )


def _imputed(plan: Plan) -> str:
    """Explain how the comparisons treat cells that are not done."""
    if plan.suite.stats.impute == "chance":
        return " A cell that failed counts as a guess (impute: chance)."
    return " A cell that is not done is left out of its pairs (impute: none)."


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
