"""The report's chapter on comparisons across datasets."""

from bench.analysis import ReportData
from bench.figures import forest_figure, pairs_figure, plot_critical_differences
from bench.render import Block, FigureFile, Items, Section, Text
from bench.report.chapters.matrix import what_is_shared
from bench.report.figure_files import FigureFolder
from bench.report.looks import looks_of
from bench.report.tables import capitalised, counted, p_value
from bench.stats import CHANCE, FEWEST_FAMILIES, Across


def across_chapter(data: ReportData, figures: FigureFolder) -> list[Section]:
    """Compare the classifiers over all datasets, if there are several."""
    across = data.findings.across
    if len(data.datasets) < 2 or not any(facts.learnable for facts in data.datasets):
        return []  # ranks of guesses mean nothing; the verdict on leaks says what does
    blocks: list[Block | Section] = [*draw_forest(data, figures)]
    if across is not None:
        blocks += _comparisons(data, across, figures)
    return [Section("Across datasets", blocks)] if blocks else []


def _comparisons(
    data: ReportData, across: Across, figures: FigureFolder
) -> list[Block | Section]:
    blocks: list[Block | Section] = []
    if across.left_out:
        blocks.append(Items([f"{capitalised(words)}." for words in across.left_out]))
    if across.pairs.empty:  # all but one classifier are left out
        return blocks
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
            Text(f"No tests across datasets: {across.reason}; intervals only.")
        )
    else:
        blocks.append(Text(_too_few(data, across)))
    blocks += _critical_differences(data, across, figures)
    blocks += _draw_pairs(data, across, figures)
    return blocks


def draw_forest(data: ReportData, figures: FigureFolder) -> list[FigureFile]:
    """Draw differences to the baseline over all datasets, if any is compared."""
    compared = data.findings.compared
    if compared is None or compared["low"].isna().all():
        return []
    suite = data.suite
    names = [n for n in data.highlighted if n not in (suite.baseline, CHANCE)]
    others = [facts.id for facts in data.classifiers if facts.id not in names]
    names = [n for n in (*names, *others) if n in set(compared["classifier"])]
    names = [n for n in names if n != CHANCE][:6]
    if not names:
        return []
    family = int(compared["family"].max())
    turned = "" if data.metric.larger_is_better else ", positive is better"
    caption = (
        f"Difference of {data.metric.title} to {suite.baseline}{turned}, "
        f"paired over repetitions; intervals at {suite.level}"
    )
    if family > 1:
        caption += f", simultaneous over the {family} classifiers of a dataset"
    left = compared["classifier"].nunique() - len(names)
    more = f" {counted(left, 'more classifier')}: comparisons.csv." if left else ""
    return [
        figures.add(
            "differences",
            f"Differences to {suite.baseline} on every dataset",
            f"{capitalised(caption)}. Filled: the interval excludes zero. Band: the "
            f"margin of {suite.margin:g}.{more}",
            forest_figure,
            compared,
            data.measure,
            baseline=suite.baseline,
            datasets=[facts.id for facts in data.datasets],
            classifiers=names,
            margin=suite.margin,
            alpha=suite.alpha,
            looks=looks_of(data),
        )
    ]


def _units(across: Across) -> str:
    """Name what is counted: families, where datasets share a library or curves."""
    return "families" if across.n_families < len(across.means) else "datasets"


def _too_few(data: ReportData, across: Across) -> str:
    """Say in a sentence why nothing is inferred, and how many families would do."""
    n_pairs = len(across.pairs)
    if not n_pairs:
        return f"Nothing is compared across datasets: {across.reason}."
    n = across.n_families
    kinds, shares = "of different libraries", "libraries"
    if data.recorded:
        shares = what_is_shared(data).removeprefix("a ").replace("library", "libraries")
        kinds = f"that share no {shares}"
    shared = (
        f" (the {len(across.means)} datasets share {shares})"
        if n < len(across.means)
        else ""
    )
    return (
        "No intervals, tests or critical differences across datasets: there "
        f"{'is' if n == 1 else 'are'} {n} {'family' if n == 1 else 'families'} of "
        f"datasets {kinds}{shared}; intervals of differences need "
        f"{FEWEST_FAMILIES}, tests of {counted(n_pairs, 'pair')} need {across.needed}."
    )


def _critical_differences(
    data: ReportData, across: Across, figures: FigureFolder
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
            looks=looks_of(data),
        )
    ]


def _draw_pairs(
    data: ReportData, across: Across, figures: FigureFolder
) -> list[FigureFile]:
    """Draw the differences between each two classifiers as a matrix."""
    if len(across.pairs) < 3 or across.n_families < 2:
        return []  # of one family, the matrix of scores says as much
    caption = (
        f"Row minus column: mean difference over the {across.n_families} "
        f"{_units(across)}, positive where the row is better; win/tie/loss"
    )
    if across.allowed:
        caption += "; p of the exact signed-rank test, adjusted by Holm"
    return [
        figures.add(
            "pairs",
            "Differences between each two classifiers",
            f"{caption}. pairs.csv has all with their intervals.",
            pairs_figure,
            across.pairs,
            order=list(across.ranks.index),
            looks=looks_of(data),
            p_column="p_holm" if across.allowed else None,
        )
    ]
