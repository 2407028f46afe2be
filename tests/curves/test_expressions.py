import numpy as np
import pytest

from bench.curves.expressions import (
    FUNCTIONS,
    Coefficient,
    Constant,
    Input,
    derivative,
    evaluate,
    used,
)
from bench.curves.grammar import parse

X = np.array([[0.5, 2.0], [-1.5, 3.0], [0.25, -4.0]])


DRAWN = {
    "N": np.array([[0.3, -1.2, 2.5], [1.7, 0.4, -0.6]]),
    "U": np.array([[0.1, 0.9, 0.3], [0.7, 0.2, 0.8]]),
    "S": np.array([[1.0, -1.0], [-1.0, -1.0]]),
}


def value(text, x=X, drawn=DRAWN):
    return np.broadcast_to(evaluate([parse(text)], x, drawn)[0], (2, len(x)))


# Functions that are real on a part of the line only → points of that part.
DOMAINS = {
    **dict.fromkeys(("arcsin", "arccos", "arctanh"), (-0.95, 0.95)),
    **dict.fromkeys(("log", "log10", "log2", "sqrt"), (0.1, 3.0)),
    "arccosh": (1.05, 3.0),
    "tan": (-1.4, 1.4),
}


def points_of(name):
    # No point is 0, where abs, cbrt and sign have no derivative.
    return np.linspace(*DOMAINS.get(name, (-2.0, 2.0)), 12).reshape(-1, 1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_those_of_numpy(name, dtype):
    x = points_of(name).astype(dtype)
    found, prefixed = evaluate(
        [parse(f"{name}(x[:,0])"), parse(f"np.{name}(x[:,0])")], x, {}
    )
    expected = getattr(np, name)(x[:, 0])
    np.testing.assert_array_equal(found[0], expected, strict=True)
    np.testing.assert_array_equal(prefixed[0], expected, strict=True)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_derivative_of_each_function_agrees_with_central_differences(name):
    x, step = points_of(name), 1e-6
    inner = parse(f"{name}(0.9*x[:,0])")
    above, below = (evaluate([inner], x + h, {})[0][0] for h in (step, -step))
    (found,) = evaluate([derivative(inner, 0)], x, {})
    found = np.broadcast_to(found, (1, len(x)))[0]
    if name == "arccosh":  # its points times 0.9 reach to the left of 1
        above, below, found = (part[x[:, 0] > 1.15] for part in (above, below, found))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, (above - below) / (2 * step), rtol=1e-7)


@pytest.mark.parametrize(
    ("text", "derived"),
    [
        ("sinh(x[:,0])", np.cosh),
        ("cosh(x[:,0])", np.sinh),
        ("arcsin(x[:,0])", lambda x: 1 / np.sqrt((1 - x) * (1 + x))),
        ("arccos(x[:,0])", lambda x: -1 / np.sqrt((1 - x) * (1 + x))),
        ("arctan(x[:,0])", lambda x: 1 / (1 + x**2)),
        ("arcsinh(x[:,0])", lambda x: 1 / np.sqrt(1 + x**2)),
        ("arctanh(x[:,0])", lambda x: 1 / ((1 - x) * (1 + x))),
        ("square(x[:,0])", lambda x: 2 * x),
        ("sign(x[:,0])", lambda x: 0 * x),
    ],
)
def test_derivatives_are_the_formulas_of_the_textbook(text, derived):
    x = np.linspace(-0.99, 0.99, 7).reshape(-1, 1)
    (found,) = evaluate([derivative(parse(text), 0)], x, {})
    expected = derived(x[:, 0])
    np.testing.assert_allclose(np.broadcast_to(found, (1, 7))[0], expected, rtol=4e-16)


def test_the_slope_of_arcsin_is_accurate_next_to_1():
    x = np.array([[1 - 2.0**-50]])
    (found,) = evaluate([derivative(parse("arcsin(x[:,0])"), 0)], x, {})
    gap = 2.0**-50
    np.testing.assert_allclose(found, 1 / np.sqrt(gap * (2 - gap)), rtol=1e-15)


def test_arccosh_has_no_slope_where_it_has_no_value():
    x = np.array([[-2.0], [0.5], [2.0]])
    f = parse("arccosh(x[:,0])")
    values, slopes = evaluate([f, derivative(f, 0)], x, {})
    assert np.isnan(values[0]).tolist() == np.isnan(slopes[0]).tolist()


