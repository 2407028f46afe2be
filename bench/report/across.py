"""The report's chapter on comparisons across datasets."""

import pandas as pd

from bench.analysis import Findings
from bench.cells import Plan
from bench.figures import classifier_styles, plot_critical_differences
from bench.render import Block, FigureFile, Section, Table, Text
from bench.report.figure_files import FigureFolder
from bench.report.tables import interval, p_value
from bench.stats import METRICS, Across

_PAIRS_SHOWN = 40  # a page of rows; 13 classifiers have 78 pairs


def across_chapter(
    plan: Plan, findings: Findings, figures: FigureFolder
) -> list[Section]:
    """Rank and compare the classifiers across datasets, if there are several."""
    across = findings.across
    if across is None or len(plan.datasets) < 2:
        return []
    metric = METRICS[plan.suite.metrics[0]]
    ranks = pd.DataFrame({"classifier": across.ranks.index})
    ranks["mean rank"] = [f"{rank:.2f}" for rank in across.ranks]
    means = across.means.mean()[across.ranks.index]
    ranks[f"mean {metric.title}"] = [f"{mean:.3f}" for mean in means]
    blocks: list[Block | Section] = []
    if findings.stability is not None:
        stability = findings.stability.set_index("classifier").loc[across.ranks.index]
        unit = str(stability["resampled"].iloc[0])
        ranks["P(first)"] = [p_value(p) for p in stability["p_first"]]
        ranks["95% of ranks"] = [
            interval(low, high, ".0f")
            for low, high in zip(
                stability["rank_low"], stability["rank_high"], strict=True
            )
        ]
        bootstrap = (
            " P(first): share of 2000 bootstrap resamples in which the classifier has "
            f"the best mean rank; beside it, the ranks in 95% of them. Resampled are "
            f"the {unit} of this suite (fixed seed)."
        )
    else:
        bootstrap = ""
    blocks.append(
        Table(
            ranks,
            "Mean rank of each classifier's mean score over datasets; 1 is the best."
            + bootstrap,
        )
    )
    if across.friedman is not None:
        test = across.friedman
        blocks.append(
            Text(
                f"Friedman χ² = {test.statistic:.2f}, p = {p_value(test.p)}; Iman and "
                f"Davenport F = {test.iman_davenport:.2f}, "
                f"p = {p_value(test.iman_davenport_p)}. The unit is the dataset."
            )
        )
    else:
        blocks.append(
            Text(
                "No tests and no critical differences across datasets: "
                f"{across.reason}. Below are differences and intervals only."
            )
        )
    blocks.append(_pairs_table(across))
    blocks += _critical_differences(plan, across, figures)
    return [Section("Across datasets", blocks)]


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
            "A bar joins classifiers that do not differ significantly (exact "
            "signed-rank tests, adjusted by Holm).",
            plot_critical_differences,
            across.ranks,
            across.cliques,
            looks=classifier_styles(c.id for c in plan.classifiers),
        )
    ]


def _pairs_table(across: Across) -> Table:
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
            row["P(first better)"] = p_value(entry["p_first_better"])
            row["P(equivalent)"] = p_value(entry["p_equivalent"])
        rows.append(row)
    caption = (
        "Difference between the mean scores of two classifiers over all datasets; "
        "the first is the one with the better rank."
    )
    if len(across.pairs) > _PAIRS_SHOWN:
        n_pairs = len(across.pairs)
        caption += f" Shown are {_PAIRS_SHOWN} of {n_pairs} pairs; pairs.csv has all."
    if across.allowed:
        caption += (
            " p: exact signed-rank test without the datasets that tie, adjusted by "
            "Holm's step-down method. P: Bayesian signed-rank test (fixed seed)."
        )
    return Table(pd.DataFrame(rows), caption)
