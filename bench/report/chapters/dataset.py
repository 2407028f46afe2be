"""The chapter of a dataset: one table, at most three figures, the rest folded."""

import math
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis import NOT_COMPUTED, UNSCORED, DatasetFacts, ReportData, rows_of
from bench.figures import confusion_figure, curves_figure, hardest_figure, roc_figure
from bench.render import Block, FigureFile, Folded, Items, Section, Table, Text
from bench.report.chapters.audits import dataset_alarms
from bench.report.chapters.given import given_cells, given_words
from bench.report.chapters.matrix import MARK, has_chapters, marked_rows
from bench.report.chapters.recorded import (
    allows_inference,
    class_words,
    division_in_words,
)
from bench.report.chapters.scores import draw_scores
from bench.report.chapters.training import (
    draw_dynamics,
    draw_online,
    training_table,
)
from bench.report.figure_files import FigureFolder, slug
from bench.report.looks import looks_of
from bench.report.tables import (
    capitalised,
    counted,
    interval,
    mean_std,
    p_value,
    untrained_note,
)
from bench.stats import (
    CHANCE,
    OwnMetric,
    metric_of,
    name_some,
    share_in_words,
    verdict_in_words,
)

_BINS = 40  # of the input points
_FEWEST_FOR_HARDEST = 5  # classifiers: of fewer, most curves are tied
_MOST_REASONS = 3  # of one metric
_MOST_ROWS = 12  # of the table of classes; the CSV file has all
_MOST_CLASSES = 20  # in the sentence in its place
_OF_A_CLASS = {"precision": "precision", "recall": "recall", "f1": "F1"}


def dataset_chapter(
    data: ReportData, facts: DatasetFacts, figures: FigureFolder
) -> Section:
    """Describe a dataset; show its scores and its curves; fold the rest."""
    online = rows_of(data.online, facts.id)
    blocks: list[Block | Section] = [
        *([Text(facts.description)] if facts.description else []),
        Text(facts.words),
        *([Text(division_in_words(facts.recorded))] if facts.recorded else []),
        *class_words(facts),
        *(dataset_alarms(data, facts.id) if has_chapters(data) else []),
        score_table(data, facts.id),
        *_notes(data, facts.id),
        draw_curves(facts, figures),
    ]
    if has_chapters(data):
        blocks += draw_scores(data, [facts.id], figures)
    third = draw_confusion(data, facts, figures) or [
        *draw_roc(data, facts, figures),
        *draw_dynamics(data, facts.id, figures),
    ]
    blocks += third[:1]
    blocks += _folded(data, facts, online, figures, third[1:])
    return Section(facts.id, blocks)


def chapter_tables(data: ReportData, dataset: str) -> dict[str, Table]:
    """Return the tables of a dataset that LaTeX gets, scores first."""
    tables = {"scores": score_table(data, dataset)}
    if not rows_of(data.findings.compared, dataset).empty:
        tables["comparisons"] = comparison_table(data, dataset)
    online = rows_of(data.online, dataset)
    if len(online):
        tables["online"] = training_table(online)
    return tables


def score_table(data: ReportData, dataset: str) -> Table:
    """List scores, intervals, differences to the baseline, verdicts and cost."""
    metric, baseline = data.headline, data.suite.baseline
    title = data.metric.title
    summary = rows_of(data.findings.summary, dataset)
    described = rows_of(marked_rows(data), dataset)
    own_rows = _by_classifier(described)
    differences = _by_classifier(rows_of(data.findings.compared, dataset))
    # One or two divisions of recorded curves allow no interval and no verdict.
    infers = allows_inference(data.dataset(dataset))
    differences = differences if infers else {}
    rows, best, near = [], [], []
    for entry in summary.to_dict("records"):
        name = str(entry["classifier"])
        row = {"classifier": name}
        row[f"held-out {title}"] = mean_std(
            entry[f"test_{metric}_mean"], entry[f"test_{metric}_std"]
        )
        own = own_rows.get(name)
        is_best = own is not None and bool(own["best"])
        best.append(is_best)
        near.append(own is not None and bool(own["near_best"]) and not is_best)
        if infers:
            row[f"{data.suite.level} interval"] = (
                "–" if own is None else interval(own["low"], own["high"])
            )
        if len(described) and described["collapsed"].any():
            row["collapsed"] = _collapses(own)
        if differences:
            row |= _difference(differences.get(name), name == baseline, baseline)
        row["n"] = str(entry["n"])
        if entry["n"] < entry["n_cells"]:
            row["n"] += f" of {entry['n_cells']}"
        row["training"] = mean_std(
            entry[f"train_{metric}_mean"], entry[f"train_{metric}_std"]
        )
        row |= given_cells(data, dataset, name)
        row |= _published(data, dataset, name)
        fit = entry["fit_seconds_median"]
        row["fit (s)"] = "–" if math.isnan(fit) else f"{fit:.2f}"
        rows.append(row)
    frame = pd.DataFrame(rows)
    bold = pd.DataFrame(False, index=frame.index, columns=frame.columns)
    bold[f"held-out {title}"] = best
    marks = pd.DataFrame(False, index=frame.index, columns=frame.columns)
    marks[f"held-out {title}"] = near
    smaller = {"fit (s)"}
    if not data.metric.larger_is_better:
        smaller |= {f"held-out {title}", "training"}
    return Table(
        frame,
        _caption(data, dataset, described, any(near)),
        bold,
        marks=marks,
        smaller_first=smaller,
    )


