"""One or two files of any kind become one set of curves with numbered classes."""

import io
import random
from collections import Counter

import numpy as np
import pytest

from bench.base import BenchError, DatasetError, MissingFileError
from bench.curves.recorded import raw
from bench.curves.recorded.read import read_recorded
from bench.suite import RecordedSpec

CSV = "label,0,1\nb,1,2\na,2,3\n"


@pytest.fixture
def read_two(tmp_path):
    def read_two(train, test, names=("train.csv", "test.csv"), **entry):
        for name, content in zip(names, (train, test), strict=True):
            (tmp_path / name).write_text(content)
        spec = RecordedSpec(id="mine", recorded={"files": names}, **entry)
        return read_recorded(spec, tmp_path)

    return read_two


def test_two_files_are_joined_the_training_curves_first(read_two):
    test = "# License: CC0\n0,1,label\n5,6,c\n7,8,b\n"
    found = read_two(CSV, test)
    assert found.values[:, 0].tolist() == [[1, 2], [2, 3], [5, 6], [7, 8]]
    assert found.class_names == ("a", "b", "c")
    assert found.labels.tolist() == [1, 0, 2, 1]
    assert (found.n_given_train, found.license) == (2, "CC0")
    assert found.sources == ("train.csv", "test.csv")


def test_groups_of_two_files_are_numbered_together(read_two):
    train, test = "who,label,t\nQ,a,1\nP,b,2\n", "who,label,t\nR,a,1\nQ,b,2\n"
    found = read_two(train, test, split={"folds": 2, "groups": "who"})
    assert found.groups.tolist() == [1, 0, 2, 1]


def test_files_of_two_kinds_go_together(read_two):
    ts = "@classLabel true a b\n@data\n1,2:a\n3,4:b\n"
    csv = "label,t0,t1\na,5,6\nb,7,8\n"
    found = read_two(ts, csv, names=("train.ts", "test.csv"))
    assert found.values[:, 0].tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("label,0,1,2\na,1,2,3\n", "found curves of 3 points; expected 2, as in the"),
        (
            "label,0,2\na,1,2\n",
            "found other points than in the file of training curves",
        ),
        (
            "label,t0,t1\na,1,2\n",
            "found other points than in the file of training curves",
        ),
    ],
)
def test_files_that_do_not_go_together(read_two, test, said):
    with pytest.raises(DatasetError, match=rf"test\.csv: {said}"):
        read_two(CSV, test)


def test_the_limit_holds_for_both_files_together(read_two, monkeypatch):
    monkeypatch.setattr(raw, "MAX_VALUES", 7)
    with pytest.raises(DatasetError, match="the two files together: found 8 values"):
        read_two(CSV, CSV)


def test_one_file_is_not_both(tmp_path):
    spec = RecordedSpec(id="mine", recorded={"files": ("a.csv", "a.csv")})
    with pytest.raises(DatasetError, match=r"a\.csv twice; expected two files"):
        read_recorded(spec, tmp_path)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["10", "9", "1.0", "1"], ("1", "9", "10")),
        (["0.5", "-1", "1e1", "2"], ("-1", "0.5", "2", "10")),
        (["10", "9", "x", "1.0"], ("1.0", "10", "9", "x")),
        (["12345678901234567891", "12345678901234567892", "1", "1"], None),
        (["b", "B", " b ", "a"], ("B", "a", "b")),
        (["True", "False", "True", "False"], ("False", "True")),
    ],
)
def test_classes_are_sorted_as_numbers_if_all_are(read, labels, names):
    text = "label,0\n" + "".join(f"{label},1\n" for label in labels)
    found = read("a.csv", text)
    assert found.class_names == (names or ("1", *labels[:2]))


def test_a_curve_of_missing_values_alone_is_refused(read):
    text = "@classLabel true a b\n@data\n1,2:?,?:a\n1,2:3,4:b\n"
    with pytest.raises(DatasetError, match="line 3: all values of channel 2 are miss"):
        read("a.ts", text, missing="interpolate")


