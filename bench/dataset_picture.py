"""The picture of a dataset: its curves, input points and gradient check."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from bench import figures
from bench.dataset_figures import plot_curves, plot_inputs, plot_tangents
from bench.datasets import DatasetRecipe, draw_class
from bench.document_parts import Figure
from bench.seeds import digest

SHOWN_CURVES = 20


def draw_dataset(recipe: DatasetRecipe, seed: int, folder: Path) -> Figure:
    """Draw 20 curves a class, the input points and the gradient check.

    Parameters
    ----------
    seed
        The suite's root of random streams; the curves are training curves of
        repetition 0.
    folder
        Of the report; the picture lies in its ``figures``.
    """
    classes = {
        symbolic: draw_class(recipe, symbolic, SHOWN_CURVES, True, seed=seed)
        for symbolic in (True, False)
    }
    figure, axes = figures.new_figure(3, figures.PAGE, 2.4)
    plot_curves(recipe.x, classes[True][0], classes[False][0], ax=axes[0])
    plot_inputs(recipe.x, ax=axes[1])
    checked = []
    for symbolic, colour, label in (
        (True, figures.SYMBOLIC, "symbolic"),
        (False, figures.NEURAL, "neural"),
    ):
        values, gradients = classes[symbolic]
        assert gradients is not None  # asked for above
        # The curve that bends most shows best whether its tangents touch it.
        bend = np.ptp(gradients[:, :, 0], axis=1).argmax()
        checked.append((values[bend], gradients[bend], colour, label))
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
        f"{SHOWN_CURVES} curves a class; the points; two curves with their exact "
        "tangents.",
    )


def saved(figure: Any, folder: Path, name: str, alt: str, caption: str) -> Figure:
    """Write a figure under a report's ``figures``; return what a document shows."""
    png, _ = figures.save(figure, folder / "figures" / name)
    return Figure(png.relative_to(folder).as_posix(), alt, caption)


def slug(name: str) -> str:
    """Turn an id into a file name, a different one for each id."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")
    return safe if safe == name else f"{safe}-{digest(name)[:6]}"
