import gzip
import pickle

import numpy as np
import pytest

from bench.base.errors import InputsError, MissingFileError
from bench.curves import inputs
from bench.curves.inputs import make_inputs

TABLE = np.array([[1.5, -2.0], [0.25, 3.0], [-1.0, 1e-3]])
TEXT = "1.5 -2\n0.25 3\n-1 1e-3\n"
COMMAS = "1.5,-2\n0.25,3\n-1,1e-3\n"
BROKEN = gzip.compress(TEXT.encode() * 100, mtime=0)[:12] + b"\xff" * 40
ALL = [
    {"kind": "x10"},
    {"kind": "normal", "size": 20},
    {"kind": "uniform", "size": 20, "low": -1, "high": 2},
    {"kind": "grid", "size": 20, "low": -1, "high": 2},
    {"kind": "truncated-normal", "size": 20, "std": 1, "low": -1, "high": 2},
]


@pytest.mark.parametrize("options", ALL, ids=[options["kind"] for options in ALL])
def test_points_are_read_only_doubles(options):
    x = make_inputs(**options)
    assert x.ndim == 2
    assert x.dtype == np.float64
    assert x.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        x[0, 0] = 1


@pytest.mark.parametrize("options", ALL, ids=[options["kind"] for options in ALL])
def test_points_repeat(options):
    np.testing.assert_array_equal(make_inputs(**options), make_inputs(**options))


@pytest.mark.parametrize("options", ALL, ids=[options["kind"] for options in ALL])
def test_sorting_moves_whole_rows(options):
    plain, ordered = make_inputs(**options), make_inputs(**options, sort=True)
    assert (np.diff(ordered[:, 0]) >= 0).all()
    assert sorted(plain.tolist()) == sorted(ordered.tolist())


@pytest.mark.parametrize("kind", ["normal", "uniform", "truncated-normal"])
def test_seed_changes_the_points(kind):
    options = {
        "normal": {},
        "uniform": {"low": 0, "high": 1},
        "truncated-normal": {"std": 1, "low": -3, "high": 3, "pool": 1000},
    }[kind]
    one, other = (make_inputs(kind, size=9, seed=s, **options) for s in (0, 1))
    assert (one != other).all()


def test_x10_is_the_sample_of_the_study():
    x = make_inputs("x10")
    assert x.shape == (1000, 2)
    np.testing.assert_allclose(x[0], [1.03672916, -2.38279826], atol=5e-9)


def test_x10_takes_rows_and_columns():
    x = make_inputs("x10")
    np.testing.assert_array_equal(make_inputs("x10", rows=7, columns=[1]), x[:7, 1:])
    np.testing.assert_array_equal(make_inputs("x10", columns=[1, 0]), x[:, ::-1])


@pytest.mark.parametrize(
    "options",
    [{"rows": 0}, {"rows": 1001}, {"columns": []}, {"columns": [2]}, {"columns": [-1]}],
)
def test_x10_has_no_more(options):
    with pytest.raises(InputsError, match="1000 rows and columns 0 and 1"):
        make_inputs("x10", **options)


def test_normal_has_mean_and_std():
    x = make_inputs("normal", size=20_000, mean=3, std=2, dim=2)
    assert x.shape == (20_000, 2)
    np.testing.assert_allclose(x.mean(0), 3, atol=0.06)
    np.testing.assert_allclose(x.std(0), 2, atol=0.06)


def test_uniform_fills_its_range():
    x = make_inputs("uniform", size=5000, low=-2, high=5, dim=2)
    assert x.shape == (5000, 2)
    assert x.min() >= -2
    assert x.max() < 5
    np.testing.assert_allclose(x.mean(0), 1.5, atol=0.12)


def test_grid_leaves_the_endpoint_out():
    np.testing.assert_array_equal(
        make_inputs("grid", low=0, high=1, size=4)[:, 0], [0, 0.25, 0.5, 0.75]
    )


def test_grid_takes_the_endpoint_in():
    x = make_inputs("grid", low=0, high=1, size=5, endpoint=True)
    np.testing.assert_array_equal(x[:, 0], [0, 0.25, 0.5, 0.75, 1])


def test_grid_of_two_dimensions_is_every_pair():
    x = make_inputs("grid", low=-1, high=1, size=4, dim=2)
    axis = [-1, -0.5, 0, 0.5]
    assert x.tolist() == [[a, b] for a in axis for b in axis]


