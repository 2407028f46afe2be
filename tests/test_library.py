import time

import numpy as np
import pytest

from bench import library
from bench.errors import LibraryError, MissingFileError
from bench.library import load_library, parse_library

THREE = """\
# three functions
N*x[:,0] + U
sin(N1*x[:,0] + 6*U2)

N0*tanh(x[:,0] + U1)
"""
X = np.linspace(-2, 2, 50)


@pytest.mark.parametrize(
    ("text", "n_functions", "n_inputs"),
    [
        ("N*x[:,0] + U", 1, 1),
        ("N*X07[:,1]", 1, 2),
        ("np.sin(x[:,0])", 1, 1),
        ("x[:,0];1;0", 1, 2),
        ("N0;0", 1, 1),
        ("N0*x[:,0];", 1, 1),
        ("x[:,0]*x[:,1];;x[:,0]", 1, 2),
        ("  x[:,0] * 2  ;  2  ", 1, 1),
        ("# comment\n\nN0*x[:,0];N0  # the slope\n   \nU\n", 2, 1),
        ("x[:,0]\nX11[:,2]\n", 2, 3),
        ("x[:,0]**2;2*x[:,0]\r\nN\r\n", 2, 1),
    ],
)
def test_accepted_spellings(text, n_functions, n_inputs):
    lib = parse_library(text, "name")
    assert len(lib.functions) == n_functions
    assert lib.n_inputs == n_inputs
    assert all(len(f.gradients) == n_inputs for f in lib.functions)
    x = np.random.default_rng(0).standard_normal((7, n_inputs))
    rng = np.random.default_rng(0)
    values, gradients = lib.sample(x, 5, rng, gradients=True)
    assert values.shape == (5, 7)
    assert gradients.shape == (5, 7, n_inputs)
    assert np.isfinite(values).all()
    assert np.isfinite(gradients).all()


@pytest.mark.parametrize(
    "line",
    [
        "__import__('os')",
        "__import__('os').system('true')",
        "x.T",
        "np.pi",
        "x[:,0].sum()",
        "sin(x=1)",
        "sin(x[:,0], out=x)",
        "lambda: 0",
        "[N0 for N0 in N1]",
        "x[:,0]**9**9**9",
        "9**9**9**9",
        "(" * 10_000 + "N" + ")" * 10_000,
        "N" + "+N" * 2**19,
        "spam",
        "x[:,0] + y[:,1]",
        "1/0",
        "N0*x[:,0] + 1/0",
        ";1",
        "N;1;",
        "x[:,0];2",
        "x[:,0]**2;2*x[:,0];1",
        "sin(x[:,0]);cos(x[:,0]) + 0.001",
        "N0*x[:,0]**2;N0*x[:,0]",
        "x[:,0];log(-1 - x[:,0]**2)",
    ],
    ids=lambda line: line[:30],
)
def test_refusals_name_file_and_line(line):
    start = time.monotonic()
    with pytest.raises(LibraryError, match=r"^name:2: ") as caught:
        parse_library(f"N0*x[:,0]\n{line}\n", "name")
    assert time.monotonic() - start < 2
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "N\n" * 1001])
def test_no_function_or_too_many_is_refused(text):
    with pytest.raises(LibraryError, match="expected 1 to"):
        parse_library(text, "name")


def test_a_wrong_gradient_is_refused_with_its_place():
    with pytest.raises(LibraryError, match=r"name:1: .*d/dx0 is wrong"):
        parse_library("x[:,0]**2;x[:,0]", "name")


def test_a_missing_library_is_refused_with_a_hint():
    with pytest.raises(MissingFileError, match="did you mean 'F11_v1'"):
        load_library("F11v1")


def test_files_are_found_by_name_and_path(tmp_path):
    path = tmp_path / "mine.lib"
    path.write_text("\ufeffN0*x[:,0]\n", "utf-8")
    for name in ("mine", "mine.lib", path):
        assert load_library(name, tmp_path).name == "mine"
    assert load_library("F11_v1").n_inputs == 1
    assert load_library("F10_v1").n_inputs == 2


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"#" * (2**20 + 1)])
def test_a_file_that_is_no_text_or_too_large_is_refused(tmp_path, content):
    (tmp_path / "bad.lib").write_bytes(content)
    with pytest.raises(LibraryError, match="bad"):
        load_library("bad", tmp_path)


