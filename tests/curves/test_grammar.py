import numpy as np
import pytest

from bench.base.errors import BenchError, LibraryError
from bench.curves.expressions import evaluate, used
from bench.curves.grammar import parse

X = np.array([[0.5, 2.0], [-1.5, 3.0], [0.25, -4.0]])


DRAWN = {
    "N": np.array([[0.3, -1.2, 2.5], [1.7, 0.4, -0.6]]),
    "U": np.array([[0.1, 0.9, 0.3], [0.7, 0.2, 0.8]]),
    "S": np.array([[1.0, -1.0], [-1.0, -1.0]]),
}


def value(text, x=X, drawn=DRAWN):
    return np.broadcast_to(evaluate([parse(text)], x, drawn)[0], (2, len(x)))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("N", "N0"),
        ("U", "U0"),
        ("S", "S0"),
        ("N02", "N2"),
        ("X07[:,1]", "x[:,1]"),
        ("x[:, 1]", "x[:,1]"),
        ("np.sin(x[:,0])", "sin(x[:,0])"),
        ("  2 * x[:,0]  ", "2*x[:,0]"),
        ("+x[:,0]", "x[:,0]"),
        ("-x[:,0]", "-1.0*x[:,0]"),
        ("1e-3*N", "0.001*N0"),
        ("((x[:,0]))", "x[:,0]"),
        ("2*3*x[:,0]", "6*x[:,0]"),
        ("sin(0)+x[:,0]", "x[:,0]"),
    ],
)
def test_spellings_mean_the_same(text, other):
    np.testing.assert_array_equal(value(text), value(other), strict=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0.0),
        ("-2", -2.0),
        ("2**-2", 0.25),
        ("-2**2", -4.0),
        ("2**3**2", 512.0),
        ("8/4/2", 1.0),
        ("1-2-3", -4.0),
        ("1+2*3", 7.0),
        ("np.exp(1)", np.e),
        ("abs(-3)", 3.0),
        ("1e12", 1e12),
    ],
)
def test_constants_follow_python(text, expected):
    assert value(text)[0, 0] == expected


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "__import__('os').system('true')",
        "eval(x[:,0])",
        "np.load(x[:,0])",
        "os.sin(x[:,0])",
        "sine(x[:,0])",
    ],
)
def test_other_functions_are_refused(text):
    with pytest.raises(
        LibraryError, match=r"unknown function|is not a function of the grammar"
    ):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "x.real",
        "np.inf",
        "x[:,0].T",
        "np.sin",
        "sin(x=1)",
        "sin(x[:,0], out=1)",
        "sin(*x)",
        "sin()",
        "sin(1, 2)",
        "lambda: 1",
        "[N0 for N0 in x]",
        "(N0 for N0 in x)",
        "{1: 2}",
        "1 if N0 else 2",
        "x[:,0] < 1",
        "x[:,0] @ x[:,0]",
        "x[:,0] // 2",
        "x[:,0] % 2",
        "~1",
        "not 1",
        "N0 and N1",
        "(y := 1)",
        "f'{1}'",
        "(1, 2)",
        "x" + ".a" * 900,
        "~" * 900 + "1",
        "not " * 450 + "1",
    ],
)
def test_other_syntax_is_refused(text):
    with pytest.raises(LibraryError, match="outside the grammar"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not an expression"),
        ("1 +", "is not an expression"),
        ("import os", "is not an expression"),
        ("x = 1", "is not an expression"),
        ("1\0", "is not an expression"),
        ("(" * 900 + "1" + ")" * 900, "is not an expression"),
        ("x[0]", "not a column of the input"),
        ("x[:,-1]", "not a column of the input"),
        ("x[:,100]", "not a column of the input"),
        ("x[:,True]", "not a column of the input"),
        ("x[:,0,0]", "not a column of the input"),
        ("x[1:,0]", "not a column of the input"),
        ("N[:,0]", "'N' is reserved"),
        ("S1[:,0]", "'S1' is reserved"),
        ("sin[:,0]", "'sin' is reserved"),
        ("np[:,0]", "'np' is reserved"),
        ("x[:,0] + y[:,1]", "two inputs, 'x' and 'y'"),
        ("x", "write a column of the input as"),
        ("N100", "expected a number from 0 to 99"),
        ("M0", "unknown name 'M0'"),
        ("sine(N)", "did you mean 'sin'"),
        ("True", "is not a number"),
        ("None", "is not a number"),
        ("'a'", "is not a number"),
        ("1j", "is not a number"),
        ("1e13", "expected a magnitude of at most 1e"),
        ("1e400", "expected a magnitude of at most 1e"),
        ("9" * 1500, "expected a magnitude of at most 1e"),
        ("9**9**9", "an exponent of"),
        ("x[:,0]**9**9**9", "an exponent of"),
        ("x[:,0]**33", "an exponent of 33"),
        ("x[:,0]**-33", "an exponent of -33"),
        ("1/0", "a constant part has the value inf"),
        ("0/0", "a constant part has the value nan"),
        ("log(0)", "a constant part has the value -inf"),
        ("sqrt(-1)", "a constant part has the value nan"),
        ("1e12*10", "a constant part has the value 1e"),
        ("-" * 300 + "1", "levels or"),
        ("+".join(["(" + "*".join(["U"] * 70) + ")"] * 10), "or 1000 terms"),
        ("N+" * 250 + "N", "levels or"),
        ("(" * 10_000 + "1" + ")" * 10_000, "expected at most 2000"),
        ("1" + " " * 2**20, "expected at most 2000"),
    ],
)
def test_refusals_say_what_is_wrong(text, message):
    with pytest.raises(LibraryError, match=message):
        parse(text)


@pytest.mark.parametrize(
    "text", ["x[:,0]**32", "x[:,0]**-32", "N99", "x[:,99]", "N+" * 140 + "N"]
)
def test_limits_are_inclusive(text):
    assert used(parse(text))


@pytest.mark.parametrize("text", ["a" * 1900, "a(" * 30 + "1" * 1500, "9" * 1900])
def test_messages_stay_short(text):
    with pytest.raises(LibraryError) as caught:
        parse(text)
    assert len(str(caught.value)) < 200


def test_refusals_are_value_errors_of_bench():
    assert issubclass(LibraryError, BenchError)
    with pytest.raises(ValueError, match="unknown name"):
        parse("foo")
