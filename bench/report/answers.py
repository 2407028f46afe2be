"""The answers that a person wrote after reading a report's figures."""

from collections.abc import Sequence

from bench.analysis import Answer
from bench.render import Block, Folded, Items, Link, Section, Text, Warning, Words
from bench.report.tables import counted


def answer_sections(answers: Sequence[Answer]) -> list[Section]:
    """Print each answer under its question; warn of one not about these results."""
    return [Section(entry.question, answer_blocks(entry)) for entry in answers]


def answer_blocks(entry: Answer) -> list[Block]:
    """Print an answer and what it rests on; warn if it is not about these results."""
    blocks: list[Block] = [Text(entry.answer), *answer_warnings([entry])]
    title = f"Written on {entry.date} from the results of commit {entry.commit}"
    if not entry.rows:
        return [*blocks, Text(f"{title}.")]
    rows: list[Words] = [
        [
            f"{row.words}, ",
            Link(f"{row.table}.csv", f"{row.table}.csv"),
            f" – no longer: {row.problem}" if row.problem else "",
        ]
        for row in entry.rows
    ]
    return [
        *blocks,
        Folded(f"{title}; rests on {counted(len(rows), 'row')}", [Items(rows)]),
    ]


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
