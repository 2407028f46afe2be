"""The picture of a dataset: its curves, input points and gradient check."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from bench import figures
from bench.dataset_figures import (
    plot_classes,
    plot_curves,
    plot_inputs,
    plot_tangents,
)
from bench.datasets import DatasetRecipe, draw_class
from bench.document_parts import Figure
from bench.seeds import digest

SHOWN_CURVES = 20
SHOWN_OF_MANY = 5  # a class, where they are the library's functions
SHOWN_CLASSES = 60


def draw_dataset(recipe: DatasetRecipe, seed: int, folder: Path) -> Figure:
    """Draw 20 curves a class, the input points and the gradient check.

    Where the classes are the library's functions, draw 5 curves of each instead.

    Parameters
    ----------
    seed
        The suite's root of random streams; the curves are training curves of
        repetition 0.
    folder
        Of the report; the picture lies in its ``figures``.
    """
    if recipe.spec.task == "which-function":
        return _draw_functions(recipe, seed, folder)
    n_shown = min(SHOWN_CURVES, recipe.spec.train)
    shown, exact = (
        [draw_class(recipe, label, n_shown, gradients, seed=seed) for label in (0, 1)]
        for gradients in (False, True)
    )
    figure, axes = figures.new_figure(3, figures.PAGE, 2.4)
    plot_curves(recipe.x, shown[1][0], shown[0][0], ax=axes[0])
    plot_inputs(recipe.x, ax=axes[1])
    checked = []
    for label, colour in ((1, figures.SYMBOLIC), (0, figures.NEURAL)):
        values, gradients = exact[label]
        assert gradients is not None  # asked for above
        # The curve that bends most shows best whether its tangents touch it.
        bend = np.ptp(gradients[:, :, 0], axis=1).argmax()
        named = recipe.class_names[label]
        checked.append((values[bend], gradients[bend], colour, named))
    plot_tangents(recipe.x, checked, ax=axes[2])
    titles = ("curves", "input points", "gradient check")
    for ax, title in zip(axes, titles, strict=True):
        figures.set_title(ax, title)
    name = recipe.spec.id
    return saved(
        figure,
        folder,
        f"dataset-{slug(name)}",
        f"Curves, input points and gradient check of {name}",
        f"{n_shown} curves a class; the points; two curves with their exact tangents"
        + (", without the noise." if recipe.spec.noise else "."),
    )


def _draw_functions(recipe: DatasetRecipe, seed: int, folder: Path) -> Figure:
    names = recipe.class_names[:SHOWN_CLASSES]
    n_shown = min(SHOWN_OF_MANY, recipe.spec.train)
    classes = {
        name: draw_class(recipe, label, n_shown, False, seed=seed)[0]
        for label, name in enumerate(names)
    }
    ax = plot_classes(recipe.x, classes)
    more = recipe.n_classes - len(names)
    return saved(
        ax.figure,
        folder,
        f"dataset-{slug(recipe.spec.id)}",
        f"Curves of each class of {recipe.spec.id}",
        f"{n_shown} curves of each function"
        + (f"; {more} more functions are not shown." if more else "."),
    )


def saved(figure: Any, folder: Path, name: str, alt: str, caption: str) -> Figure:
    """Write a figure under a report's ``figures``; return what a document shows."""
    png, _ = figures.save(figure, folder / "figures" / name)
    return Figure(png.relative_to(folder).as_posix(), alt, caption)


def slug(name: str) -> str:
    """Turn an id into a file name, a different one for each id."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")
    return safe if safe == name else f"{safe}-{digest(name)[:6]}"