def test_an_error_in_a_file_names_its_path(tmp_path):
    (tmp_path / "bad.lib").write_text("spam\n")
    with pytest.raises(LibraryError, match=r"bad\.lib:1: unknown name 'spam'"):
        load_library("bad", tmp_path)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_smaller_draw_is_a_prefix_of_a_larger(dtype):
    lib = parse_library(THREE, "name")
    few = lib.sample(X, 10, np.random.default_rng(0), dtype=dtype)
    many = lib.sample(X, 1000, np.random.default_rng(0), dtype=dtype)
    assert few.dtype == many.dtype == dtype
    assert few.tobytes() == many[:10].tobytes()
    assert len(np.unique(many, axis=0)) == 1000


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("elements", [1, 150, 1_650, 10**7])
def test_curves_do_not_depend_on_the_chunk(monkeypatch, elements, dtype):
    lib = parse_library(THREE, "name")

    def draw():
        return lib.sample(X, 200, np.random.default_rng(0), gradients=True, dtype=dtype)

    expected = draw()
    monkeypatch.setattr(library, "CHUNK_ELEMENTS", elements)
    for found, wanted in zip(draw(), expected, strict=True):
        assert found.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_and_gradients_have_the_dtype_asked_for(dtype):
    lib = load_library("F11_v1")
    rng = np.random.default_rng(0)
    values, gradients = lib.sample(X, 6, rng, gradients=True, dtype=dtype)
    assert values.dtype == gradients.dtype == dtype
    alone = lib.sample(X, 6, np.random.default_rng(0), dtype=dtype)
    assert alone.tobytes() == values.tobytes()


def test_the_generator_advances_the_same_whatever_is_drawn():
    lib = parse_library(THREE, "name")
    states = []
    for n_curves in (0, 1, 500):
        rng = np.random.default_rng(0)
        assert lib.sample(X, n_curves, rng).shape == (n_curves, len(X))
        states.append(rng.random())
    assert len(set(states)) == 1


def test_every_function_of_a_library_is_drawn_equally_often():
    lib = parse_library("1\n2\n3", "name")
    drawn = lib.sample(X[:1], 3000, np.random.default_rng(0))[:, 0]
    counts = np.bincount(drawn.astype(int))[1:]
    assert counts.sum() == 3000
    assert (abs(counts - 1000) < 120).all()


def test_a_written_gradient_is_kept_and_an_empty_one_derived():
    rng = np.random.default_rng
    written = parse_library("N0*x[:,0]*x[:,1];N0*x[:,1];N0*x[:,0]", "name")
    derived = parse_library("N0*x[:,0]*x[:,1];;", "name")
    x = rng(1).standard_normal((9, 2))
    np.testing.assert_allclose(
        written.sample(x, 8, rng(0), gradients=True)[1],
        derived.sample(x, 8, rng(0), gradients=True)[1],
    )


def test_gradients_of_columns_that_the_library_does_not_read_are_zero():
    x = np.random.default_rng(1).standard_normal((9, 3))
    rng = np.random.default_rng(0)
    slopes = load_library("F11_v1").sample(x, 4, rng, gradients=True)[1]
    assert slopes.shape == (4, 9, 3)
    assert (slopes[..., 1:] == 0).all()


def test_points_with_too_few_columns_are_refused():
    with pytest.raises(LibraryError, match="reads 2 input"):
        load_library("F10_v1").sample(X, 4, np.random.default_rng(0))


def test_probe_names_the_function_that_is_not_finite():
    lib = parse_library("N0*x[:,0]\nlog(x[:,0])", "name")
    with pytest.raises(LibraryError, match=r"line 2: 'log\(x\[:,0\]\)' has a value"):
        lib.probe(X)
    lib.probe(X + 3)


def test_probe_finds_a_gradient_that_is_not_finite():
    lib = parse_library("sqrt(x[:,0])", "name")
    with pytest.raises(LibraryError, match="has a gradient"):
        lib.probe(np.array([0.0, 1.0]))


def test_a_written_gradient_that_is_not_finite_is_wrong():
    with pytest.raises(LibraryError, match="gradient d/dx0 is wrong"):
        parse_library("x[:,0]**2;2*x[:,0]+0*log(x[:,0])", "name")
