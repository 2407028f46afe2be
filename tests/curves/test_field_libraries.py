"""The shipped libraries of formulas from the field: Feynman, Nguyen, Keijzer."""

import re
from pathlib import Path

import numpy as np
import pytest

from bench.curves.library import load_library, parse_library

# Library → points, one row of lowest and one of highest values, on which its header
# says that all its functions are finite.
COMMON = {
    "feynman": ([2.2, 1, 3.5, 1, 3, 1, 1, 3, 1], [3.5, 2, 5, 2, 5, 2, 2, 4, 2]),
    "nguyen": ([0, 0], [1, 1]),
    "keijzer": ([0.1, 1, -1], [3, 2, 1]),
}
SIZES = {"feynman": 96, "nguyen": 12, "keijzer": 12}
# Some of the formulas by their physics, in the order of the published variables.
FORMULAS = {
    "I.6.2b": lambda s, t, m: (
        np.exp(-(((t - m) / s) ** 2) / 2) / (s * np.sqrt(2 * np.pi))
    ),
    "I.10.7": lambda m, v, c: m / np.sqrt(1 - (v / c) ** 2),
    "I.12.2": lambda q, r, eps, d: q * r / (4 * np.pi * eps * d**2),
    "I.30.5": lambda wave, d, n: np.arcsin(wave / (n * d)),
    "I.44.4": lambda n, k, t, v1, v2: n * k * t * np.log(v2 / v1),
    "II.24.17": lambda w, c, d: np.sqrt((w / c) ** 2 - (np.pi / d) ** 2),
    "II.35.21": lambda n, m, b, k, t: n * m * np.tanh(m * b / (k * t)),
    "III.4.32": lambda h, w, k, t: 1 / np.expm1(h * w / (2 * np.pi * k * t)),
    "III.9.52": lambda p, f, t, h, w, w0: (
        2 * np.pi * p * f * t / h * np.sinc((w - w0) * t / (2 * np.pi)) ** 2
    ),
    "III.21.20": lambda r, q, a, m: -r * q * a / m,
    "Nguyen-4": lambda x: sum(x**k for k in range(1, 7)),
    "Nguyen-7": lambda x: np.log1p(x) + np.log1p(x**2),
    "Nguyen-11": np.power,
    "Keijzer-1": lambda x: 0.3 * x * np.sin(2 * np.pi * x),
    "Keijzer-5": lambda x, y, z: 30 * x * z / ((x - 10) * y**2),
    "Keijzer-9": np.arcsinh,
    "Keijzer-14": lambda x, y: 8 / (2 + x**2 + y**2),
}


@pytest.fixture(scope="module")
def libraries():
    return {name: load_library(name) for name in COMMON}


def points(ranges, n=200):
    low, high = np.array(ranges).T
    return np.random.default_rng(0).uniform(low, high, (n, len(low)))


def reads(function):
    return {int(column) for column in re.findall(r"x\[:,(\d)\]", function.text)}


def left_out():
    """Give the lines of feynman.lib that are comments, since they share no points."""
    text = load_library("feynman").text
    return re.findall(r"^# +(\S.*x\[:,.*  # I.*)$", text, re.MULTILINE)


@pytest.mark.parametrize("name", COMMON)
def test_every_function_has_a_name_and_the_range_of_each_variable(libraries, name):
    functions = libraries[name].functions
    names = [function.name for function in functions]
    assert len(names) == len(set(names)) == SIZES[name]
    for function in functions:
        assert reads(function) == set(range(len(function.ranges)))
    first = libraries[name].text.splitlines()[0]
    assert first.startswith("# ")
    assert first.endswith(".")
    assert len(first) < 90


@pytest.mark.parametrize("name", COMMON)
def test_every_function_is_finite_on_its_own_ranges_with_its_gradient(libraries, name):
    whole = libraries[name]
    for number, function in enumerate(whole.functions):
        alone = parse_library(function.text, function.name)
        x = points(function.ranges)
        values, slopes = alone.sample(x, 2, np.random.default_rng(number), True)
        assert np.isfinite(values).all(), function.name
        assert np.isfinite(slopes).all(), function.name
        if function.name in FORMULAS:
            expected = FORMULAS[function.name](*x.T)
            np.testing.assert_allclose(values[0], expected, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", COMMON)
def test_200_curves_of_a_whole_library_are_finite_on_common_points(
    libraries, name, dtype
):
    x = points(np.transpose(COMMON[name]), 50)
    assert x.shape[1] == libraries[name].n_inputs
    libraries[name].probe(x, dtype, n_curves=5)
    values, slopes = libraries[name].sample(
        x, 200, np.random.default_rng(1), True, dtype
    )
    assert np.isfinite(values).all()
    assert np.isfinite(slopes).all()
    for bound in COMMON[name]:
        assert re.search(
            r"\[" + r",\s+".join(f"{value:g}" for value in bound) + r"\]",
            libraries[name].text,
        )


def test_every_formula_that_the_list_names_is_in_one_of_the_libraries(libraries):
    names = {f.name for library in libraries.values() for f in library.functions}
    assert names >= FORMULAS.keys()
    numbers = range(1, 13)
    assert [f.name for f in libraries["nguyen"].functions] == [
        f"Nguyen-{number}" for number in numbers
    ]
    assert [f.name for f in libraries["keijzer"].functions] == [
        f"Keijzer-{number}" for number in range(1, 16) if number not in (2, 3, 6)
    ]


def test_all_hundred_formulas_of_feynman_are_read(libraries):
    rest = parse_library("\n".join(left_out()), "rest").functions
    assert [f.name for f in rest] == ["I.15.3t", "I.26.2", "II.11.27", "II.11.28"]
    names = {f.name for f in (*libraries["feynman"].functions, *rest)}
    assert len(names) == 100
    for function in rest:
        alone = parse_library(function.text, function.name)
        values, slopes = alone.sample(
            points(function.ranges), 1, np.random.default_rng(0), True
        )
        assert np.isfinite(values).all()
        assert np.isfinite(slopes).all()


def test_the_docs_name_the_size_and_the_common_points_of_each_library():
    page = Path(__file__).parents[2] / "docs/libraries.md"
    for name, (low, high) in COMMON.items():
        row = rf"\| `{name}` \| {SIZES[name]} of \d+ \| `{re.escape(str(low))}` \| "
        assert re.search(row + re.escape(f"`{high}` |"), page.read_text("utf-8"))


def test_a_library_on_other_points_says_which_range_they_leave(libraries):
    said = r"has a value that is not finite.* column 1 lies in \[1.*says \[1, 2\]"
    with pytest.raises(ValueError, match=said):
        libraries["feynman"].probe(points([(1, 5)] * 9), n_curves=2)


@pytest.mark.parametrize("name", COMMON)
def test_a_suite_of_each_library_is_planned(name, bench_run, write_suite, tmp_path):
    low, high = COMMON[name]
    np.savetxt(tmp_path / "points.txt", points((*zip(low, high, strict=True),), 20))
    dataset = {
        "id": name,
        "library": name,
        "inputs": {"kind": "file", "path": "points.txt"},
        "train": 20,
        "test": 20,
    }
    code, out, err = bench_run("run", write_suite(datasets=[dataset]), "--dry-run")
    assert (code, err) == (0, "")
    assert out.startswith("8 cells (1 dataset ")
