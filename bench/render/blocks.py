"""What a report is made of, as plain data that every format is written from.

Text is plain text: nothing in it is read as markup, so that an id or a message of a
stranger stays what it is. Emphasis, code and links are said with the classes below.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import TypeAlias
from urllib.parse import urlsplit

import pandas as pd


@dataclass(frozen=True)
class Code:
    """A command or a name, set in a fixed-width face."""

    text: str


@dataclass(frozen=True)
class Strong:
    """Words that must not be overlooked."""

    text: str


@dataclass(frozen=True)
class Link:
    """Words that lead to a file beside the document, or to a page on the web.

    Raises
    ------
    ValueError
        If the target is neither a relative path nor http(s): a link must not run.
    """

    text: str
    target: str

    def __post_init__(self) -> None:
        scheme = urlsplit(self.target.strip()).scheme
        if scheme not in ("", "http", "https"):
            raise ValueError(
                f"Link.target: expected a relative path or http(s), got {self.target!r}"
            )


Words: TypeAlias = str | Sequence[str | Code | Strong | Link]


@dataclass(frozen=True)
class Text:
    """A paragraph; a plain string may hold several, parted by blank lines."""

    words: Words


@dataclass(frozen=True)
class Items:
    """A list of remarks, one line each."""

    entries: Sequence[Words]


@dataclass(frozen=True)
class Warning:
    """Something that a reader must know before they trust what follows."""

    words: Words


@dataclass(frozen=True, eq=False)
class Table:
    """A data frame with its caption.

    A named index becomes the first columns, an unnamed one is not shown. Text cells
    are shown as they are, see `bench.render.table_text.cell_text` for the others.

    Parameters
    ----------
    frame
        The table, ``(n_rows, n_columns)``.
    caption
        What the table says, in plain text.
    bold
        Which cells are marked: booleans of the frame's shape, by position. (A subclass
        of str would be a smaller way, but pandas turns it back into str.)
    """

    frame: pd.DataFrame
    caption: str = ""
    bold: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        if self.bold is not None and self.bold.shape != self.frame.shape:
            raise ValueError(
                f"Table.bold: expected booleans of shape {self.frame.shape}, the "
                f"frame's, got {self.bold.shape}"
            )


@dataclass(frozen=True)
class FigureFile:
    """A picture: its file, what it shows for those who cannot see it, its caption.

    Raises
    ------
    ValueError
        If the path is not relative to the document's folder, or `alt` is empty.
    """

    path: str
    alt: str
    caption: str = ""

    def __post_init__(self) -> None:
        kinds = (PurePosixPath, PureWindowsPath)
        if any(kind(self.path).is_absolute() for kind in kinds):
            raise ValueError(
                f"Figure.path: expected a path relative to the document, "
                f"got {self.path!r}"
            )
        if not self.alt.strip():
            raise ValueError(
                f"Figure.alt: {self.path!r} needs words for who cannot see"
            )


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; a section within is one level lower."""

    title: str
    blocks: Sequence["Block | Section"]


Block: TypeAlias = Text | Items | Warning | Table | FigureFile


def paragraphs(words: Words) -> list[list[str | Code | Strong | Link]]:
    """Split words into paragraphs, each a list of parts without empty ones."""
    if isinstance(words, str):
        blocks = "\n".join(line.strip() for line in words.splitlines()).split("\n\n")
        return [[" ".join(block.split())] for block in blocks if block.strip()]
    return [list(words)] if words else []
