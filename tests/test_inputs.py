import gzip

import numpy as np
import pytest

from bench.errors import InputsError, MissingFileError
from bench.inputs import make_inputs

TABLE = np.array([[0.5, 2.0], [-1.5, 3.0], [1.0, -4.0]])
ROWS = [[repr(float(cell)) for cell in row] for row in TABLE]


def text(separator, header=""):
    return header + "".join(separator.join(row) + "\n" for row in ROWS)


def test_x10_starts_as_published():
    x = make_inputs("x10")
    assert x.shape == (1000, 2)
    np.testing.assert_allclose(x[0], [1.03672916, -2.38279826], atol=5e-9)


def test_x10_gives_the_rows_and_columns_asked_for():
    whole = make_inputs("x10")
    part = make_inputs("x10", rows=7, columns=[1])
    np.testing.assert_array_equal(part, whole[:7, [1]])


@pytest.mark.parametrize(
    "options", [{"rows": 0}, {"rows": 1001}, {"columns": [2]}, {"columns": []}]
)
def test_x10_has_no_other_rows_or_columns(options):
    with pytest.raises(InputsError, match="x10 has"):
        make_inputs("x10", **options)


@pytest.mark.parametrize("std", [1, 10])
def test_truncated_normal_is_sorted_and_within_its_bounds(std):
    x = make_inputs("truncated-normal", std=std, low=-3, high=3, size=700)
    assert x.shape == (700, 1)
    assert (np.diff(x[:, 0]) >= 0).all()
    assert x.min() >= -3
    assert x.max() <= 3
    assert x.min() < -2.5
    assert x.max() > 2.5


def test_truncated_normal_of_two_dimensions_has_independent_columns():
    x = make_inputs("truncated-normal", std=1, low=-3, high=3, size=500, dim=2)
    assert x.shape == (500, 2)
    assert (np.diff(x[:, 0]) >= 0).all()
    assert abs(np.corrcoef(x.T)[0, 1]) < 0.15


def test_truncated_normal_refuses_a_pool_that_is_too_small():
    with pytest.raises(InputsError, match="raise pool"):
        make_inputs("truncated-normal", std=1, low=2, high=3, size=50, pool=100)


def test_grid_leaves_out_its_endpoint_unless_asked():
    x = make_inputs("grid", low=0, high=1, size=4)
    np.testing.assert_array_equal(x, [[0], [0.25], [0.5], [0.75]])
    x = make_inputs("grid", low=0, high=1, size=3, endpoint=True)
    np.testing.assert_array_equal(x, [[0], [0.5], [1]])


def test_grid_of_two_dimensions_is_every_pair():
    x = make_inputs("grid", low=0, high=2, size=2, dim=2)
    np.testing.assert_array_equal(x, [[0, 0], [0, 1], [1, 0], [1, 1]])


def test_grid_refuses_too_many_points():
    with pytest.raises(InputsError, match="at most"):
        make_inputs("grid", low=0, high=1, size=1001, dim=2)


def test_random_points_are_repeatable_and_within_bounds():
    options = {"size": 500, "low": 2, "high": 3, "seed": 4, "dim": 2}
    x = make_inputs("uniform", **options)
    np.testing.assert_array_equal(x, make_inputs("uniform", **options))
    assert x.shape == (500, 2)
    assert ((x >= 2) & (x < 3)).all()
    x = make_inputs("normal", size=5000, mean=3, std=2)
    assert x.mean() == pytest.approx(3, abs=0.15)
    assert x.std() == pytest.approx(2, abs=0.15)
    assert not np.array_equal(x, make_inputs("normal", size=5000, seed=1))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("normal", {"size": 5, "std": 0}),
        ("normal", {"size": 5, "std": -1}),
        ("normal", {"size": 5, "std": float("nan")}),
        ("truncated-normal", {"size": 5, "std": 0, "low": -1, "high": 1}),
        ("truncated-normal", {"size": 5, "std": 1, "low": 1, "high": 1}),
        ("uniform", {"size": 5, "low": 1, "high": 1}),
        ("uniform", {"size": 5, "low": 2, "high": 1}),
        ("grid", {"size": 5, "low": 2, "high": 1}),
        ("normal", {"size": 0}),
        ("normal", {"size": 5, "mean": float("inf")}),
    ],
)
def test_impossible_parameters_are_refused(kind, options):
    with pytest.raises(InputsError):
        make_inputs(kind, **options)


def test_an_unknown_kind_is_refused_with_a_hint():
    with pytest.raises(InputsError, match=r"did you mean 'uniform'.*Known: x10"):
        make_inputs("unifrom")