@pytest.mark.parametrize(
    ("name", "pick"), [("minimum", np.minimum), ("maximum", np.maximum)]
)
def test_minimum_and_maximum_are_those_of_numpy(name, pick):
    x = np.random.default_rng(3).normal(size=(50, 2)).astype(np.float32)
    f = parse(f"np.{name}(x[:,0]**2, 3*x[:,1])")
    found, by_0, by_1 = evaluate([f, derivative(f, 0), derivative(f, 1)], x, {})
    a, b = x[:, 0] ** 2, 3 * x[:, 1]
    np.testing.assert_array_equal(found[0], pick(a, b), strict=True)
    first = pick(a, b) == a
    assert 0 < first.sum() < 50
    np.testing.assert_array_equal(
        by_0[0], np.where(first, 2 * x[:, 0], np.float32(0)), strict=True
    )
    np.testing.assert_array_equal(
        by_1[0], np.where(first, np.float32(0), np.float32(3)), strict=True
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("maximum(x[:,0], 0)", [0.0, 0.5, 1.0]),
        ("minimum(x[:,0], -x[:,0])", [1.0, 0.0, -1.0]),
        ("maximum(x[:,0], x[:,0])", [1.0, 1.0, 1.0]),
        ("minimum(1/x[:,0]**2, 9)", [0.25, 0.0, -2 / 27]),
        ("minimum(sign(x[:,0]), 2)", [0.0, 0.0, 0.0]),
    ],
)
def test_at_a_kink_the_slope_is_the_mean_and_a_side_not_taken_does_not_count(
    text, expected
):
    x = np.array([[-2.0], [0.0], [3.0]])
    (found,) = evaluate([derivative(parse(text), 0)], x, {})
    np.testing.assert_allclose(np.broadcast_to(found, (1, 3))[0], expected)


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("x[:,0] + N0", lambda x, n: x + n),
        ("x[:,0] - N0", lambda x, n: x - n),
        ("x[:,0] * N0", lambda x, n: x * n),
        ("x[:,0] / N0", lambda x, n: x / n),
        ("x[:,0]**3 + N0", lambda x, n: x**3 + n),
    ],
)
def test_operators_are_those_of_numpy(text, formula):
    expected = formula(X[None, :, 0], DRAWN["N"][:, :1])
    np.testing.assert_array_equal(value(text), expected)


def test_coefficients_vary_by_curve_and_columns_by_point():
    np.testing.assert_array_equal(value("N2"), np.repeat(DRAWN["N"][:, 2:], 3, axis=1))
    np.testing.assert_array_equal(value("U1"), np.repeat(DRAWN["U"][:, 1:2], 3, axis=1))
    np.testing.assert_array_equal(value("S0"), np.repeat(DRAWN["S"][:, :1], 3, axis=1))
    np.testing.assert_array_equal(value("x[:,1]"), np.stack([X[:, 1]] * 2))


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("0.1*x[:,0]*3", lambda x: 0.1 * x * 3),
        ("0.1*(x[:,0]*3)", lambda x: 0.1 * (x * 3)),
        ("x[:,0] + 1e8 - 1e8", lambda x: x + 1e8 - 1e8),
        ("x[:,0]/3/7", lambda x: x / 3 / 7),
        ("x[:,0]/(3*7)", lambda x: x / 21),
    ],
)
def test_order_written_is_kept_in_float32(text, formula):
    x = np.random.default_rng(0).normal(size=(100, 1)).astype(np.float32)
    (found,) = evaluate([parse(text)], x, {})
    np.testing.assert_array_equal(found[0], formula(x[:, 0]), strict=True)
    assert found.dtype == np.float32


def test_association_shows_in_the_bits():
    x = np.random.default_rng(0).normal(size=(100, 1)).astype(np.float32)
    one, other = evaluate([parse("0.1*x[:,0]*3"), parse("0.1*(x[:,0]*3)")], x, {})
    assert (one != other).any()


def test_used_lists_the_leaves():
    leaves = used(parse("sin(N2*x[:,1]) + U*x[:,0]**2 + 3"))
    inputs = [leaf.column for leaf in leaves if isinstance(leaf, Input)]
    drawn = [
        (leaf.kind, leaf.index) for leaf in leaves if isinstance(leaf, Coefficient)
    ]
    assert inputs == [1, 0]
    assert drawn == [("N", 2), ("U", 0)]


RNG = np.random.default_rng(0)


POSITIVE = RNG.uniform(0.3, 1.2, (40, 2))


COEFFICIENTS = {"N": RNG.uniform(0.5, 1.5, (5, 3)), "U": RNG.uniform(0.1, 0.9, (5, 2))}


