"""The report's chapter on which classifiers reliably reach the suite's threshold."""

import pandas as pd

from bench.analysis import ReportData
from bench.render import Section, Table, Text
from bench.report.tables import interval, mean_std
from bench.stats import DOES_NOT, UNCLEAR, WORKS, name_some

_MOST_ROWS = 30  # of the report's table


def threshold_chapter(data: ReportData) -> list[Section]:
    """Count and list the verdicts, if the suite sets a threshold."""
    table = threshold_table(data)
    if table is None:
        return []
    metric = data.metric
    side = "above" if metric.larger_is_better else "below"
    counts = data.findings.works["verdict"].value_counts()
    n_works, n_does_not, n_unclear = (
        counts.get(verdict, 0) for verdict in (WORKS, DOES_NOT, UNCLEAR)
    )
    text = (
        f"Pairs of a dataset and a classifier: {len(data.findings.works)}. Works: "
        f"{n_works}; does not work: {n_does_not}; unclear: {n_unclear}."
    )
    # "Reliably": the verdict is about the interval of the mean, not about the mean.
    title = f"Reliably {side} {data.suite.works:g} held-out {metric.title}"
    if len(table.frame) > _MOST_ROWS:
        table = _names_table(data)
    return [Section(title, [Text(text), table])]


def _names_table(data: ReportData) -> Table:
    """List for each classifier on which datasets it works; works.csv has the rest."""
    rows = []
    for classifier, verdicts in data.findings.works.groupby("classifier", sort=False):
        row = {"classifier": str(classifier)}
        for verdict in (WORKS, DOES_NOT, UNCLEAR):
            names = verdicts.loc[verdicts["verdict"] == verdict, "dataset"]
            all_of = len(names) == len(verdicts) > 1
            row[verdict] = f"all {len(names)}" if all_of else name_some(list(names))
            row[verdict] = row[verdict] or "–"
        rows.append(row)
    return Table(
        pd.DataFrame(rows),
        "The datasets of each verdict; works.csv has every interval. The intervals are "
        "simultaneous over the classifiers of a dataset (Bonferroni).",
    )


def threshold_table(data: ReportData) -> Table | None:
    """List each classifier's verdict on each dataset; None without a threshold."""
    if data.findings.works.empty:
        return None
    stats, metric = data.suite, data.metric
    assert stats.works is not None  # without a threshold there are no rows
    rows = [
        {
            "dataset": entry["dataset"],
            "classifier": entry["classifier"],
            f"held-out {metric.title}": mean_std(entry["mean"], entry["std"]),
            "simultaneous interval": interval(entry["low"], entry["high"]),
            "n": str(entry["n"]),
            "verdict": entry["words"],
        }
        for entry in data.findings.works.to_dict("records")
    ]
    good, bad = ("above", "below") if metric.larger_is_better else ("below", "above")
    return Table(
        pd.DataFrame(rows),
        f"Works: the interval of the mean held-out {metric.title} lies entirely at "
        f"{stats.works:g} or {good}. Does not work: it lies entirely {bad} "
        f"{stats.works:g}. Unclear: neither, fewer than three repetitions, or more "
        "than a fifth of them is lacking. Mean±std over the n repetitions (ddof=1). "
        f"Intervals at {100 - 100 * stats.alpha:g}%, of trainings that did not "
        "collapse, simultaneous over the classifiers of a dataset (Bonferroni).",
    )
