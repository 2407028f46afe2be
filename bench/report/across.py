"""The report's chapters on the suite as a whole, before and after its datasets."""

from collections.abc import Sequence

import pandas as pd

from bench.analysis import Findings
from bench.cells import Plan
from bench.render import Block, FigureFile, Section, Table, Text
from bench.report.tables import interval, p_value
from bench.stats import METRICS

_PAIRS_SHOWN = 40


def across_chapter(
    plan: Plan, found: Findings, pictures: Sequence[FigureFile]
) -> list[Section]:
    """Compare the classifiers across datasets, where there are several."""
    across = found.across
    if across is None or len(plan.datasets) < 2:
        return []
    metric = METRICS[plan.suite.metrics[0]]
    ranks = pd.DataFrame({"classifier": across.ranks.index})
    ranks["mean rank"] = [f"{rank:.2f}" for rank in across.ranks]
    means = across.means.mean()[across.ranks.index]
    ranks[f"mean {metric.title}"] = [f"{mean:.3f}" for mean in means]
    blocks: list[Block | Section] = []
    if found.stability is not None:
        firm = found.stability.set_index("classifier").loc[across.ranks.index]
        unit = str(firm["resampled"].iloc[0])
        ranks["P(first)"] = [p_value(p) for p in firm["p_first"]]
        ranks["95% of places"] = [
            interval(low, high, ".0f")
            for low, high in zip(firm["rank_low"], firm["rank_high"], strict=True)
        ]
        how = f"Places by 2000 bootstrap resamples of {unit} (fixed seed)."
    else:
        how = ""
    blocks.append(
        Table(ranks, f"Ranks of the datasets' means, 1 is best. {how}".strip())
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
                f"{across.reason}. Effects and intervals only."
            )
        )
    blocks.append(_pairs_table(plan, found))
    return [Section("Across datasets", [*blocks, *pictures])]


def _pairs_table(plan: Plan, found: Findings) -> Table:
    across = found.across
    assert across is not None  # asked for by a caller that has seen it
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
    caption = "Differences of means over datasets, the better ranked first"
    if len(across.pairs) > _PAIRS_SHOWN:
        caption += f"; {_PAIRS_SHOWN} of {len(across.pairs)} pairs, all in pairs.csv"
    caption += "."
    if across.allowed:
        caption += (
            " Exact signed-rank tests, datasets without a difference left out, "
            "step-down Holm; Bayesian signed-rank with a fixed seed."
        )
    return Table(pd.DataFrame(rows), caption)
