import numpy as np
import pytest

from bench.derivatives import derivative
from bench.errors import LibraryError
from bench.expressions import MAX_INDEX, Constant, evaluate, parse

F11 = "0.05*N0*(x[:,0] + 0.5*N1)**2 + 0.15*N2"
F11_GRADIENT = "2*0.05*N0*(x[:,0] + 0.5*N1)"


def coefficients(dtype=np.float64, n_curves=20):
    rng = np.random.default_rng(3)
    return {
        "N": rng.standard_normal((n_curves, 4)).astype(dtype),
        "U": rng.random((n_curves, 4)).astype(dtype),
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_f11_equals_the_numpy_formula_bit_for_bit(dtype):
    x = np.linspace(-3, 3, 101, dtype=dtype)[:, None]
    drawn = coefficients(dtype, 50)
    n0, n1, n2 = (drawn["N"][:, [k]] for k in range(3))
    column = x[:, 0][None]
    value, gradient = evaluate([parse(F11), parse(F11_GRADIENT)], x, drawn)
    expected = 0.05 * n0 * (column + 0.5 * n1) ** 2 + 0.15 * n2
    assert value.dtype == gradient.dtype == dtype
    assert value.tobytes() == expected.tobytes()
    expected = 2 * 0.05 * n0 * (column + 0.5 * n1)
    assert gradient.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("N", "N0"),
        ("U", "U0"),
        ("np.sin(x[:,0])", "sin(x[:,0])"),
        ("X07[:, 1]", "x[:,1]"),
        ("+N2 - -U1", "N2 + U1"),
        ("  x[:,0] ** 2  ", "x[:,0]**2.0"),
        ("2*0.05*N", "0.1*N"),
    ],
)
def test_spellings_mean_the_same(text, other):
    x = np.random.default_rng(0).standard_normal((9, 2))
    drawn = coefficients()
    np.testing.assert_array_equal(*evaluate([parse(text), parse(other)], x, drawn))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2**-3", 0.125),
        ("-2**2", -4.0),
        ("7 - 2 - 1", 4.0),
        ("2**3**2", 512.0),
        ("8/2/2", 2.0),
        ("sqrt(4) + np.abs(-1)", 3.0),
        ("1e-3", 1e-3),
    ],
)
def test_constant_parts_are_folded(text, value):
    folded = parse(text)
    assert isinstance(folded, Constant)
    assert folded.value == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 +",
        "True",
        "1j",
        "'a'",
        "1e13",
        "1e999",
        "1e10*1e10",
        "1/0",
        "log(0)",
        "sqrt(-1)",
        "x[:,-1]",
        f"x[:,{MAX_INDEX + 1}]",
        "x[:,True]",
        "x[0]",
        "x[1:,0]",
        "x[:,0,0]",
        "x",
        "N100",
        "M0",
        "sinn(N0)",
        "sin(N0, N1)",
        "sin(*N0)",
        "sin()",
        "sin",
        "math.sin(N0)",
        "np.linalg.norm(N0)",
        "sign(N0)",
        "N0 % 2",
        "N0 // 2",
        "N0 @ N1",
        "~N0",
        "not N0",
        "N0 < 1",
        "N0 if N1 else N2",
        "N0 and N1",
        "(N0, N1)",
        "[N0]",
        "{N0}",
        "(y := 1)",
        "N0[:,0]",
        "sin[:,0]",
        "x[:,0]**33",
        "x[:,0]**(-32 - 1)",
        "f'{N0}'",
        "N0\x00",
    ],
)
def test_what_is_outside_the_grammar_is_refused(text):
    with pytest.raises(LibraryError):
        parse(text)


def test_limits_of_length_depth_and_terms():
    with pytest.raises(LibraryError, match="characters"):
        parse("1+" * 1000 + "1")
    with pytest.raises(LibraryError, match="levels"):
        parse("-" * 151 + "N")
    with pytest.raises(LibraryError, match="nested"):
        parse("(" * 500 + "N" + ")" * 500)
    parse("-" * 150 + "N")