def _collapses(row: dict[Any, Any] | None) -> str:
    """Write how many trainings collapsed, with the interval of their share."""
    words = "" if row is None else share_in_words(row, int(row["n"]))
    if row is not None and not row["collapsed"]:
        words = words.partition(",")[0]
    return words.replace(" collapsed", "") or "–"


def _by_classifier(rows: pd.DataFrame) -> dict[str, dict[Any, Any]]:
    return {str(row["classifier"]): row for row in rows.to_dict("records")}


def _difference(row: Any, is_baseline: bool, baseline: str) -> dict[str, str]:
    """Return the cells of a difference to the baseline."""
    title = f"difference to {baseline}"
    if row is None or is_baseline:
        words = "baseline" if is_baseline else "–"
        return {title: "–", "its interval": "–", "verdict": words}
    is_known = not math.isnan(row["difference"])
    return {
        # + 0.0 turns a rounded -0.0 into 0.0, which prints as +0.000.
        title: f"{round(row['difference'], 3) + 0.0:+.3f}" if is_known else "–",
        "its interval": interval(row["low"], row["high"], "+.3f"),
        "verdict": verdict_in_words(row),
    }


def _caption(
    data: ReportData, dataset: str, described: pd.DataFrame, has_near: bool
) -> str:
    """Explain the marks; the rest is explained once for all datasets."""
    words = []
    if len(described) and described["best"].any():
        near = f" {MARK} or shaded: not distinguishable from it." if has_near else ""
        words.append(f"Bold: the best.{near}")
    if len(described) and described["collapsed"].any():
        words.append(
            "Collapsed: trainings that never left chance; intervals and verdicts are "
            "of the others."
        )
    reasons = [
        f"{name} ({row['left_out']})"
        for name, row in _by_classifier(described).items()
        if row["left_out"]
    ]
    if not allows_inference(data.dataset(dataset)):
        words.append("The curves are divided too rarely for an interval or a verdict.")
    elif reasons:
        words.append(f"Not compared: {', '.join(reasons)}.")
    words += given_words(data, dataset)
    held_out = {facts.id for facts in data.classifiers if facts.held_out}
    if note := untrained_note(rows_of(data.findings.summary, dataset), held_out):
        words.append(note)
    return " ".join(words)


def comparison_table(data: ReportData, dataset: str) -> Table:
    """List the tests behind the verdicts: p, wins, ties and losses."""
    compared = rows_of(data.findings.compared, dataset)
    compared = compared.sort_values("difference", ascending=False, kind="stable")
    rows = [
        {
            "classifier": entry["classifier"],
            "p (adjusted)": p_value(entry["p_adjusted"]),
            "n": str(entry["n"]),
            "win/tie/loss": (
                "–"
                if math.isnan(entry["difference"])
                else f"{entry['wins']}/{entry['ties']}/{entry['losses']}"
            ),
        }
        for entry in compared.to_dict("records")
    ]
    family = int(compared["family"].iloc[0])
    return Table(
        pd.DataFrame(rows),
        f"Paired differences to {data.suite.baseline}; {counted(family, 'classifier')} "
        "compared. A tie is a difference of at most half a test curve.",
    )