@pytest.mark.parametrize("sort", [False, True])
def test_points_are_read_only_float64(sort):
    x = make_inputs("x10", sort=sort)
    assert x.dtype == np.float64
    assert x.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        x[0, 0] = 1


def test_sorting_keeps_rows_together(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, TABLE)
    x = make_inputs("file", sort=True, path=path)
    np.testing.assert_array_equal(x, TABLE[[1, 0, 2]])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", text(",", "first,second\n")),
        ("x.csv", text(",")),
        ("x.csv", "\ufeff" + text(",", "a,b\n")),
        ("x.CSV", text(", ", "# a comment\n\n")),
        ("x.txt", text(" ")),
        ("x.v2.txt", text("\t")),
        ("x.csv.gz", text(",", "a,b\n")),
        ("x.txt.gz", text(" ")),
        ("x.gz", text(" ")),
    ],
)
def test_text_files_are_read(tmp_path, name, content):
    path = tmp_path / name
    raw = content.encode()
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    np.testing.assert_array_equal(make_inputs("file", path=path), TABLE)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_arrays_are_read(tmp_path, dtype):
    path = tmp_path / "x.npy"
    np.save(path, TABLE.astype(dtype))
    x = make_inputs("file", path=str(path))
    np.testing.assert_array_equal(x, TABLE.astype(dtype))
    (tmp_path / "x.npy.gz").write_bytes(gzip.compress(path.read_bytes()))
    packed = make_inputs("file", path=tmp_path / "x.npy.gz")
    np.testing.assert_array_equal(packed, x)


def test_columns_of_a_file_are_chosen(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(text(","))
    x = make_inputs("file", path=path, columns=[1])
    np.testing.assert_array_equal(x, TABLE[:, [1]])
    for columns in ([], [2], [-1]):
        with pytest.raises(InputsError, match="columns"):
            make_inputs("file", path=path, columns=columns)


def test_one_number_a_line_is_one_column(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("1\n2\n3\n")
    np.testing.assert_array_equal(make_inputs("file", path=path), [[1], [2], [3]])


def test_a_pickled_array_is_refused_and_never_loaded(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputsError, match="no table of numbers"):
        make_inputs("file", path=path)


@pytest.mark.parametrize(
    "array",
    [
        np.array([["a", "b"]]),
        np.array([1j]),
        np.array([True]),
        np.zeros((2, 2, 2)),
        np.zeros((0, 2)),
        np.array(1.0),
        np.array([1.0, np.nan]),
        np.array([1.0, -np.inf]),
    ],
)
def test_arrays_that_are_no_finite_table_are_refused(tmp_path, array):
    path = tmp_path / "x.npy"
    np.save(path, array)
    with pytest.raises(InputsError, match=r"x\.npy"):
        make_inputs("file", path=path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.txt", b"some words\nand more\n"),
        ("x.csv", b"a,b\n1,c\n"),
        ("x.csv", b"1,2\n3\n"),
        ("x.csv", b"1,nan\n2,3\n"),
        ("x.txt", b"1 inf\n"),
        ("x.txt", b"\xff\xfe\x00"),
        ("x.txt", b""),
        ("x.npy", b"not an array"),
        ("x.npy", b""),
        ("x.gz", b"not packed"),
        ("x.gz", gzip.compress(b"1 2\n3 4\n")[:-9]),
        ("x.json", b"[1, 2]"),
    ],
)
def test_files_that_are_no_finite_table_are_refused(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputsError):
        make_inputs("file", path=path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(MissingFileError, match="no file of input points"):
        make_inputs("file", path=tmp_path / "none.csv")
    with pytest.raises(InputsError, match="cannot be read"):
        make_inputs("file", path=tmp_path)


def test_a_corrupt_gzip_file_is_refused(tmp_path):
    path = tmp_path / "points.txt.gz"
    raw = bytearray(gzip.compress(b"1\n2\n3\n"))
    raw[10:14] = b"\xff" * 4
    path.write_bytes(raw)
    with pytest.raises(InputsError, match="cannot be read"):
        make_inputs("file", path=path)


def test_an_archive_under_the_name_of_an_array_is_refused(tmp_path):
    np.savez(tmp_path / "points.npz", a=np.ones(3))
    path = (tmp_path / "points.npz").rename(tmp_path / "points.npy")
    with pytest.raises(InputsError, match="archive"):
        make_inputs("file", path=path)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("truncated-normal", {"std": 1, "low": -1, "high": 1, "size": 0}),
        ("normal", {"size": -1}),
        ("grid", {"low": 0, "high": 1, "size": 3, "dim": 0}),
        ("grid", {"lo": 0}),
    ],
)
def test_impossible_sizes_are_refused(kind, parameters):
    with pytest.raises(InputsError):
        make_inputs(kind, **parameters)