def central(expression, x, drawn, column, h=1e-6):
    step = np.zeros(x.shape[1])
    step[column] = h
    up = evaluate([expression], x + step, drawn)[0]
    down = evaluate([expression], x - step, drawn)[0]
    return (up - down) / (2 * h)


@pytest.mark.parametrize(
    "text",
    [
        "sin(N0*x[:,0] + U0*x[:,1])",
        "cos(N0*x[:,0]*x[:,1])",
        "tan(0.3*sin(x[:,0]) + 0.2*x[:,1])",
        "exp(0.3*x[:,0] - 0.5*U0*x[:,1])",
        "log(abs(x[:,0]) + U0 + 1)",
        "log(x[:,0]**2 + x[:,1]**2)",
        "sqrt(1 + x[:,0]**2 + abs(x[:,1]))",
        "abs(x[:,0]) * abs(N0 - x[:,1])",
        "tanh(N0*x[:,0] - x[:,1])",
        "x[:,0] + x[:,1] + x[:,0]",
        "2*x[:,0] - 3*x[:,0] - x[:,1]",
        "-x[:,0] - (-x[:,1])",
        "N0*x[:,0]*x[:,1]*x[:,0]",
        "x[:,0] / (2 + x[:,1]**2)",
        "N0 / (2 + x[:,0]**2)",
        "x[:,0] / 3 + 2 / (x[:,1]**2 + 1)",
        "(abs(x[:,0]) + 1)**N0",
        "(abs(x[:,0]) + 1)**x[:,1]",
        "2**x[:,0] + (U0 + 1)**x[:,1]",
        "x[:,0]**1 + x[:,0]**2 + x[:,0]**3 + x[:,1]**0",
        "(abs(x[:,0]) + 1)**0.5 + (abs(x[:,1]) + 1)**-2",
        "sin(exp(tanh(x[:,0]*x[:,1])))**2",
        "N0 + U0",
    ],
)
@pytest.mark.parametrize("column", [0, 1])
def test_derivatives_match_central_differences(text, column):
    rng = np.random.default_rng(1)
    x = rng.uniform(0.2, 1.5, (40, 2)) * rng.choice([-1, 1], (40, 2))
    drawn = coefficients()
    expression = parse(text)
    found = evaluate([derivative(expression, column)], x, drawn)[0]
    expected = central(expression, x, drawn, column)
    found, expected = np.broadcast_arrays(found, expected)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["log", "sqrt"])
def test_derivatives_of_log_and_sqrt_on_positive_points(name):
    x = np.linspace(0.5, 4, 30)[:, None]
    expression = parse(f"{name}(x[:,0])")
    found = evaluate([derivative(expression, 0)], x, {})[0]
    np.testing.assert_allclose(found, central(expression, x, {}, 0), rtol=1e-6)


def test_the_derivative_of_abs_is_zero_at_its_kink():
    found = evaluate([derivative(parse("abs(x[:,0])"), 0)], np.zeros((1, 1)), {})[0]
    assert found == 0


def test_derivative_of_powers_is_finite_at_zero():
    x = np.zeros((1, 1))
    for text, expected in [("x[:,0]**1", 1.0), ("x[:,0]**2", 0.0)]:
        found = evaluate([derivative(parse(text), 0)], x, {})[0]
        assert np.asarray(found).item() == expected


@pytest.mark.parametrize(
    "text", ["not " * 490 + "N", "~" * 1500 + "N", "N" + ".a" * 900, "1or 2", "N٣"]
)
def test_hostile_depth_and_spelling_end_in_a_library_error(text):
    with pytest.raises(LibraryError):
        parse(text)


def test_the_deepest_quotient_has_a_derivative():
    text = "x[:,0]/(" * 140 + "x[:,0]+2" + ")" * 140
    slope = derivative(parse(text), 0)
    found = evaluate([slope], np.ones((3, 1)), {})[0]
    assert np.isfinite(found).all()


def test_derived_gradients_stay_in_float32():
    slope = derivative(parse("(x[:,0]+x[:,0])*sin(x[:,0])"), 0)
    assert evaluate([slope], np.ones((3, 1), np.float32), {})[0].dtype == np.float32
