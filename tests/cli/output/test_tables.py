"""Tables at all widths: whole numbers, and a word on what is left out."""

import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from bench.cli.output.tables import explain_marks, print_table, print_text, shorten

COLUMNS = [
    "classifier",
    "held-out accuracy",
    "95% interval",
    "training accuracy",
    "n",
    "fit (s)",
    "notebook (held-out)",
    "difference to notebook",
]
DROP_ORDER = [COLUMNS[i] for i in (3, 6, 7, 5, 4, 2)]
ROWS = [
    ["SD", "0.991±0.003", "[0.987, 0.991]", "1.000±0.000", 10, "25.00", "0.989±–", "–"],
    ["SD-WGAN-of-a-long-name", "0.990±0.002", "–", "–", "8 of 10", "–", "–", "+0.000"],
    ["SD-WGAN-of-other-names", "0.500±0.100", "[0.4, 0.6]", "–", "10", "–", "–", ""],
]
MARKS = {(0, "held-out accuracy"): "best", (1, "held-out accuracy"): "near"}
NUMBER = re.compile(r"\d\.\d{3}±\d\.\d{3}")


@pytest.fixture
def shown(capsys):
    def shown(width, columns=COLUMNS, rows=ROWS, terminal=True, **options):
        console = Console(width=width, force_terminal=terminal, color_system=None)
        dropped = print_table(columns, rows, console=console, **options)
        return capsys.readouterr().out.splitlines(), dropped

    return shown


def words(lines):
    return {word for line in lines for word in line.split()}


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
def test_numbers_and_words_are_whole_at_any_width(shown, width, terminal):
    lines, dropped = shown(
        width, terminal=terminal, drop_order=DROP_ORDER, elsewhere="see README.md"
    )
    text = " ".join(lines)
    assert {"0.991±0.003", "0.990±0.002", "0.500±0.100"} <= set(NUMBER.findall(text))
    assert max(map(cell_len, lines)) <= max(width, 24)  # the least that a row needs
    is_kept = [column not in dropped for column in COLUMNS]
    for row in ROWS:
        for value, kept in zip(row[1:], is_kept[1:], strict=True):
            if kept:
                assert str(value) in text
    headers = {word for column in COLUMNS for word in column.split()}
    for line in lines[:3]:
        if not set(line) <= {"─", " "} and "0." not in line:
            assert set(line.split()) <= headers
    assert bool(dropped) == ("not shown at this width:" in " ".join(text.split()))
    assert list(dropped) == [c for c in COLUMNS if c in dropped]


def test_the_least_important_columns_go_first_with_a_word(shown):
    assert shown(200, drop_order=DROP_ORDER)[1] == ()
    lines, dropped = shown(98, drop_order=DROP_ORDER, elsewhere="see README.md")
    assert dropped == ("training accuracy",)
    assert lines[-1] == "not shown at this width: training accuracy; see README.md"
    assert set(shown(80, drop_order=DROP_ORDER)[1]) == set(DROP_ORDER[:2])
    assert set(shown(40, drop_order=DROP_ORDER)[1]) == set(DROP_ORDER)


def test_best_and_near_are_marked_and_numbers_stay_below_each_other(shown):
    lines, _ = shown(60, drop_order=DROP_ORDER, marks=MARKS)
    places = {line.index("±") for line in lines if "±" in line}
    assert len(places) == 1
    assert {"0.991±0.003*", "0.990±0.002≈", "0.500±0.100"} <= words(lines)
    assert explain_marks(0.05).startswith("* the best; ≈ not distinguishable from")


def test_the_best_is_bold_in_a_terminal(capsys):
    console = Console(width=60, force_terminal=True, color_system="standard")
    print_table(["classifier", "score"], [["SD", "1.0"], ["MLP", "0.9"]],
                marks={(0, "score"): "best"}, console=console)  # fmt: skip
    out = capsys.readouterr().out
    assert "\x1b[1m  1.0*\x1b[0m" in out or "\x1b[1m 1.0*\x1b[0m" in out
    assert "0.9" in out.replace("\x1b[1m", "<b>").split("<b>")[-1]


def test_what_is_piped_is_read_by_columns(shown):
    lines, _ = shown(10_000, terminal=False, marks=MARKS)
    fields = [re.split("  +", line) for line in lines]
    assert fields[0] == COLUMNS
    assert [len(row) for row in fields] == [len(COLUMNS)] * 4
    assert fields[3][-1] == "–"  # an empty one would be skipped
    assert all(line == line.rstrip() for line in lines)
    assert not set("".join(lines)) & set("─│┃┏━")


def test_names_are_shortened_in_the_middle_as_a_last_resort(shown):
    rows = [["grid-100-points-of-noise", "SD", "worse", "-0.1234"],
            ["grid-100-points-no-noise", "MLP", "equivalent", "+0.0000"]]  # fmt: skip
    columns = ["dataset", "classifier", "verdict", "difference"]
    lines, dropped = shown(50, columns, rows)
    assert dropped == ()
    assert {"equivalent", "-0.1234", "+0.0000"} <= words(lines)
    names = [line.split()[0] for line in lines[-2:]]
    assert all(name.startswith("grid") and "…" in name for name in names)
    assert len(set(names)) == 2


def test_a_matrix_stands_in_blocks_of_about_the_same_size(shown):
    columns = ["classifier", *(f"data-{i}" for i in range(7))]
    rows = [["SD", *["0.989±0.001"] * 7], ["CHANCE", *["0.500±0.010"] * 7]]
    lines, _ = shown(70, columns, rows, split=True, marks={(0, "data-6"): "best"})
    heads = [line.split() for line in lines if line.startswith("classifier")]
    assert [len(head) - 1 for head in heads] == [3, 4]
    assert sum(line.count("±") for line in lines) == 14
    assert "0.989±0.001*" in lines[-2]
    assert max(map(len, lines)) <= 70


def test_shortened_names_stay_different_where_they_can():
    assert shorten(["abc", "defg"], 4) == ["abc", "defg"]
    assert shorten(["abcdefghij"], 7) == ["abc…hij"]
    names = ["library-20-n100-x", "library-20-n050-x", "library-20-n500-x"]
    assert len(set(shorten(names, 9))) == 3
    assert shorten(["library-20"], 7, "...") == ["li...20"]
    assert all(cell_len(text) <= 7 for text in shorten(["数据数据数据", "数据"], 7))


def test_signs_that_an_encoding_lacks_are_replaced_before_the_layout(monkeypatch):
    import io
    import sys

    stream = io.TextIOWrapper(io.BytesIO(), "ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    console = Console(file=stream, width=40)
    print_table(COLUMNS[:2], [row[:2] for row in ROWS], marks=MARKS, console=console)
    print_text(explain_marks(0.05), console)
    lines = stream.buffer.getvalue().decode("ascii").splitlines()
    scores = [line for line in lines if "+/-" in line]
    assert scores[0].endswith("0.991+/-0.003*")
    assert scores[1].endswith("0.990+/-0.002~")
    assert len({line.index("+/-") for line in scores}) == 1
    assert "~ not distinguishable" in " ".join(lines)


def test_a_text_is_wrapped_between_words(capsys):
    path = "reports/" + "x" * 50
    print_text(f"open {path} now", Console(width=30))
    assert capsys.readouterr().out == f"open\n{path}\nnow\n"
