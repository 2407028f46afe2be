"""Tables of text as people have them: read right, or refused with the remedy."""

import gzip
import io

import numpy as np
import pandas as pd
import pytest

from bench.base import DatasetError, InputsError
from bench.curves.recorded import read as reading
from bench.curves.recorded import text_lines

VALUES = [[1.5, 2.25, -3], [0.5, 0.125, 4]]
X = [0, 0.5, 2]


def lines(*rows):
    return "".join(f"{row}\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("first.csv", lines("label,0,0.5,2", "b,1.5,2.25,-3", "a,0.5,.125,4e0")),
        ("last.csv", lines("0,0.5,2,label", "1.5,2.25,-3,b", "0.5,0.125,4,a")),
        ("middle.csv", lines("0,label,0.5,2", "1.5,b,2.25,-3", "0.5,a,0.125,4")),
        ("Label.csv", lines("Label,0,0.5,2", "b,1.5,2.25,-3", "a,0.5,.125,4")),
        ("comma.csv", lines("label;0;0,5;2", "b;1,5;2,25;-3", "a;0,5;0,125;4")),
        ("points.csv", lines("label;0;0.5;2", "b;1.5;2.25;-3", "a;0.5;0.125;4")),
        ("tabs.tsv", lines("label\t0\t0,5\t2", "b\t1,5\t2,25\t-3", "a\t0,5\t,125\t4")),
        ("bars.txt", lines("label|0|0.5|2", "b|1.5|2.25|-3", "a|0.5|0.125|4")),
        ("blanks.txt", lines("label 0 0.5 2", "b  1.5 2.25  -3", "a 0.5 0.125 4")),
        ("quotes.csv", lines('"label","0",.5,2', '"b","1.5",2.25,-3', 'a,".5",.125,4')),
        ("spaces.csv", lines("label, 0, 0.5, 2", "b , 1.5, 2.25, -3", "a,.5,.125,4")),
        ("excel.csv", lines("sep=;", "label;0;0,5;2", "b;1,5;2,25;-3", "a;,5;,125;4")),
        ("mark.csv", lines("\ufefflabel,0,0.5,2", "b,1.5,2.25,-3", "a,0.5,0.125,4")),
        ("windows.csv", "label,0,0.5,2\r\nb,1.5,2.25,-3\r\n\r\na,0.5,0.125,4\r\n"),
        ("end.csv", lines("label,0,0.5,2,", "b,1.5,2.25,-3,", "a,0.5,0.125,4,")),
        ("ends.csv", lines("label,0,0.5,2", "b,1.5,2.25,-3,", "a,0.5,0.125,4,")),
        (
            "empty-rows.csv",
            lines("label,0,0.5,2", "b,1.5,2.25,-3", ",,,", "a,.5,.125,4"),
        ),
        ("notes.csv", lines("# own", "label,0,0.5,2", "b,1.5,2.25,-3", "a,.5,.125,4")),
        ("savetxt.txt", lines("# label 0 0.5 2", "b 1.5 2.25 -3", "a 0.5 0.125 4")),
        ("class.csv", lines("class,0,0.5,2", "b,1.5,2.25,-3", "a,0.5,.125,4")),
    ],
)
def test_every_dialect_gives_the_same_curves(read, name, text):
    label = 0 if name == "class.csv" else None
    found = read(name, text, label=label)
    assert found.values[:, 0].tolist() == VALUES
    assert found.x.tolist() == X
    assert found.class_names == ("a", "b")
    assert found.labels.tolist() == [1, 0]
    assert found.notes == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_umlauts_in_any_encoding(read, encoding):
    text = lines("label;0;1", "größer;1,5;2", "kleiner;1;2")
    assert read("a.csv", text.encode(encoding)).class_names == ("größer", "kleiner")


def test_a_packed_table(read):
    text = lines("label,0,0.5,2", "b,1.5,2.25,-3", "a,0.5,0.125,4")
    assert read("a.csv.gz", gzip.compress(text.encode())).values.shape == (2, 1, 3)


def test_quotes_commas_and_line_ends_inside_labels(read):
    text = lines("label,0,1", '"gun, drawn",1,2', '"a ""b""",2,3')
    assert read("a.csv", text).class_names == ('a "b"', "gun, drawn")
    decimals = lines("label,0,1", 'a,"1,5",2', 'b,"2,5",3')
    assert read("a.csv", decimals).values[:, 0].tolist() == [[1.5, 2], [2.5, 3]]


def test_the_suite_may_name_label_delimiter_and_decimal_mark(read):
    text = lines("what,t0,t1", "b,1,2", "a,2,3")
    assert read("a.csv", text, label="what").class_names == ("a", "b")
    thousands = lines("label;0;1", "b;1,500;2,500", "a;2,500;3,500")
    found = read("a.csv", thousands, delimiter=";", decimal=",")
    assert found.values[:, 0].tolist() == [[1.5, 2.5], [2.5, 3.5]]