def test_grid_of_too_many_points_is_refused():
    with pytest.raises(InputsError, match=r"a grid of 1000\^3 points"):
        make_inputs("grid", low=0, high=1, size=1000, dim=3)


@pytest.mark.parametrize("std", [1, 10])
def test_truncated_normal_is_a_thinned_pool(std):
    x = make_inputs("truncated-normal", std=std, low=-3, high=3, size=700)
    assert x.shape == (700, 1)
    assert (np.diff(x[:, 0]) > 0).all()
    assert x.min() >= -3
    assert x.max() <= 3
    drawn = np.random.default_rng(0).normal(0, std, 1_000_000)
    assert np.isin(x, drawn).all()


@pytest.mark.parametrize(("std", "inside"), [(1, 0.684), (10, 0.342)])
def test_truncated_normal_follows_its_density(std, inside):
    x = make_inputs("truncated-normal", std=std, low=-3, high=3, size=700)
    # Thinning by count // size drops the pool's upper end, so the share is rough.
    np.testing.assert_allclose((np.abs(x) < 1).mean(), inside, atol=0.03)


def test_truncated_normal_columns_are_independent():
    x = make_inputs("truncated-normal", std=1, low=-3, high=3, size=700, dim=2)
    assert x.shape == (700, 2)
    assert abs(np.corrcoef(x.T)[0, 1]) < 0.15
    assert (np.diff(np.sort(x[:, 1])) > 0).all()


def test_truncated_normal_wants_a_pool_that_suffices():
    with pytest.raises(InputsError, match="raise pool"):
        make_inputs("truncated-normal", std=1, low=5, high=6, size=10, pool=1000)


@pytest.mark.parametrize("std", [0, -1, float("nan")])
@pytest.mark.parametrize("kind", ["normal", "truncated-normal"])
def test_std_must_be_positive(kind, std):
    bounds = {"normal": {}, "truncated-normal": {"low": -1, "high": 1}}[kind]
    with pytest.raises(InputsError, match="expected a number above 0"):
        make_inputs(kind, size=5, std=std, **bounds)


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (float("nan"), 1)])
@pytest.mark.parametrize(
    ("kind", "more"), [("uniform", {}), ("grid", {}), ("truncated-normal", {"std": 1})]
)
def test_low_must_be_below_high(kind, more, low, high):
    with pytest.raises(InputsError, match="expected low < high"):
        make_inputs(kind, size=5, low=low, high=high, **more)


@pytest.mark.parametrize(
    ("kind", "hint"),
    [("norml", "normal"), ("unifrom", "uniform"), ("truncated_normal", "truncated-")],
)
def test_unknown_kind_gets_a_hint(kind, hint):
    with pytest.raises(InputsError, match=f"did you mean '{hint}"):
        make_inputs(kind)


def test_unknown_kind_lists_the_known():
    with pytest.raises(InputsError, match="Known: x10, normal, uniform, grid,"):
        make_inputs("zzz")


@pytest.mark.parametrize("options", [{"size": 0}, {"size": -1}, {"dim": 0}])
@pytest.mark.parametrize("kind", ["normal", "uniform", "grid", "truncated-normal"])
def test_sizes_below_one_are_refused(kind, options):
    bounds = {"low": -1, "high": 1}
    more = {
        "normal": {},
        "uniform": bounds,
        "grid": bounds,
        "truncated-normal": {"std": 1, "pool": 100} | bounds,
    }[kind]
    with pytest.raises(InputsError, match="expected a number above 0"):
        make_inputs(kind, **{"size": 5, "dim": 1} | more | options)


@pytest.mark.parametrize(
    ("kind", "options"), [("normal", {"size": 3, "bogus": 1}), ("grid", {"size": 3})]
)
def test_wrong_parameters_are_refused(kind, options):
    with pytest.raises(InputsError, match=f"inputs of kind '{kind}'"):
        make_inputs(kind, **options)


def test_archives_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", np.ones(3))
    (tmp_path / "a.npz").rename(tmp_path / "a.npy")
    with pytest.raises(InputsError, match="an archive"):
        make_inputs("file", path=tmp_path / "a.npy")


