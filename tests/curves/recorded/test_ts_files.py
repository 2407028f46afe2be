"""Files of the archive (.ts) as people have them: read right, or one clear line."""

import gzip

import numpy as np
import pytest

from bench.base import DatasetError


def ts(*curves, tags=(), classes="true a b"):
    head = ("@problemName own", *tags, f"@classLabel {classes}", "@data")
    return "".join(f"{line}\n" for line in (*head, *curves))


def test_curves_are_read_with_their_classes(read):
    found = read("a.ts", "# what it is\n" + ts("1,2,3:b", "", "-4,5e-1,.5:a"))
    assert found.values.tolist() == [[[1, 2, 3]], [[-4, 0.5, 0.5]]]
    assert found.class_names == ("a", "b")
    assert found.labels.tolist() == [1, 0]
    assert (found.x, found.n_given_train, found.license) == (None, None, "")
    assert not found.values.flags.writeable


def test_channels_are_separated_by_colons(read):
    tags = ("@univariate false", "@dimensions 2")
    found = read("a.ts", ts("1,2:3,4:a", "5,6:7,8:b", tags=tags))
    assert found.values.tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]


WAYS = {
    "Windows": lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
    "tabs": lambda text: text.replace(" ", "\t"),
    "capitals": lambda text: text.replace("@classLabel", "@CLASSLABEL"),
    "percent": lambda text: "%" + text.replace("@problemName", "# c\n@problemName"),
    "blank lines": lambda text: text.replace("\n", "\n\n").encode("utf-16"),
}


@pytest.mark.parametrize("way", WAYS)
def test_another_way_to_write_a_file_does_not_matter(read, way):
    found = read("a.ts", WAYS[way]("#c\n" + ts("1,2:a", "3,4:b")))
    assert found.values[:, 0].tolist() == [[1, 2], [3, 4]]


def test_a_packed_file(read):
    found = read("a.ts.gz", gzip.compress(ts("1,2:a", "3,4:b").encode()))
    assert found.values[:, 0].tolist() == [[1, 2], [3, 4]]


def test_classes_are_compared_as_numbers_and_whatever_their_case(read):
    found = read("a.ts", ts("1,2:1.0", "3,4:2", classes="true 1 2"))
    assert found.class_names == ("1", "2")
    assert read("a.ts", ts("1,2:A", "3,4:b")).class_names == ("A", "b")


def test_time_stamps_are_the_points(read):
    tags = ("@timestamps true", "@univariate false")
    curve = "(0,{0}),(0.5,-{0}), (2,?) : (0,1),(0.5,2),(2,3):{1}"
    text = ts(curve.format(1, "a"), curve.format(2, "b"), tags=tags)
    found = read("a.ts", text, missing="interpolate")
    assert found.x.tolist() == [0, 0.5, 2]
    assert found.values[:, 0].tolist() == [[1, -1, -1], [2, -2, -2]]
    assert found.values[:, 1].tolist() == [[1, 2, 3], [1, 2, 3]]
    assert found.n_interpolated == 2


def test_dates_are_seconds_after_the_first(read):
    curve = "(2024-01-0{0} 10:00:00,1),(2024-01-0{0} 10:01:30,2):{1}"
    text = ts(curve.format(1, "a"), curve.format(2, "b"), tags=("@timestamps true",))
    assert read("a.ts", text).x.tolist() == [0, 90]


@pytest.mark.parametrize(
    ("comment", "license"),
    [
        ("# License: CC BY 4.0", "CC BY 4.0"),
        ("# This data is licensed under the MIT License.", "MIT"),
        ("# Licence = ODbL", "ODbL"),
        ("# The license plates of cars", ""),
    ],
)
def test_a_license_that_a_comment_states(read, comment, license):
    assert read("a.ts", f"{comment}\n{ts('1:a', '2:b')}").license == license


def test_a_needless_label_is_noted(read):
    [note] = read("a.ts", ts("1:a", "2:b"), label="class").notes
    assert note == "label: class was not needed: .ts has the class at the end"


