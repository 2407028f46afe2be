"""The published reports: true, since intervals keep their bounds and answers rest on
rows; and readable, since files are small and whole.
"""

import html
import math
import re

import pandas as pd
import pytest
from markdown_text import shown
from PIL import Image, ImageDraw
from report_walk import (
    MOST_ALL,
    MOST_PNG,
    PUBLISHED,
    files_below,
    problems_of_files,
)

from bench.analysis.evidence import check_rows
from bench.base import resources
from bench.stats.within_dataset import VERDICTS, verdict
from bench.suite.answers import AnswerSpec
from bench.suite.load import load_suite
from bench.suite.reference import load_reference

SLACK = 1e-9
# Their intervals are of a dataset's setting, of time or of ranks: other bounds or none.
UNBOUNDED = {"crossings", "scaling", "stability"}
_NUMBER = r"[-+−]?(?:\d+\.\d*|\.\d+|\d+(?:\.\d+)?e[-+]?\d+)"
_INTERVAL = re.compile(rf"\[({_NUMBER}), ({_NUMBER})\]")
_SIGNED = re.compile(r"[-+−]")
_OF_DIFFERENCES = re.compile(r"differ|ahead|lead|behind|simultaneous|less|more", re.I)
_BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
# What a sentence says → what one of its rows must have.
_COMPARED = re.compile(
    r"\b(better|worse|ahead|behind|beats?|outperforms?|significant\w*)\b", re.I
)
_EQUAL = re.compile(r"\b(equivalent|as good as|no difference)\b", re.I)
_BEST = re.compile(r"\bbest\b", re.I)
_DECIMAL = re.compile(r"(?<![\w.])(\d*\.\d+)(?![\w.]*\d)")
_WHOLE = re.compile(r"(?<![\w.,-])(\d{1,3}(?:,\d{3})+|\d{2,})(?![\w,]*\d|\.\d|%)")
_SHARE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)%")
_DURATION = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?) (?:s|seconds?|minutes?|hours?)\b")


def tables_of(folder):
    return {path.stem: pd.read_csv(path) for path in sorted(folder.glob("*.csv"))}


def interval_problems(name, frame):
    """Yield the intervals of a CSV file that are out of order or of their bounds."""
    for low_name in [c for c in frame if c.endswith("low")]:
        stem = low_name.removesuffix("low")
        if f"{stem}high" not in frame or name in UNBOUNDED:
            continue
        named = (stem.rstrip("_"), "mean_compared", "mean", "difference", "accuracy")
        centre = next((c for c in named if c in frame), None)
        is_difference = "difference" in (centre or "")
        least, most = (-1.0 if is_difference else 0.0), 1.0
        for line, row in enumerate(frame.to_dict("records"), start=2):
            low, high = row[low_name], row[f"{stem}high"]
            place = f"{name}.csv:{line}: [{low:.4g}, {high:.4g}]"
            if math.isnan(low) and math.isnan(high):
                continue
            if not least - SLACK <= low <= high <= most + SLACK:
                yield f"{place} is not ordered within [{least:g}, {most:g}]"
                continue
            if centre is None:
                continue
            # A number of collapses stands beside the interval of their share, of all
            # trainings; comparisons count those that left chance.
            if centre == "collapsed" and name == "comparisons":
                continue
            value = row[centre] / (row["n"] if centre == "collapsed" else 1)
            if not low - SLACK <= value <= high + SLACK:
                yield f"{place} does not hold the {centre} {value:.4g}"


def verdict_problems(frame, margin):
    """Yield the rows of comparisons.csv whose verdict is not that of the interval."""
    for line, row in enumerate(frame.to_dict("records"), start=2):
        if math.isnan(row["low"]):
            right = "inconclusive"
        else:
            right = verdict(row["low"], row["high"], margin)
        if row["verdict"] in VERDICTS and row["verdict"] != right:
            yield f"comparisons.csv:{line}: '{row['verdict']}' should be '{right}'"


