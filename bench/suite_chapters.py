"""The report's chapters on the suite as a whole, before and after its datasets."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from bench.audit_findings import STANDARD_ERRORS, not_done
from bench.coverage import coverage_table
from bench.dataset_chapter import interval, p_value
from bench.document_parts import (
    Block,
    Code,
    Figure,
    Items,
    Link,
    Section,
    Strong,
    Table,
    Text,
    Warning,
)
from bench.findings import Findings
from bench.metrics import METRICS
from bench.result import Result
from bench.runner import Plan
from bench.store import Store
from bench.tables import trained_online

_PAIRS_SHOWN = 40


def opening(plan: Plan, found: Findings, answers: Sequence[Block] = ()) -> list[Block]:
    """Say what the suite asks, and what a reader must know before they read on.

    `answers` stand below the question, see `bench.question_chapters.answer_blocks`.
    """
    suite, results = plan.suite, found.results
    blocks: list[Block] = []
    if suite.description:
        blocks.append(Text(suite.description))
    blocks += answers
    if plan.reference:
        blocks.append(Text([Strong(plan.reference.lesson)]))
    states = Counter(results["status"])
    counts = ", ".join(f"{n} {status}" for status, n in states.most_common())
    blocks.append(
        Text(
            f"{len(results)} cells ({len(plan.datasets)} datasets × "
            f"{suite.repetitions} repetitions × {len(plan.classifiers)} classifiers): "
            f"{counts}. Every repetition draws fresh training and test curves; within "
            "one, all classifiers see the same bytes. The input points are fixed, so "
            "the figures are conditional on them." + _online(found)
        )
    )
    if states.keys() - {"done"}:
        blocks.append(Warning("Not every cell is done; see Coverage below."))
    blocks += [Warning(f"{problem}.") for problem in found.problems]
    if not found.audits.empty:
        alarms = found.audits[found.audits["alarm"]]
        for dataset, rows in alarms.groupby("dataset", sort=False):
            more = f" ({len(rows) - 1} more under Audits.)" if len(rows) > 1 else ""
            blocks.append(Warning(f"{dataset}: {rows['words'].iloc[0]}.{more}"))
    if len(not_done(found.audits)):
        blocks.append(Warning("Not every audit is done; see Audits below."))
    return blocks


def _online(found: Findings) -> str:
    online = {
        name
        for _, own in found.summary.groupby("dataset", sort=False)
        for name in trained_online(own)
    }
    every = list(dict.fromkeys(found.results["classifier"]))
    names = [name for name in every if name in online]
    if not names:
        return ""
    if names == every:
        return (
            " All are trained online, on fresh curves in each epoch: no training set."
        )
    return (
        " Trained online, on fresh curves in each epoch: "
        f"{', '.join(names)}; the test curves are the same for all."
    )


def across_chapter(
    plan: Plan, found: Findings, pictures: Sequence[Figure]
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


def coverage_chapter(found: Findings, store: Store) -> Section:
    """Show how many cells are done, and what became of the others."""
    results = found.results
    blocks: list[Block | Section] = [
        Table(
            coverage_table(results),
            "Cells that are done. Means are over these; comparisons are over "
            "repetitions in which every classifier has a score.",
        )
    ]
    bad = results[results["status"] != "done"]
    lines = []
    by = ["dataset", "classifier", "status", "error"]
    for names, rows in bad.groupby(by, sort=False):
        dataset, classifier, status, error = map(str, names)
        line = f"{dataset}, {classifier}: {len(rows)} {status}"
        line += f" – {error}" if error else ""
        log = store.path(rows["key"].iloc[0], "log")
        if log.exists() and log.stat().st_size:
            line += f" (traceback: {log.as_posix()})"
        lines.append(line)
    if lines:
        blocks += [Text([Strong("Not done")]), Items(lines)]
    again = int((results["attempts"] > 1).sum())
    if again:
        blocks.append(
            Text(
                f"{again} cells were begun again after a fault of the machine (a "
                "process killed from outside, a worker lost); results.csv counts the "
                "attempts."
            )
        )
    return Section("Coverage", blocks)


def audits_chapter(found: Findings) -> list[Section]:
    """Show which traps were looked for in the datasets, and what was found."""
    if found.audits.empty:
        return []
    rows = [
        {
            "dataset": entry["dataset"],
            "audit": entry["audit"],
            "value": f"{entry['value']:.3f}",
            "expected": _number(entry["expected"]),
            "standard error": _number(entry["standard_error"]),
            "n": str(entry["n"]),
            "alarm": "yes" if entry["alarm"] else "no",
            "finding": entry["words"],
        }
        for entry in found.audits.to_dict("records")
    ]
    caption = (
        "Signs that the curves or the harness give the classes away: guesses and fits "
        "on permuted labels that are not at chance (alarm beyond "
        f"{STANDARD_ERRORS} standard errors), shallow trees on scale, roughness or "
        "single points, test curves among the training curves, classes of unequal size."
    )
    return [Section("Audits", [Table(pd.DataFrame(rows), caption)])]


def provenance_chapter(
    plan: Plan, found: Findings, stored: Sequence[Result]
) -> Section:
    """Say where the results come from."""
    commits = Counter(
        (result.commit or "unknown")[:12]
        + (" (with local changes)" if result.dirty else "")
        for result in stored
    )
    machines = sorted({f"{result.cpu} ({result.device})" for result in stored})
    versions = sorted(
        {
            ", ".join(f"{name} {v}" for name, v in sorted(result.versions.items()))
            for result in stored
        }
    )
    cpu = sum((r.fit_cpu_seconds or 0) + (r.predict_cpu_seconds or 0) for r in stored)
    warned = Counter(
        (result.classifier, text.split(":", 1)[0])
        for result in stored
        for text in result.warnings
    )
    command = f"python -m bench run {plan.suite.path.as_posix()}"
    stats = plan.suite.stats
    works = "" if stats.works is None else f", works {stats.works:g}"
    lines: list[str | list[str | Code | Strong | Link]] = [
        ["Command: ", Code(command)],
        f"Commit: {', '.join(sorted(commits))}",
        f"Root seed: {plan.suite.seed}; threads a cell: {plan.suite.threads}",
        f"Statistics: baseline {plan.suite.baseline}, alpha {stats.alpha:g}, margin "
        f"{stats.margin:g}, impute {stats.impute}{works}",
        f"Machine: {'; '.join(machines)}",
        f"Versions: {'; '.join(versions)}",
        f"Processor seconds of all fits and predictions: {cpu:.0f}",
    ]
    sizes = sorted({result.batched for result in stored if result.batched > 1})
    if sizes:
        lines.append(
            f"Batches: repetitions that trained together, {', '.join(map(str, sizes))} "
            "at a time; a row's seconds are those of its batch divided by its size"
        )
    if warned:
        said = ", ".join(f"{c} {kind} ({n})" for (c, kind), n in warned.items())
        lines.append(f"Warnings raised (cells): {said}")
    lines.append(
        [
            "Data: ",
            Link("results.csv", "results.csv"),
            ", one row a cell; ",
            Link("summary.csv", "summary.csv"),
            "; LaTeX: ",
            Link("tables.tex", "tables.tex"),
            "; as a page: ",
            Link("index.html", "index.html"),
        ]
    )
    return Section("Provenance", [Items(lines)])


def _number(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.3f}"
