import numpy as np
import pytest

from bench.base.errors import LibraryError
from bench.curves import functions
from bench.curves.expressions import derivative, evaluate
from bench.curves.functions import (
    cost,
    count_terms,
    name_and_ranges,
    read_functions,
)
from bench.curves.grammar import parse


@pytest.mark.parametrize(
    ("text", "n_terms"),
    [("3", 1), ("x[:,0]", 1), ("N0*x[:,0]", 3), ("sin(x[:,0] + 1)", 4)],
)
def test_terms_are_counted_by_hand(text, n_terms):
    node = parse(text)
    assert count_terms([node]) == n_terms
    assert count_terms([node, None, node]) == n_terms  # a shared node counts once


def test_a_power_costs_as_much_as_four_other_terms():
    (power,), _ = read_functions("x[:,0]**3;3*x[:,0]*x[:,0]", "own")
    # x, 3 and the power; then 3, x, x and two products.
    assert cost(power) == 1 + 1 + 4 + 5


def test_a_missing_gradient_shares_its_subtrees_with_the_value():
    (function,), n_inputs = read_functions("exp(N0*x[:,0])", "own")
    assert n_inputs == 1
    # exp, N0*x, N0, x; the derivative adds a single product.
    assert count_terms([function.value]) == 4
    assert count_terms([function.value, *function.gradients]) == 5


def test_only_line_feeds_and_carriage_returns_end_a_line():
    read, _ = read_functions("N0\r\nN1\rN2\n", "own")
    assert [function.line for function in read] == [1, 2, 3]
    with pytest.raises(LibraryError, match="own:1: "):
        read_functions("N0\x0cN1", "own")


def test_derivatives_of_too_many_terms_are_refused(monkeypatch):
    monkeypatch.setattr(functions, "MAX_DERIVED", 11)
    read_functions("N0*x[:,0]\nN0", "own")
    with pytest.raises(LibraryError, match="own: 6 terms × 2 inputs; expected at most"):
        read_functions("N0*x[:,1]\nN0*x[:,0]", "own")


def test_too_many_characters_are_refused_at_their_line(monkeypatch):
    monkeypatch.setattr(functions, "MAX_CHARACTERS", 7)
    with pytest.raises(LibraryError, match="own:2: more than 7 characters"):
        read_functions("x[:,0]  # comments are not counted\nN0", "own")


def test_functions_use_the_parts_above_them():
    text = "# of two\nu = N0*x[:,0] + 1  # the argument\nv = u*u\nsin(u)  # one\nu/v;\n"
    (one, two), n_inputs = read_functions(text, "own")
    assert (one.line, one.text, one.name) == (4, "sin(u)", "one")
    assert (two.line, two.text, n_inputs) == (5, "u/v;", 1)
    written, _ = read_functions(
        "sin(N0*x[:,0] + 1)\n(N0*x[:,0] + 1)/((N0*x[:,0] + 1)*(N0*x[:,0] + 1))", "own"
    )
    rng = np.random.default_rng(0)
    x, drawn = rng.normal(size=(9, 1)), {"N": rng.normal(size=(4, 1))}
    for found, expected in zip((one, two), written, strict=True):
        for node, other in zip(
            (found.value, *found.gradients),
            (expected.value, *expected.gradients),
            strict=True,
        ):
            np.testing.assert_array_equal(
                evaluate([node], x, drawn)[0], evaluate([other], x, drawn)[0]
            )


def test_a_part_is_one_node_however_often_it_is_used():
    text = "u = tanh(N0*x[:,0])\nu*u + sin(u)*cos(u)/u"
    (function,), _ = read_functions(text, "own")
    # N0, x, their product, tanh; then u*u, sin, cos, a product, a quotient, a sum.
    assert count_terms([function.value]) == 10


def test_a_long_chain_of_parts_is_derived_at_once():
    # 140 levels, each used twice: written out as text it would be of no use.
    lines = ["v0 = x[:,0]", *(f"v{i} = sin(v{i - 1})" for i in range(1, 140))]
    (function,), _ = read_functions("\n".join([*lines, "v139"]), "own")
    slope = derivative(function.value, 0)
    assert count_terms([slope]) < 600
    (found,) = evaluate([slope], np.zeros((1, 1)), {})
    assert found == 1


