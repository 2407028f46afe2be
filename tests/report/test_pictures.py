import numpy as np
import pytest

from bench.curves.recipes import resolve_dataset
from bench.report import pictures
from bench.report.figure_files import FigureFolder
from bench.report.pictures import DatasetCurves, draw_dataset
from bench.suite.datasets import DatasetSpec

ENTRY = {
    "id": "d",
    "library": "F11_v1",
    "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 20},
    "train": 5,
    "test": 5,
}


def recipe_of(**changes):
    return resolve_dataset(DatasetSpec.model_validate(ENTRY | changes, strict=False))


def test_the_picture_of_a_dataset_follows_its_recipe(tmp_path, monkeypatch):
    drawn = []
    real = pictures._two_classes

    def remember(curves, n_shown):
        drawn.append(n_shown)
        return real(curves, n_shown)

    remember.__module__, remember.__qualname__ = real.__module__, real.__qualname__
    monkeypatch.setattr(pictures, "_two_classes", remember)
    for change, seed, so_far in (
        ({}, 0, 1),
        ({"description": "words"}, 0, 1),
        ({"train": 4}, 0, 2),
        ({}, 1, 3),
        ({"noise": 0.1}, 1, 4),
    ):
        curves = DatasetCurves(recipe_of(**change), seed)
        draw_dataset(curves, FigureFolder(tmp_path, formats=["png"]))
        assert len(drawn) == so_far


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "5 curves of each class; the input points; two curves with the tangents"),
        ({"noise": 5}, "before noise is added."),
        ({"task": "which-function", "library": "families20", "train": 1},
         "1 curve of each function."),
    ],
)  # fmt: skip
def test_the_caption_says_what_is_shown(figures, changes, words):
    figure = draw_dataset(DatasetCurves(recipe_of(**changes), 0), figures)
    assert words in figure.caption


def test_curves_are_not_drawn_for_a_figure_that_is_not(figures, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("drawn")

    monkeypatch.setattr(pictures, "draw_class", refuse)
    draw_dataset(DatasetCurves(recipe_of(), 0), figures)
    [(args, _)] = figures.data.values()
    assert np.ndim(args[1]) == 0
