"""The site of all reports: a page for each, and an index with a card for each."""

import math
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bench.analysis import ReportData, mean_ranks, read_data
from bench.base import SUITES, MissingFileError, OutputError, why_unwritable
from bench.render import Link, PagePart, write_markup
from bench.report import composed_answer, lead
from bench.site.page import PAGE, write_page_of
from bench.site.readme import README, Readme, read_readme, write_readme_page
from bench.stats import CHANCE

DATA = "page.json"
# Lists the files of a site; only a folder with it, or an empty one, is written.
MARKER = ".bench-site"
MOST_BYTES = 64 * 2**20  # of a file that a page links to
_LATEX = "tables.tex"
_WEB = Path(__file__).parent / "web"
_WORDS = 280  # characters of an answer on a card
_HOME = "All reports"


@dataclass(frozen=True)
class _Report:
    """A report of a site.

    Attributes
    ----------
    folder
        Its folder; the site has one of the same name.
    content
        What its page is made from.
    files
        The files that its page links to.
    """

    folder: Path
    content: ReportData | Readme
    files: tuple[str, ...]


@dataclass(frozen=True)
class _Card:
    """The card of a report in the index; `picture` alone is markup."""

    name: str
    address: str
    picture: str
    question: str = ""
    answer: str = ""
    facts: Sequence[str] = field(default_factory=tuple)


def write_site(
    reports: Path, out: Path, say: Callable[[str], None] | None = None
) -> Path:
    """Write a page for each report, and an index of them; return the index.

    Parameters
    ----------
    reports
        A folder with a folder for each report. One with ``page.json`` gets the page of
        a report; one with ``README.md`` alone gets a page of its text.
    out
        The folder of the site: a new or empty one, or one that this function wrote.
    say
        Called with a line for each report, before its page is written.

    Raises
    ------
    MissingFileError
        If there is no report.
    OutputError
        If `out` holds something else, or cannot be written.
    StoreError
        If a file of a report does not hold what a report has. Then nothing is written.
    """
    folders = _folders_of(reports)
    earlier = _earlier_files(out)
    found = [_read(folder) for folder in folders]
    _check_writable(out)
    out.mkdir(parents=True, exist_ok=True)
    written = [PAGE]
    # First of all, so that the site of an interrupted run can be written again.
    _note(out, [*earlier, *written])
    home = Link(_HOME, f"../{PAGE}")
    cards = []
    for report in found:
        name = report.folder.name
        if say is not None:
            say(name)
        place = out / name
        place.mkdir(exist_ok=True)
        for file in report.files:
            shutil.copyfile(report.folder / file, place / file)
        target, links, files = place / PAGE, [home], [PAGE, *report.files]
        if isinstance(report.content, Readme):
            write_readme_page(report.content, target, links)
            cards.append(_card_of_readme(name, report.content))
        else:
            suite = _shipped_suite(report.content)
            if suite is not None:
                shutil.copyfile(suite, place / suite.name)
                links.append(Link(suite.name, suite.name))
                files.append(suite.name)
            write_page_of(report.content, report.folder, target, links)
            cards.append(_card(name, report.content))
        written += [f"{name}/{file}" for file in files]
        _note(out, [*earlier, *written])
    _remove(out, sorted(set(earlier) - set(written)))
    _note(out, written)
    return _write_index(out, cards)


def _folders_of(reports: Path) -> list[Path]:
    try:
        inside = sorted(path for path in reports.iterdir() if path.is_dir())
    except OSError as error:
        raise MissingFileError(
            f"{reports}: {error.strerror or error}; expected a folder with a folder "
            "for each report, such as reports"
        ) from None
    folders = [f for f in inside if (f / DATA).is_file() or (f / README).is_file()]
    if folders:
        return folders
    remedy = ""
    if (reports / DATA).is_file():
        remedy = (
            f"; it is a report itself: name the folder that holds it, {_up(reports)}"
        )
    raise MissingFileError(
        f"{reports}: found no folder with {DATA} or {README}; expected a folder for "
        f"each report, as `bench run` writes them{remedy}"
    )


def _up(folder: Path) -> Path:
    return folder.parent if folder.name not in ("", "..") else folder / ".."


def _earlier_files(out: Path) -> list[str]:
    """Return the files of the site that is there already.

    Raises
    ------
    OutputError
        If there is anything but a site.
    """
    try:
        if (out / MARKER).is_file():
            return (out / MARKER).read_text("utf-8").splitlines()
        is_free = not os.path.lexists(out) or not any(out.iterdir())
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(
            f"{out}: {error}; expected a new folder, an empty one, or an earlier site"
        ) from None
    if not is_free:
        raise OutputError(
            f"{out}: found files that are not of a site; expected a new folder, an "
            "empty one, or an earlier site: choose another OUT"
        )
    return []


def _check_writable(out: Path) -> None:
    why = why_unwritable(out, attempt=True)
    if why:
        raise OutputError(f"{out}: cannot be written ({why}); choose another OUT")


def _note(out: Path, files: Sequence[str]) -> None:
    lines = "".join(f"{name}\n" for name in dict.fromkeys(files))
    (out / MARKER).write_text(lines, "utf-8")


