import numpy as np
import pytest
from scipy.stats import kstest

from bench.base.errors import LibraryError, MissingFileError
from bench.curves import library as library_module
from bench.curves.library import load_library, parse_library

X = np.random.default_rng(1).normal(size=(50, 1))
X2 = np.random.default_rng(2).normal(size=(50, 2))
MIXED = """
N0*sin(x[:,0]) + U1
0.1*N3*x[:,0]**2 - U0
exp(-x[:,0]**2*U2);
0
N1;0
"""


def rng(seed=0):
    return np.random.default_rng(seed)


def same(text, other, x=X2):
    one = parse_library(text, "one").sample(x, 20, rng(), gradients=True)
    two = parse_library(other, "two").sample(x, 20, rng(), gradients=True)
    for left, right in zip(one, two, strict=True):
        np.testing.assert_array_equal(left, right, strict=True)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("N*x[:,0] + U", "N0*x[:,0] + U0"),
        ("S*x[:,0]", "S0*x[:,0]"),
        ("X07[:,1]", "x[:,1]"),
        ("np.sin(x[:,0]) + np.tanh(N0)", "sin(x[:,0]) + tanh(N0)"),
        ("  x[:,0]  ;  1  ;  0  ", "x[:,0];1;0"),
        ("# title\n\n  # more\nx[:,0]  # why\n\n", "x[:,0]"),
        ("x[:,0]**2;;0", "x[:,0]**2;2*x[:,0];0"),
        ("x[:,1]**2;0;", "x[:,1]**2"),
        ("x[:,0]*x[:,1];;", "x[:,0]*x[:,1]"),
        ("x[:,0]\r\nN0\r\n", "x[:,0]\nN0\n"),
    ],
)
def test_spellings_mean_the_same(text, other):
    same(text, other)


@pytest.mark.parametrize(
    ("text", "n_inputs"),
    [
        ("0", 1),
        ("N0", 1),
        ("x[:,0]", 1),
        ("x[:,1]", 2),
        ("x[:,0];1;0", 2),
        ("x[:,0]\nx[:,2]", 3),
        ("N0;;;", 3),
    ],
)
def test_inputs_are_counted(text, n_inputs):
    assert parse_library(text, "few").n_inputs == n_inputs


def test_functions_keep_line_and_text():
    read = parse_library("# title\n\nN0 # first\nx[:,0];1", "some")
    assert [(f.line, f.text) for f in read.functions] == [(3, "N0"), (4, "x[:,0];1")]
    assert [f.name for f in read.functions] == ["first", ""]
    assert read.name == "some"


def test_names_of_strangers_are_cut_to_one_short_line():
    read = parse_library(f"N0 # a\u202eb {'x' * 500}\nU0 #\n", "some")
    assert [f.name for f in read.functions] == [f"a\\u202eb {'x' * 33}...", ""]


def test_some_functions_are_a_library_of_their_own():
    read = parse_library(MIXED, "mixed")
    some = read.only([3, 1])
    assert [f.text for f in some.functions] == ["0", "0.1*N3*x[:,0]**2 - U0"]
    assert (some.n_inputs, some.name) == (read.n_inputs, read.name)
    values = some.sample(np.zeros((1, 1)), 50, rng())
    assert (values == 0).any()
    assert ((values <= 0) & (values > -1)).all()


@pytest.mark.parametrize(
    ("name", "n_inputs"), [("F11_v1", 1), ("F10_v1", 2), ("F11_v1.lib", 1)]
)
def test_shipped_libraries_load(name, n_inputs, tmp_path, monkeypatch):
    folder = library_module.resources.LIBRARIES
    monkeypatch.chdir(tmp_path)
    read = load_library(name, folder)
    assert read.n_inputs == n_inputs
    assert len(read.functions) == 1
    assert read.name == name.removesuffix(".lib")


def test_shipped_name_needs_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_library("F11_v1").n_inputs == 1


