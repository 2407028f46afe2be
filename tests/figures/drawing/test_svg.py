"""SVGs for pages."""

import re
from base64 import b64decode
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
from figure_frames import STRANGE, suite_of
from PIL import Image

from bench.figures.drawing import theme
from bench.figures.drawing.images import image_of
from bench.figures.scores import scores_figure

SVG = "{http://www.w3.org/2000/svg}"


def svg_of(figure):
    return image_of(figure, ["svg"])["svg"].decode()


def drawn(draw):
    """Return the root of the SVG of axes on which a function draws."""
    figure, [ax] = theme.new_figure(1, 3, 2)
    with theme.style():
        draw(ax)
    return ElementTree.fromstring(svg_of(figure))


def test_strange_names_are_text_and_no_markup():
    results = suite_of(STRANGE, ["d"])
    figure = scores_figure(results, "accuracy", datasets=["d"], order=STRANGE)
    svg = svg_of(figure)
    texts = [element.text for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    assert {"<b>|x|</b> & co", "$\\alpha$", "SD"} <= set(texts)
    assert "<b>" not in svg
    groups = ElementTree.fromstring(svg).iter(f"{SVG}g")
    shown = {group.get("data-classifier") for group in groups} - {None}
    assert shown == set(STRANGE)


def test_ink_and_paper_are_the_pages_and_there_is_no_background():
    root = drawn(lambda ax: ax.plot([0, 1], color=theme.FAINT))
    svg = ElementTree.tostring(root).decode()
    assert root.get("color") == "var(--ink,#333333)"
    assert "currentColor" in svg
    assert "var(--soft,#6b6b6b)" in svg
    assert "#333333" not in svg.replace("var(--ink,#333333)", "")
    assert "#ffffff" not in svg


def test_nothing_in_it_needs_a_style_a_script_or_a_request():
    svg = svg_of(
        scores_figure(suite_of(["SD"], ["d"]), "accuracy", datasets=["d"], order=["SD"])
    )
    assert not re.search(
        "style|script|xlink|metadata|http(?!://www.w3.org/2000/svg)", svg
    )


def test_ids_of_different_figures_differ_and_all_are_defined():
    ids = []
    for n in (3, 4):
        figure, [ax] = theme.new_figure(1, 3, 2)
        ax.plot(np.arange(n), "o")
        ax.set_ylim(0.5, 1.5)
        svg = svg_of(figure)
        found = re.findall(r'id="([^"]+)"', svg)
        assert found
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) == set(found)
        ids.append(set(found))
    assert not ids[0] & ids[1]


def test_a_marker_is_written_once_for_all_its_points():
    root = drawn(lambda ax: ax.plot(np.arange(500.0), np.sin(np.arange(500)), "o"))
    paths = [p for p in root.iter(f"{SVG}path") if p.get("marker-mid")]
    assert len(paths) == 1
    assert len(list(root.iter(f"{SVG}marker"))) < 5
    assert len(ElementTree.tostring(root)) < 9000


def test_a_text_has_the_width_of_the_layout():
    root = drawn(lambda ax: ax.set_title("mmmm"))
    [title] = [t for t in root.iter(f"{SVG}text") if t.text == "mmmm"]
    # An m of DejaVu Sans is 0.974 of its size wide.
    size = float(title.get("font-size") or root.get("font-size"))
    assert abs(float(title.get("textLength")) - 4 * 0.974 * size) < 0.1 * size


def test_formulas_are_letters_at_their_places():
    root = drawn(lambda ax: ax.set_title(r"$u^{2}$ of x", rotation=90))
    parts = {t.text: t for t in root.iter(f"{SVG}text")}
    assert parts["u"].get("font-style") == "italic"
    # Above the line, where y is smaller.
    assert float(parts["2"].get("y")) < float(parts["u"].get("y"))
    [places] = [t.get("x").split() for text, t in parts.items() if "of" in (text or "")]
    assert [float(x) for x in places] == sorted(float(x) for x in places)


def test_lines_beyond_the_axes_are_clipped():
    def draw(ax):
        ax.plot([0, 1], [0, 9])
        ax.set_ylim(0, 1)

    assert [p for p in drawn(draw).iter(f"{SVG}path") if p.get("clip-path")]


def test_pixels_are_a_part_of_the_file():
    root = drawn(lambda ax: ax.imshow([[0.0], [1.0]], cmap="gray"))
    [element] = root.iter(f"{SVG}image")
    kind, _, content = element.get("href").partition(",")
    assert kind == "data:image/png;base64"
    with Image.open(BytesIO(b64decode(content))) as image:
        column = np.asarray(image.convert("L"))[:, image.width // 2]
    assert (column[5], column[-5]) == (0, 255)  # black is above
