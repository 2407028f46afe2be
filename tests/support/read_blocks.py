"""What the blocks of a document say, as plain text."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from bench.render import (
    Block,
    FigureFile,
    Folded,
    Items,
    Section,
    Table,
    Text,
    Warning,
    Words,
)

T = TypeVar("T")


def words_of(words: Words) -> str:
    """Return words without their emphasis and links."""
    if isinstance(words, str):
        return words
    return "".join(part if isinstance(part, str) else part.text for part in words)


def each(
    blocks: Iterable[Block | Section], *, folded: bool = True
) -> Iterator[Block | Section]:
    """Yield blocks, and those inside of sections; with `folded`, inside of folds."""
    for block in blocks:
        yield block
        if isinstance(block, Section) or (folded and isinstance(block, Folded)):
            yield from each(block.blocks, folded=folded)


def of(
    kind: type[T], blocks: Iterable[Block | Section], *, folded: bool = True
) -> list[T]:
    """Return the blocks of a kind, wherever they stand."""
    return [block for block in each(blocks, folded=folded) if isinstance(block, kind)]


def text_of(blocks: Iterable[Block | Section]) -> str:
    """Return everything that blocks say, a block or a list's entry on each line."""
    lines = []
    for block in each(blocks):
        match block:
            case Section() | Folded():
                lines.append(block.title)
            case Text():
                lines.append(words_of(block.words))
            case Warning():
                lines.append(f"{block.heading} {words_of(block.words)}")
            case Items():
                lines += map(words_of, block.entries)
            case FigureFile():
                lines += [block.alt, block.caption]
            case Table():
                lines.append(block.frame.astype(str).to_string())
                lines.append(block.caption)
    return "\n".join(lines)