def test_infinite_points_are_refused():
    with pytest.raises(InputsError, match="not finite"):
        make_inputs("normal", size=5, std=float("inf"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", TEXT.encode()),
        ("a.csv", COMMAS.encode()),
        ("a.csv", b"x0,x1\n" + COMMAS.encode()),
        ("a.csv", b"\xef\xbb\xbfx0,x1\n" + COMMAS.encode()),
        ("a.csv", b"# note\n\nx0,x1\r\n" + COMMAS.encode() + b"\n"),
        ("a.CSV", COMMAS.encode()),
        ("a.txt", b"# note\n1.5  -2 # first\n\n0.25\t3\n-1 0.001"),
        ("a.v1.txt", TEXT.encode()),
        ("a", TEXT.encode()),
        ("a.gz", gzip.compress(TEXT.encode(), mtime=0)),
        ("a.txt.gz", gzip.compress(TEXT.encode(), mtime=0)),
        ("a.csv.gz", gzip.compress(b"x0,x1\n" + COMMAS.encode(), mtime=0)),
    ],
)
def test_text_files_are_read(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    np.testing.assert_array_equal(make_inputs("file", path=tmp_path / name), TABLE)


@pytest.mark.parametrize("dtype", ["f8", ">f8", "f4", "i2", "u1"])
@pytest.mark.parametrize("name", ["a.npy", "a.npy.gz"])
def test_arrays_are_read(name, dtype, tmp_path):
    array = np.arange(6).reshape(3, 2).astype(dtype)
    np.save(tmp_path / "a.npy", array)
    (tmp_path / "a.npy.gz").write_bytes(
        gzip.compress((tmp_path / "a.npy").read_bytes())
    )
    np.testing.assert_array_equal(make_inputs("file", path=tmp_path / name), array)


@pytest.mark.parametrize(("name", "text"), [("a.txt", "1\n2\n"), ("a.csv", "x\n1\n2")])
def test_single_column_is_read(name, text, tmp_path):
    (tmp_path / name).write_text(text)
    assert make_inputs("file", path=tmp_path / name).tolist() == [[1], [2]]


def test_flat_array_is_one_column(tmp_path):
    np.save(tmp_path / "a.npy", np.array([1.0, 2.0]))
    assert make_inputs("file", path=str(tmp_path / "a.npy")).tolist() == [[1], [2]]


def test_columns_of_a_file_are_chosen(tmp_path):
    (tmp_path / "a.csv").write_text(COMMAS)
    x = make_inputs("file", path=tmp_path / "a.csv", columns=[1], sort=True)
    np.testing.assert_array_equal(x[:, 0], [-2, 0.001, 3])


@pytest.mark.parametrize("columns", [[], [2], [-1], [0, 5]])
def test_columns_beyond_a_file_are_refused(columns, tmp_path):
    (tmp_path / "a.csv").write_text(COMMAS)
    with pytest.raises(InputsError, match=r"a\.csv: columns .* expected 0 to 1"):
        make_inputs("file", path=tmp_path / "a.csv", columns=columns)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"1 2\nnan 3\n", "not finite"),
        ("a.csv", b"1,inf\n", "not finite"),
        ("a.txt", b"one two\n", "not a table of numbers"),
        ("a.csv", b"a,b\nc,d\n", "not a table of numbers"),
        ("a.txt", b"1 2\n3\n", "not a table of numbers"),
        ("a.txt", b"1,2\n", "comma may be a decimal mark"),
        ("a.txt", b"\xff\xfe1", "not a table of numbers"),
        ("a.txt", b"", "an empty file"),
        ("a.csv", b"# note\n", "an empty file"),
        ("a.npy", b"", "not a table of numbers"),
        ("a.npy", b"1 2\n", "not a table of numbers"),
        ("a.npy", pickle.dumps([1.0]), "not a table of numbers"),
        ("a.gz", b"1 2\n", "cannot be read"),
        ("a.gz", gzip.compress(TEXT.encode(), mtime=0)[:-9], "cannot be read"),
        ("a.gz", BROKEN, "cannot be read"),
        ("a.csv", b"x0,x1\n", "no points below the names"),
        ("a.xlsx", b"1 2\n", "unknown kind of file '.xlsx'"),
    ],
)
def test_other_content_is_refused(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputsError, match=message):
        make_inputs("file", path=tmp_path / name)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 2, 2)),
        np.zeros((0, 2)),
        np.zeros((3, 0)),
        np.float64(1),
        np.ones(3, complex),
        np.ones(3, bool),
        np.array(["a", "b"]),
        np.zeros(3, "M8[s]"),
    ],
)
def test_arrays_of_another_kind_are_refused(array, tmp_path):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputsError, match="expected numbers of shape"):
        make_inputs("file", path=tmp_path / "a.npy")


