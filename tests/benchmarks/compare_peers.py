"""The same job by plain joblib, by benchopt and by us: ``make bench-peers``.

Each tool computes the same cells on two processes of one thread, in an empty folder of
its own, in turn; the figures are medians of the rounds. Prints the table and writes all
figures to a file, which ``speed_report.py`` reads. Nothing else should run on the
machine meanwhile.
"""

import argparse
import importlib.util
import json
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from peers import jobs
from peers.jobs import Job
from peers.measure import (
    Measure,
    Measured,
    benchopt,
    ours,
    ours_without_report,
    plain_joblib,
)
from peers.table import as_markdown

from bench.base.provenance import commit, cpu_name, versions
from bench.engines.engine import available_cores

# Step, tool, the tool's folder in the round, the job and what is measured. A folder
# that occurs again has what the tool stored there.
Step = tuple[str, str, str, Job, Measure]


def steps(job: Job, tiny: Job) -> list[Step]:
    """List what a round measures, in its order."""
    changed, held_out = jobs.changed(job), jobs.held_out(job)
    return [
        ("first", "ours", "ours", job, ours),
        ("first", "joblib", "joblib", job, plain_joblib),
        ("first", "benchopt", "benchopt", job, benchopt),
        ("first, no report", "ours", "ours-table", job, ours_without_report),
        ("held-out", "ours", "ours-held-out", held_out, ours_without_report),
        ("held-out", "joblib", "joblib", held_out, plain_joblib),
        ("again", "ours", "ours", job, ours),
        ("again", "benchopt", "benchopt", job, benchopt),
        ("changed", "ours", "ours", changed, ours),
        ("changed", "joblib", "joblib", jobs.only_changed(changed), plain_joblib),
        ("changed", "benchopt", "benchopt", changed, benchopt),
        ("tiny", "ours", "tiny-ours", tiny, ours),
        ("tiny", "joblib", "tiny-joblib", tiny, plain_joblib),
        ("tiny", "benchopt", "tiny-benchopt", tiny, benchopt),
        ("tiny, no report", "ours", "tiny-table", tiny, ours_without_report),
        (
            "tiny, a fork a cell",
            "ours",
            "tiny-forks",
            jobs.in_files(tiny),
            ours_without_report,
        ),
        ("tiny again", "ours", "tiny-ours", tiny, ours),
        ("tiny again", "benchopt", "tiny-benchopt", tiny, benchopt),
    ]


def compare(rounds: int, job: Job, tiny: Job) -> dict[str, Any]:
    """Measure all rounds; return the figures, and what they belong to."""
    found: dict[str, dict[str, list[Measured]]] = defaultdict(lambda: defaultdict(list))
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory() as name:
            for step, tool, folder, its_job, measure in steps(job, tiny):
                measured = measure(Path(name) / folder, its_job)
                found[step][tool].append(measured)
                sys.stderr.write(
                    f"round {number} of {rounds}: {step}, {tool}: "
                    f"{measured.seconds:.1f} s, {measured.core_seconds:.1f} core-s\n"
                )
    head, dirty = commit()
    own = jobs.only_changed(job)
    return {
        "rounds": rounds,
        "cells": {
            "first": jobs.n_cells(job),
            "changed": jobs.n_cells(own),
            "tiny": jobs.n_cells(tiny),
        },
        "commit": head,
        "dirty": dirty,
        "cpu": cpu_name(),
        "cores": available_cores(),
        "versions": versions()
        | {name: version(name) for name in ("joblib", "benchopt")},
        "steps": {
            step: {tool: list(map(asdict, each)) for tool, each in tools.items()}
            for step, tools in found.items()
        },
    }


def main() -> None:
    """Measure, write the figures, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument(
        "--repetitions", type=int, default=10, help="of both jobs; default: 10"
    )
    parser.add_argument(
        "--curves", type=int, default=1000, help="a class and part; default: 1000"
    )
    parser.add_argument("--out", type=Path, default=Path("peers.json"))
    options = parser.parse_args()
    if importlib.util.find_spec("benchopt") is None:
        parser.error("benchopt is not installed; `make bench-peers` installs it")
    job = jobs.comparison(options.repetitions, options.curves)
    run = compare(options.rounds, job, jobs.tiny(options.repetitions))
    options.out.write_text(json.dumps(run, indent=1) + "\n")
    sys.stdout.write(f"{as_markdown(run)}\n")


if __name__ == "__main__":
    main()