def text_problems(text):
    """Yield the intervals in a report's tables and sentences that leave their bounds.

    An interval is of a difference if it has a sign, or if the head of its column or
    its sentence speaks of one. Lists of whole numbers, as of layers, are no intervals.
    """
    header = []
    for line in html.unescape(_BLOCK.sub("", text)).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        is_row = line.startswith("|")
        if is_row and (not header or len(cells) != len(header)):
            header = cells
        if not is_row:
            header, cells = [], re.split(r"(?<=[.;]) ", line)
        for place, cell in enumerate(cells):
            about = header[place] if is_row and place < len(header) else cell
            if re.search(r"cross|second|epoch", about, re.I):
                continue
            for match in _INTERVAL.finditer(cell):
                low, high = (float(end.replace("−", "-")) for end in match.groups())
                signed = bool(_SIGNED.search(match[0].replace("e-", "e")))
                is_difference = signed or bool(_OF_DIFFERENCES.search(about))
                least = -1.0 if is_difference else 0.0
                if not least <= low <= high <= 1:
                    yield f"{match[0]} in '{line[:60]}…'"


def figures_of(answer):
    """Return every number that the rows of an answer state."""
    figures = []
    for row in answer.rests_on:
        some = (row.mean, row.std, row.difference, *(row.interval or ()), row.value)
        some += (row.on, row.of, row.rows, *row.row.values(), row.column)
        for figure in some:
            if isinstance(figure, str):
                figures += [float(n) for n in re.findall(r"\d*\.?\d+", figure)]
            elif figure is not None:
                figures.append(abs(float(figure)))
    return figures


def sourceless(answer, settings):
    """Yield the numbers of an answer that neither a row nor the suite has."""
    figures = figures_of(answer)
    words = answer.answer
    durations = {match[1] for match in _DURATION.finditer(words)}
    for text in [m[1] for m in _DECIMAL.finditer(words)] + sorted(durations):
        unit = 0.5 * 10.0 ** -len(text.partition(".")[2])
        in_row = any(abs(float(text) - figure) <= unit + SLACK for figure in figures)
        if not in_row and (text in durations or not _stands(text, settings)):
            yield text
    for match in _WHOLE.finditer(words):
        number = float(match[1].replace(",", ""))
        known = match[1] in durations or number in figures
        if not known and not _stands(match[1], settings):
            yield match[1]
    for match in _SHARE.finditer(words):
        share = float(match[1])
        known = {share, share / 100} & set(figures) or share == 95
        if not known and not re.search(
            rf"noise: {match[1]}\b|(?<![\d.]){match[1]}%", settings
        ):
            yield match[0]


def _stands(number, settings):
    plain = number.replace(",", "")
    forms = {number, plain, "0" + plain if plain.startswith(".") else plain}
    return any(
        re.search(rf"(?<![\w.]){re.escape(f)}(?![\w.]*\d)", settings) for f in forms
    )


def answer_problems(answer, checked, settings):
    """Yield what an answer says that its rows do not bear."""
    name = f"answer '{answer.question[:40]}'"
    rows = answer.rests_on
    if not rows:
        yield f"{name}: rests on no row"
    for row in checked:
        if row.problem:
            yield f"{name}: {row.words}: {row.problem}"
    verdicts = {row.verdict or row.row.get("verdict") for row in rows}
    verdicts |= {row.value for row in rows if "verdict" in (row.column or "")}
    verdicts -= {None}
    marked = any(row.mark for row in rows)
    for pattern, held in (
        (_COMPARED, bool(verdicts) or marked),
        (_EQUAL, bool(verdicts & {"equivalent", "better"})),
        (_BEST, marked or any(row.table for row in rows)),
    ):
        found = pattern.search(answer.answer)
        if found and not held:
            yield f"{name}: says '{found[0]}', and no row has such a verdict or mark"
    for number in sourceless(answer, settings):
        yield f"{name}: {number} stands in none of its rows, nor in the suite"