def draw_curves(facts: DatasetFacts, figures: FigureFolder) -> FigureFile:
    """Draw a few curves of each class, side by side."""
    classes = {picture.name: np.array(picture.curves) for picture in facts.pictures}
    # Each channel of a class of recorded curves has a picture.
    shown = {name.rpartition(", channel ")[0] or name for name in classes}
    more = len(facts.classes) - len(shown & set(facts.classes))
    kind, channels = "function", ""
    if facts.recorded is not None:
        kind = "class"
        if facts.recorded.n_channels > 1:
            channels = " and channel, each in its own range"
    caption = (
        "Training curves of repetition 0, each in its own range."
        if len(classes) == 2
        else f"A few training curves of each {kind}{channels}."
    )
    if more > 0:
        plural = "classes" if kind == "class" else f"{kind}s"
        caption += f" {more} more {kind if more == 1 else plural} not shown."
    return figures.add(
        f"curves-{slug(facts.id)}",
        f"Curves of each class of {facts.id}",
        caption,
        curves_figure,
        np.array(facts.x),
        classes,
        points=np.histogram(facts.points, _BINS)[0].tolist() if facts.points else [],
    )


def draw_confusion(
    data: ReportData, facts: DatasetFacts, figures: FigureFolder
) -> list[FigureFile]:
    """Draw which classes the best classifier takes for which."""
    described = _by_classifier(rows_of(marked_rows(data), facts.id))
    names = [
        name
        for name, row in described.items()
        if row["best"] and name in facts.confusion
    ]
    if not names:
        return []
    counts = np.array(facts.confusion[names[0]])
    kind = "class" if facts.task == "recorded" else "function"
    return [
        figures.add(
            f"confusion-{slug(facts.id)}",
            f"Confusion matrix of {names[0]} on {facts.id}",
            f"{names[0]}, the best: which {kind} it takes held-out curves of each "
            f"{kind} for, as shares of a row, over all repetitions.",
            confusion_figure,
            counts,
            facts.classes,
        )
    ]


def draw_roc(
    data: ReportData, facts: DatasetFacts, figures: FigureFolder
) -> list[FigureFile]:
    """Draw the ROC curves of the highlighted classifiers on two classes."""
    if not facts.roc:
        return []
    n = max(curve.n for curve in facts.roc.values())
    caption = (
        f"Mean ROC curve over {counted(n, 'repetition')}: at each false-positive rate "
        "the mean of the true-positive rates (vertical average), from held-out scores; "
        f"{facts.classes[1]} is the positive class."
    )
    others = [
        entry.id
        for entry in data.classifiers
        if entry.id not in (*facts.roc, *facts.unranked, CHANCE)
    ]
    if facts.unranked:
        caption += (
            f" Without scores that rank curves: {name_some(list(facts.unranked))}."
        )
    if others:
        caption += f" Not drawn: {name_some(others)}."
    return [
        figures.add(
            f"roc-{slug(facts.id)}",
            f"ROC curves on {facts.id}",
            caption,
            roc_figure,
            {name: curve.rates for name, curve in facts.roc.items()},
            {name: curve.area for name, curve in facts.roc.items()},
            positive=facts.classes[1],
            looks=looks_of(data),
        )
    ]


def class_scores(data: ReportData, facts: DatasetFacts) -> list[Block]:
    """List precision, recall and F1 of each class, by classifier; of many, the best.

    A table of more rows than a reader compares is in per_class.csv; the chapter then
    has the classes of the best classifier in a sentence, the lowest F1 first.
    """
    rows = rows_of(data.per_class, facts.id)
    if rows.empty:
        return []
    order = list(dict.fromkeys(rows_of(data.findings.summary, facts.id)["classifier"]))
    shown = [name for name in order if name in set(rows["classifier"])]
    if len(rows) > _MOST_ROWS:
        return [Text(_classes_of(rows[rows["classifier"] == shown[0]], shown[0]))]
    listed = []
    for name in shown:
        for entry in rows[rows["classifier"] == name].to_dict("records"):
            listed.append(
                {
                    "classifier": name,
                    "class": entry["class"],
                    **{
                        title: mean_std(entry[f"{score}_mean"], entry[f"{score}_std"])
                        for score, title in _OF_A_CLASS.items()
                    },
                    "curves": f"{entry['curves']:g}",
                }
            )
    caption = (
        "Held-out scores of each class against the rest, mean±std over the repetitions "
        "in which it has curves; curves: of a repetition, on average. per_class.csv "
        "has MCC and average precision too."
    )
    return [Table(pd.DataFrame(listed), caption)]


