import pytest

from bench.base.errors import LibraryError
from bench.curves import functions
from bench.curves.functions import cost, count_terms, read_functions
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
