import pytest

from bench.base.errors import LibraryError
from bench.curves import hints
from bench.curves.grammar import parse, read


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("ln", "log"),
        ("lg", "log10"),
        ("asin", "arcsin"),
        ("acos", "arccos"),
        ("atan", "arctan"),
        ("arsinh", "arcsinh"),
        ("asinh", "arcsinh"),
        ("arcosh", "arccosh"),
        ("artanh", "arctanh"),
        ("np.float64", "the number alone"),
        ("float", "the number alone"),
        ("np.power", "a**b"),
        ("pow", "a**b"),
        ("np.fabs", "abs"),
        ("max", "maximum(a, b)"),
        ("sgn", "sign"),
        ("np.sinc", "sin(pi*a)/(pi*a)"),
        ("np.log1p", "log(1 + a)"),
        ("coth", "1/tanh(a)"),
    ],
)
def test_functions_of_other_tools_get_what_to_write(name, instead):
    with pytest.raises(LibraryError) as caught:
        parse(f"{name}(x[:,0])")
    said = str(caught.value)
    assert said.startswith(f"unknown function '{name.removeprefix('np.')}'; write ")
    assert f"; write {instead}" in said
    assert len(said) < 120


@pytest.mark.parametrize("name", sorted(hints.FUNCTIONS_ELSEWHERE))
def test_no_function_of_other_tools_is_in_the_grammar_or_taken_for_a_misspelling(name):
    with pytest.raises(LibraryError) as caught:
        parse(f"{name}(x[:,0])")
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("arcsn", "arcsin"),
        ("ArcTan", "arctan"),
        ("Log", "log"),
        ("tahn", "tan' or 'tanh"),
    ]
    + [(name, None) for name in ("logit", "erf", "gamma", "unwrap", "sinc2d", "i0")],
)
def test_only_a_near_name_is_taken_for_a_misspelling(name, near):
    with pytest.raises(LibraryError) as caught:
        parse(f"{name}(x[:,0])")
    meant = f"did you mean '{near}'" if near else "Known: sin"
    assert meant in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x", "; write a column of the input as x[:,0], the second as x[:,1]"),
        ("u1", "; write a coefficient as U1"),
        ("N_1", "; write a coefficient as N1"),
        ("tau", "; write 2*pi"),
        ("spede", " (did you mean 'speed'?)"),
        ("y", ""),
    ],
)
def test_names_get_what_to_write(name, said):
    assert hints.for_name(name, ["pi", "speed"]) == said


def test_a_part_may_have_a_name_that_means_something_elsewhere():
    part = read("N0")
    for name in ("tau", "E", "step", "ln"):
        assert parse(name, {name: part}) is part.expression


@pytest.mark.parametrize(("character", "said"), [("\u03c0", "; write pi"), ("q", "")])
def test_characters_get_what_to_write(character, said):
    assert hints.for_character(character) == said