def problems_of(folder):
    """Return everything that is wrong with a published report."""
    tables = tables_of(folder)
    problems = []
    for name, frame in tables.items():
        problems += interval_problems(name, frame)
    files = files_below(folder)
    for file in files:
        if file.suffix == ".md":
            name = file.relative_to(folder).as_posix()
            found = text_problems(file.read_text("utf-8"))
            problems += [f"{name}: {words}" for words in found]
    problems += problems_of_files(folder, files)
    readme_text = shown((folder / "README.md").read_text("utf-8"))[0]
    path = resources.SUITES / f"{folder.name}.yaml"
    if not path.is_file():  # such as a report of the program's speed
        return problems
    suite = load_suite(path)
    if "comparisons" in tables:
        problems += verdict_problems(tables["comparisons"], suite.stats.margin)
    settings = re.sub(r"(?ms)^answers:.*?(?=^\S|\Z)", "", path.read_text("utf-8"))
    settings += suite.model_dump_json(exclude={"answers"})  # with defaults
    if suite.reference:  # its scores stand beside ours
        reference = load_reference(suite.reference, resources.ROOT)
        settings += repr(reference.model_dump(mode="json"))
    for answer, checked in zip(suite.answers, check_rows(suite, tables), strict=True):
        problems += answer_problems(answer, checked, settings)
        if " ".join(answer.answer.split()) not in readme_text:
            problems.append(f"README.md lacks the answer to '{answer.question[:40]}'")
    return problems


def _reports():
    for folder in sorted(path for path in PUBLISHED.iterdir() if path.is_dir()):
        yield pytest.param(folder, id=folder.name)


@pytest.mark.parametrize("folder", list(_reports()))
def test_a_published_report_is_true_and_readable(folder):
    found = problems_of(folder)
    assert found == [], "\n".join(found)


def test_all_reports_together_are_small():
    sizes = {path: path.stat().st_size for path in files_below(PUBLISHED)}
    largest = sorted(sizes, key=lambda path: -sizes[path])[:5]
    assert sum(sizes.values()) <= MOST_ALL, largest


@pytest.mark.parametrize("folder", list(_reports()))
def test_a_published_report_is_of_clean_commits(folder):
    text = (folder / "README.md").read_text("utf-8")
    assert "with local changes" not in text
    assert "(changed)" not in text


@pytest.fixture
def folder(tmp_path):
    """A report of nothing, which holds."""
    (tmp_path / "README.md").write_text(
        "# a\n\n[b](b.csv), [c](http://c.d), [0.9, 1]\n"
    )
    (tmp_path / "b.csv").write_text("x\n1\n")
    return tmp_path


def found_in(folder):
    return list(problems_of_files(folder, files_below(folder)))


def test_a_report_without_faults_has_no_problem(folder):
    assert found_in(folder) == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("README.md", "a\n" * 201, "README.md: 201 lines; expected at most 200"),
        ("datasets/a.md", "a\n" * 61, "datasets/a.md: 61 lines; expected at most 60"),
        ("README.md", "a &#91;b&#93;\n", "README.md: needs no escape: 1: &#91;"),
        ("README.md", "[a](figures/b.png)", "a link to figures/b.png, which is not"),
        ("README.md", "![a](../../b.csv)", "a link to ../../b.csv, which is not"),
        ("results.csv", "a\n1\n", "page.json: missing"),
        ("page.json", "{}", "found version None"),
        ("page.json", " " * 400_001, "page.json: 400001 bytes; expected at most"),
    ],
)
def test_a_file_that_does_not_hold_is_found(folder, name, text, said):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    assert said in "\n".join(found_in(folder))


@pytest.mark.parametrize("name", ["index.html", "figures/a.svg"])
def test_what_is_made_from_the_rest_is_not_kept(folder, name):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    [problem] = problems_of_files(folder, [path])
    assert "which is made from the rest" in problem
    assert path not in files_below(folder)