def test_own_file_comes_before_the_shipped_one(tmp_path):
    (tmp_path / "F11_v1.lib").write_text("x[:,1]")
    assert load_library("F11_v1", tmp_path).n_inputs == 2


@pytest.mark.parametrize("name", ["own", "own.lib", "sub/own", "sub/own.lib"])
def test_paths_start_at_the_folder(name, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "own.lib").write_text("N0")
    (tmp_path / "sub" / "own.lib").write_text("N0")
    assert load_library(name, tmp_path).name == "own"
    assert load_library(tmp_path / name).name == "own"


def test_byte_order_mark_is_skipped(tmp_path):
    (tmp_path / "own.lib").write_bytes(b"\xef\xbb\xbfN0")
    assert load_library("own", tmp_path).functions[0].text == "N0"


def test_missing_library_gets_a_hint(tmp_path):
    with pytest.raises(MissingFileError, match=r"did you mean 'F11_v1'\?") as caught:
        load_library("F11_v2", tmp_path)
    assert isinstance(caught.value, FileNotFoundError)


def test_hint_knows_the_folder(tmp_path):
    (tmp_path / "waves.lib").write_text("N0")
    with pytest.raises(MissingFileError, match="did you mean 'waves'"):
        load_library("wavs", tmp_path)


def test_far_name_gets_no_hint(tmp_path):
    with pytest.raises(MissingFileError, match="no function library") as caught:
        load_library("zzzzzz", tmp_path)
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"N0 + \xff\xfe", "own.lib: not a text file in UTF-8"),
        (b"N0\n" + b"#" * 2**20, "own.lib: 1048579 bytes; expected at most 1048576"),
        (b"", "own.lib: 0 functions"),
        (b"# nothing\n\n", "own.lib: 0 functions"),
        (b"N0\n" * 1001, "own.lib: 1001 functions"),
        (b"N0\n\n__import__('os')", "own.lib:3: unknown function '__import__'"),
        (b"# a\nx[:,0]**9**9**9", "own.lib:2: an exponent"),
        (b"N0\nx[:,0] + y[:,1]", "own.lib:2: two inputs"),
        (b"N0\nx[:,0];x.real", "own.lib:2: 'x.real' is outside the grammar"),
        (b"N0\n;1", "own.lib:2: no value"),
        (b"N0" + b";0" * 101, "own.lib:1: 101 gradients"),
        (b"(" * 10_000 + b"1" + b")" * 10_000, "own.lib:1: a line of 20001 characters"),
        (b"N0 +" * 2**18, "own.lib:1: a line of 1048576 characters"),
        (b"\n\nx[:,0]**2;x[:,0]", r"own.lib:3: the gradient d/dx0 is wrong: at x = "),
        (b"x[:,0]\nx[:,0]*x[:,1];;0", "own.lib:2: the gradient d/dx1 is wrong"),
        (b"x[:,0];1 + 0*log(x[:,0])", "own.lib:1: .* is wrong: .* it gives nan"),
        (b"N0*x[:,0];N1", "own.lib:1: the gradient d/dx0 is wrong"),
        (
            b"x[:,0];sqrt(-1-x[:,0]**2)",
            "own.lib:1: the gradient d/dx0 is finite at none",
        ),
    ],
)
def test_refusals_name_file_and_line(content, message, tmp_path):
    path = tmp_path / "own.lib"
    path.write_bytes(content)
    with pytest.raises(LibraryError, match=message) as caught:
        load_library(path)
    assert str(caught.value).startswith(f"{path}:")


def test_wrong_gradient_shows_both_numbers():
    with pytest.raises(LibraryError, match=r"it gives 3 where .* is 2;"):
        parse_library("2*x[:,0];3", "own")


@pytest.mark.parametrize("sign", [1, -1])
def test_gradient_off_by_little_is_refused(sign):
    with pytest.raises(LibraryError, match="is wrong"):
        parse_library(f"sin(x[:,0]);cos(x[:,0])*{1 + sign * 1e-4}", "own")