def test_files_that_cannot_be_read(read, tmp_path):
    for name in ("a.csv", "a.npz", "a.ts", "a.parquet", "a.arff", "a.csv.gz"):
        spec = RecordedSpec(id="mine", recorded={"files": name})
        with pytest.raises(MissingFileError, match="no file of curves at"):
            read_recorded(spec, tmp_path)
        (tmp_path / name).mkdir()
        with pytest.raises(DatasetError, match="it is not a regular file"):
            read_recorded(spec, tmp_path)
    (tmp_path / "link.csv").symlink_to("/dev/zero")
    spec = RecordedSpec(id="mine", recorded={"files": "link.csv"})
    with pytest.raises(DatasetError, match="it is not a regular file"):
        read_recorded(spec, tmp_path)
    for name in ("a.xlsx", "plain", "b.npz.gz"):
        with pytest.raises(
            DatasetError, match=r"unknown kind of file .*expected \.csv"
        ):
            read(name, CSV)


def _originals():
    values, labels = np.arange(60.0).reshape(6, 10) / 7, ["a", "b"] * 3
    rows = [",".join(map(str, row)) for row in values.tolist()]
    table = f"label,{','.join(map(str, range(10)))}\n"
    table += "".join(f"{k},{row}\n" for k, row in zip(labels, rows, strict=True))
    halves = [row.split(",") for row in rows]
    halves = [(",".join(row[:5]), ",".join(row[5:])) for row in halves]
    archive = io.BytesIO()
    np.savez(archive, X=values, y=labels, x=np.arange(10))
    curves = zip(halves, labels, strict=True)
    ts = "".join(f"{one}:{two}:{k}\n" for (one, two), k in curves)
    curves = zip(halves, labels, strict=True)
    arff = "".join(f"'{one}\\n{two}',{k}\n" for (one, two), k in curves)
    parts = "".join(f"@attribute t{i} numeric\n" for i in range(5))
    return {
        "a.csv": table.encode(),
        "b.csv": table.replace(",", ";").replace(".", ",").encode(),
        "a.ts": f"@univariate false\n@classLabel true a b\n@data\n{ts}".encode(),
        "a.arff": (
            f"@relation r\n@attribute bag relational\n{parts}@end bag\n"
            f"@attribute c {{a,'b'}}\n@data\n{arff}"
        ).encode(),
        "a.npz": archive.getvalue(),
    }


PIECES = [b",", b";", b":", b"\n", b'"', b"'", b"?", b"NaN", b"inf", b"@data", b"{"]
PIECES += [b"(", b")", b"\\", b"\0", b"\xff", b"1e999", b"label", b"id", b"#", b"\r"]


def _changed(original, rng):
    content = bytearray(original)
    for _ in range(rng.randint(1, 3)):
        start = rng.randrange(len(content))
        change = rng.randrange(4)
        if change == 0:
            content[start:start] = rng.choice(PIECES)
        elif change == 1:
            del content[start : start + rng.randint(1, 20)]
        elif change == 2:
            content[start] = rng.choice(b"0123456789-.,")
        else:
            content[start:start] = content[start : start + 30]
    return bytes(content)


def test_mutations_are_read_or_refused_in_one_line(read):
    originals, counts = _originals(), Counter()
    for name, original in originals.items():
        assert read(name, original).values.size == 60
    for number in range(500):
        rng = random.Random(number)
        name = rng.choice(list(originals))
        missing = rng.choice([None, "interpolate"])
        said = ""
        try:
            found = read(name, _changed(originals[name], rng), missing=missing)
        except BenchError as error:
            said = str(error)
        counts["refused" if said else "read"] += 1
        assert said.isprintable()
        assert len(said) < 1500
        if not said:
            assert np.isfinite(found.values).all()
            assert len(found.labels) == len(found.values)
    assert min(counts.values()) > 50
