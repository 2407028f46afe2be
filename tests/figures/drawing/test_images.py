"""Image files of figures."""

import os
import subprocess
import sys
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from figure_boxes import ink_at_edge
from figure_frames import suite_of
from matplotlib.colors import to_rgb
from PIL import Image

from bench.figures.drawing import images, theme
from bench.figures.drawing.images import image_of, save
from bench.figures.scores import scores_figure

# Draws the same figure here and in another process.
CODE = """
from bench.figures.comparisons import plot_critical_differences
from bench.figures.drawing.images import image_of

names = ["SD", "KNN", "DT", "RF", "A", "B"]
ranks = {name: i + 1.0 for i, name in enumerate(names)}
ax = plot_critical_differences(ranks, [names[:4], names[2:]])
files = image_of(ax.get_figure(root=True))
"""


def scores(names, **options):
    results = suite_of(names, ["d"])
    return scores_figure(results, "accuracy", datasets=["d"], order=names, **options)


def test_the_same_figure_gives_the_same_bytes_in_any_process(tmp_path):
    here: dict = {}
    exec(CODE, here)
    code = CODE + "for kind, content in files.items(): open(kind, 'wb').write(content)"
    seed = {"PYTHONHASHSEED": "123"}
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, cwd=tmp_path, env=os.environ | seed)
    for kind, content in here["files"].items():
        assert (tmp_path / kind).read_bytes() == content
    assert here["files"].keys() == {"png", "svg"}


def test_both_files_have_one_layout_and_nothing_is_cut(tmp_path):
    figure = scores(["SD", "KNN"])
    files = image_of(figure)
    assert image_of(figure, ["svg"]) == {"svg": files["svg"]}
    width, height = figure.get_size_inches()
    with Image.open(BytesIO(files["png"])) as image:
        assert image.size == (round(200 * width), round(200 * height))
        assert image.mode == "P"
    root = ElementTree.fromstring(files["svg"])
    assert float(root.get("width")) == 160 * width
    assert root.get("viewBox") == f"0 0 {round(2000 * width)} {round(2000 * height)}"
    assert not ink_at_edge(files["png"])
    path = save(figure, tmp_path / "new" / "b.c")
    assert path == tmp_path / "new" / "b.c.png"
    assert path.read_bytes() == files["png"]


def test_a_png_keeps_the_colours_of_a_few_pixels():
    names = ["SD", "KNN", "A", "B", "C", "D"]
    looks = theme.classifier_styles(names, names)
    figure = scores(names, looks=looks)
    with Image.open(BytesIO(image_of(figure, ["png"])["png"])) as image:
        pixels = np.asarray(image.convert("RGB"), dtype=float).reshape(-1, 3)
    for colour in theme.HIGHLIGHTS:
        assert np.abs(pixels - 255 * np.array(to_rgb(colour))).sum(1).min() < 12


@pytest.mark.parametrize("most", [20_000, 5_000])
def test_a_png_is_never_larger_than_its_limit(monkeypatch, most):
    monkeypatch.setattr(images, "MOST_BYTES", most)
    figure, [ax] = theme.new_figure(1, 1.2, 1.2)
    ax.imshow(np.random.default_rng(0).random((200, 200, 3)))
    content = image_of(figure, ["png"])["png"]
    assert 0.4 * most < len(content) <= most


def test_an_edge_with_ink_is_found():
    figure, [ax] = theme.new_figure(1, 3, 2)
    assert not ink_at_edge(image_of(figure, ["png"])["png"])
    ax.text(-0.5, 0.5, "over the edge" * 9, transform=ax.transAxes).set_in_layout(False)
    assert ink_at_edge(image_of(figure, ["png"])["png"])
