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


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_those_of_numpy(name):
    x = np.array([[0.25], [1.5]])
    expected = np.broadcast_to(getattr(np, name)(x[:, 0]), (2, 2))
    np.testing.assert_array_equal(value(f"{name}(x[:,0])", x), expected)


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