def test_a_table_without_names(read):
    text = lines("2\t-0.5\t1.5\t2", "1\t1.5\t2.5\t3", "2\t1\t2\t3")
    found = read("a.tsv", text, label=0)
    assert (found.x, found.class_names) == (None, ("1", "2"))
    assert found.values[:, 0].tolist() == [[-0.5, 1.5, 2], [1.5, 2.5, 3], [1, 2, 3]]


def test_what_pandas_writes(read):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(6, 4)), index=[3, 1, 4, 5, 9, 2])
    table["label"] = ["gun", "point"] * 3
    found = read("a.csv", table.to_csv())
    assert np.array_equal(found.values[:, 0], table.iloc[:, :4])
    assert found.x.tolist() == [0, 1, 2, 3]
    assert found.notes == (
        "the column without a name counts or names the curves and was left out",
    )
    numbers = pd.DataFrame(np.column_stack([[0, 1] * 3, rng.normal(size=(6, 3))]))
    found = read("b.csv", numbers.to_csv(index=False), label=0)
    assert np.array_equal(found.values[:, 0], numbers.iloc[:, 1:])
    assert found.x.tolist() == [1, 2, 3]


def test_what_numpy_writes(read):
    stream = io.StringIO()
    np.savetxt(stream, [[1, 0.5, 2.5], [2, 1.5, 3.5]], header="label 0 1")
    found = read("a.txt", stream.getvalue())
    assert found.values[:, 0].tolist() == [[0.5, 2.5], [1.5, 3.5]]


@pytest.mark.parametrize(
    ("name", "text", "label"),
    [
        ("named.csv", lines("id,label,t0,t1", "P2,b,1,2", "P1,a,2,3"), None),
        ("unnamed.csv", lines(",label,t0,t1", "7,b,1,2", "3,a,2,3"), None),
        ("R.csv", lines("label,X0,X1", "1,b,1,2", "2,a,2,3"), None),
        ("none.csv", lines("0,1,b,-2", "1,2,a,3", "2,2,a,3"), 2),
    ],
)
def test_an_index_is_no_point(read, name, text, label):
    found = read(name, text, label=label)
    assert np.abs(found.values[:2, 0]).tolist() == [[1, 2], [2, 3]]
    assert "was left out" in found.notes[-1]


def test_names_that_are_no_numbers_are_noted(read):
    found = read("a.csv", lines("label,400 nm,410 nm", "b,1,2", "a,2,3"))
    assert found.x is None
    assert found.notes == (
        "the columns of values have no numbers as names (the first is '400 nm'): "
        "their points are equally spaced",
    )


def test_a_column_may_say_the_groups(read):
    text = lines("who,label,t0,t1", "Bo,b,1,2", "Al,a,2,3", "Bo,a,1,1")
    for column in ("who", 0):
        split = {"folds": 2, "groups": column}
        assert read("a.csv", text, split=split).groups.tolist() == [1, 0, 1]


def test_missing_values_are_filled_along_the_points(read):
    text = lines("label,0,1,10", "b,1,NA,11", "a,2,,?")
    found = read("a.csv", text, missing="interpolate")
    assert found.values[:, 0].tolist() == [[1, 2, 11], [2, 2, 2]]
    assert found.n_interpolated == 3
    down = lines("label,10,1,0", "b,11,,1", "a,2,2,2")
    assert read("a.csv", down, missing="interpolate").values[0, 0, 1] == 2