@pytest.mark.parametrize(("inset", "n_found"), [(2, 1), (3, 0)])
def test_ink_at_the_edge_of_a_picture_is_found(folder, inset, n_found):
    image = Image.new("RGB", (40, 30), "white")
    ImageDraw.Draw(image).line([(inset, 9), (20, 9)], fill="black")
    image.save(folder / "a.png")
    assert len(found_in(folder)) == n_found
    with (folder / "a.png").open("ab") as file:
        file.truncate(MOST_PNG + 1)
    assert len(found_in(folder)) == n_found + 1


COMPARED = pd.DataFrame(
    [{"difference": 0.1, "low": 0.05, "high": 0.2, "verdict": "better"}]
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"low": math.nan, "high": math.nan}, []),
        ({"high": 1.01}, ["is not ordered within [-1, 1]"]),
        ({"high": math.nan}, ["is not ordered"]),
        ({"low": 0.15}, ["does not hold the difference 0.1"]),
    ],
)
def test_an_interval_out_of_its_bounds_is_found(changes, said):
    found = list(interval_problems("pairs", COMPARED.assign(**changes)))
    assert len(found) == len(said)
    assert all(words in text for words, text in zip(said, found, strict=True))


def test_a_mean_is_bounded_by_zero_and_a_crossing_is_not():
    frame = pd.DataFrame([{"mean": 0.1, "low": -0.01, "high": 0.2}])
    assert len(list(interval_problems("works", frame))) == 1
    assert not list(interval_problems("crossings", frame))


def test_a_verdict_that_its_interval_lacks_is_found():
    assert not list(verdict_problems(COMPARED, margin=0.01))
    assert len(list(verdict_problems(COMPARED, margin=0.06))) == 1


@pytest.mark.parametrize(
    ("text", "n_found"),
    [
        ("The accuracy is .9, [.85, 1.02].", 1),
        ("The accuracy is .9, [0.85, 1.0].", 0),
        ("| a | difference |\n|---|---|\n| b | &#91;-0.2, 0.1&#93; |", 0),
        ("| a | difference |\n|---|---|\n| b | [0.2, 1.1] |", 1),
        ("| a | interval |\n|---|---|\n| b | [-1.2, +0.1] |", 1),
        ("Hidden layers [32, 32], ranks [2, 14].", 0),
        ("It crosses 0.7 at noise [0.5, 12.5].", 0),
        ("```\n[0.85, 1.02]\n```", 0),
    ],
)
def test_an_interval_in_a_text_is_found_if_it_leaves_its_bounds(text, n_found):
    assert len(list(text_problems(text))) == n_found


ROW = {"dataset": "grid", "classifier": "A", "mean": 0.935, "std": 0.003}
GAP = {"dataset": "grid", "classifier": "A", "against": "B"}


@pytest.mark.parametrize(
    ("text", "rows", "said"),
    [
        ("It has .935±.003.", [ROW], []),
        ("It has .94.", [ROW], []),
        ("It has .936.", [ROW], [".936 stands in none"]),
        ("It is the best.", [ROW], ["says 'best'"]),
        ("It is the best.", [ROW | {"mark": "best"}], []),
        ("It is better.", [ROW], ["says 'better'"]),
        ("It is better.", [GAP | {"verdict": "better"}], []),
        ("It is as good as B.", [GAP | {"verdict": "inconclusive"}], ["as good as"]),
        ("It took 51 minutes.", [ROW], ["51 stands in none"]),
        ("It took 100,000 epochs.", [ROW], ["100,000 stands in none"]),
        ("Of 400 epochs.", [ROW], []),
        ("The fits err by 3%.", [ROW], ["3% stands in none"]),
        ("With 5% noise, 95% of them.", [ROW], []),
        ("It is.", [], ["rests on no row"]),
    ],
)
def test_a_sentence_that_its_rows_do_not_bear_is_found(text, rows, said):
    answer = AnswerSpec.model_validate(
        {"question": "q", "answer": text, "date": "2026-11-24", "commit": "0123abc"}
        | {"rests_on": tuple(rows)}
    )
    found = list(answer_problems(answer, [], "noise: 5\nepochs: 400"))
    assert len(found) == len(said)
    assert all(words in text for words, text in zip(said, found, strict=True))
