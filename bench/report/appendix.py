"""The report's last chapters: remarks, coverage, audits and provenance."""

from collections import Counter
from collections.abc import Collection, Sequence

import pandas as pd

from bench.analysis import STANDARD_ERRORS, Findings, machines_of, rounded_rows
from bench.base import versions
from bench.cells import Plan
from bench.render import Block, Code, Items, Link, Section, Strong, Table, Text
from bench.report.tables import counted
from bench.stats import coverage_table
from bench.store import Result, Store


def remarks_chapter(plan: Plan) -> list[Section]:
    """Print the remarks of the suite's reference, if it has any."""
    remarks = plan.reference.remarks if plan.reference else ()
    return [Section("Remarks", [Items(list(remarks))])] if remarks else []


def coverage_chapter(findings: Findings, store: Store) -> Section:
    """Count the cells that are done; list the others with their errors."""
    results = findings.results
    blocks: list[Block | Section] = [
        Table(
            coverage_table(results),
            "Cells that are done, of all cells. Means are over the done cells; each "
            "pair is compared over the repetitions in which both have a score.",
        )
    ]
    not_done = results[results["status"] != "done"]
    lines = []
    by = ["dataset", "classifier", "status", "error"]
    for names, rows in not_done.groupby(by, sort=False):
        dataset, classifier, status, error = map(str, names)
        line = f"{dataset}, {classifier}: {len(rows)} {status}"
        line += f" – {error}" if error else ""
        # Cells that share an error rarely differ in their traceback: one is enough.
        log = store.path(rows["key"].iloc[0], "log")
        if log.exists() and log.stat().st_size:
            line += f" (traceback: {log.as_posix()})"
        lines.append(line)
    if lines:
        blocks += [Text([Strong("Not done")]), Items(lines)]
    n_restarted = int((results["attempts"] > 1).sum())
    if n_restarted:
        blocks.append(
            Text(
                f"Restarted after a fault of the machine, such as a lost worker or a "
                f"process killed from outside: {counted(n_restarted, 'cell')}. "
                "results.csv has the number of attempts."
            )
        )
    return Section("Coverage", blocks)


def audits_chapter(findings: Findings) -> list[Section]:
    """List the audits of each dataset: their values, what is expected, alarms."""
    if findings.audits.empty:
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
        for entry in findings.audits.to_dict("records")
    ]
    caption = (
        "Checks for leaks and shortcuts. Classifiers that guess, or are trained on "
        "permuted labels, must score at chance (alarm beyond "
        f"{STANDARD_ERRORS} standard errors). A shallow tree on scale, roughness or "
        "single points must not separate the classes. No test curve may be a training "
        "curve. The classes must be of equal size."
    )
    return [Section("Audits", [Table(pd.DataFrame(rows), caption)])]


def provenance_chapter(
    plan: Plan, findings: Findings, stored: Sequence[Result]
) -> Section:
    """List what the results were computed from, with and on."""
    # The first 12 digits name a commit of any repository of a sensible size.
    commits = Counter(
        (result.commit or "unknown")[:12]
        + (" (with local changes)" if result.dirty else "")
        for result in stored
    )
    machines = machines_of(stored)
    cpu = sum((r.fit_cpu_seconds or 0) + (r.predict_cpu_seconds or 0) for r in stored)
    warned = Counter(
        (result.classifier, kind)
        for result in stored
        for kind in dict.fromkeys(text.split(":", 1)[0] for text in result.warnings)
    )
    command = f"python -m bench run {plan.suite.command_words}"
    stats = plan.suite.stats
    threshold = "" if stats.works is None else f", works {stats.works:g}"
    lines: list[str | list[str | Code | Strong | Link]] = [
        ["Command: ", Code(command)],
        f"Commit: {', '.join(sorted(commits))}",
        f"Root seed: {plan.suite.seed}; threads for each cell: {plan.suite.threads}",
        f"Statistics: baseline {plan.suite.baseline}, alpha {stats.alpha:g}, margin "
        f"{stats.margin:g}, impute {stats.impute}{threshold}",
        "Machine: "
        + "; ".join(
            machine + (f": {counted(n, 'cell')}" if len(machines) > 1 else "")
            for machine, n in machines.most_common()
        ),
        *_versions(stored),
        f"Processor time of all fits and predictions: {cpu:.0f} s",
    ]
    if rounded := _rounded(findings.results):
        lines.append(rounded)
    sizes = sorted({result.batched for result in stored if result.batched > 1})
    if sizes:
        lines.append(
            "Repetitions trained together as one batch: "
            f"{', '.join(map(str, sizes))} at a time. The seconds of a cell are those "
            "of its batch, divided by its size"
        )
    if warned:
        listed = ", ".join(f"{c} {kind} ({n})" for (c, kind), n in warned.items())
        more = sum(result.other_warnings for result in stored)
        listed += f"; {more} others, which no result lists" if more else ""
        lines.append(f"Warnings raised (number of cells): {listed}")
    lines.append(
        [
            "Data: ",
            Link("results.csv", "results.csv"),
            ", one row for each cell; ",
            Link("summary.csv", "summary.csv"),
            "; LaTeX: ",
            Link("tables.tex", "tables.tex"),
            "; as a page: ",
            Link("index.html", "index.html"),
        ]
    )
    return Section("Provenance", [Items(lines)])


def _rounded(results: pd.DataFrame) -> str:
    """Name the rows whose curves differ in their last bits; empty if there are none."""
    rows = rounded_rows(results).to_dict("records")
    if not rows:
        return ""
    listed = ", ".join(
        f"{row['classifier']} on {row['dataset']} ({row['n']})" for row in rows
    )
    return (
        "Same curves, other last bits: these cells were computed on another kind of "
        "processor than most of their repetition; the fingerprints of the curves agree "
        f"(number of repetitions): {listed}"
    )


def _versions(stored: Sequence[Result]) -> list[str]:
    """List the packages of every result; and what single classifiers import besides."""
    common = versions()
    sets = sorted({_named(result.versions, common.keys()) for result in stored})
    lines = [f"Versions: {'; '.join(sets)}"]
    users: dict[str, list[str]] = {}
    for result in stored:
        others = result.versions.keys() - common.keys()
        if others and result.classifier:
            of = users.setdefault(_named(result.versions, others), [])
            if result.classifier not in of:
                of.append(result.classifier)
    if users:
        listed = "; ".join(f"{', '.join(ids)}: {text}" for text, ids in users.items())
        lines.append(f"Imported by single classifiers besides: {listed}")
    return lines


def _named(found: dict[str, str], names: Collection[str]) -> str:
    return ", ".join(f"{n} {v}" for n, v in sorted(found.items()) if n in names)


def _number(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.3f}"