def test_pickled_objects_are_never_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.array([1.0, None], object))
    with pytest.raises(InputsError, match="not a table of numbers: Object arrays"):
        make_inputs("file", path=tmp_path / "a.npy")


def test_infinite_array_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([1.0, np.inf]))
    with pytest.raises(InputsError, match=r"a\.npy: holds values that are not finite"):
        make_inputs("file", path=tmp_path / "a.npy")


@pytest.mark.parametrize("name", ["none.csv", "none.npy", "none.csv.gz"])
def test_missing_file_is_named(name, tmp_path):
    with pytest.raises(MissingFileError, match=name) as caught:
        make_inputs("file", path=tmp_path / name)
    assert isinstance(caught.value, FileNotFoundError)


def test_folder_is_refused(tmp_path):
    with pytest.raises(InputsError, match="cannot be read"):
        make_inputs("file", path=tmp_path)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_files_too_large_unpacked_are_refused(name, tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "MAX_BYTES", 1000)
    (tmp_path / "a.txt").write_text("1\n" * 600)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"1\n" * 600, mtime=0))
    with pytest.raises(InputsError, match="more than 1000 bytes unpacked"):
        make_inputs("file", path=tmp_path / name)


def test_hostile_numbers_and_archives_are_refused(tmp_path):
    path = tmp_path / "points.npy"
    path.write_bytes(b"PK\x03\x04junkjunk")
    with pytest.raises(InputsError):
        make_inputs("file", path=path)
    with pytest.raises(InputsError):
        make_inputs("uniform", low=0, high=float("inf"), size=3)
    with pytest.raises(InputsError, match="at most"):
        make_inputs("normal", size=10**13)


@pytest.mark.parametrize(
    ("kind", "one", "several"),
    [
        ("uniform", {"low": -2, "high": 5}, {"low": [-2, -2], "high": [5, 5]}),
        ("normal", {"mean": 3, "std": 2}, {"mean": [3, 3], "std": [2, 2]}),
        ("grid", {"low": 0, "high": 2}, {"low": [0, 0], "high": 2}),
        (
            "truncated-normal",
            {"std": 1, "low": -2, "high": 3, "pool": 1000},
            {"std": [1, 1], "low": [-2, -2], "high": [3, 3], "pool": 1000},
        ),
    ],
)
def test_equal_numbers_for_each_column_are_as_one_number(kind, one, several):
    x = make_inputs(kind, size=9, dim=2, **one)
    np.testing.assert_array_equal(make_inputs(kind, size=9, **several), x)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("uniform", {}),
        ("grid", {}),
        ("grid", {"size": [4, 5, 20]}),
        ("truncated-normal", {"std": [3, 1, 9], "pool": 20_000}),
    ],
)
def test_each_column_has_its_range(kind, options):
    low, high = [1, -1, 3], [5, 2, 10]
    x = make_inputs(kind, **{"size": 20, "low": low, "high": high} | options)
    assert x.shape == (
        (400 if "size" in options else 8000 if kind == "grid" else 20),
        3,
    )
    assert (x >= low).all()
    assert (x <= high).all()
    assert (x.max(axis=0) - x.min(axis=0) > np.subtract(high, low) / 2).all()


def test_each_column_has_its_mean_and_std():
    x = make_inputs("normal", size=20_000, mean=[3, -1], std=[0.5, 20])
    np.testing.assert_allclose(x.mean(0), [3, -1], atol=0.6)
    np.testing.assert_allclose(x.std(0), [0.5, 20], rtol=0.03)


def test_a_grid_has_a_size_for_each_column():
    x = make_inputs("grid", low=[0, 5], high=[1, 8], size=[2, 3])
    assert x.tolist() == [[a, b] for a in (0, 0.5) for b in (5, 6, 7)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": [0, 0], "high": [1, 1, 1]}, "high: found 3 numbers; expected one for"),
        (
            {"low": [0, 0], "high": 1, "dim": 3},
            "low: found 2 numbers; expected one for",
        ),
        ({"low": [0, 3], "high": 1}, "low = 3, high = 1 in column 1; expected low"),
        ({"low": [], "high": 1}, "low: found 0 numbers"),
    ],
)
def test_lists_of_another_length_are_refused(options, message):
    with pytest.raises(InputsError, match=message):
        make_inputs("uniform", size=5, **options)


def test_a_grid_of_too_many_points_in_its_columns_is_refused():
    with pytest.raises(InputsError, match="a grid of 1000 × 1000 × 2 points"):
        make_inputs("grid", low=0, high=1, size=[1000, 1000, 2])