def test_words_for_missing_values_may_be_classes_of_text(read):
    assert read("a.csv", lines("label,0,1", "NA,1,2", "DE,2,3")).class_names == (
        "DE",
        "NA",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an empty file"),
        (lines("label,0,1"), "no curves below the names"),
        (lines("label", "a", "b"), "no columns of values"),
        (lines("kind,0,1", "a,1,2"), "no column 'label'; write label: with the name"),
        (lines("kind,0,1", "a,1,2"), "like classes look: 'kind'"),
        (lines("1,2,3", "2,3,4"), "no line of names, hence no column 'label'"),
        (lines("label,label,1", "a,1,2"), "2 columns 'label'"),
        (
            lines("label,0,1", "a,1,2", "b,1"),
            "line 3: found 2 columns, split at commas",
        ),
        (lines("label,0,1", "a,1,2", "b,1"), "curves of unequal length"),
        (lines("label,0,1", "a,1,5,2,5"), "if the commas are decimal marks, save"),
        (
            lines("label,0,1", "a,1,NA", "b,,2"),
            "2 missing values, the first in line 2, ",
        ),
        (lines("label,0,1", "a,1,2", ",2,3"), "line 3: found '' as class"),
        (lines("label,0,1", "1,1,2", "NA,2,3"), "line 3: found 'NA' as class"),
        (lines("label,0,1", "a,1,2", "?,2,3"), "line 3: found '?' as class"),
        (lines("label,0,1", "a,1,x", "b,2,3"), "line 2: found 'x'; expected numbers"),
        (lines("label,0,1", "a,1,1_0"), "found '1_0'; expected numbers"),
        (lines("label,0,1", "a,1,\u22125"), "write '-' for the sign U+2212"),
        (lines("label,0,1", "a,1,1'000"), "without separators of thousands"),
        (lines("label,0,1", "a,1,1d5"), "write e for d"),
        (lines("label,0,1", "a,1,inf"), "line 2: found inf in point 2"),
        (lines("label,n,0,1", "a,u,1,2"), "column 'n' holds text, such as 'u'"),
        (lines("label,age,0,1", "a,3,1,2"), "column 'age' is neither a point"),
        (lines("label,0,1,1.0", "a,1,2,3"), "2 columns are named 1; expected a diff"),
        (lines("label,v,v", "a,1,2"), "two columns are named 'v'"),
        (lines("id,label,t0", "P,a,1", "P,b,2"), "the column 'id' repeats its values"),
        (lines("label,0,1", "a,1,2", "a,1,2"), "found one class, 'a'"),
        (
            lines("label,t0,", "a,1,", *["b,1,"] * 300, "b,1,2"),
            "line 303: a cell below",
        ),
        (lines("label,0,1", '"a,1,2'), "line 2: a quote out of place"),
        (lines("label,0", *(f"{i / 8},1" for i in range(40))), "a number to predict"),
        (lines("label,0", *(f"{i},1" for i in range(40))), "not an index or a number"),
        (lines("label,0", *(f"c{i},1" for i in range(1001))), "found 1001 classes"),
        ("PK\x03\x04", "its first bytes are those of another format"),
        ("a\0b", "it holds null bytes"),
    ],
)
def test_other_tables_are_refused(read, text, said):
    with pytest.raises(DatasetError) as error:
        read("a.csv", text)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "label", "said"),
    [
        (lines("label;0;1", "a;1,500;2,500"), None, "or separate thousands; write dec"),
        (
            lines("1,0,05,2,07", "2,2,05,3,05"),
            0,
            "found '0,05', which looks like a num",
        ),
        (
            lines("0,1,2,3", "1,5,1,2", "2,1,2,3"),
            0,
            "which may be names of columns, as",
        ),
        (lines("gun,0.5,1.5,2", "point,1,2,3"), 0, "for names write label: gun in the"),
    ],
)
def test_two_readings_are_refused(read, text, label, said):
    with pytest.raises(InputsError) as error:
        read("a.csv", text, label=label)
    assert said in str(error.value)


def test_a_decimal_comma_that_comes_late_has_its_remedy(read):
    text = lines("label;0", *["a;1"] * 300, "b;1,5")
    with pytest.raises(
        DatasetError, match=r"line 302: found '1,5'.*write decimal: ','"
    ):
        read("a.csv", text)
    assert read("a.csv", text, decimal=",").values[-1, 0, 0] == 1.5
    mixed = text.replace("b;1,5", "b;1.5")
    with pytest.raises(DatasetError, match=r"line 302: found '1\.5'.*decimal commas"):
        read("a.csv", mixed, decimal=",")


def test_the_remedy_names_the_column_that_is_meant(read):
    text = lines("class,t0,t1", "a,1,2", "b,2,3")
    with pytest.raises(DatasetError, match=r"'clas' \(did you mean 'class'\?\)"):
        read("a.csv", text, label="clas")
    with pytest.raises(DatasetError, match="position 3 of 3 columns; expected 0 to 2"):
        read("a.csv", text, label=3)
    with pytest.raises(DatasetError, match="groups: no column 'who'"):
        read("a.csv", text, label=0, split={"folds": 2, "groups": "who"})
    with pytest.raises(DatasetError, match="groups: the column of the classes"):
        read("a.csv", text, label=0, split={"folds": 2, "groups": "class"})


def test_bombs_are_refused(read, monkeypatch):
    monkeypatch.setattr(reading, "MAX_TEXT", 2**20)
    packed = gzip.compress(b"label,0\n") + gzip.compress(b"\n" * 2**21)
    with pytest.raises(DatasetError, match="more than 1048576 bytes unpacked"):
        read("a.csv.gz", packed)
    monkeypatch.setattr(text_lines, "MAX_LINES", 100)
    with pytest.raises(DatasetError, match="line 101: more than 100 lines"):
        read("a.csv", "label,0\n" + "\n" * 200)


def test_long_lines_and_many_columns_are_refused(read):
    with pytest.raises(
        DatasetError, match=r"line 1: .* 4194304 characters in one line"
    ):
        read("a.csv", "label" + ",1" * 2_200_000)
    with pytest.raises(DatasetError, match="150001 columns; expected at most 100100"):
        read("a.csv", ("label" + ",1" * 150_000 + "\n") * 2)
    with pytest.raises(DatasetError, match="line 500: found 100201 columns"):
        read("a.csv", "label,0\n" + "a,1\n" * 498 + "," * 100_200)
