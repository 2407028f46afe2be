"""What results were computed from, with and on, in sentences."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import pandas as pd

from bench.analysis.findings import Findings
from bench.analysis.machines import machines_of, rounded_rows
from bench.base import versions
from bench.cells import Plan
from bench.curves import RecordedRecipe
from bench.store import Result


def provenance(
    plan: Plan, findings: Findings, stored: Sequence[Result]
) -> Iterable[str]:
    """Say what the results were computed from, with and on."""
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
    stats, n_threads = plan.suite.stats, plan.suite.threads
    threshold = "" if stats.works is None else f", works {stats.works:g}"
    yield f"Commit: {', '.join(sorted(commits))}"
    if hashes := _recorded(plan):
        yield hashes
    own = "".join(f", of {k}: {n}" for k, n in plan.suite.own_threads.items())
    yield f"Root seed: {plan.suite.seed}; threads for each cell: {n_threads}{own}"
    yield (
        f"Statistics: baseline {plan.suite.baseline}, alpha {stats.alpha:g}, margin "
        f"{stats.margin:g}, impute {stats.impute}{threshold}"
    )
    yield "Machine: " + "; ".join(
        machine + (f" ({n} cells)" if len(machines) > 1 else "")
        for machine, n in machines.most_common()
    )
    yield from _versions(stored)
    yield f"Processor time of all fits and predictions: {cpu:.0f} s"
    if rounded := _rounded_bits(findings.results):
        yield rounded
    sizes = sorted({result.batched for result in stored if result.batched > 1})
    if sizes:
        yield (
            "Repetitions trained together as one batch: "
            f"{', '.join(map(str, sizes))} at a time. The seconds of a cell are those "
            "of its batch, divided by its size"
        )
    restarted = int((findings.results["attempts"] > 1).sum())
    if restarted:
        yield (
            "Restarted after a fault of the machine, such as a lost worker or a "
            f"process killed from outside: {restarted} cell{'s' * (restarted != 1)}; "
            "results.csv has the number of attempts"
        )
    if warned:
        listed = ", ".join(f"{c} {kind} ({n})" for (c, kind), n in warned.items())
        more = sum(result.other_warnings for result in stored)
        listed += f"; {more} others, which no result lists" if more else ""
        yield f"Warnings raised (number of cells): {listed}"


def _recorded(plan: Plan) -> str:
    """Name the hash of each dataset's recorded curves; empty without any."""
    found = {
        recipe.spec.id: recipe.curves.data_hash[:12]
        for recipe in plan.datasets
        if isinstance(recipe, RecordedRecipe)
    }
    if not found:
        return ""
    listed = ", ".join(f"{name} {value}" for name, value in found.items())
    return f"Recorded curves, SHA-256 of the data as read (first digits): {listed}"


def _rounded_bits(results: pd.DataFrame) -> str:
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
