"""Colours, text and image files."""

import itertools
import os
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from figure_frames import STRANGE, TWENTY, results_of
from readable import assert_readable

from bench.figures import theme
from bench.figures.comparisons import plot_critical_differences
from bench.figures.datasets import plot_curves
from bench.figures.scores import plot_scores
from bench.suite.presets import PRESETS


def test_every_preset_has_a_colour_of_its_own():
    colours = theme.classifier_colours(PRESETS)
    assert len(set(colours.values())) == len(PRESETS)


def test_a_style_does_not_depend_on_the_order_of_names_or_on_other_presets():
    looks = theme.classifier_styles(["B", "KNN", "A"])
    assert looks == theme.classifier_styles(["A", "B", "KNN"])
    assert looks["KNN"] == theme.classifier_styles([])["KNN"]
    assert looks["A"] != looks["B"]


def test_the_first_own_classifiers_of_a_suite_get_the_spare_colours():
    looks = theme.classifier_styles(["SD", "A", "B", "C"])
    colours = [looks[name].colour for name in "ABC"]
    assert colours == ["#A89F91", "#00535A", "#9E0059"]


@pytest.mark.parametrize("names", [TWENTY, [f"C{i}" for i in range(16)]])
def test_no_two_classifiers_of_a_figure_have_the_same_style(names):
    looks = theme.classifier_styles(names)
    assert len({looks[name] for name in names}) == len(names)
    if len(names) <= 16:
        assert len({looks[name].colour for name in names}) == len(names)


# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
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
    x, y, z = np.cbrt(to_xyz @ seen / [0.95047, 1, 1.08883])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_a_colour_blind_reader_can_distinguish_classifiers(deficiency):
    looks = theme.classifier_styles([*PRESETS, "A", "B", "C"])
    for first, second in itertools.combinations(looks.values(), 2):
        distance = np.linalg.norm(
            cie_lab(first.colour, deficiency) - cie_lab(second.colour, deficiency)
        )
        # 2.3 is just noticeable; of one marker, colours must do all the work.
        assert distance > (20 if first.marker == second.marker else 10), (first, second)


def test_text_of_users_is_shown_literally():
    assert theme.plain("a $x$ b") == r"a \$x\$ b"
    assert theme.plain("two\nlines") == "two lines"
    assert theme.plain("e\u0301") == "é"
    short = theme.plain("abc" * 40, 11)
    assert short == "abcab…bcabc"
    assert theme.plain("±1 × 2 – x") == "±1 × 2 – x"


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    written = []
    for name in ("a", "b.c"):
        ax = plot_scores(results_of(["SD", "KNN"]), "accuracy", order=["SD", "KNN"])
        written.append(theme.save(ax.figure, tmp_path / "new" / name))
    first, second = written
    assert (first.name, second.name) == ("a.svg", "b.c.svg")
    assert first.read_bytes() == second.read_bytes()
    assert b"<dc:date>" not in first.read_bytes()
    root = ElementTree.parse(first).getroot()
    width, height = (float(root.get(name)) for name in ("width", "height"))
    assert width == pytest.approx(160 * theme.COLUMN)
    box = [float(number) for number in root.get("viewBox").split()]
    assert height / width == pytest.approx(box[3] / box[2], rel=1e-4)
    assert len(list(first.parent.iterdir())) == 2


def test_a_figure_whose_svg_would_be_large_is_a_png(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 2))  # two columns: dots, which no line simplifies
    curves = rng.normal(size=(2, 10, 1000))
    path = theme.save(plot_curves(x, *curves).figure, tmp_path / "large")
    content = path.read_bytes()
    assert path.name == "large.png"
    assert content[:4] == b"\x89PNG"
    assert int.from_bytes(content[16:20]) == round(160 * theme.COLUMN)
    assert theme.image_of(plot_curves(x, *curves).figure) == (".png", content)
    [suffix, _] = theme.image_of(plot_curves(x, *curves[:, :2]).figure)
    assert suffix == ".svg"


def test_another_process_draws_the_same_bytes(tmp_path):
    names = ["SD", "KNN", "DT", "RF", "A", "B"]
    ranks = {name: i + 1.0 for i, name in enumerate(names)}
    ax = plot_critical_differences(ranks, [names[:4], names[2:]])
    here = theme.save(ax.figure, tmp_path / "here")
    code = (
        "from bench.figures import comparisons, theme\n"
        f"names = {names}\n"
        "ax = comparisons.plot_critical_differences(\n"
        f"    {ranks}, [names[:4], names[2:]])\n"
        "theme.save(ax.figure, 'there')"
    )
    seed = {"PYTHONHASHSEED": "123"}
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, cwd=tmp_path, env=os.environ | seed)
    assert (tmp_path / "there.svg").read_bytes() == here.read_bytes()


def test_an_svg_with_strange_names_is_well_formed(tmp_path):
    ax = plot_scores(results_of(STRANGE), "accuracy", order=STRANGE)
    svg = theme.save(ax.figure, tmp_path / "strange")
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    assert b"<b>" not in svg.read_bytes()


def test_a_users_matplotlibrc_does_not_change_figures(tmp_path):
    order = ["SD", "KNN"]
    draws = []
    for size in (10, 40):
        with mpl.rc_context({"font.size": size, "axes.facecolor": "red"}):
            ax = plot_scores(results_of(order), "accuracy", order=order)
            draws.append(theme.save(ax.figure, tmp_path / "x").read_bytes())
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
    assert theme.image_of(figure)[1]  # a warning of a missing letter is an error


def test_a_font_of_the_users_own_settings_comes_first(fonts, monkeypatch):
    fonts("STIXGeneral")
    monkeypatch.setitem(mpl.rcParamsOrig, "font.family", ["serif"])
    monkeypatch.setitem(mpl.rcParamsOrig, "font.serif", ["cmr10", "Not Installed"])
    assert theme._fonts() == ("DejaVu Sans", "cmr10", "STIXGeneral")
