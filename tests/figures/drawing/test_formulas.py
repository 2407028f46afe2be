"""Names of functions as formulas."""

import pytest

from bench.figures.drawing.formulas import fitted, formula, width_of
from bench.figures.drawing.theme import style


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("u^2", "$u^{2}$"),
        ("e^(-u^2)", "$e^{-u^{2}}$"),
        ("u sin 3u", r"$u\,\mathrm{sin}\,3u$"),
        ("sqrt|u|", "$√|u|$"),
        ("2*abs(u)", r"$2\,|u|$"),
        ("x**2", "$x^2$"),
        ("ln(|u|+.2)", r"$\mathrm{ln}(|u|+.2)$"),
    ],
)
def test_formulas_are_typeset(text, shown):
    assert formula(text) == shown


@pytest.mark.parametrize(
    "text",
    ["I.15.3t", "parabola", "koza-1", "F_1", "x^", "((", r"\frac{1}{2}", "sin"],
)
def test_other_names_stay_as_they_were_typed(text):
    assert formula(text) == text


def test_a_dollar_sign_is_no_formula():
    assert formula("$u^2$") == r"\$u^2\$"


def test_a_text_is_shortened_until_it_fits():
    with style():
        short = fitted("模型" * 30, 1.0, 6.5)
        assert 0.5 < width_of(short, 6.5) <= 1.0
        assert "…" in short
        assert fitted("short", 1.0, 6.5) == "short"