TEXTS = [
    "sin(x[:,0])",
    "cos(x[:,0])",
    "tan(x[:,0])",
    "exp(x[:,0])",
    "log(x[:,0])",
    "sqrt(x[:,0])",
    "abs(x[:,0])",
    "tanh(x[:,0])",
    "abs(x[:,0] - 2)",
    "-x[:,0]",
    "x[:,0] + x[:,1]",
    "x[:,0] - x[:,1]",
    "3 - x[:,0]",
    "x[:,0]*x[:,1]",
    "x[:,0]/x[:,1]",
    "x[:,1]/x[:,0]",
    "2/x[:,0]",
    "x[:,0]/(1 + x[:,0]*x[:,1])",
    "x[:,0]**1",
    "x[:,0]**2",
    "x[:,0]**3",
    "x[:,0]**-2",
    "x[:,0]**0.5",
    "x[:,0]**N1",
    "2**x[:,0]",
    "x[:,0]**x[:,1]",
    "x[:,1]**x[:,0]",
    "x[:,0]**x[:,0]",
    "(x[:,0]*N0 + U1)**3",
    "sin(N0*x[:,0] + U0)*exp(-x[:,1]*x[:,0]) + N2*tanh(x[:,0]**2)",
    "log(1 + exp(sin(cos(x[:,0]*x[:,1]))))",
    "sqrt(1 + tan(x[:,0]/2)**2)",
    "0.05*N0*(x[:,0] + 0.5*N1)**2 + 0.15*N2",
    "arctan(N0*x[:,1]/x[:,0])",
    "log2(1 + square(x[:,0]*x[:,1]))/log10(3 + cosh(x[:,1]))",
    "arccos(0.5*sin(x[:,0] + x[:,1]))*arcsinh(sinh(N1*x[:,0]))",
    "maximum(x[:,0], N0*x[:,1])*minimum(x[:,1]**2, 0.7)",
    "sign(x[:,0] - 0.5)*cbrt(x[:,1] - 3)*exp(x[:,0]*e/pi)",
]


def at_points(expression, x):
    (found,) = evaluate([expression], x, COEFFICIENTS)
    return np.broadcast_to(found, (5, len(x)))


@pytest.mark.parametrize("column", [0, 1])
@pytest.mark.parametrize("text", TEXTS)
def test_a_derivative_agrees_with_central_differences(text, column):
    f = parse(text)
    step = 1e-5 * np.eye(2)[column]
    difference = (at_points(f, POSITIVE + step) - at_points(f, POSITIVE - step)) / 2e-5
    found = at_points(derivative(f, column), POSITIVE)
    np.testing.assert_allclose(found, difference, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("text", ["3", "N0", "U1*N2", "x[:,1]", "sin(x[:,1])**N0"])
def test_the_derivative_by_an_unread_column_is_zero(text):
    found = derivative(parse(text), 0)
    assert isinstance(found, Constant)
    assert found.value == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x[:,0]", 1.0),
        ("x[:,0]**1", 1.0),
        ("x[:,0]**2", 0.0),
        ("x[:,0]**3", 0.0),
        ("x[:,0]**0", 0.0),
        ("abs(x[:,0])", 0.0),
        ("x[:,0]*x[:,0]", 0.0),
    ],
)
def test_a_derivative_is_finite_at_zero(text, expected):
    (found,) = evaluate([derivative(parse(text), 0)], np.zeros((1, 1)), {})
    assert found == expected


def test_a_derivative_of_a_power_holds_left_of_zero():
    x = -POSITIVE
    found = at_points(derivative(parse("x[:,0]**3"), 0), x)
    np.testing.assert_allclose(found[0], 3 * x[:, 0] ** 2, rtol=1e-15)


def test_the_derivative_of_abs_is_the_sign():
    x = np.array([[-2.0], [0.0], [3.0]])
    (found,) = evaluate([derivative(parse("abs(x[:,0])"), 0)], x, {})
    assert found.tolist() == [[-1.0, 0.0, 1.0]]


@pytest.mark.parametrize(
    "text",
    [
        "0.05*N0*(x[:,0] + 0.5*N1)**2",
        "tanh(N0*x[:,0])",
        "sin(0.1*x[:,0] + 0.2*x[:,0])",
        "sqrt(x[:,0]/3 - 0.1*x[:,0])",
    ],
)
def test_a_derivative_in_float32_stays_float32(text):
    drawn = {kind: array.astype(np.float32) for kind, array in COEFFICIENTS.items()}
    (found,) = evaluate(
        [derivative(parse(text), 0)], POSITIVE.astype(np.float32), drawn
    )
    assert found.dtype == np.float32