def _classes_of(rows: pd.DataFrame, classifier: str) -> str:
    """Write the scores of a classifier's classes in a sentence."""
    worst = rows.sort_values("f1_mean", kind="stable").head(_MOST_CLASSES)
    words = [
        f"{entry['class']} "
        + "/".join(f"{entry[f'{score}_mean']:.2f}" for score in _OF_A_CLASS)
        for entry in worst.to_dict("records")
    ]
    more = len(rows) - len(worst)
    return (
        f"Held-out scores of each class by {classifier}, the best, as mean "
        f"{'/'.join(_OF_A_CLASS.values())}, the lowest F1 first: {', '.join(words)}"
        + (f", and {more} more" if more else "")
        + ". per_class.csv has those of every classifier, with their std, MCC and "
        "average precision."
    )


def draw_hardest(
    data: ReportData, facts: DatasetFacts, figures: FigureFolder
) -> list[FigureFile]:
    """Draw the held-out curves that most classifiers misclassify."""
    if not facts.hardest or facts.hardest[0].of < _FEWEST_FOR_HARDEST:
        return []
    labels = {name: label for label, name in enumerate(facts.classes)}
    several = facts.recorded is not None and facts.recorded.n_channels > 1
    first = ", their first channel" if several else ""
    frame = pd.DataFrame(
        [
            {
                "curve": row,
                "label": labels[curve.true],
                "predicted": labels[curve.predicted],
                "wrong": curve.wrong,
                "of": curve.of,
            }
            for row, curve in enumerate(facts.hardest)
        ]
    )
    return [
        figures.add(
            f"hardest-{slug(facts.id)}",
            f"The curves of {facts.id} that most classifiers misclassify",
            f"Held-out curves of repetition {facts.repetition}{first}; true class → "
            "the class that most of those which misclassify it take it for, without "
            "CHANCE.",
            hardest_figure,
            frame,
            np.array(facts.x),
            np.array([curve.values for curve in facts.hardest]),
            class_names=dict(enumerate(facts.classes)),
        )
    ]


def _folded(
    data: ReportData,
    facts: DatasetFacts,
    online: pd.DataFrame,
    figures: FigureFolder,
    more: list[FigureFile],
) -> list[Block]:
    """Fold what few readers need, under one title that says what it is."""
    parts: dict[str, list[Block]] = {"training": list(more)}
    if len(online):
        parts["training"].append(training_table(online))
        parts["training"] += draw_online(data, facts.id, figures)
    parts["other metrics"] = _other_metrics(data, facts.id)
    parts["each class"] = class_scores(data, facts)
    if not facts.roc and facts.unranked:
        names = name_some(list(facts.unranked))
        words = f"No ROC curve: {names} give no scores that rank curves."
        parts["each class"].append(Text(words))
    parts["calibration"] = _calibration(data, facts.id)
    parts["hardest curves"] = [*draw_hardest(data, facts, figures)]
    parts["published scores"] = _reference(data, facts.id)
    titles = [title for title, blocks in parts.items() if blocks]
    if not titles:
        return []
    blocks = [block for title in titles for block in parts[title]]
    return [Folded(f"More: {', '.join(titles)}", _with_lists(blocks))]


def _with_lists(blocks: Iterable[Block]) -> list[Block]:
    """Make a list of sentences that follow each other."""
    joined: list[Block] = []
    for is_text, group in groupby(blocks, lambda block: isinstance(block, Text)):
        texts = list(group)
        if is_text and len(texts) > 1:
            joined.append(
                Items([text.words for text in texts if isinstance(text, Text)])
            )
        else:
            joined += texts
    return joined


def _other_metrics(data: ReportData, dataset: str) -> list[Block]:
    """List the further metrics; say in a sentence that one equals the headline."""
    summary = rows_of(data.findings.summary, dataset)
    headline = summary[f"test_{data.headline}_mean"]
    columns: dict[str, list[str]] = {"classifier": list(summary["classifier"])}
    same = []
    for name in data.suite.metrics[1:]:
        title = metric_of(data.suite.metric(name)).title
        means = summary[f"test_{name}_mean"]
        if np.allclose(means, headline, rtol=0, atol=5e-4, equal_nan=True):
            same.append(title)
            continue
        columns[f"held-out {title}"] = [
            mean_std(mean, std)
            for mean, std in zip(means, summary[f"test_{name}_std"], strict=True)
        ]
    blocks: list[Block] = []
    if has_chapters(data):  # a line for each, since a chapter has few
        blocks += [
            Text(f"{capitalised(title)}: {_listed(columns['classifier'], values)}.")
            for title, values in list(columns.items())[1:]
        ]
    elif len(columns) > 1:
        smaller = [
            f"held-out {metric_of(data.suite.metric(name)).title}"
            for name in data.suite.metrics[1:]
            if not metric_of(data.suite.metric(name)).larger_is_better
        ]
        table = Table(pd.DataFrame(columns), "Mean±std.", smaller_first=smaller)
        blocks.append(table)
    if same:
        title = data.metric.title
        blocks.append(
            Text(f"Equal to {title} within .0005 everywhere: {', '.join(same)}.")
        )
    return blocks