def test_written_gradient_is_used_as_written():
    x = X.astype(np.float32)
    text = "N0*x[:,0]**2;x[:,0]*3*N0*2/3"
    _, gradients = parse_library(text, "own").sample(x, 10, rng(), True, np.float32)
    n = parse_library("N0", "n").sample(x, 10, rng(), dtype=np.float32)
    np.testing.assert_array_equal(
        gradients[..., 0], x[:, 0] * 3 * n * 2 / 3, strict=True
    )


def test_f11_matches_numpy_bit_for_bit_in_float32():
    x = X.astype(np.float32)
    f11 = load_library("F11_v1")
    values, gradients = f11.sample(x, 3000, rng(3), True, np.float32)
    n0, n1, n2 = (
        parse_library(text, "n").sample(x, 3000, rng(3), dtype=np.float32)[:, :1]
        for text in ("N0 + 0*N2", "N1 + 0*N2", "N2")
    )
    at = x[:, 0]
    expected = 0.05 * n0 * (at + 0.5 * n1) ** 2 + 0.15 * n2
    np.testing.assert_array_equal(values, expected, strict=True)
    expected = 2 * 0.05 * n0 * (at + 0.5 * n1)
    np.testing.assert_array_equal(gradients[..., 0], expected, strict=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("gradients", [False, True])
def test_first_curves_are_the_smaller_draw(gradients, dtype):
    mixed = parse_library(MIXED, "mixed")
    few = mixed.sample(X, 10, rng(), gradients, dtype)
    many = mixed.sample(X, 1000, rng(), gradients, dtype)
    few, many = (list(drawn) if gradients else [drawn] for drawn in (few, many))
    for small, large in zip(few, many, strict=True):
        assert small.dtype == dtype
        np.testing.assert_array_equal(small, large[:10], strict=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("elements", [1, 50 * 7, 50 * 32])
def test_chunks_change_no_bit(elements, dtype, monkeypatch):
    mixed = parse_library(MIXED, "mixed")
    whole = mixed.sample(X, 500, rng(), True, dtype)
    monkeypatch.setattr(library_module, "CHUNK_ELEMENTS", elements)
    parts = mixed.sample(X, 500, rng(), True, dtype)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


def test_asking_for_gradients_changes_no_value():
    mixed = parse_library(MIXED, "mixed")
    values, _ = mixed.sample(X, 200, rng(), gradients=True)
    np.testing.assert_array_equal(values, mixed.sample(X, 200, rng()), strict=True)


def test_generator_advances_by_a_fixed_amount():
    mixed = parse_library(MIXED, "mixed")
    few, many = rng(), rng()
    mixed.sample(X, 1, few)
    mixed.sample(X, 700, many)
    assert few.random() == many.random()


def test_every_function_is_picked_as_often():
    four = parse_library("0\n1\n2\n3", "four")
    picked = four.sample(X[:1], 4000, rng())[:, 0].astype(int)
    assert (np.abs(np.bincount(picked, minlength=4) - 1000) < 150).all()


def test_coefficients_have_their_distributions():
    normal = parse_library("N3", "n").sample(X[:1], 5000, rng())[:, 0]
    uniform = parse_library("U3", "u").sample(X[:1], 5000, rng())[:, 0]
    assert kstest(normal, "norm").pvalue > 1e-3
    assert kstest(uniform, "uniform").pvalue > 1e-3
    for dtype in (np.float32, np.float64):
        sign = parse_library("S3", "s").sample(X[:1], 5000, rng(), dtype=dtype)
        assert sign.dtype == dtype
        assert set(sign.ravel()) == {-1, 1}
        assert abs(sign.mean()) < 0.06


def test_signs_change_no_other_coefficient():
    plain, signed = (
        parse_library(text, "n").sample(X, 300, rng(), gradients=True)
        for text in ("N0*x[:,0] + U0\nN1*x[:,0]", "N0*x[:,0] + U0\nS1*N1*x[:,0]")
    )
    for left, right in zip(plain, signed, strict=True):
        np.testing.assert_array_equal(abs(left), abs(right))


def test_coefficients_are_independent():
    n0, n1 = (
        parse_library(text, "n").sample(X[:1], 5000, rng())[:, 0]
        for text in ("N0 + 0*N1", "N1")
    )
    assert abs(np.corrcoef(n0, n1)[0, 1]) < 0.06


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shapes_and_types(dtype):
    f10 = load_library("F10_v1")
    values, gradients = f10.sample(X2, 7, rng(), True, dtype)
    assert (values.shape, gradients.shape) == ((7, 50), (7, 50, 2))
    assert values.dtype == gradients.dtype == dtype


def test_flat_points_are_one_column():
    f11 = load_library("F11_v1")
    flat = f11.sample(X[:, 0], 5, rng())
    np.testing.assert_array_equal(flat, f11.sample(X, 5, rng()), strict=True)


def test_columns_beyond_the_library_have_zero_gradient():
    _, gradients = parse_library("x[:,0]*N0", "own").sample(
        X2, 5, rng(), gradients=True
    )
    assert (gradients[..., 0] != 0).all()
    assert (gradients[..., 1] == 0).all()


@pytest.mark.parametrize("shape", [(5, 1), (0, 2), (5,), (5, 2, 1)])
def test_points_of_another_shape_are_refused(shape):
    with pytest.raises(LibraryError, match=r"own: reads 2 input column\(s\)"):
        parse_library("x[:,1]", "own").sample(np.zeros(shape), 1, rng())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x[:,0]\n\nlog(x[:,0])", r"own, line 3: 'log\(x\[:,0\]\)' has a value"),
        ("sqrt(x[:,0])", "line 1: .* has a value"),
        ("1/(x[:,0]-x[:,0])", "line 1: .* has a value"),
        ("exp(exp(exp(9+x[:,0])))", "line 1: .* has a value"),
        ("abs(x[:,0] - x[:,0])**0.5", "line 1: .* has a gradient"),
        ("N0**0.5", "line 1: .* has a value"),
    ],
)
def test_probe_names_a_function_that_is_not_finite(text, message):
    with pytest.raises(LibraryError, match=message):
        parse_library(text, "own").probe(X)


