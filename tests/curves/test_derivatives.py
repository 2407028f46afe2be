import numpy as np
import pytest

from bench.curves.expressions import Constant, derivative, evaluate
from bench.curves.grammar import parse

RNG = np.random.default_rng(0)
X = RNG.uniform(0.3, 1.2, (40, 2))
DRAWN = {"N": RNG.uniform(0.5, 1.5, (5, 3)), "U": RNG.uniform(0.1, 0.9, (5, 2))}
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


def value(expression, x):
    (found,) = evaluate([expression], x, DRAWN)
    return np.broadcast_to(found, (5, len(x)))


@pytest.mark.parametrize("column", [0, 1])
@pytest.mark.parametrize("text", TEXTS)
def test_agrees_with_central_differences(text, column):
    f = parse(text)
    step = 1e-5 * np.eye(2)[column]
    difference = (value(f, X + step) - value(f, X - step)) / 2e-5
    found = value(derivative(f, column), X)
    np.testing.assert_allclose(found, difference, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("text", ["3", "N0", "U1*N2", "x[:,1]", "sin(x[:,1])**N0"])
def test_what_does_not_read_the_column_is_constant(text):
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
def test_is_finite_at_zero(text, expected):
    (found,) = evaluate([derivative(parse(text), 0)], np.zeros((1, 1)), {})
    assert found == expected


def test_powers_hold_left_of_zero():
    x = -X
    found = value(derivative(parse("x[:,0]**3"), 0), x)
    np.testing.assert_allclose(found[0], 3 * x[:, 0] ** 2, rtol=1e-15)


def test_abs_has_the_sign_for_slope():
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
def test_float32_stays_float32(text):
    drawn = {kind: array.astype(np.float32) for kind, array in DRAWN.items()}
    (found,) = evaluate([derivative(parse(text), 0)], X.astype(np.float32), drawn)
    assert found.dtype == np.float32
