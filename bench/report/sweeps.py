"""The pictures of a sweep: scores along it, and its points where they are swept."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from bench.analysis import SPREAD, Findings, Sweep, sweep_rows
from bench.cells import Plan
from bench.figures import (
    MARK_HEIGHT,
    PAGE,
    ClassifierStyle,
    height_for,
    marks,
    new_figure,
    plot_densities,
    plot_sweep,
)
from bench.render import Block, FigureFile, Section, Table, Text
from bench.report.dataset_pictures import slug
from bench.report.figure_files import FigureFolder
from bench.report.tables import interval
from bench.stats import METRICS, first_verdict, place_text, range_text


def draw_sweep(
    plan: Plan,
    found: Findings,
    sweep: Sweep,
    looks: Mapping[str, ClassifierStyle],
    figures: FigureFolder,
) -> list[FigureFile]:
    """Draw the scores along a sweep; of input points also how densely they lie.

    Parameters
    ----------
    figures
        The folder that the figure's file is written to.
    """
    name = f"sweep-{slug(sweep.family)}" if sweep.family else "sweep"
    drawn = [_scores(plan, found, sweep, looks, figures, name)]
    if sweep.name == SPREAD:
        points = {recipe.spec.id: recipe.x for recipe in plan.datasets}
        drawn.append(
            figures.add(
                f"densities-{slug(sweep.family)}" if sweep.family else "densities",
                "How densely the input points of each dataset lie",
                "A histogram of the points of each dataset, as a line.",
                plot_densities,
                {sweep.label(dataset): points[dataset] for dataset in sweep.values},
                even=sweep.limit,
            )
        )
    return drawn


def _scores(
    plan: Plan,
    found: Findings,
    sweep: Sweep,
    looks: Mapping[str, ClassifierStyle],
    figures: FigureFolder,
    name: str,
) -> FigureFile:
    metric, alpha = plan.suite.metrics[0], plan.suite.stats.alpha
    results = found.results[found.results["dataset"].isin(list(sweep.values))]
    scores = pd.DataFrame(
        {
            "classifier": results["classifier"],
            "score": results[f"test_{metric}"],
            sweep.name: results["dataset"].map(dict(sweep.values)),
        }
    )
    crossings = sweep_rows(found.crossings, sweep)
    caption = f"Bands: intervals at {1 - alpha:.0%} over repetitions."
    if len(crossings) and crossings["leads"].any():
        caption += (
            " Rings: where another classifier becomes the best; above, of those that "
            f"are clear, at which {sweep.quantity}, with a bar for the interval."
        )
    if sweep.limit:
        caption += (
            f" Beyond the gap: the {sweep.limit}, which the points approach as "
            f"{sweep.quantity} grows; its bars are the same intervals."
        )
    of = f" of {sweep.family}" if sweep.family else ""
    alt = f"Held-out {METRICS[metric].title}{of} against {sweep.name}"
    return figures.add(
        name,
        alt,
        caption,
        _lines,
        scores,
        sweep.name,
        metric,
        len(plan.classifiers),
        label=sweep.words,
        limit=sweep.limit,
        alpha=alpha,
        crossings=crossings,
        looks=looks,
    )


def _lines(
    scores: pd.DataFrame,
    quantity: str,
    metric: str,
    n_classifiers: int,
    *,
    crossings: pd.DataFrame,
    **options: Any,
) -> Any:
    """Draw the scores in a figure that is high enough for its legend and its marks."""
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


def sweep_chapters(
    plan: Plan, found: Findings, pictures: Iterable[Sequence[FigureFile]]
) -> list[Section]:
    """Show scores along each quantity that is swept, and where they change.

    Parameters
    ----------
    pictures
        Of each sweep, that of the scores first.
    """
    chapters = []
    for sweep, drawn in zip(found.sweeps, pictures, strict=True):
        blocks: list[Block | Section] = [*drawn[:1]]
        blocks += [along_table(plan, found, sweep), *_crossings(plan, found, sweep)]
        title = f"Along {sweep.name}"
        if sweep.limit:
            title += f", to the {sweep.limit}"
        if sweep.family:
            title = f"{sweep.family}: along {sweep.name}"
        chapters.append(Section(title, [*blocks, *drawn[1:]]))
    return chapters


def along_table(plan: Plan, found: Findings, sweep: Sweep) -> Table:
    """Lay out at what point of a sweep each classifier starts to fail, or to gain."""
    along = sweep_rows(found.along, sweep)
    stats, metric = plan.suite.stats, METRICS[plan.suite.metrics[0]]
    changes = {"fails from": first_verdict(along)}
    if (along["verdict"] == "better").any():
        changes["gains from"] = first_verdict(along, "better")
    rows = []
    for classifier, own in along.groupby("classifier", sort=False):
        row = {"classifier": str(classifier)}
        for entry in own.to_dict("records"):
            mean, ends = entry["mean"], interval(entry["low"], entry["high"])
            written = "–" if math.isnan(mean) else f"{mean:.3f}"
            row[sweep.label(entry["dataset"])] = (
                written if ends == "–" else f"{written} {ends}"
            )
        known = own["difference_low"].notna().any()
        for title, change in changes.items():
            at, but = change[str(classifier)]
            row[title] = "does not" if known else "–"
            if at is not None:
                row[title] = sweep.label(at)
                if but:
                    row[title] += f" (not at {', '.join(map(sweep.label, but))})"
        rows.append(row)
    first = sweep.label(min(sweep.values, key=lambda name: sweep.values[name]))
    level, others = f"{1 - stats.alpha:.0%}", len(sweep.values) - 1
    how = (
        "paired, since along it a repetition is the same draw of curves"
        if along["paired"].all()
        else "Welch, since repetitions of different datasets are independent draws"
    )
    gains = " Gains from: likewise, better." if "gains from" in changes else ""
    return Table(
        pd.DataFrame(rows),
        f"Mean held-out {metric.title} and its {level} interval (t, each by itself). "
        f"Fails from: the first place at which it is worse than at {first} by more "
        f"than the margin of {stats.margin:g}, the whole {level} interval of the "
        f"difference considered ({how}; simultaneous over the {others} other places, "
        f"Bonferroni).{gains} 'Does not' speaks of {first} alone, where a classifier "
        "may be poor already.",
    )


def _crossings(plan: Plan, found: Findings, sweep: Sweep) -> list[Block]:
    """Lay out where the best classifier changes; all other crossings are in a file."""
    crossings = sweep_rows(found.crossings, sweep)
    if crossings.empty:
        return [Text("No two mean curves cross.")] if len(plan.classifiers) > 1 else []
    metric = METRICS[plan.suite.metrics[0]]
    leads = crossings[crossings["leads"]]
    rest = len(crossings) - len(leads)
    more = f"{rest} more of others in crossings.csv" if rest else "there are no others"
    if leads.empty:
        return [Text(f"No crossing changes who is best ({more}).")]
    rows = [
        {
            "best before": entry["before"],
            "best after": entry["after"],
            f"crossing, {sweep.quantity}": place_text(entry["at"]),
            "interval": range_text(entry["low"], entry["high"]),
            f"held-out {metric.title} there": f"{entry['score']:.3f}",
            "n": str(entry["n"]),
        }
        for entry in leads.to_dict("records")
    ]
    scale = "logarithm of the values" if sweep.logarithmic else "values"
    return [
        Table(
            pd.DataFrame(rows),
            f"Where another classifier becomes the best ({more}). Means are joined by "
            f"straight lines over the {scale}, as drawn. The interval holds the places "
            "at which the paired difference of the two is not told from zero "
            f"(t, {1 - plan.suite.stats.alpha:.0%}, each place and pair by itself); "
            "where it reaches an end of the sweep, that the two cross at all is not "
            "sure.",
        )
    ]
