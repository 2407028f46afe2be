"""The matrix of a report: classifier × dataset, the scores of all at a glance."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from bench.analysis import ReportData, mean_ranks
from bench.base import digest
from bench.figures import matrix_figure
from bench.render import FigureFile, Link, Table
from bench.report.figure_files import FigureFolder, slug
from bench.report.looks import looks_of
from bench.report.tables import counted, mean_std, ranged, waiting
from bench.stats import metric_of

SEPARATE = 1  # with more datasets, each chapter is a file of its own
_WIDEST = 12  # columns of datasets; with more, and fewer classifiers, rows and columns
# change places
MARK = "†"  # beside a score that is not distinguishable from the best


def is_ranked(data: ReportData) -> bool:
    """Tell whether ranks mean anything: there is something to learn."""
    return any(facts.learnable for facts in data.datasets)


def marked_rows(data: ReportData) -> pd.DataFrame | None:
    """Return `Findings.intervals`, without marks where nothing can be learnt.

    There the best is the luckiest, and a mark would praise it.
    """
    intervals = data.findings.intervals
    if intervals is None:
        return None
    names = [facts.id for facts in data.datasets if facts.learnable]
    learnable = intervals["dataset"].isin(names)
    marks = {name: intervals[name] & learnable for name in ("best", "near_best")}
    return intervals.assign(**marks)


def chapter_path(data: ReportData, dataset: str) -> str:
    """Return the path of the chapter of a dataset, relative to the report's folder.

    On some file systems the names of two files may not differ in case alone: there the
    chapters of X11 and x11 have a hash at the end of their names.
    """
    name = slug(dataset)
    names = [slug(facts.id).casefold() for facts in data.datasets]
    if names.count(name.casefold()) > 1:
        name += f"-{digest(dataset)[:6]}"
    return f"datasets/{name}.md"


def has_chapters(data: ReportData) -> bool:
    """Tell whether the chapters of datasets are files of their own."""
    return len(data.datasets) > SEPARATE


def ranked(data: ReportData) -> list[str]:
    """Return all classifiers, the best mean rank first; as in the suite without."""
    if not is_ranked(data):
        return [facts.id for facts in data.classifiers]
    ranks = mean_ranks(data.findings).sort_values(kind="stable")
    names = [str(name) for name in ranks.index]
    return names + [c.id for c in data.classifiers if c.id not in names]


def matrix_table(data: ReportData) -> Table:
    """List the mean±std of every classifier on every dataset, with ranks and cost."""
    findings, names = data.findings, ranked(data)
    datasets = [facts.id for facts in data.datasets]
    ranks = mean_ranks(findings)
    intervals = marked_rows(data)
    by_cell: dict[tuple[str, str], dict[Any, Any]] = {
        (row["dataset"], row["classifier"]): row
        for row in findings.summary.to_dict("records")
    }
    marks: dict[tuple[str, str], dict[Any, Any]] = {}
    if intervals is not None:
        marks = {
            (row["dataset"], row["classifier"]): row
            for row in intervals.to_dict("records")
        }
    texts = {
        dataset: [_cell(by_cell.get((dataset, name)), data.headline) for name in names]
        for dataset in datasets
    }
    best = {
        dataset: [bool(marks.get((dataset, name), {}).get("best")) for name in names]
        for dataset in datasets
    }
    near = {
        dataset: [
            bool(marks.get((dataset, name), {}).get("near_best")) and not is_best
            for name, is_best in zip(names, best[dataset], strict=True)
        ]
        for dataset in datasets
    }
    seconds = findings.summary.groupby("classifier")["fit_seconds_median"].median()
    frame = pd.DataFrame({"classifier": names} | texts)
    bold = pd.DataFrame({"classifier": [False] * len(names)} | best)
    marked = pd.DataFrame({"classifier": [False] * len(names)} | near)
    is_wide = len(datasets) > max(_WIDEST, len(names))
    if not is_wide:
        for part, values in (
            (frame, [_rank(ranks.get(name, math.nan)) for name in names]),
            (bold, False),
            (marked, False),
        ):
            if len(datasets) > 1 and is_ranked(data):
                part["rank"] = values
        frame["fit (s)"] = [_seconds(seconds.get(name, math.nan)) for name in names]
        bold["fit (s)"] = marked["fit (s)"] = False
    else:
        frame, bold, marked = (
            part.set_index("classifier")
            .T.rename_axis(None, axis=1)
            .reset_index(names="dataset")
            for part in (frame, bold, marked)
        )
        frame["dataset"] = [dataset_title(data, name) for name in frame["dataset"]]
        bold["dataset"] = marked["dataset"] = False
    if not is_wide:
        titles = {name: dataset_title(data, name) for name in datasets}
        frame = frame.rename(columns=titles)
        bold.columns = marked.columns = frame.columns
    return Table(
        frame,
        _caption(data, has_near=any(map(any, near.values())), is_wide=is_wide),
        bold,
        marks=marked,
        smaller_first=("rank", "fit (s)")
        + (
            ()
            if data.metric.larger_is_better
            else tuple(c for c in frame.columns[1:] if c not in ("rank", "fit (s)"))
        ),
    )


def _cell(row: dict[Any, Any] | None, metric: str) -> str:
    if row is None:
        return "–"
    text = mean_std(row[f"test_{metric}_mean"], row[f"test_{metric}_std"])
    if row["n"] < row["n_cells"]:
        text += f" ({row['n']} of {row['n_cells']})"
    return text


def _rank(rank: float) -> str:
    return "–" if math.isnan(rank) else f"{rank:.1f}"


def _seconds(seconds: float) -> str:
    if math.isnan(seconds):
        return "–"
    return f"{seconds:.2f}" if seconds < 9.995 else f"{seconds:.0f}"


def dataset_title(data: ReportData, dataset: str) -> Any:
    """Return the title of a dataset, which leads to its chapter."""
    if has_chapters(data):
        return Link(dataset, chapter_path(data, dataset))
    return dataset


def _caption(data: ReportData, *, has_near: bool, is_wide: bool) -> str:
    findings, metric = data.findings, data.metric
    n = ranged(data.repetitions, "repetition")
    words = [f"Held-out {metric.title}: mean±std over {n} (ddof=1)."]
    marked = marked_rows(data)
    if marked is not None and marked["best"].any():
        sentence = "Bold: the best"
        if has_near:
            sentence += f"; {MARK} or shaded: not distinguishable from it"
            sentence += f" ({data.suite.level})"
        words.append(f"{sentence}.")
    if not is_wide:
        if len(data.datasets) > 1 and is_ranked(data):
            words.append(f"Rank: {_units(data)}; 1 is the best.")
        seconds = "Fit: median seconds"
        if len(data.datasets) > 1:
            seconds += " of the datasets' medians"
        own = "".join(f", {k} on {n}" for k, n in data.suite.own_threads.items())
        words.append(
            f"{seconds}, on {counted(data.suite.threads, 'thread')}{own}."
            f"{waiting(findings.results)}"
        )
    return " ".join(words)


def _units(data: ReportData) -> str:
    """Say over what ranks are means."""
    across = data.findings.across
    if across is None or across.n_families == len(across.means):
        return f"mean over the {counted(len(data.datasets), 'dataset')}"
    if across.n_families == 1:
        return f"by the mean over the datasets, which share {what_is_shared(data)}"
    return (
        f"mean over {across.n_families} families of datasets (those that share "
        f"{what_is_shared(data)} are one)"
    )


def what_is_shared(data: ReportData) -> str:
    """Name what makes a family of datasets: a library, or recorded curves."""
    if not data.recorded:
        return "a library"
    return "a library or curves" if data.generated else "curves"


def draw_matrix(
    data: ReportData, figures: FigureFolder, datasets: Sequence[str] | None = None
) -> list[FigureFile]:
    """Draw the matrix as a heat map; nothing for a single dataset."""
    datasets = [facts.id for facts in data.datasets] if datasets is None else datasets
    intervals = marked_rows(data)
    if len(datasets) < 2 or intervals is None:
        return []
    metric = data.measure
    means = data.findings.summary.rename(columns={f"test_{metric}_mean": "score"})
    scores = means[["dataset", "classifier", "score"]].merge(
        intervals[["dataset", "classifier", "best", "near_best"]],
        on=["dataset", "classifier"],
        how="left",
    )
    scores = scores.rename(columns={"score": "mean"})
    for column in ("best", "near_best"):
        scores[column] = scores[column].eq(True)
    chance = {facts.id: facts.chance for facts in data.datasets}
    return [
        figures.add(
            "matrix",
            f"Heat map of the mean held-out {metric_of(metric).title} of every "
            "classifier on every dataset",
            "Rows by mean rank. The colour begins at chance and ends at a perfect "
            "score.",
            matrix_figure,
            scores,
            metric,
            classifiers=ranked(data),
            datasets=datasets,
            chance=chance,
            looks=looks_of(data),
        )
    ]