STAMPS = ("@timestamps true",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no line @data"),
        ("@problemName x\n@data\n", "no curves after @data"),
        ("label,0,1\na,1,2\n", "line 1: found 'label,0,1'; expected a tag"),
        (ts("1,2", "3,4"), "line 4: no ':' before a class"),
        (ts("1,2", "3,4", classes="false"), "line 2: found curves without classes"),
        (ts("1,2:3,4", "3,4:5,6"), "line 4: found '3,4' after the last ':'"),
        (
            ts("1,2:0.5", tags=("@targetlabel true",)),
            "line 2: found @targetlabel true, numbers to predict",
        ),
        (ts("1,2:a", "3,4:c"), "line 5: found the class 'c' at its end"),
        (ts("1,2:a", "3,4:a"), "found one class, 'a'; expected 2 to 1000"),
        (
            ts("1,2:a", "3:b"),
            "line 5: found a curve of 1 point; expected 2, as in line",
        ),
        (ts("1,2:3:a"), "line 4: found channels of 1 to 2 points in one curve"),
        (ts("1,2:3,4:a", "1,2:b"), "line 5: found 1 channel; expected 2, as in line 4"),
        (ts("1:2:a", tags=("@univariate true",)), "expected one, as @univariate true"),
        (ts("1:2:a", tags=("@dimensions 3",)), "expected 3, as @dimensions says"),
        (ts(":a"), "line 4: found a curve without points"),
        (ts("1,?:a", "NaN,2:b"), "2 missing values, the first in line 4, point 2"),
        (ts("1,inf:a", "1,2:b"), "line 4: found inf in point 2; expected finite"),
        (ts("1,1e999:a", "1,2:b"), "line 4: found inf in point 2; expected finite"),
        (ts("1,x:a"), "line 4: found 'x'; expected numbers"),
        (ts("1,1_0:a"), "line 4: found '1_0'; expected numbers"),
        (ts("(0,1):a"), "expected values, or the tag @timestamps true"),
        (ts("1,2:a", tags=STAMPS), "expected pairs (time,value), ':' and the class"),
        (ts("(0,1),(1,2),3):a", tags=STAMPS), "expected pairs (time,value) separated"),
        (ts("(0,1):a", "(1,1):b", tags=STAMPS), "line 6: found other time stamps than"),
        (ts("(0,1):(1,1):a", tags=STAMPS), "other time stamps in one channel"),
        (ts("(0,1),(0,2):a", tags=STAMPS), "line 5: time stamps that repeat"),
        (ts("(now,1),(then,2):a", tags=STAMPS), "found 'now' as time stamp"),
        (ts("1:a", tags=("@timestamps yes",)), "found @timestamps yes; expected true"),
        (ts("1:a", tags=("@dimensions few",)), "expected the number of channels"),
        ("\0\1\2", "it holds null bytes"),
    ],
)
def test_other_files_are_refused(read, text, said):
    with pytest.raises(DatasetError) as error:
        read("a.ts", text)
    assert said in str(error.value)


def test_groups_are_refused(read):
    split = {"folds": 2, "groups": "person"}
    with pytest.raises(DatasetError, match="does not say which curves belong together"):
        read("a.ts", ts("1:a", "2:b"), split=split)


def test_the_bounds_hold_before_numbers_are_read(read):
    with pytest.raises(DatasetError, match="line 4: more than 100000 points"):
        read("a.ts", ts("1," * 100_000 + "1:a"))
    with pytest.raises(DatasetError, match="line 4: more than 1000 channels"):
        read("a.ts", ts("1:" * 1001 + "a"))
    with pytest.raises(DatasetError, match="line 5: more than 100000 points"):
        read("a.ts", ts("(" * 100_001 + "):a", tags=STAMPS))


def test_a_thousand_points_keep_each_bit(read):
    values = np.random.default_rng(0).normal(size=(2, 1000))
    curves = [",".join(map(repr, row.tolist())) for row in values]
    found = read("a.ts", ts(*(f"{c}:{k}" for c, k in zip(curves, "ab", strict=True))))
    assert np.array_equal(found.values[:, 0], values)
