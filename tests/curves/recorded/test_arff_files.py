"""Files of Weka and of the archive (.arff)."""

import tracemalloc

import pytest

from bench.base import DatasetError
from bench.curves.recorded.arff_files import read_arff
from bench.curves.recorded.raw import Wanted

CLASSES = "@attribute 'the class' {'a b',\"c'd\", e}"


def arff(*curves, attributes=("'att 0' numeric", '"att,1" REAL'), last=CLASSES):
    head = ["@relation 'a name'", *(f"@attribute {a}" for a in attributes), last]
    return "".join(f"{line}\n" for line in (*head, "", "@DATA", *curves))


def channels(*curves):
    parts = ("bag relational", "t0 numeric", "t1 numeric")
    return arff(*curves, attributes=parts, last="@end bag\n@attribute c {a,b}")


def test_names_and_classes_in_quotes(read):
    found = read("a.arff", arff("1,-2,'a b'", '3, 4e1 ,"c\'d"', "% no curve", "5,6,e"))
    assert found.values[:, 0].tolist() == [[1, -2], [3, 40], [5, 6]]
    assert found.class_names == ("a b", "c'd", "e")
    assert found.labels.tolist() == [0, 1, 2]
    assert found.x is None
    assert found.notes == ()


def test_a_backslash_protects_a_quote(read):
    last = "@attribute c {'don\\'t',x}"
    found = read("a.arff", arff("1,2,'don\\'t'", "3,4,x", last=last))
    assert found.class_names == ("don't", "x")


def test_channels_of_a_relational_attribute(read):
    found = read("a.arff", channels("'1,2\\n3,4',a", '"5,6\\n7,8",b'))
    assert found.values.tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]


def test_the_class_may_stand_elsewhere(read):
    text = "@attribute c {a,b}\n@attribute x numeric\n@data\na,1\nb,2\n"
    assert read("a.arff", text).values[:, 0].tolist() == [[1], [2]]
    numbers = arff("1,0,3", "2,1,3", last="@attribute last numeric")
    found = read("a.arff", numbers, label="att,1")
    assert (found.class_names, found.values.shape) == (("0", "1"), (2, 1, 2))
    assert read("a.arff", numbers, label=1).class_names == ("0", "1")


def test_names_that_are_numbers_are_the_points(read):
    found = read(
        "a.arff", arff("1,2,e", "1,2,'a b'", attributes=("0 real", "0.5 real"))
    )
    assert found.x.tolist() == [0, 0.5]


def test_an_attribute_of_text_may_say_the_groups(read):
    text = arff("Ann,1,e", "Bo,2,'a b'", attributes=("who string", "t0 real"))
    found = read("a.arff", text, split={"folds": 2, "groups": "who"})
    assert found.groups.tolist() == [0, 1]
    with pytest.raises(DatasetError, match="column 'who' holds text"):
        read("a.arff", text)


def test_missing_values_and_an_index(read):
    attributes = ("id string", "t0 real", "t1 real", "t2 real")
    text = arff("P1,1,?,2,e", "P2,1,2,3,'a b'", attributes=attributes)
    found = read("a.arff", text, missing="interpolate")
    assert found.values[0, 0].tolist() == [1, 1.5, 2]
    assert found.notes == (
        "the column 'id' counts or names the curves and was left out",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no line @data"),
        ("@data\n1,2\n", "no @attribute before @data"),
        (arff(), "no curves after @data"),
        ("label,0\n", "line 1: found 'label,0'; expected @relation"),
        (arff("1,2"), "line 7: found 2 fields; expected 3, one for each attribute"),
        (arff("1,2,zz"), "line 7: found the class 'zz'; expected one of a b, c'd, e"),
        (arff("1,2,?", "1,2,e"), "line 7: found '?' as class"),
        (arff("{0 1, 2 e}"), "line 7: found a sparse line, in braces"),
        (arff("1,2,'a b"), "line 7: a quote out of place near ''a b'"),
        (arff("1,x,e"), "line 7: found 'x'; expected numbers"),
        (arff("1,2,3", last="@attribute c numeric"), "none has classes, {a,b}"),
        (arff(attributes=("a foo",)), "line 2: found the type 'foo'"),
        (arff(attributes=("a",)), "line 2: found '@attribute a'; expected @attribute"),
        (arff(last="@attribute c {a,b"), "expected the classes in braces"),
        (channels("'1,2\\n3',a"), "line 9: found channels of 1 to 2 points"),
        (channels("'1,2',a", "'1,2,3',b"), "line 10: found a curve of 3 points"),
        (channels("1,2,a"), "line 9: found 3 fields; expected 2"),
    ],
)
def test_other_files_are_refused(read, text, said):
    with pytest.raises(DatasetError) as error:
        read("a.arff", text)
    assert said in str(error.value)


def test_a_label_that_is_not_there(read):
    with pytest.raises(DatasetError, match=r"no attribute 'x'; these have classes: "):
        read("a.arff", arff("1,2,e"), label="x")


def test_a_long_text_in_quotes_takes_no_more_memory_than_its_line():
    raw = channels(f"'{'1,' * 1_000_000}',a").encode()
    tracemalloc.start()
    with pytest.raises(ValueError, match="line 9: more than 100000 points"):
        read_arff(raw, Wanted())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * len(raw)
