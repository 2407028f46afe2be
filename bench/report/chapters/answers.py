"""The answers that a person wrote after reading a report's figures."""

from collections.abc import Sequence

from bench.analysis import Answer
from bench.render import (
    Block,
    Folded,
    Link,
    Part,
    Section,
    Strong,
    Text,
    Warning,
)
from bench.report.tables import counted
from bench.stats import name_some


def answer_sections(answers: Sequence[Answer]) -> list[Section]:
    """Print each answer under its question; fold the rows that they rest on."""
    if not answers:
        return []
    blocks: list[Block | Section] = [
        Section(entry.question, [Text(entry.answer)]) for entry in answers
    ]
    dates = list(dict.fromkeys(f"{e.date}, commit {e.commit[:12]}" for e in answers))
    n_rows = counted(sum(len(entry.rows) for entry in answers), "row")
    title = f"Written {name_some(dates)}; they rest on {n_rows}"
    evidence: list[Block] = [
        Text([Strong(entry.question), " ", *_evidence(entry)])
        for entry in answers
        if entry.rows
    ]
    # Before the answers, since a section ends where the next heading is.
    return [Section("Answers", [Folded(title, evidence or [Text("None.")]), *blocks])]


def _evidence(entry: Answer) -> list[Part]:
    """List the rows that an answer rests on, each with the table that has it."""
    parts: list[Part] = []
    for row in entry.rows:
        parts += [
            "; " if parts else "",
            f"{row.words} (",
            Link(f"{row.table}.csv", f"{row.table}.csv"),
            ")",
            f", no longer: {row.problem}" if row.problem else "",
        ]
    return [*parts, "."]


def answer_warnings(answers: Sequence[Answer]) -> list[Block]:
    """Warn of answers that are about other results, or that tables contradict."""
    blocks: list[Block] = []
    for entry in answers:
        if not entry.known_commit:
            blocks.append(
                Warning(
                    f"No result below is from commit {entry.commit}: check the figures "
                    f"before you trust the answer to '{entry.question}'.",
                    "Outdated answer",
                )
            )
        wrong = [row for row in entry.rows if row.problem]
        if wrong:
            shown = "; ".join(f"{row.words} ({row.problem})" for row in wrong[:3])
            more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""
            blocks.append(
                Warning(
                    f"The answer to '{entry.question}' no longer agrees with the "
                    f"tables of this report: it rests on {shown}{more}.",
                    "Outdated answer",
                )
            )
    return blocks
