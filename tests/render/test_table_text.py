import pandas as pd
import pytest

from bench.render.blocks import Code, Link, Table
from bench.render.table_text import (
    BLANK,
    NEAR,
    cell_text,
    lay_out,
    number_in,
    plain,
    spaced,
)


def test_a_named_index_becomes_the_first_columns_and_an_unnamed_one_is_left_out() -> (
    None
):
    frame = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="who"))
    assert lay_out(Table(frame)).header == ("who", "n")
    assert [row[0].text for row in lay_out(Table(frame)).rows] == ["a", "b"]
    assert lay_out(Table(frame.reset_index(drop=True))).header == ("n",)
    two = frame.set_index(
        pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None])
    )
    assert lay_out(Table(two)).header == ("x", "n")


def test_marks_are_those_of_the_same_position_whatever_the_labels() -> None:
    frame = pd.DataFrame({"a": ["x", "y"], "b": [1, 2]}, index=[7, 8])
    bold = pd.DataFrame([[False, True], [True, False]])
    marks = pd.DataFrame([["worse", None], [False, True]])
    rows = lay_out(Table(frame, bold=bold, marks=marks)).rows
    assert [[cell.bold for cell in row] for row in rows] == [
        [False, True],
        [True, False],
    ]
    assert [[cell.mark for cell in row] for row in rows] == [["worse", ""], ["", NEAR]]


def test_the_first_column_is_never_numeric() -> None:
    assert lay_out(Table(pd.DataFrame({"n": [1, 2]}))).numeric == (False,)


def test_text_is_put_on_one_line_without_control_characters() -> None:
    assert plain(" a\n\tb\x00\ud800 ") == "a b\ufffd\ufffd"
    assert plain("größe 曲線") == "größe 曲線"
    assert spaced(" a\n\tb ") == " a b "
    assert cell_text(None) == cell_text(pd.NaT) == BLANK


@pytest.mark.parametrize(
    ("value", "text", "number"),
    [
        ("0.990±0.003", "0.990±0.003", 0.99),
        ("−0.5 [−1, 2]", "−0.5 [−1, 2]", -0.5),
        ("<0.001", "<0.001", 0.001),
        ("9 of 10", "9 of 10", 9.0),
        ("9/1/0", "9/1/0", 9.0),
        ("[-0.1, 0.2]", "[-0.1, 0.2]", -0.1),
        ("normal-100", "normal-100", None),
        ("100-normal", "100-normal", None),
        ("–", "–", None),
        (None, "–", None),
        (float("nan"), "–", None),
        (True, "True", None),
        (7, "7", 7.0),
        (0.123456, "0.1235", 0.123456),
        (12345.6, "12346", 12345.6),
        (1.2e-5, "1.2e-05", 1.2e-5),
        (float("-inf"), "-inf", float("-inf")),
        (Link("0.5 [0, 1]", "a.md"), "0.5 [0, 1]", 0.5),
        (["7 of ", Code("n")], "7 of n", 7.0),
        (("a", "b"), "('a', 'b')", None),
    ],
)
def test_values_have_a_text_and_a_number(
    value: object, text: str, number: float | None
) -> None:
    assert cell_text(value) == text
    assert number_in(value) == number


def test_a_column_is_numeric_if_each_cell_is_a_number_or_blank() -> None:
    frame = pd.DataFrame(
        {
            "repetition": [0, 1],
            "score": ["0.5±0.1", "– (0 of 5)"],
            "mixed": ["1", "SVC"],
            "nothing": ["–", "–"],
            ("test", "accuracy"): [0.5, None],
        }
    )
    grid = lay_out(Table(frame))
    assert grid.numeric == (False, True, False, False, True)
    assert grid.header[-1] == "test accuracy"


def test_a_table_without_rows_keeps_its_titles() -> None:
    grid = lay_out(Table(pd.DataFrame({"a": [], "b": []})))
    assert grid.header == ("a", "b")
    assert grid.rows == ()


def test_titles_of_several_levels_keep_their_links() -> None:
    frame = pd.DataFrame({"a": [1], "b": [2]})
    frame.columns = pd.Index([(Link("x", "x.md"), "mean"), "b"], dtype=object)
    grid = lay_out(Table(frame))
    assert grid.header == ("x mean", "b")
    assert grid.titles[0] == (Link("x", "x.md"), " ", "mean")
    assert grid.labels == ((Link("x", "x.md"), "mean"), "b")
