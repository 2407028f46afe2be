"""The answers that a person wrote after reading a report's figures."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from bench.analysis import CheckedRow, check_rows
from bench.render import Block, Folded, Items, Link, Strong, Text, Warning, Words
from bench.report.tables import counted
from bench.suite import Suite


def answer_blocks(
    suite: Suite,
    commits: Iterable[str | None],
    tables: Mapping[str, pd.DataFrame],
) -> list[Block]:
    """Print the suite's answers; warn of an answer that is not about these results.

    Parameters
    ----------
    commits
        The commit of each stored result, or None if it is not known.
    tables
        Name of a CSV file of the report, without ".csv" → its content. The rows that an
        answer rests on are compared with them.
    """
    known = set(filter(None, commits))
    blocks: list[Block] = []
    for entry, rows in zip(suite.answers, check_rows(suite, tables), strict=True):
        blocks += [
            Text([Strong(entry.question)]),
            Text(entry.answer),
            Text(f"Written on {entry.date} from the results of commit {entry.commit}."),
        ]
        # The suite may hold an abbreviated commit; a result holds all 40 digits.
        if not any(commit.startswith(entry.commit) for commit in known):
            blocks.append(
                Warning(
                    f"No result below is from commit {entry.commit}: check the figures "
                    f"before you trust the answer to '{entry.question}'."
                )
            )
        blocks += _evidence(entry.question, rows)
    return blocks


def _evidence(question: str, rows: Sequence[CheckedRow]) -> list[Block]:
    """List the rows that an answer rests on; warn of those that say something else."""
    if not rows:
        return []
    blocks: list[Block] = []
    wrong = [row for row in rows if row.problem]
    if wrong:
        shown = "; ".join(f"{row.words} ({row.problem})" for row in wrong[:3])
        more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        blocks.append(
            Warning(
                f"The answer to '{question}' no longer agrees with the tables of this "
                f"report: it rests on {shown}{more}."
            )
        )
    entries: list[Words] = [
        [f"{row.words}, ", _linked(row.table), _mark(row)] for row in rows
    ]
    title = f"Rests on {counted(len(rows), 'row')}"
    return [*blocks, Folded(title, [Items(entries)])]


def _linked(table: str) -> Link:
    return Link(f"{table}.csv", f"{table}.csv")


def _mark(row: CheckedRow) -> str:
    return f" – no longer: {row.problem}" if row.problem else ""
