"""The pictures of a dataset's curves: some of each class, and the hardest ones."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.base import digest
from bench.curves import DatasetRecipe, draw_class, draw_part
from bench.figures import (
    NEURAL,
    PAGE,
    SYMBOLIC,
    new_figure,
    plot_classes,
    plot_curves,
    plot_hardest,
    plot_inputs,
    plot_tangents,
    set_title,
)
from bench.render import FigureFile
from bench.report.figure_files import Deferred, FigureFolder

SHOWN_CURVES = 20
SHOWN_OF_MANY = 5  # a class, where they are the library's functions
SHOWN_CLASSES = 60


@dataclass(frozen=True)
class DatasetCurves(Deferred):
    """The curves of a dataset, drawn only when a figure that shows them is.

    Attributes
    ----------
    recipe
        The dataset.
    seed
        The suite's root of random streams.
    """

    recipe: DatasetRecipe
    seed: int

    @property
    def identity(self) -> Any:
        """The recipe, with the versions of what draws curves, and the seed."""
        return [self.recipe.identity, self.recipe.class_names, self.seed]


def draw_dataset(curves: DatasetCurves, figures: FigureFolder) -> FigureFile:
    """Draw 20 curves a class, the input points and the gradient check.

    Where the classes are the library's functions, draw 5 curves of each instead. The
    curves are training curves of repetition 0.

    Parameters
    ----------
    figures
        The folder that the figure's file is written to.
    """
    recipe = curves.recipe
    spec, file = recipe.spec, f"dataset-{slug(recipe.spec.id)}"
    if spec.task == "which-function":
        n_shown = min(SHOWN_OF_MANY, spec.train)
        more = recipe.n_classes - SHOWN_CLASSES
        return figures.add(
            file,
            f"Curves of each class of {spec.id}",
            f"{n_shown} curves of each function"
            + (f"; {more} more functions are not shown." if more > 0 else "."),
            _functions,
            curves,
            n_shown,
        )
    n_shown = min(SHOWN_CURVES, spec.train)
    return figures.add(
        file,
        f"Curves, input points and gradient check of {spec.id}",
        f"{n_shown} curves a class; the points; two curves with their exact tangents"
        + (", without the noise." if spec.noise else "."),
        _two_classes,
        curves,
        n_shown,
    )


def draw_hardest(
    curves: DatasetCurves,
    repetition: int,
    hardest: pd.DataFrame,
    figures: FigureFolder,
) -> FigureFile:
    """Draw the test curves that most classifiers get wrong.

    Parameters
    ----------
    repetition
        The repetition whose test curves were predicted.
    hardest : DataFrame
        As `bench.figures.curves.hardest_curves` gives it.
    figures
        The folder that the figure's file is written to.
    """
    name = curves.recipe.spec.id
    return figures.add(
        f"hardest-{slug(name)}",
        f"The curves of {name} that most classifiers get wrong",
        f"Held-out curves of repetition {repetition}; CHANCE left out.",
        _hardest,
        curves,
        repetition,
        hardest,
    )


def slug(name: str) -> str:
    """Turn an id into a file name, a different one for each id."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")
    return safe if safe == name else f"{safe}-{digest(name)[:6]}"


def _two_classes(curves: DatasetCurves, n_shown: int) -> Any:
    recipe, seed = curves.recipe, curves.seed
    exact = [draw_class(recipe, label, n_shown, True, seed=seed) for label in (0, 1)]
    shown = exact
    if recipe.spec.noise:  # there are no gradients of noisy curves
        shown = [
            draw_class(recipe, label, n_shown, False, seed=seed) for label in (0, 1)
        ]
    figure, axes = new_figure(3, PAGE, 2.4)
    plot_curves(recipe.x, shown[1][0], shown[0][0], ax=axes[0])
    plot_inputs(recipe.x, ax=axes[1])
    checked = []
    for label, colour in ((1, SYMBOLIC), (0, NEURAL)):
        values, gradients = exact[label]
        assert gradients is not None  # asked for above
        # The curve that bends most shows best whether its tangents touch it.
        bend = np.ptp(gradients[:, :, 0], axis=1).argmax()
        named = recipe.class_names[label]
        checked.append((values[bend], gradients[bend], colour, named))
    plot_tangents(recipe.x, checked, ax=axes[2])
    titles = ("curves", "input points", "gradient check")
    for ax, title in zip(axes, titles, strict=True):
        set_title(ax, title)
    return figure


def _functions(curves: DatasetCurves, n_shown: int) -> Axes:
    recipe, names = curves.recipe, curves.recipe.class_names[:SHOWN_CLASSES]
    classes = {
        name: draw_class(recipe, label, n_shown, False, seed=curves.seed)[0]
        for label, name in enumerate(names)
    }
    return plot_classes(recipe.x, classes)


def _hardest(curves: DatasetCurves, repetition: int, hardest: pd.DataFrame) -> Axes:
    recipe = curves.recipe
    X, _ = draw_part(recipe, "test", recipe.spec.test, repetition, curves.seed)
    names = dict(enumerate(recipe.class_names))
    return plot_hardest(hardest, recipe.x, X, class_names=names)
