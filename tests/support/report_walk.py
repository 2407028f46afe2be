"""What a published report must be beside true: small, readable, nothing cut."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from figure_boxes import ink_at_edge
from markdown_text import entities_in
from PIL import Image

from bench.analysis import PAGE, is_report, read_data
from bench.base import BenchError, resources

PUBLISHED = resources.CHECKOUT / "reports" / "published"
MOST_PNG = 150_000  # bytes
MOST_PAGE = 400_000
MOST_ALL = 20_000_000  # of all reports together
MOST_LINES = {"hard": 250, "seed": 100}  # of README.md
LINES = 200  # of the README.md of any other report
CHAPTER_LINES = 60
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_NOT_KEPT = {".svg": "a drawing", ".html": "a page"}


@cache
def files_below(folder: Path) -> tuple[Path, ...]:
    """Return the files of a folder that git keeps; without git, all of them.

    Pages and drawings may lie beside them, which `make site` makes.
    """
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "."],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        paths = [path for path in folder.rglob("*") if path.suffix not in _NOT_KEPT]
    else:
        paths = [folder / name for name in listed.split("\0") if name]
    return tuple(sorted(path for path in paths if path.is_file()))


def problems_of_files(folder: Path, files: Iterable[Path]) -> Iterator[str]:
    """Yield what is wrong with the files of a report, each with its name."""
    files = list(files)
    for path in files:
        name = path.relative_to(folder).as_posix()
        if path.suffix in _NOT_KEPT:
            yield f"{name}: {_NOT_KEPT[path.suffix]}, which is made from the rest"
        elif path.suffix == ".png":
            yield from (f"{name}: {words}" for words in problems_of_png(path))
        elif path.suffix == ".md":
            most = MOST_LINES.get(folder.name, LINES)
            most = CHAPTER_LINES if path.parent.name == "datasets" else most
            for words in problems_of_markdown(path, files, most):
                yield f"{name}: {words}"
    if (folder / "results.csv") in files and not is_report(folder):
        yield f"{PAGE}: missing"
    elif is_report(folder):
        yield from problems_of_page(folder)


def problems_of_png(path: Path) -> Iterator[str]:
    """Yield whether an image is too large for git, or has ink at its edge."""
    if path.stat().st_size > MOST_PNG:
        yield f"{path.stat().st_size} bytes; expected at most {MOST_PNG}"
    with Image.open(path) as image:
        image.verify()
    if ink_at_edge(path):
        yield "ink in the outer 3 pixels: something may be cut"


def problems_of_markdown(
    path: Path, files: Iterable[Path], most_lines: int
) -> Iterator[str]:
    """Yield what a reader of the file meets: length, entities, links to nothing."""
    text = path.read_text("utf-8")
    n_lines = len(text.splitlines())
    if n_lines > most_lines:
        yield f"{n_lines} lines; expected at most {most_lines}"
    for found in entities_in(text)[:5]:
        yield f"needs no escape: {found}"
    known = {file.resolve() for file in files}
    for target in dict.fromkeys(_LINK.findall(text)):
        file = (path.parent / target.partition("#")[0]).resolve()
        if "://" not in target and not target.startswith("#") and file not in known:
            yield f"a link to {target}, which is not there"


def problems_of_page(folder: Path) -> Iterator[str]:
    """Yield whether the data of a report is too large, or cannot be read."""
    size = (folder / PAGE).stat().st_size
    if size > MOST_PAGE:
        yield f"{PAGE}: {size} bytes; expected at most {MOST_PAGE}"
    try:
        read_data(folder)
    except BenchError as error:
        yield f"{PAGE}: {error}"
