"""The blocks of a document as plain data, from which every format is written.

Text is plain text: nothing in it is read as markup, so that an id or a message that
somebody else wrote cannot change the document. Emphasis, code and links are objects of
the classes below.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
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


Part: TypeAlias = str | Code | Strong | Link
Words: TypeAlias = str | Sequence[Part]


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
    """Blocks that a reader opens by their title.

    They are of any kind, other folded ones among them. They have no headings, so that
    the table of contents never leads to what is hidden.
    """

    title: str
    blocks: Sequence["Block"]


@dataclass(frozen=True)
class Warning:
    """A remark that a reader must know before they trust the results below it.

    Parameters
    ----------
    words
        The remark.
    title
        What is wrong, in a word or two, as ``Shortcut``; it begins the remark in bold.
    """

    words: Words
    title: str = "Warning"

    @property
    def heading(self) -> str:
        """The title with a full stop, unless it ends a sentence itself."""
        return self.title if self.title.endswith((".", "!", "?")) else f"{self.title}."


@dataclass(frozen=True, eq=False)
class Table:
    """A data frame with its caption.

    A named index becomes the first columns; an unnamed one is not shown. Text is shown
    unchanged; see `bench.render.table_text.cell_text` for other values. A cell, and
    the label of a column, may also be a `Link`, `Code` or `Strong`; a cell, a sequence
    of parts with one of them.

    Parameters
    ----------
    frame
        The table, ``(n_rows, n_columns)``.
    caption
        The caption, in plain text.
    bold
        Which cells are bold: booleans of the frame's shape, by position.
    marks
        Which cells cannot be distinguished from the best: booleans of the frame's
        shape, by position. A text in place of True says something else of the cell,
        for readers who cannot see it. A dagger after the cell, which the caption
        explains; a web page shades the cell too.
    help
        What a column contains, by the column's label: a web page shows it with the
        title. Labels of no column are ignored.
    smaller_first
        Labels of the columns of numbers in which the best is the smallest, as of ranks
        and seconds. A web page sorts the best first at the first click.

    Raises
    ------
    ValueError
        If `bold` or `marks` has another shape than `frame`.
    """

    frame: pd.DataFrame
    caption: str = ""
    # Frames of their own: pandas would turn a subclass of str for bold text into str.
    bold: pd.DataFrame | None = None
    marks: pd.DataFrame | None = None
    help: Mapping[Hashable, str] = field(default_factory=dict)
    smaller_first: Collection[Hashable] = ()

    def __post_init__(self) -> None:
        for name in ("bold", "marks"):
            given = getattr(self, name)
            if given is not None and given.shape != self.frame.shape:
                raise ValueError(
                    f"Table.{name}: found the shape {given.shape}; expected one value "
                    f"a cell, the frame's shape {self.frame.shape}"
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


def paragraphs(words: Words) -> list[list[Part]]:
    """Split words into paragraphs, each a list of parts without empty ones."""
    if isinstance(words, str):
        blocks = "\n".join(line.strip() for line in words.splitlines()).split("\n\n")
        return [[" ".join(block.split())] for block in blocks if block.strip()]
    return [list(words)] if words else []
