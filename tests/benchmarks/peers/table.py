"""The table of all tools: medians, ratios, targets and whether each was met."""

import statistics
from dataclasses import dataclass
from typing import Any

from tabulate import tabulate

# Step → tool → what each round measured, as `Measured` has it.
Steps = dict[str, dict[str, list[dict[str, float]]]]

HEADER = (
    "what",
    "ours",
    "plain joblib",
    "benchopt",
    "ours / joblib",
    "ours / benchopt",
    "target",
)


@dataclass(frozen=True)
class Target:
    """A limit on ours: so many times a reference, or so many seconds."""

    words: str
    limit: float


@dataclass(frozen=True)
class Row:
    """A line of the table, in seconds."""

    what: str
    ours: float
    joblib: float | None = None
    benchopt: float | None = None
    targets: tuple[Target, ...] = ()


def rows(run: dict[str, Any]) -> list[Row]:
    """Make the rows from what `compare_peers.py` measured."""
    steps: Steps = run["steps"]

    def median(step: str, tool: str, field: str = "seconds") -> float:
        return statistics.median(each[field] for each in steps[step][tool])

    def all_tools(what: str, step: str, ours: str, *targets: Target) -> Row:
        joblib, benchopt = median(step, "joblib"), median(step, "benchopt")
        return Row(what, median(ours, "ours"), joblib, benchopt, targets)

    first = median("first", "joblib")
    theirs = Target("below benchopt", median("first", "benchopt"))
    held_out = median("held-out", "joblib")
    own = median("changed", "joblib")
    tiny = median("tiny", "joblib")
    cells, changed, small = (run["cells"][job] for job in ("first", "changed", "tiny"))
    return [
        all_tools(
            f"{cells} cells, with our report",
            "first",
            "first",
            _times(1.25, first),
            theirs,
        ),
        all_tools(
            "the same, `--no-report`",
            "first",
            "first, no report",
            _times(1.15, first),
            theirs,
        ),
        Row(
            "core-seconds, with our report",
            median("first", "ours", "core_seconds"),
            median("first", "joblib", "core_seconds"),
            median("first", "benchopt", "core_seconds"),
        ),
        Row(
            "core-seconds, `--no-report`",
            median("first, no report", "ours", "core_seconds"),
            median("first", "joblib", "core_seconds"),
            median("first", "benchopt", "core_seconds"),
        ),
        Row(
            "held-out curves alone, once, `--no-report`",
            median("held-out", "ours"),
            held_out,
            None,
            (_times(1.2, held_out),),
        ),
        Row(
            "second run, all cached",
            median("again", "ours"),
            first,
            median("again", "benchopt"),
            (Target("≤ 2 s", 2.0),),
        ),
        Row("until its table", median("again", "ours", "to_output")),
        Row(
            f"one classifier changed ({changed} cells)",
            median("changed", "ours"),
            first,
            median("changed", "benchopt"),
            (_times(1.2, own, f"its own cells ({own:.1f} s by plain joblib)"),),
        ),
        all_tools(
            f"{small:,} tiny cells, with our report", "tiny", "tiny", _times(1.6, tiny)
        ),
        all_tools(
            "the same, `--no-report`", "tiny", "tiny, no report", _times(1.6, tiny)
        ),
        all_tools(
            "the same, a fork a cell, `--no-report`",
            "tiny",
            "tiny, a fork a cell",
            _times(3.0, tiny),
        ),
        Row(
            f"the {small:,} again, all cached, with our report",
            median("tiny again", "ours"),
            tiny,
            median("tiny again", "benchopt"),
        ),
    ]


def _times(factor: float, reference: float, name: str = "plain joblib") -> Target:
    return Target(f"≤ {factor:g} × {name}", factor * reference)


def lines(run: dict[str, Any]) -> list[list[str]]:
    """Lay the rows out as text, under `HEADER`."""
    return [
        [
            row.what,
            _seconds(row.ours),
            _seconds(row.joblib),
            _seconds(row.benchopt),
            _ratio(row.ours, row.joblib),
            _ratio(row.ours, row.benchopt),
            "; ".join(
                f"{target.words}, {_met(target, row.ours)}" for target in row.targets
            )
            or "–",
        ]
        for row in rows(run)
    ]


def _met(target: Target, ours: float) -> str:
    return "met" if ours <= target.limit else "**not met**"


def as_markdown(run: dict[str, Any]) -> str:
    """Write the table in markdown."""
    return tabulate(
        lines(run),
        HEADER,
        tablefmt="pipe",
        disable_numparse=True,
        colalign=["left", *["right"] * 5, "left"],
    )


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _ratio(ours: float, theirs: float | None) -> str:
    return "–" if theirs is None else f"{ours / theirs:.2f}"
