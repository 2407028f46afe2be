"""The report's chapters on the suite as a whole, before and after its datasets."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from bench.analysis import STANDARD_ERRORS, Findings
from bench.cells import Plan
from bench.render import Block, Code, Items, Link, Section, Strong, Table, Text
from bench.stats import coverage_table
from bench.store import Result, Store


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
