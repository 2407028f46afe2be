"""The blocks of a document as plain data, from which every format is written.

Text is plain text: nothing in it is read as markup, so that an id or a message that
somebody else wrote cannot change the document. Emphasis, code and links are objects of
the classes below.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import TypeAlias
from urllib.parse import urlsplit

import pandas as pd


@dataclass(frozen=True)
class Code:
    """A command or a name, in a fixed-width font."""

    text: str


@dataclass(frozen=True)
class Strong:
    """Important words, in bold."""

    text: str


@dataclass(frozen=True)
class Link:
    """Words that link to a file beside the document, or to a page on the web.

    Raises
    ------
    ValueError
        If the target is neither a relative path nor http(s): other schemes, such as
        ``javascript:``, can run code.
    """

    text: str
    target: str

    def __post_init__(self) -> None:
        scheme = urlsplit(self.target.strip()).scheme
        if scheme not in ("", "http", "https"):
            raise ValueError(
                f"Link.target: found {self.target!r}; expected a relative path or "
                "http(s)"
            )


Words: TypeAlias = str | Sequence[str | Code | Strong | Link]


@dataclass(frozen=True)
class Text:
    """A paragraph; a plain string may contain several, separated by blank lines."""

    words: Words


@dataclass(frozen=True)
class Items:
    """A bulleted list, one line per entry."""

    entries: Sequence[Words]


@dataclass(frozen=True)
class Folded:
    """A bulleted list that a reader opens by its title."""

    title: str
    entries: Sequence[Words]


@dataclass(frozen=True)
class Warning:
    """A remark that a reader must know before they trust the results below it."""

    words: Words


@dataclass(frozen=True, eq=False)
class Table:
    """A data frame with its caption.

    A named index becomes the first columns; an unnamed one is not shown. Text is shown
    unchanged; see `bench.render.table_text.cell_text` for other values.

    Parameters
    ----------
    frame
        The table, ``(n_rows, n_columns)``.
    caption
        The caption, in plain text.
    bold
        Which cells are bold: booleans of the frame's shape, by position.
    """

    frame: pd.DataFrame
    caption: str = ""
    # A frame of its own: pandas would turn a subclass of str for bold text into str.
    bold: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        if self.bold is not None and self.bold.shape != self.frame.shape:
            raise ValueError(
                f"Table.bold: found the shape {self.bold.shape}; expected booleans of "
                f"the frame's shape {self.frame.shape}"
            )


@dataclass(frozen=True)
class FigureFile:
    """An image file with its caption.

    Parameters
    ----------
    path
        The file, relative to the document's folder.
    alt
        A description for readers who cannot see the image.
    caption
        The caption, in plain text.

    Raises
    ------
    ValueError
        If the path is absolute, or `alt` is empty.
    """

    path: str
    alt: str
    caption: str = ""

    def __post_init__(self) -> None:
        kinds = (PurePosixPath, PureWindowsPath)
        if any(kind(self.path).is_absolute() for kind in kinds):
            raise ValueError(
                f"FigureFile.path: found {self.path!r}; expected a path relative to "
                "the document"
            )
        if not self.alt.strip():
            raise ValueError(
                f"FigureFile.alt: found no text for {self.path!r}; expected a "
                "description for readers who cannot see the image"
            )


@dataclass(frozen=True)
class Section:
    """A heading and its blocks; a section among them is one level lower."""

    title: str
    blocks: Sequence["Block | Section"]


Block: TypeAlias = Text | Items | Folded | Warning | Table | FigureFile


def paragraphs(words: Words) -> list[list[str | Code | Strong | Link]]:
    """Split words into paragraphs, each a list of parts without empty ones."""
    if isinstance(words, str):
        blocks = "\n".join(line.strip() for line in words.splitlines()).split("\n\n")
        return [[" ".join(block.split())] for block in blocks if block.strip()]
    return [list(words)] if words else []
