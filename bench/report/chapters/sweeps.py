"""The report's chapters on sweeps: how scores change along a swept quantity."""

import math
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis import SPREAD, DatasetFacts, ReportData, Sweep, sweep_rows
from bench.figures import (
    MARK_HEIGHT,
    PAGE,
    height_for,
    marks,
    new_figure,
    plot_densities,
    plot_sweep,
)
from bench.render import Block, FigureFile, Section, Table, Text
from bench.report.figure_files import FigureFolder, slug
from bench.report.looks import looks_of
from bench.report.tables import counted, interval
from bench.stats import OwnMetric, first_verdict, metric_of, place_text, range_text


def sweep_chapters(data: ReportData, figures: FigureFolder) -> list[Section]:
    """Show for each sweep the scores, where they change and which curves cross."""
    chapters = []
    for sweep in data.findings.sweeps:
        title = f"Sweep of {sweep.name}"
        if sweep.limit:
            title += f", up to the {sweep.limit}"
        if sweep.family:
            title = f"{sweep.family}: sweep of {sweep.name}"
        blocks: list[Block | Section] = [
            _draw_scores(data, sweep, figures),
            along_table(data, sweep),
            *_crossings(data, sweep),
            *_draw_densities(data, sweep, figures),
        ]
        chapters.append(Section(title, blocks))
    return chapters


def sweep_tables(data: ReportData) -> dict[str, Table]:
    """Return the table of each sweep by the name that LaTeX labels it with."""
    return {_name_of(sweep): along_table(data, sweep) for sweep in data.findings.sweeps}


def _level(alpha: float) -> str:
    return f"{100 - 100 * alpha:g}%"


def _name_of(sweep: Sweep, what: str = "sweep") -> str:
    """Return a name for a figure or table that no other sweep of the suite has."""
    return f"{what}-{slug(sweep.family)}" if sweep.family else what


def along_table(data: ReportData, sweep: Sweep) -> Table:
    """List scores along a sweep, and the first value at which they differ."""
    along = sweep_rows(data.findings.along, sweep)
    stats, metric = data.suite, data.metric
    changes = {"worse from": first_verdict(along)}
    if (along["verdict"] == "better").any():
        changes["better from"] = first_verdict(along, "better")
    rows = []
    for classifier, scores in along.groupby("classifier", sort=False):
        row = {"classifier": str(classifier)}
        for entry in scores.to_dict("records"):
            mean, ends = entry["mean"], interval(entry["low"], entry["high"])
            mean_text = "–" if math.isnan(mean) else f"{mean:.3f}"
            words = mean_text if ends == "–" else f"{mean_text} {ends}"
            if entry["n"] < entry["n_cells"]:
                words += f", {entry['n']} of {entry['n_cells']}"
            if entry["collapsed"]:
                words += f" ({entry['collapsed']} of {entry['n']} collapsed)"
            row[sweep.label(entry["dataset"])] = words
        comparable = scores["difference_low"].notna().any()
        for title, change in changes.items():
            dataset, exceptions = change[str(classifier)]
            row[title] = "not shown" if comparable else "–"
            if dataset is not None:
                row[title] = sweep.label(dataset)
                if exceptions:
                    names = ", ".join(map(sweep.label, exceptions))
                    row[title] += f" (not shown at {names})"
        rows.append(row)
    first = sweep.label(min(sweep.values, key=lambda name: sweep.values[name]))
    level, n = _level(stats.alpha), int(along["difference_low"].notna().sum())
    recorded = any(facts.id in sweep.values for facts in data.recorded)
    if along["paired"].all():
        how = "paired, since a repetition is the same draw of curves at all values"
        if recorded:
            how = "paired, since a repetition divides the curves alike at all values"
    elif recorded:
        how = "Welch, since the datasets are of different curves"
    else:
        how = "Welch, since repetitions of different datasets are independent draws"
    collapses = ""
    if along["collapsed"].any():
        collapses = ", without trainings that collapsed (never left chance)"
    better = " Better from: likewise, better." if "better from" in changes else ""
    return Table(
        pd.DataFrame(rows),
        f"Mean held-out {metric.title} and its {level} interval, each for its own "
        f"mean{collapses}. Worse from: the first value at which it is worse than at "
        f"{first} by more than the margin of {stats.margin:g}, as the whole {level} "
        f"interval of the difference shows ({how}; simultaneous over all "
        f"{counted(n, 'difference')} of this table, Bonferroni).{better} 'Not shown': "
        "at no value, though it may be so all the same; and a classifier may already "
        f"be poor at {first}. A dash: "
        "nothing is compared, since fewer than three repetitions are, or more than a "
        "fifth is lacking.",
    )


