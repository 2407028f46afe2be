"""Tables of curves in Parquet: read by pyarrow, within limits."""

import decimal
import subprocess
import sys

import numpy as np
import pytest

from bench.base import DatasetError

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def table(metadata=None, **columns):
    found = arrow.table(columns).replace_schema_metadata(metadata)
    return lambda path: parquet.write_table(found, path)


def text(entries):
    return arrow.array(entries).dictionary_encode()


def test_a_row_is_a_curve(read):
    columns = {"label": ["b", "a"], "0.5": [1, 2], "2": [1.5, -2.5]}
    found = read("a.parquet", table({"license": "CC0"}, **columns))
    assert found.values[:, 0].tolist() == [[1, 1.5], [2, -2.5]]
    assert found.x.tolist() == [0.5, 2]
    assert found.labels.tolist() == [1, 0]
    assert found.license == "CC0"


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (text(["b", "a"]), ("a", "b")),
        ([2, 1], ("1", "2")),
        ([2.0, 1.0], ("1", "2")),
        ([True, False], ("False", "True")),
        ([b"b", b"a"], ("a", "b")),
        ([decimal.Decimal("2"), decimal.Decimal("1")], ("1", "2")),
    ],
)
def test_classes_of_any_type(read, labels, classes):
    found = read("a.parquet", table(label=labels, t0=[1, 2]))
    assert (found.class_names, found.labels.tolist()) == (classes, [1, 0])


@pytest.mark.parametrize(
    "values",
    [
        np.array([1, 2], np.float16),
        np.array([1, 2], np.uint8),
        [decimal.Decimal("1.0"), decimal.Decimal("2.0")],
        text(["1", "2"]),
    ],
)
def test_numbers_of_any_type(read, values):
    found = read("a.parquet", table(label=["a", "b"], t0=values))
    assert found.values.ravel().tolist() == [1, 2]


def test_groups_missing_values_and_the_index_of_pandas(read):
    columns = {
        "who": text(["q", "p"]),
        "label": ["b", "a"],
        "0": [1.0, 2],
        "1": [None, 3],
    }
    columns |= {"2": [2.0, 4], "__index_level_0__": [17, 4]}
    split = {"folds": 2, "groups": "who"}
    found = read("a.parquet", table(**columns), split=split, missing="interpolate")
    assert found.values[:, 0].tolist() == [[1, 1.5, 2], [2, 3, 4]]
    assert found.groups.tolist() == [1, 0]
    assert "'__index_level_0__' counts or names the curves" in found.notes[0]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"class": ["a", "b"], "0": [1, 2]}, "no column 'label'; write label: with"),
        ({"label": ["a", None], "0": [1, 2]}, "row 2: found '' as class"),
        ({"label": ["a", "b"], "0": [1, None]}, "1 missing value, the first in row 2"),
        ({"label": ["a", "b"], "0": [1.0, np.inf]}, "row 2: found inf in point 1"),
        ({"label": ["a", "b"], "v": [[1, 2], [3]]}, "column 'v' is of the type list<"),
        ({"label": ["a", "b"], "v": [{"a": 1}] * 2}, "'v' is of the type struct<"),
        ({"label": ["a", "b"], "0": [1, 2], "n": ["u", "v"]}, "column 'n' holds text"),
        ({"label": text(["a" * 300, "b"]), "0": [1, 2]}, "found a text of 300"),
        ({"label": ["a", "b"] * 150, "0": ["1"] * 299 + ["x"]}, "expected numbers"),
        ({"label": ["a", "b"]}, "no columns of values"),
        ({"label": arrow.array([], "str"), "0": arrow.array([], "f8")}, "without rows"),
    ],
)
def test_other_tables_are_refused(read, columns, said):
    with pytest.raises(DatasetError) as error:
        read("a.parquet", table(**columns))
    assert said in str(error.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"PAR1aaaaaaaaPAR1"])
def test_what_is_no_parquet_is_refused(read, content):
    with pytest.raises(DatasetError, match=r"a\.parquet: (no Parquet|an empty) file"):
        read("a.parquet", content)


def test_a_long_text_in_a_million_rows_does_not_fill_the_memory(read):
    n = 1_000_000
    labels = arrow.DictionaryArray.from_arrays(
        arrow.array(np.zeros(n, np.int32)), ["x" * 100_000]
    )
    with pytest.raises(DatasetError, match="found a text of 100000 characters"):
        read("a.parquet", table(label=labels, t0=np.zeros(n, np.float32)))


@pytest.mark.slow
def test_ten_columns_and_a_million_rows(tmp_path):
    rng, n = np.random.default_rng(0), 1_000_000
    values, labels = rng.normal(size=(n, 10)), rng.integers(0, 3, n)
    columns = {f"{i}": values[:, i] for i in range(10)} | {"label": labels}
    table(**columns)(tmp_path / "a.parquet")
    np.savez(tmp_path / "expected.npz", X=values, y=labels)
    program = """
import resource, sys
from pathlib import Path
import numpy as np
from bench.curves.recorded.read import read_recorded
from bench.suite import RecordedSpec

spec = RecordedSpec(id="a", recorded={"files": "a.parquet"})
found = read_recorded(spec, Path(sys.argv[1]))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
expected = np.load(Path(sys.argv[1]) / "expected.npz")
assert np.array_equal(found.values[:, 0], expected["X"])
assert np.array_equal(found.labels, expected["y"])
assert peak < 2**30, peak
"""
    subprocess.run([sys.executable, "-c", program, tmp_path], check=True)
