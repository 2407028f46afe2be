"""The picture that `bench show` draws of a dataset: curves, points, tangents."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from bench.curves import (
    DatasetRecipe,
    Recipe,
    RecordedRecipe,
    draw_class,
    first_of_class,
)
from bench.figures import (
    NEURAL,
    PAGE,
    SYMBOLIC,
    new_figure,
    plot_classes,
    plot_curves,
    plot_inputs,
    plot_tangents,
    set_title,
)
from bench.render import FigureFile
from bench.report.figure_files import Deferred, FigureFolder, slug
from bench.report.tables import counted

SHOWN_CURVES = 20  # of each of two classes
SHOWN_OF_MANY = 5  # curves of each class, if the classes are the library's functions
SHOWN_CLASSES = 60  # more boxes would not fit on a page


@dataclass(frozen=True)
class DatasetCurves(Deferred):
    """A dataset's curves, drawn only if a figure that shows them must be drawn.

    Attributes
    ----------
    recipe
        The dataset.
    seed
        The suite's root seed.
    """

    recipe: Recipe
    seed: int

    @property
    def identity(self) -> Any:
        """The recipe, with the versions of the code that draws curves, and the seed."""
        return [self.recipe.identity, self.recipe.class_names, self.seed]


def draw_dataset(curves: DatasetCurves, figures: FigureFolder) -> FigureFile:
    """Draw curves of each class, the input points and a check of the gradient.

    The curves are training curves of repetition 0: 20 of each class, or only 5 of each
    class if the classes are the library's functions.
    """
    recipe = curves.recipe
    file = f"dataset-{slug(recipe.spec.id)}"
    if isinstance(recipe, RecordedRecipe):
        n_boxes = recipe.n_classes * recipe.n_channels
        return figures.add(
            file,
            f"Curves of each class of {recipe.spec.id}",
            f"At most {SHOWN_OF_MANY} training curves of each class"
            + (" and channel" if recipe.n_channels > 1 else "")
            + (f", the first {SHOWN_CLASSES}." if n_boxes > SHOWN_CLASSES else "."),
            _recorded,
            curves,
        )
    spec = recipe.spec
    if spec.task == "which-function":
        n_shown = min(SHOWN_OF_MANY, spec.train)
        more = recipe.n_classes - SHOWN_CLASSES
        return figures.add(
            file,
            f"Curves of each class of {spec.id}",
            f"{counted(n_shown, 'curve')} of each function"
            + (f"; {counted(more, 'more function')} not shown." if more > 0 else "."),
            _functions,
            curves,
            n_shown,
        )
    n_shown = min(SHOWN_CURVES, spec.train)
    return figures.add(
        file,
        f"Curves, input points and gradient check of {spec.id}",
        f"{counted(n_shown, 'curve')} of each class; the input points; two curves with "
        "the tangents that their exact gradients give"
        + (", before noise is added." if spec.noise else "."),
        _two_classes,
        curves,
        n_shown,
    )


def _recorded(curves: DatasetCurves) -> Axes:
    recipe = curves.recipe
    classes = {}
    for label, name in enumerate(recipe.class_names):
        shown = first_of_class(recipe, label, SHOWN_OF_MANY, curves.seed)
        for channel in range(shown.shape[1]):
            title = name if shown.shape[1] == 1 else f"{name}, channel {channel + 1}"
            classes[title] = shown[:, channel]
    return plot_classes(recipe.x, dict(list(classes.items())[:SHOWN_CLASSES]))


def _two_classes(curves: DatasetCurves, n_shown: int) -> Any:
    recipe, seed = curves.recipe, curves.seed
    assert isinstance(recipe, DatasetRecipe)  # recorded curves have no gradient
    exact = [draw_class(recipe, label, n_shown, True, seed=seed) for label in (0, 1)]
    shown = exact
    if recipe.spec.noise:  # noisy curves have no gradients: draw them separately
        shown = [
            draw_class(recipe, label, n_shown, False, seed=seed) for label in (0, 1)
        ]
    figure, axes = new_figure(3, PAGE, 2.4)
    plot_curves(recipe.x, shown[1][0], shown[0][0], ax=axes[0])
    plot_inputs(recipe.x, ax=axes[1])
    checked = []
    for label, colour in ((1, SYMBOLIC), (0, NEURAL)):
        values, gradients = exact[label]
        assert gradients is not None  # `exact` was drawn with gradients
        # On the curve that bends most, a wrong tangent is easiest to see.
        bend = np.ptp(gradients[:, :, 0], axis=1).argmax()
        class_name = recipe.class_names[label]
        checked.append((values[bend], gradients[bend], colour, class_name))
    plot_tangents(recipe.x, checked, ax=axes[2])
    titles = ("curves", "input points", "gradient check")
    for ax, title in zip(axes, titles, strict=True):
        set_title(ax, title)
    return figure


def _functions(curves: DatasetCurves, n_shown: int) -> Axes:
    recipe, names = curves.recipe, curves.recipe.class_names[:SHOWN_CLASSES]
    assert isinstance(recipe, DatasetRecipe)  # whose classes are functions
    classes = {
        name: draw_class(recipe, label, n_shown, False, seed=curves.seed)[0]
        for label, name in enumerate(names)
    }
    return plot_classes(recipe.x, classes)
