"""Fields of a spreadsheet that are no formulas, and are read back exactly."""

import csv
import math
import re

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.compare.results_csv import read_table
from bench.render import csv_text, read_csv, restored, write_csv
from bench.render.csv_files import inert

NASTY = [
    *("=cmd|' /C calc'!A0", "-x", "+1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1"),
    *('"=1+1"', "'=1", "''=1", " =1", "'", "''", "'x", "＝1", "－1", "＠x", "a;=1"),  # noqa: RUF001
    *("a\n=1", "a\r\n-1", "a\tb", 'a"b,c', "1", "NA", "nan", "", "-0.5", "'-0.5", "é"),
]
_TEXT = st.lists(st.sampled_from([*"'\"=+-@ \t\r\n;,a1＝", "\r\n"]), max_size=8)  # noqa: RUF001


@settings(deadline=None)
@given(text=_TEXT.map("".join))
@example(text=";\t'=a")
def test_a_text_is_no_formula_and_is_restored(text):
    assert restored(inert(text)) == text
    for field in re.split(r"[;\t\r\n]", inert(text)):
        assert not re.match(r"[\"\s]*[=+\-@＝＋－＠]", field)  # noqa: RUF001


@pytest.mark.parametrize("text", ["a", "a-b", "x = 1", "1+1", "", "'", "it's", "a;b"])
def test_what_is_no_formula_stays_as_it_is(text):
    assert inert(text) == restored(text) == text


@settings(deadline=None, max_examples=60)
@given(texts=st.lists(_TEXT.map("".join), min_size=1, max_size=4))
def test_a_frame_is_read_back_exactly(texts, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "frame.csv"
    frame = pd.DataFrame({"id": texts, "n": range(len(texts))})
    write_csv(frame, path)
    again = read_csv(path, text=["id"])
    assert list(again["id"]) == texts
    assert list(again["n"]) == list(range(len(texts)))
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream, strict=True))
    assert [restored(row[0]) for row in rows[1:]] == texts


def test_nasty_texts_and_titles_are_read_back_by_every_reader(tmp_path):
    frame = pd.DataFrame({"=a": NASTY, "why": NASTY[::-1], "x": -1.5})
    write_csv(frame, tmp_path / "a.csv")
    pd.testing.assert_frame_equal(
        read_csv(tmp_path / "a.csv", text=["=a", "why"]), frame
    )
    plain = pd.read_csv(tmp_path / "a.csv", dtype=str, keep_default_na=False)
    assert [restored(text) for text in plain["'=a"]] == NASTY
    assert set(plain["x"]) == {"-1.5"}


def test_numbers_are_equal_to_the_last_bit(tmp_path):
    values = [0.1 + 0.2, -1e-300, math.pi, 1 / 3, float("inf"), math.nan]
    frame = pd.DataFrame(
        {
            "score": values,
            "difference": [-v for v in values],
            "n": [-1, 2, 3, 4, 5, 6],
            "is_done": [True, False] * 3,
            "mixed": pd.Series([1, None, "-x", 2.5, True, "="], dtype=object),
        }
    )
    write_csv(frame, tmp_path / "a.csv")
    again = read_csv(tmp_path / "a.csv")
    pd.testing.assert_frame_equal(
        again.drop(columns="mixed"), frame.drop(columns="mixed"), check_exact=True
    )
    assert list(again["mixed"].fillna("none")) == [
        "1",
        "none",
        "-x",
        "2.5",
        "True",
        "=",
    ]
    assert "'" not in csv_text(frame.drop(columns="mixed"))


def test_what_no_reader_gives_back_is_replaced(tmp_path):
    write_csv(pd.DataFrame({"a\x00": ["=\x00", "\ud800b"]}), tmp_path / "a.csv")
    again = read_csv(tmp_path / "a.csv")
    assert list(again["a\ufffd"]) == ["=\ufffd", "\ufffdb"]


def test_a_file_of_an_earlier_version_is_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,n\n-x,1\n=1,\n", "utf-8")
    assert list(read_csv(path)["id"]) == ["-x", "=1"]
    assert list(read_csv(path)["n"].isna()) == [False, True]


def test_results_are_compared_by_the_ids_as_they_were_written(tmp_path):
    frame = pd.DataFrame(
        {
            "dataset": ["=a", "'=a"],
            "repetition": 0,
            "classifier": ["-x", "@SUM"],
            "status": "done",
            "test_accuracy": [0.5, 0.25],
            "data_hash": "abc",
        }
    )
    write_csv(frame, tmp_path / "results.csv")
    table = read_table(tmp_path / "results.csv")
    assert list(table["dataset"]) == ["=a", "'=a"]
    assert list(table["classifier"]) == ["-x", "@SUM"]
