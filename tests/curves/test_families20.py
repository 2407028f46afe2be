"""The library of twenty families, against its definition in NumPy."""

import hashlib

import numpy as np
import pytest

from bench.base import resources
from bench.curves.expressions import Coefficient, used
from bench.curves.library import load_library

X = np.linspace(-3, 3, 100, endpoint=False)
# Name → g(u, c), as the tasks are defined.
FAMILIES = {
    "u^2": lambda u, c: u**2,
    "u^3 - 2cu": lambda u, c: u**3 - 2 * c * u,
    "u^4 - 4cu^2": lambda u, c: u**4 - 4 * c * u**2,
    "u/(1+|u|)": lambda u, c: u / (1 + np.abs(u)),
    "sin 3u": lambda u, c: np.sin(3 * u),
    "cos 3u + (.3+.7c)u": lambda u, c: np.cos(3 * u) + (0.3 + 0.7 * c) * u,
    "e^u": lambda u, c: np.exp(u),
    "e^(-u^2)": lambda u, c: np.exp(-(u**2)),
    "tanh 2u": lambda u, c: np.tanh(2 * u),
    "1/(1+u^2)": lambda u, c: 1 / (1 + u**2),
    "ln(|u|+.2)": lambda u, c: np.log(np.abs(u) + 0.2),
    "sqrt|u|": lambda u, c: np.sqrt(np.abs(u)),
    "|u|": lambda u, c: np.abs(u),
    "u sin 3u": lambda u, c: u * np.sin(3 * u),
    "u cos 3u": lambda u, c: u * np.cos(3 * u),
    "u e^u": lambda u, c: u * np.exp(u),
    "u^2 sin 2u": lambda u, c: u**2 * np.sin(2 * u),
    "e^(u/2) sin 3u": lambda u, c: np.exp(u / 2) * np.sin(3 * u),
    "u e^(-u^2)": lambda u, c: u * np.exp(-(u**2)),
    "sin u^2": lambda u, c: np.sin(u**2),
}
N_CURVES = 500
PUBLISHED = "5ba28ced8a6b42230c365cc9d6cf63d98fc2b9f9179eeb5fe72e69dbf2ad6ac4"


@pytest.fixture(scope="module")
def library():
    return load_library("families20")


def test_the_families_are_named(library):
    assert [function.name for function in library.functions] == list(FAMILIES)
    assert library.n_inputs == 1


@pytest.mark.parametrize("number", range(20), ids=list(FAMILIES))
def test_each_family_is_its_formula_with_a_finite_gradient(
    library, number, monkeypatch
):
    name = list(FAMILIES)[number]
    alone = library.only([number])
    drawn = {}
    inner = type(library)._coefficients

    def keep(self, *arguments):
        drawn.update(inner(self, *arguments))
        return drawn

    monkeypatch.setattr(type(library), "_coefficients", keep)
    rng = np.random.default_rng(number)
    values, gradients = alone.sample(X, N_CURVES, rng, gradients=True)
    s = drawn["S"][:, [1]] * (0.5 + 0.7 * drawn["U"][:, [0]])
    t = 0.5 * drawn["N"][:, [0]]
    c = drawn["U"][:, [1]] if drawn["U"].shape[1] > 1 else None
    assert set(np.unique(drawn["S"])) == {-1, 1}
    expected = drawn["S"][:, [0]] * FAMILIES[name](s * X + t, c)
    np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-12)
    assert np.isfinite(gradients).all()
    middles, step = (X[1:] + X[:-1]) / 2, 1e-6

    def at(points):
        return drawn["S"][:, [0]] * FAMILIES[name](s * points + t, c)

    again = alone.sample(middles, N_CURVES, np.random.default_rng(number), True)[1]
    numeric = (at(middles + step) - at(middles - step)) / (2 * step)
    near = np.isclose(again[:, :, 0], numeric, rtol=1e-4, atol=1e-4)
    assert near.mean() > 0.999  # all but where a kink lies between the two


def test_only_families_that_have_a_parameter_read_it(library):
    with_c = {
        function.name
        for function in library.functions
        for leaf in used(function.value)
        if isinstance(leaf, Coefficient) and (leaf.kind, leaf.index) == ("U", 1)
    }
    assert with_c == {name for name in FAMILIES if "c" in name.replace("cos", "")}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_same_families_with_a_named_part_are_equal_bit_for_bit(library, dtype):
    parts = load_library("families20-parts")
    assert [f.name for f in parts.functions] == [f.name for f in library.functions]
    for number in range(len(FAMILIES)):
        one, other = (
            whole.only([number]).sample(X, 20, np.random.default_rng(5), True, dtype)
            for whole in (library, parts)
        )
        np.testing.assert_array_equal(one[0], other[0], strict=True)
        np.testing.assert_array_equal(one[1], other[1], strict=True)
    # The whole libraries draw the same functions and coefficients, too.
    drawn = [w.sample(X, 50, np.random.default_rng(6)) for w in (library, parts)]
    np.testing.assert_array_equal(*drawn)


def test_families20_is_byte_for_byte_as_published():
    # Keys and random streams of published results hold its text.
    text = (resources.LIBRARIES / "families20.lib").read_bytes()
    assert hashlib.sha256(text).hexdigest() == PUBLISHED
