"""The report's chapter on comparisons across datasets."""

import pandas as pd

from bench.analysis import Findings, nothing_to_learn
from bench.cells import Plan
from bench.figures import classifier_styles, plot_critical_differences
from bench.render import Block, FigureFile, Items, Section, Table, Text
from bench.report.figure_files import FigureFolder
from bench.report.tables import capitalised, counted, interval, p_value
from bench.stats import FEWEST_FAMILIES, METRICS, Across

_PAIRS_SHOWN = 40  # a page of rows; 13 classifiers have 78 pairs


def across_chapter(
    plan: Plan, findings: Findings, figures: FigureFolder
) -> list[Section]:
    """Rank and compare the classifiers across datasets, if there are several."""
    across = findings.across
    if across is None or len(plan.datasets) < 2:
        return []
    if len(nothing_to_learn(plan)) == len(plan.datasets):
        return []  # ranks of guesses mean nothing; the verdict on leaks says what does
    blocks: list[Block | Section] = []
    if len(across.ranks):
        blocks.append(_ranks_table(plan, findings, across))
    if across.left_out:
        blocks.append(Items([f"{capitalised(words)}." for words in across.left_out]))
    has_intervals = bool(across.pairs["low"].notna().any())
    if across.friedman is not None:
        test = across.friedman
        blocks.append(
            Text(
                f"Friedman χ² = {test.statistic:.2f}, p = {p_value(test.p)}; Iman and "
                f"Davenport F = {test.iman_davenport:.2f}, "
                f"p = {p_value(test.iman_davenport_p)}. The units of all tests are the "
                f"means of the {across.n_families} {_units(across)}."
            )
        )
    elif has_intervals:
        blocks.append(
            Text(
                "No tests and no critical differences across datasets: "
                f"{across.reason}. Below are differences and intervals only."
            )
        )
    else:
        blocks.append(Text(_too_few(across)))
    if has_intervals:
        blocks.append(_pairs_table(plan, across))
    blocks += _critical_differences(plan, across, figures)
    return [Section("Across datasets", blocks)]


def _ranks_table(plan: Plan, findings: Findings, across: Across) -> Table:
    """List mean ranks and mean scores over families, and how stable the ranks are."""
    metric = METRICS[plan.suite.metrics[0]]
    names = list(across.ranks.index)
    of_families = [across.means.loc[list(group)].mean() for group in across.families]
    means = pd.concat(of_families, axis=1).mean(axis=1)
    table = pd.DataFrame({"classifier": names})
    table["mean rank"] = [f"{rank:.2f}" for rank in across.ranks]
    table[f"mean {metric.title}"] = [f"{means[name]:.3f}" for name in names]
    over = counted(len(across.means), "dataset")
    if across.n_families < len(across.means):
        families = "family" if across.n_families == 1 else "families"
        over = (
            f"{across.n_families} {families} of datasets ({over}; those that share a "
            "library are one family and count by their mean)"
        )
    caption = f"Ranks by mean score, and mean scores, over {over}; rank 1 is the best."
    stability = findings.stability
    if stability is not None and len(stability):
        places = stability.set_index("classifier").loc[names]
        table["ranks when resampled"] = [
            interval(low, high, ".0f")
            for low, high in zip(places["rank_low"], places["rank_high"], strict=True)
        ]
        caption += (
            " When resampled: the central 95% of its ranks in 2000 bootstrap resamples "
            f"of the {_units(across)} (fixed seed), which shows how stable the ranking "
            "is; it is no confidence interval."
        )
    return Table(table, caption)


def _units(across: Across) -> str:
    """Name what is counted: families, where datasets share a library."""
    return "families" if across.n_families < len(across.means) else "datasets"


def _too_few(across: Across) -> str:
    """Say in a sentence why nothing is inferred, and how many families would do."""
    n_pairs = len(across.pairs)
    if not n_pairs:
        return f"Nothing is compared across datasets: {across.reason}."
    n = across.n_families
    shared = (
        f" (the {len(across.means)} datasets share libraries)"
        if n < len(across.means)
        else ""
    )
    return (
        "No intervals, tests or critical differences across datasets: there "
        f"{'is' if n == 1 else 'are'} {n} {'family' if n == 1 else 'families'} of "
        f"datasets of different libraries{shared}; intervals of differences need "
        f"{FEWEST_FAMILIES}, tests of {counted(n_pairs, 'pair')} need {across.needed}."
    )


def _critical_differences(
    plan: Plan, across: Across, figures: FigureFolder
) -> list[FigureFile]:
    """Draw mean ranks and their groups; nothing without the tests behind groups."""
    if not across.allowed or len(across.ranks) < 2:
        return []
    return [
        figures.add(
            "critical-differences",
            "Mean ranks, with bars over classifiers that are not distinguishable",
            f"Ranks over the {across.n_families} {_units(across)}. A bar joins "
            "classifiers that do not differ significantly (exact signed-rank tests, "
            "adjusted by Holm).",
            plot_critical_differences,
            across.ranks,
            across.cliques,
            looks=classifier_styles(c.id for c in plan.classifiers),
        )
    ]


def _pairs_table(plan: Plan, across: Across) -> Table:
    """List the differences between each two classifiers."""
    rows = []
    for entry in across.pairs.head(_PAIRS_SHOWN).to_dict("records"):
        row = {
            "first": entry["first"],
            "second": entry["second"],
            "difference": f"{entry['difference']:+.3f}",
            "simultaneous interval": interval(entry["low"], entry["high"], "+.3f"),
            "win/tie/loss": f"{entry['wins']}/{entry['ties']}/{entry['losses']}",
        }
        if across.allowed:
            row["p (Wilcoxon, Holm)"] = p_value(entry["p_holm"])
        rows.append(row)
    n_pairs, level = len(across.pairs), f"{100 - 100 * plan.suite.stats.alpha:g}%"
    caption = (
        f"Mean difference of two classifiers over the {across.n_families} "
        f"{_units(across)}; the first is the one with the better rank. Intervals are t "
        f"intervals at {level}, simultaneous over "
        f"{counted(n_pairs, 'pair')} (Bonferroni), bent at the ends so that they stay "
        "within the bounds of a difference."
    )
    if n_pairs > _PAIRS_SHOWN:
        caption += f" Shown are {_PAIRS_SHOWN} of {n_pairs} pairs; pairs.csv has all."
    if across.allowed:
        caption += (
            " p: exact signed-rank test without those that tie, adjusted by Holm's "
            "step-down method."
        )
    return Table(pd.DataFrame(rows), caption)