def _remove(out: Path, names: Sequence[str]) -> None:
    """Remove files of an earlier site, and the folders that they leave empty."""
    for name in names:
        path = out / name
        # The list of files may have been edited.
        if ".." in Path(name).parts or not path.resolve().is_relative_to(out.resolve()):
            continue
        if path.is_file() and not path.is_symlink():
            path.unlink()
            if path.parent != out and not any(path.parent.iterdir()):
                path.parent.rmdir()


def _read(folder: Path) -> _Report:
    if (folder / DATA).is_file():
        data = read_data(folder)
        tables = (f"{name}.csv" for name in data.tables)
        latex = [_LATEX] * _is_own_file(folder / _LATEX)
        return _Report(folder, data, (*tables, DATA, *latex))
    files = tuple(
        path.name for path in sorted(folder.glob("*.csv")) if _is_own_file(path)
    )
    return _Report(folder, read_readme(folder, files), files)


def _is_own_file(path: Path) -> bool:
    """Tell whether there is a file of the folder itself, and no too large one."""
    is_file = path.is_file() and not path.is_symlink()
    return is_file and path.stat().st_size <= MOST_BYTES


def _shipped_suite(data: ReportData) -> Path | None:
    """Return the suite file of a report if it comes with this package.

    What a report says of its suite's place may be a stranger's word.
    """
    suite = SUITES / f"{Path(data.suite.path).stem}.yaml"
    is_it = data.suite.path == f"suites/{suite.name}" and suite.is_file()
    return suite if is_it else None


def _card(name: str, data: ReportData) -> _Card:
    facts = []
    ranks = mean_ranks(data.findings).drop(CHANCE, errors="ignore")
    if len(ranks) and any(facts.learnable for facts in data.datasets):
        first = ranks.sort_values(kind="stable").index[0]
        facts.append(f"Best mean rank: {first}")
    n_datasets, n_classifiers = len(data.datasets), len(data.classifiers)
    facts.append(
        f"{n_datasets} dataset{'s' * (n_datasets != 1)} × "
        f"{n_classifiers} classifier{'s' * (n_classifiers != 1)}"
    )
    facts += [data.suite.date] * bool(data.suite.date)
    return _Card(
        name=data.suite.name,
        address=_address(name),
        picture=thumbnail(data),
        question=_cut(_question(data)),
        answer=_cut(_answer(data)),
        facts=facts,
    )


def _question(data: ReportData) -> str:
    """Return the question of a report: that of its first answer, or its description."""
    if data.answers:
        return data.answers[0].question
    first, mark, _ = data.suite.description.partition("?")
    return first + mark


def _answer(data: ReportData) -> str:
    return lead(data.answers[0].answer) if data.answers else composed_answer(data)


def _card_of_readme(name: str, readme: Readme) -> _Card:
    picture = f'<img src="{readme.image}" alt="">' if readme.image else ""
    return _Card(readme.title, _address(name), picture, answer=_cut(readme.summary))


def _address(name: str) -> str:
    return quote(f"{name}/{PAGE}")


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _WORDS else f"{text[: _WORDS - 1].rstrip()}…"


def thumbnail(data: ReportData) -> str:
    """Draw the matrix of scores small: a row a classifier, a column a dataset.

    The deeper the colour, the better the score between chance and a perfect one.
    """
    order = mean_ranks(data.findings).sort_values(kind="stable").index
    names = [str(name) for name in order if name != CHANCE]
    datasets = {facts.id: i for i, facts in enumerate(data.datasets)}
    width, height = 300.0, 110.0
    across, down = width / max(1, len(datasets)), height / max(1, len(names))
    cells = []
    for row in data.findings.summary.to_dict("records"):
        facts = data.datasets[datasets[row["dataset"]]]
        mean = row[f"test_{data.headline}_mean"]
        if row["classifier"] not in names or not math.isfinite(mean):
            continue
        chance = 0.0 if facts.chance is None else facts.chance
        # Where no score is known to be perfect, all are drawn alike.
        span = 0.0 if facts.perfect is None else facts.perfect - chance
        share = min(1.0, max(0.04, (mean - chance) / span if span else 0.0))
        x, y = datasets[row["dataset"]] * across, names.index(row["classifier"]) * down
        cells.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{across - 1.5:.1f}" '
            f'height="{max(1.0, down - 1.5):.1f}" fill-opacity="{share:.2f}"/>'
        )
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" preserveAspectRatio="none" '
        f'aria-hidden="true" fill="var(--accent,#1b5a9e)">{"".join(cells)}</svg>'
    )


def _write_index(out: Path, cards: Sequence[_Card]) -> Path:
    environment = Environment(
        autoescape=True, loader=FileSystemLoader(_WEB), undefined=StrictUndefined
    )
    body = environment.get_template("index.html.j2").render(cards=cards)
    style = (_WEB / "index.css").read_text("utf-8")
    n = len(cards)
    return write_markup(
        out / PAGE,
        title="Reports",
        body=f"<p>{n} report{'s' * (n != 1)} of function-bench.</p>\n{body}",
        part=PagePart("Reports", body, style),
    )