def test_probe_sees_the_overflow_of_float32():
    big = parse_library("exp(90 + 0*x[:,0])", "own")
    big.probe(X, np.float64)
    with pytest.raises(LibraryError, match="not finite"):
        big.probe(X, np.float32)


def test_probe_finds_what_is_rare():
    rare = parse_library("log(N0 + 2.9)", "own")
    rare.probe(X, n_curves=3)
    with pytest.raises(LibraryError, match="not finite"):
        rare.probe(X, n_curves=10_000)


@pytest.mark.parametrize("name", ["F11_v1", "F10_v1", "families20"])
def test_probe_passes_the_shipped_libraries(name):
    read = load_library(name)
    assert read.probe(X2, np.float32) is None
    assert np.isfinite(read.sample(X2, 100, rng())).all()


@pytest.mark.parametrize(
    "text",
    [
        "tanh(" * 140 + "x[:,0]" + ")" * 140,
        "x[:,0]" + "*x[:,0]" * 140,
        "x[:,0]" + "/(1+x[:,0]**2)" * 100,
        "1/(2+sin(" * 40 + "x[:,0]" + "))" * 40,
        "cos(" * 70 + "x[:,0]" + ")**3" * 70,
        "arcsinh(" * 140 + "x[:,0]" + ")" * 140,
        "maximum(0.1*" * 70 + "x[:,0]" + ", -x[:,0])" * 70,
    ],
    ids=["calls", "product", "quotient", "fraction", "powers", "roots", "choices"],
)
def test_deep_expressions_are_derived_and_drawn(text):
    deep = parse_library(text, "deep")
    x = np.linspace(-1, 1, 5)
    values, gradients = deep.sample(x, 2, rng(), gradients=True)
    assert np.isfinite(values).all()
    assert np.isfinite(gradients).all()