def _crossings(data: ReportData, sweep: Sweep) -> list[Block]:
    """List where the best classifier changes; the file has all other crossings."""
    crossings = sweep_rows(data.findings.crossings, sweep)
    if crossings.empty:
        several = len(data.classifiers) > 1
        return [Text("No two lines of mean scores cross.")] if several else []
    metric, level = data.metric, _level(data.suite.alpha)
    leads = crossings[crossings["leads"]]
    rest = len(crossings) - len(leads)
    more = (
        f"{counted(rest, 'other crossing')} in crossings.csv"
        if rest
        else "there are no other crossings"
    )
    if leads.empty:
        return [Text(f"No crossing changes which mean is the best ({more}).")]
    rows = [
        {
            "best mean before": entry["before"],
            "best mean after": entry["after"],
            f"crossing, {sweep.quantity}": place_text(entry["at"]),
            "interval": range_text(entry["low"], entry["high"]),
            f"held-out {metric.title} there": f"{entry['score']:.3f}",
            "n": str(entry["n"]),
            "clear": "yes" if entry["clear"] else "no",
        }
        for entry in leads.to_dict("records")
    ]
    scale = "logarithm of the values" if sweep.logarithmic else "values"
    return [
        Table(
            pd.DataFrame(rows),
            f"Where another classifier has the best mean ({more}). Means are joined by "
            f"straight lines over the {scale}, as in the figure. The interval holds "
            "the values at which the paired difference of the two classifiers does not "
            "differ significantly from zero "
            f"(t, {level}, for each value and pair by itself). If it reaches an "
            "end of the sweep, the two may not cross at all. Clear: on each side of "
            "the interval the one that is better there is significantly better, "
            "simultaneously over all values and pairs of the sweep; all others may be "
            "chance.",
        )
    ]


def _draw_scores(data: ReportData, sweep: Sweep, figures: FigureFolder) -> FigureFile:
    metric, alpha = data.measure, data.suite.alpha
    scores = sweep_rows(data.findings.along, sweep)
    crossings = sweep_rows(data.findings.crossings, sweep)
    caption = (
        f"Bands: intervals of the mean at {_level(alpha)} over repetitions, each for "
        "itself."
    )
    if len(crossings) and crossings["leads"].any():
        caption += (
            " Rings: another classifier has the best mean. Above, for each clear "
            f"crossing (see the table), the value of {sweep.quantity} and a bar for "
            "its interval."
        )
    if sweep.limit:
        caption += (
            f" Beyond the gap: the {sweep.limit}, which the points approach as "
            f"{sweep.quantity} grows; its bars are the same intervals as the bands."
        )
    of = f" of {sweep.family}" if sweep.family else ""
    alt = f"Held-out {metric_of(metric).title}{of} against {sweep.name}"
    return figures.add(
        _name_of(sweep),
        alt,
        caption,
        _lines,
        scores,
        sweep.name,
        metric,
        len(data.classifiers),
        label=sweep.words,
        limit=sweep.limit,
        alpha=alpha,
        crossings=crossings,
        looks=looks_of(data),
    )


def _lines(
    scores: pd.DataFrame,
    quantity: str,
    metric: str | OwnMetric,
    n_classifiers: int,
    *,
    crossings: pd.DataFrame,
    **options: Any,
) -> Any:
    """Draw the scores in a figure high enough for its legend and its marks."""
    height = height_for(n_classifiers, least=3.2)
    if len(crossings):
        height += MARK_HEIGHT * len(marks(crossings))
    figure, [ax] = new_figure(1, PAGE, height)
    plot_sweep(
        scores,
        quantity,
        metric,
        crossings=None if crossings.empty else crossings,
        ax=ax,
        **options,
    )
    return figure


def _draw_densities(
    data: ReportData, sweep: Sweep, figures: FigureFolder
) -> list[FigureFile]:
    """Draw how densely the input points lie, if they are what is swept."""
    if sweep.name != SPREAD:
        return []
    points = {facts.id: _points_of(facts) for facts in data.datasets}
    return [
        figures.add(
            _name_of(sweep, "densities"),
            "How densely the input points of each dataset lie",
            "Histogram of the input points of each dataset, drawn as a line.",
            plot_densities,
            {sweep.label(dataset): points[dataset] for dataset in sweep.values},
            even=sweep.limit,
        )
    ]


def _points_of(facts: DatasetFacts) -> np.ndarray:
    """Return the points of a dataset with one input, shape (n_points, 1)."""
    if facts.points:
        return np.array(facts.points)[:, None]
    ends = [column[0] for column in facts.x]  # of evenly spaced points
    return np.linspace(min(ends), max(ends), facts.n_points)[:, None]
