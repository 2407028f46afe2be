"""Colours and text."""

import itertools
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from readable import assert_readable

from bench.figures.datasets import _WIDTHS
from bench.figures.drawing import theme
from bench.figures.drawing.cells import contrast, ink_on
from bench.figures.drawing.images import image_of, save
from bench.figures.online import KINDS

ROOT = Path(__file__).parents[3]
NAMES = ["A", "B", "C", "D", "E", "F", "G", "CHANCE", "H"]


def test_at_most_six_highlighted_classifiers_have_a_colour_in_their_order():
    looks = theme.classifier_styles(NAMES, ["H", "CHANCE", "B", *"ACDEFG"])
    coloured = {
        name: look.colour for name, look in looks.items() if look.is_highlighted
    }
    assert coloured == dict(zip("HBACDE", theme.HIGHLIGHTS, strict=True))
    assert {looks[name].colour for name in "FG"} == {theme.GREY}
    assert not looks["CHANCE"].is_highlighted
    assert len({look.marker for look in looks.values()}) == len(looks)


def test_without_a_choice_few_classifiers_all_have_a_colour_and_many_have_none():
    few = theme.classifier_styles(["A", "CHANCE", "B"])
    assert [few[name].is_highlighted for name in ("A", "B", "CHANCE")] == [1, 1, 0]
    many = theme.classifier_styles(NAMES)
    assert not any(look.is_highlighted for look in many.values())
    assert set(NAMES) <= many.keys()


# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def cie_lab(colour, deficiency):
    rgb = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0, 1)
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    shares = to_xyz @ seen / [0.95047, 1, 1.08883]
    linear = shares / (3 * (6 / 29) ** 2) + 4 / 29  # of the darkest colours
    x, y, z = np.where(shares > (6 / 29) ** 3, np.cbrt(shares), linear)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


# Colours that can meet in a figure: those of classifiers, and those of classes.
TOGETHER = {
    "classifiers": [*theme.HIGHLIGHTS, theme.GREY, theme.INK],
    "accuracies": [options["color"] for options in KINDS.values()],
    "parts of losses": [theme.SYMBOLIC, theme.NEURAL, theme.INK],
    "classes": [theme.SYMBOLIC, theme.NEURAL, theme.GREY, theme.INK],
    # The page's dark ink and paper, see `bench/render/web/page.css`.
    "dark classifiers": [*theme.HIGHLIGHTS, theme.GREY, "#dde4eb"],
    "dark classes": [theme.SYMBOLIC, theme.NEURAL, theme.GREY, "#dde4eb"],
}


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("colours", TOGETHER.values(), ids=TOGETHER)
def test_every_reader_can_distinguish_colours_that_meet(colours, deficiency):
    for first, second in itertools.combinations(colours, 2):
        distance = np.linalg.norm(
            cie_lab(first, deficiency) - cie_lab(second, deficiency)
        )
        assert distance >= 15, (first, second, distance)  # 2.3 is just noticeable


@pytest.mark.parametrize("paper", ["#ffffff", "#14181d"])
def test_every_colour_stands_out_from_the_page(paper):
    widths = _WIDTHS(np.linspace(0, 1, 20))
    for colour in (
        *theme.HIGHLIGHTS,
        theme.GREY,
        theme.SYMBOLIC,
        theme.NEURAL,
        *widths,
    ):
        assert contrast(colour, paper) >= 3, colour


def test_the_pages_colours_are_those_of_these_tests():
    page = (ROOT / "bench/render/web/page.css").read_text("utf-8")
    assert "--paper: light-dark(#ffffff, #14181d)" in page
    assert "#dde4eb" in page


def test_letters_can_be_read_on_every_cell():
    for value in np.linspace(0, 1, 101):
        for colours in ("viridis", "cividis"):
            colour = mpl.colormaps[colours](value)
            assert contrast(ink_on(colour), colour) >= 4.5


def test_text_of_users_is_shown_literally():
    assert theme.plain("a $x$ b") == r"a \$x\$ b"
    assert theme.plain("two\nlines") == "two lines"
    assert theme.plain("e\u0301") == "é"
    short = theme.plain("abc" * 40, 11)
    assert short == "abcab…bcabc"
    assert theme.plain("±1 × 2 – x") == "±1 × 2 – x"


def test_a_users_matplotlibrc_does_not_change_figures(tmp_path):
    draws = []
    for size in (10, 40):
        with mpl.rc_context({"font.size": size, "axes.facecolor": "red"}):
            figure, [ax] = theme.new_figure(1)
            ax.plot([0, 1])
            draws.append(save(figure, tmp_path / "x").read_bytes())
    assert draws[0] == draws[1]


def test_a_long_title_is_broken_into_lines():
    _, axes = theme.new_figure(2, theme.PAGE)
    for ax in axes:
        theme.set_title(ax, "a dataset with $ of some length, of 16 cores " * 2)
    assert axes[0].get_title().count("\n") >= 1
    assert_readable(axes[0])


@pytest.fixture
def fonts(monkeypatch):
    """Let figures fall back on these fonts alone."""

    def fall_back_on(*names):
        theme._fonts.cache_clear()
        monkeypatch.setattr(theme, "_FALLBACKS", names)
        monkeypatch.setitem(mpl.rcParamsOrig, "font.family", ["DejaVu Sans"])

    yield fall_back_on
    theme._fonts.cache_clear()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("🔥 best", "[fire] best"),
        ("数据集", "[U+6570 636E 96C6]"),
        ("한글", "[han geul]"),
        ("カタ", "[ka ta]"),
        ("\U000f0000", "[U+F0000]"),
    ],
)
def test_letters_that_no_font_has_are_named(fonts, text, shown):
    fonts()
    assert theme.plain(text) == shown


def test_an_installed_font_is_used_for_letters_that_the_first_one_lacks(fonts):
    lacking = next(
        chr(code)
        for code in sorted(theme._letters("STIXGeneral"))
        if code not in theme._letters("DejaVu Sans") and code > 0xFF
    )
    fonts("Not Installed", "STIXGeneral", "Noto Color Emoji")
    assert theme._fonts() == ("DejaVu Sans", "STIXGeneral")
    assert theme.plain(lacking) == lacking
    figure, [ax] = theme.new_figure(1)
    theme.set_title(ax, lacking)
    assert image_of(figure)  # a warning of a missing letter is an error


def test_a_font_of_the_users_own_settings_comes_first(fonts, monkeypatch):
    fonts("STIXGeneral")
    monkeypatch.setitem(mpl.rcParamsOrig, "font.family", ["serif"])
    monkeypatch.setitem(mpl.rcParamsOrig, "font.serif", ["cmr10", "Not Installed"])
    assert theme._fonts() == ("DejaVu Sans", "cmr10", "STIXGeneral")
