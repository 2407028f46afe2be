import re
from pathlib import Path

import numpy as np
import pytest

from bench.base.errors import BenchError, LibraryError
from bench.curves.expressions import (
    CONSTANTS,
    FUNCTIONS,
    PAIRED_FUNCTIONS,
    evaluate,
    used,
)
from bench.curves.grammar import MAX_DEPTH, check_part_name, parse, read

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
        ("np.pi*x[:,0]", "pi*x[:,0]"),
        ("x[:,0]**np.e", "x[:,0]**e"),
        ("np.arctan(x[:,0])", "arctan(x[:,0])"),
        ("np.minimum(x[:,0], N0)", "minimum(x[:,0], N0)"),
        ("pi[:,0]*pi", "x[:,0]*pi"),
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
        ("pi", np.pi),
        ("np.e", np.e),
        ("sqrt(2*pi)", (2 * np.pi) ** 0.5),
        ("minimum(3, 2)", 2.0),
        ("maximum(3, np.pi)", np.pi),
        ("arcsin(1)", np.pi / 2),
        ("cbrt(-8)", -2.0),
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
        ("x0", "write a column of the input as"),
        ("x1", "write a column of the input as"),
        ("x3", "write a column of the input as"),
        ("x_0", "write a column of the input as"),
        ("sin(X_12)", "write a column of the input as"),
        ("n0", "write a coefficient as N0"),
        ("U_3", "write a coefficient as U3"),
        ("theta", "expected a constant, a coefficient or a part defined above"),
        ("PI", "write pi"),
        ("E", "write e"),
        ("tau", r"write 2\*pi"),
        ("math.pi", "write pi or np.pi"),
        ("numpy.e", "write e or np.e"),
        ("np.tau", r"write 2\*pi"),
        ("x[:,0]^2", r"write \*\* for powers"),
        ("e^x[:,0]", r"write \*\* for powers"),
        ("x[:,0]\u00b2", r"holds U\+00B2; .*; write \*\*2"),
        ("2*\u03c0", r"holds U\+03C0; .*; write pi"),
        ("sin", "a function has its argument in brackets"),
        ("np.sin", "a function has its argument in brackets"),
        ("math.sin(x[:,0])", "write sin or np.sin"),
        ("torch.arcsinh(x[:,0])", "write arcsinh or np.arcsinh"),
        ("math.asin(x[:,0])", "write arcsin"),
        ("sin(1, 2)", "sin of 2 arguments; expected 1"),
        ("minimum(N0)", "minimum of 1 arguments; expected 2"),
        ("log(N0, 2)", r"expected 1; write log\(a\)/log\(b\), log2"),
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


def parts_of(**texts):
    parts = {}
    for name, text in texts.items():
        parts[name] = read(text, parts)
    return parts


def test_a_part_counts_as_if_it_were_written_out():
    parts = parts_of(u="N0*x[:,0] + 1", v="u*sin(u)")
    found = read("v/u", parts)
    written = read("((N0*x[:,0] + 1)*sin(N0*x[:,0] + 1))/(N0*x[:,0] + 1)")
    assert (found.n_nodes, found.depth) == (written.n_nodes, written.depth)
    assert found.parts == {"u", "v"}
    assert found.input_name == "x"
    assert written.parts == set()
    (one,) = evaluate([found.expression], X, DRAWN)
    (other,) = evaluate([written.expression], X, DRAWN)
    np.testing.assert_array_equal(one, other, strict=True)


def test_parts_that_double_are_refused_before_they_are_expanded():
    parts = parts_of(u="x[:,0]*N0")
    for _ in range(7):
        parts["u"] = read("u*u", parts)
    assert parts["u"].n_nodes == 4 * 2**7 - 1
    with pytest.raises(LibraryError, match="1000 terms with all parts written out"):
        read("u*u", parts)


def test_parts_that_nest_are_refused_at_the_depth_of_one_expression():
    parts = parts_of(u="x[:,0]")
    for _ in range(MAX_DEPTH):
        parts["u"] = read("sin(u)", parts)
    assert parts["u"].depth == MAX_DEPTH
    with pytest.raises(LibraryError, match="150 levels or 1000 terms with all parts"):
        read("sin(u)", parts)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("u(N0)", r"'u' is a part, not a function; write a product as u\*"),
        ("u[:,0]", "'u' is a part and cannot be an input"),
        ("y[:,0] + u", "two inputs, 'y' and 'x'"),
        ("u + y[:,0]", "two inputs, 'x' and 'y'"),
        ("x[:,0]**c", "an exponent of 40"),
        ("speeed", "did you mean 'speed'"),
    ],
)
def test_misused_parts_are_refused(text, message):
    with pytest.raises(LibraryError, match=message):
        parse(text, parts_of(u="x[:,0]", c="40", speed="N0"))


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        *(("pi", "a constant"), ("e", "a constant"), ("sin", "a function")),
        *(("minimum", "a function"), ("N", "a coefficient"), ("U12", "a coefficient")),
        *(("S1000", "a coefficient"), ("x", "the input"), ("X", "the input")),
        *(("time", "the input"), ("np", "a word"), ("lambda", "a word")),
    ],
)
def test_a_part_shadows_no_known_name(name, meaning):
    with pytest.raises(LibraryError, match=f"'{name}' is {meaning}.* cannot name a"):
        check_part_name(name, {"time"})


@pytest.mark.parametrize("name", ["", "2u", "a b", "_u", "u'", "é", "u" * 41, "x[:,0]"])
def test_what_is_no_name_cannot_name_a_part(name):
    with pytest.raises(LibraryError, match="cannot name a part; expected a name such"):
        check_part_name(name, set())


@pytest.mark.parametrize("name", ["u", "Speed_2", "x1", "theta", "M", "u" * 40])
def test_other_names_can(name):
    check_part_name(name, {"time"})


def test_every_function_and_constant_stands_in_the_docs():
    page = (Path(__file__).parents[2] / "docs/libraries.md").read_text("utf-8")
    table = {
        word
        for line in page.splitlines()
        if line.startswith("|")
        for code in re.findall("`([^`]+)`", line)
        for word in re.findall(r"[a-z]+[0-9]*", code)
    }
    assert table >= {*FUNCTIONS, *PAIRED_FUNCTIONS, *CONSTANTS}
