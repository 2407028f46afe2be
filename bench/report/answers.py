"""The answers that a person wrote after reading a report's figures."""

from collections.abc import Iterable

from bench.render import Block, Strong, Text, Warning
from bench.suite import Suite


def answer_blocks(suite: Suite, commits: Iterable[str | None]) -> list[Block]:
    """Print the suite's answers; warn of an answer that is not about these results.

    Parameters
    ----------
    commits
        The commit of each stored result, or None if it is not known.
    """
    known = set(filter(None, commits))
    blocks: list[Block] = []
    for entry in suite.answers:
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
    return blocks