def _listed(names: Iterable[Any], values: Iterable[str]) -> str:
    return ", ".join(
        f"{name} {value}" for name, value in zip(names, values, strict=True)
    )


def _calibration(data: ReportData, dataset: str) -> list[Block]:
    """List how far confidence is from accuracy."""
    rows = rows_of(data.calibration, dataset)
    if rows.empty:
        return []
    rows = rows.sort_values("ece_mean", kind="stable")
    errors = map(mean_std, rows["ece_mean"], rows["ece_std"])
    words = (
        "Expected calibration error of held-out probabilities (15 bins), the mean "
        "distance of confidence from accuracy: "
        f"{_listed(rows['classifier'], errors)}."
    )
    return [Text(words)]


def _notes(data: ReportData, dataset: str) -> list[Block]:
    """Explain the empty scores: which metric needs what, which classifiers lack it."""
    # A cell that is not done lacks all scores, for another reason.
    results = rows_of(data.findings.results, dataset)
    done = results[results["status"] == "done"]
    sentences = []
    not_computed = []
    for name in data.suite.metrics:
        lacking = done[done[f"test_{name}"].isna()]
        if lacking.empty:
            continue
        metric = metric_of(data.suite.metric(name))
        if isinstance(metric, OwnMetric):
            said, lacking, is_computed = _unscored(metric, lacking)
            sentences += said
            not_computed += (
                [] if is_computed else [f"{metric.title} ({metric.function})"]
            )
        if lacking.empty:
            continue
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
    if not_computed:
        sentences.append(
            f"Not computed from these results: {name_some(not_computed)}. A report "
            "runs no code; a run of the suite computes them, or --metric NAME."
        )
    return [Text(" ".join(sentences))] if sentences else []


def _unscored(
    metric: OwnMetric, lacking: pd.DataFrame
) -> tuple[list[str], pd.DataFrame, bool]:
    """Explain the missing scores of a metric that is a function.

    Returns
    -------
    sentences : list of str
        What its calls came to.
    lacking : DataFrame
        The rows in which it needs scores that the classifier does not give.
    is_computed
        Whether it was called for every row.
    """
    column = f"{UNSCORED}{metric.name}"
    if column not in lacking:
        return [], lacking, True
    reasons = lacking[column]
    called = lacking[(reasons != "") & (reasons != NOT_COMPUTED)]
    sentences = [
        f"{capitalised(metric.title)} ({metric.function}) {problem}, "
        f"{name_some(_ids(rows))}, in {counted(len(rows), 'repetition')}."
        for problem, rows in called.groupby(column, sort=False)
    ]
    return (
        sentences[:_MOST_REASONS],
        lacking[reasons == ""],
        not any(reasons == NOT_COMPUTED),
    )


def _ids(rows: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(rows["classifier"]))


def _reference(data: ReportData, dataset: str) -> list[Block]:
    """Name the source of the published scores, and why ours may differ."""
    reference = data.reference
    if reference is None or dataset not in reference.datasets:
        return []
    shown = set(data.findings.summary["classifier"])
    notes = [
        f"{name}: {note}" for name, note in reference.notes.items() if name in shown
    ]
    words = f"{reference.title}: {reference.source}."
    if notes:
        words += f" Why its scores differ from ours: {'; '.join(notes)}."
    return [Text(capitalised(words))]


def _published(data: ReportData, dataset: str, classifier: str) -> dict[str, str]:
    """Return the cell of the published score of a classifier, if there are any."""
    reference = data.reference
    if reference is None or not reference.has_repeated(dataset):
        return {}
    kind = "training" if reference.measures.startswith("train_") else "held-out"
    title = f"{reference.title}, {kind}"
    return {title: reference.repeated(dataset, classifier)}
