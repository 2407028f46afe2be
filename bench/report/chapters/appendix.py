"""The report's last chapters: how it was measured, coverage and provenance."""

import pandas as pd

from bench.analysis import ReportData
from bench.render import Block, Code, Folded, Items, Link, Section, Strong, Table, Text
from bench.report.chapters.opening import design
from bench.report.chapters.recorded import recorded_table
from bench.stats import coverage_table

_MOST_LINES = 30  # of failures; a suite may have one for each of a thousand cells


def methods_chapter(data: ReportData) -> Section:
    """Explain once what is the same for every dataset."""
    suite = data.suite
    metric = data.metric
    level = suite.level
    side = "above" if metric.larger_is_better else "below"
    lines = [
        f"Mean±std: over n repetitions (ddof=1). The {level} interval is that of one "
        f"mean by itself ({'t' if metric.bounds is None else 'Korn and Graubard'}), "
        "from 3 repetitions up.",
        f"Difference to {suite.baseline}: paired over the repetitions that both have; "
        "positive is better. Its intervals and p are simultaneous over the k "
        f"classifiers compared on a dataset (Bonferroni): t intervals at 1 − "
        f"{suite.alpha:g}/k, min(1, k·p) of the two-sided paired t test, from 5 "
        "repetitions up. The spread of a difference counts as at least 0.71 test "
        "curves.",
        f"Verdict: better where the interval lies above {suite.margin:g}, the margin; "
        f"worse below −{suite.margin:g}; equivalent between the two; else, and below 3 "
        "repetitions, inconclusive. A classifier that lacks more than a fifth of its "
        "repetitions, or has fewer than 3, is not compared."
        + (
            " A cell that failed counts as a guess."
            if suite.impute == "chance"
            else " A cell that is not done is left out of its pairs."
        ),
        "Not distinguishable from the best: the interval of the paired difference to "
        f"it, at {level} simultaneous over all pairs of classifiers, includes zero.",
        "Collapsed: a training that never left chance, while others of the classifier "
        "did. Mean±std is of all trainings; intervals, marks and verdicts of those "
        "that left chance.",
    ]
    if any(f.recorded and f.recorded.n_draws > 1 for f in data.recorded):
        lines.append(
            "Recorded curves: repetitions divide the same curves, so the variance of a "
            "mean over J of them counts 1/J + min(1, test curves / training curves) "
            "times in every interval and test (Nadeau and Bengio 2003, whose ratio is "
            "taken as at most 1). Without it, J divisions would look like J "
            "independent samples."
        )
    if suite.works is not None:
        lines.append(f"Works: the simultaneous interval lies {side} {suite.works:g}.")
    blocks: list[Block | Section] = [
        Text(design(data)),
        *recorded_table(data),
        Folded("Statistics", [Items(list(lines))]),
    ]
    return Section("How it was measured", blocks)


def remarks_chapter(data: ReportData) -> list[Section]:
    """Print the remarks of the suite's reference, if it has any."""
    remarks = data.reference.remarks if data.reference else ()
    return [Section("Remarks", [Items(list(remarks))])] if remarks else []


def coverage_chapter(data: ReportData) -> list[Section]:
    """List the cells that are not done, with their errors; nothing if all are."""
    results, given = data.findings.results, data.findings.given
    lines = _failures(results)
    n_lines = len(lines)
    if not given.empty:
        lines += _failures(given.assign(dataset=given["dataset"] + ", given split"))
    if not lines:
        return []
    rest = len(lines) - _MOST_LINES
    if rest > 0:
        where = "results.csv has" if given.empty else "results.csv and given.csv have"
        lines = [*lines[:_MOST_LINES], f"{rest} more: {where} all."]
    blocks: list[Block | Section] = [Text([Strong("Not done")]), Items(lines)]
    if n_lines:
        table = Table(coverage_table(results), "Cells that are done, of all cells.")
        blocks.insert(0, table)
    if data.logs:
        shown: list[Block] = []
        for log in data.logs:
            where = f"{log.dataset}, {log.classifier}, repetition {log.repetition}"
            last = log.text.splitlines()[-3:]
            shown.append(Items([[f"{where}: ", Code(" ".join(last))]]))
        blocks.append(Folded("Tracebacks", shown))
    return [Section("Coverage", blocks)]


def _failures(results: pd.DataFrame) -> list[str]:
    """List what is not done, a line for all cells that share a reason."""
    not_done = results[results["status"] != "done"]
    lines = []
    by = ["dataset", "classifier", "status", "error"]
    for names, rows in not_done.groupby(by, sort=False):
        dataset, classifier, status, error = map(str, names)
        line = f"{dataset}, {classifier}: {len(rows)} {status}"
        lines.append(line + (f" – {error}" if error else ""))
    return lines


def provenance_chapter(data: ReportData, tables: list[str]) -> Section:
    """List what the results were computed from, with and on, and the files."""
    files: list[str | Code | Strong | Link] = ["Data: "]
    for name in tables:
        files += [Link(f"{name}.csv", f"{name}.csv"), ", "]
    files += [
        Link("page.json", "page.json"),
        "; LaTeX: ",
        Link("tables.tex", "tables.tex"),
    ]
    command = f"python -m bench run {data.suite.path}"
    return Section(
        "Provenance",
        [Items([["Command: ", Code(command)], *data.provenance, files])],
    )