def test_a_written_gradient_may_use_parts_and_is_checked():
    (function,), _ = read_functions("u = 2*x[:,0]\nu**2;4*u", "own")
    assert function.text == "u**2;4*u"
    with pytest.raises(LibraryError, match="own:2: the gradient d/dx0 is wrong"):
        read_functions("u = 2*x[:,0]\nu**2;2*u", "own")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("u = N0", "own: 0 functions"),
        ("u = N0\nx[:,0]", "own:1: no function uses the part 'u'"),
        ("v = 2\nu = v\nx[:,0]", "own:2: no function uses the part 'u'"),
        ("u = N0\nu = N1\nu", "own:2: the part 'u' is defined on line 1 already"),
        ("u\nu = N0", "own:1: the part 'u' is defined on line 2; expected a part"),
        ("u = 2*u\nu", "own:1: the part 'u' is defined on line 1; expected a part"),
        ("u = v\nv = u\nu", "own:1: the part 'v' is defined on line 2"),
        ("u = N0;0\nu", "own:1: the part 'u' has a gradient"),
        ("u =\nu", "own:1: the part 'u' has no value"),
        ("sin = N0\nsin(N0)", "own:1: 'sin' is a function and cannot name a part"),
        ("pi = 3\npi", "own:1: 'pi' is a constant"),
        ("y[:,0]\ny = 3\ny", "own:2: 'y' is the input and cannot name a part"),
        ("y = 3\ny*y[:,0]", "own:2: 'y' is a part and cannot be an input"),
        ("x[:,0] = 3", r"own:1: 'x\[:,0\]' cannot name a part"),
        ("f(x) = 3", r"own:1: 'f\(x\)' cannot name a part"),
        ("u += 1", r"own:1: 'u \+' cannot name a part"),
        ("u = v = 3\nu", "own:1: 'v = 3' is not an expression"),
        ("u == 3", "own:1: 'u == 3' is outside the grammar"),
        ("sin(x=1)", "own:1: .*outside the grammar"),
        ("(N1 := 1)", "own:1: .*outside the grammar"),
    ],
)
def test_mistakes_with_parts_are_refused_at_their_line(text, message):
    with pytest.raises(LibraryError, match=message):
        read_functions(text, "own")


def test_parts_count_as_often_as_functions_use_them(monkeypatch):
    text = "u = N0*x[:,0] + 1\nu\nu"
    read_functions(text, "own")
    monkeypatch.setattr(functions, "MAX_DERIVED", 9)
    with pytest.raises(LibraryError, match="own: 10 terms × 1 inputs"):
        read_functions(text, "own")


def test_too_many_parts_are_refused(monkeypatch):
    monkeypatch.setattr(functions, "MAX_FUNCTIONS", 2)
    with pytest.raises(LibraryError, match="own:3: more than 2 named parts"):
        read_functions("a = N0\nb = N1\nc = N2\na*b*c", "own")


@pytest.mark.parametrize(
    ("comment", "name", "ranges"),
    [
        ("", "", ()),
        ("u^2", "u^2", ()),
        ("I.6.2a: x0 in [1, 3]", "I.6.2a", ((1.0, 3.0),)),
        ("a: b: x0 in [-1,1e3], x1 in [0, .5]", "a: b", ((-1, 1000), (0, 0.5))),
        ("a: x1 in [0, 1]", "a: x1 in [0, 1]", ()),
        ("a: x0 in [1, 1]", "a: x0 in [1, 1]", ()),
        ("a: x0 in [1, b]", "a: x0 in [1, b]", ()),
        ("a: x0 in [0, 1] or so", "a: x0 in [0, 1] or so", ()),
        ("long" * 20 + ": x0 in [0, 1]", "long" * 9 + "l...", ((0.0, 1.0),)),
    ],
)
def test_a_comment_is_a_name_and_ranges(comment, name, ranges):
    assert name_and_ranges(comment) == (name, ranges)
