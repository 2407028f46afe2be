"""The figures of one dataset: its curves, comparisons, calibration, hardest curves."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bench.analysis import CellArrays, Findings, rows_of
from bench.cells import Plan
from bench.curves import DatasetRecipe, draw_class, draw_part
from bench.figures import (
    NEURAL,
    PAGE,
    SYMBOLIC,
    classifier_styles,
    new_figure,
    plot_calibration,
    plot_classes,
    plot_curves,
    plot_differences,
    plot_hardest,
    plot_inputs,
    plot_tangents,
    set_title,
)
from bench.render import FigureFile
from bench.report.figure_files import Deferred, FigureFolder, slug
from bench.report.tables import counted
from bench.stats import hardest_curves

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

    recipe: DatasetRecipe
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
    spec, file = recipe.spec, f"dataset-{slug(recipe.spec.id)}"
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


def draw_differences(
    plan: Plan, findings: Findings, dataset: str, figures: FigureFolder
) -> list[FigureFile]:
    """Draw the paired differences to the baseline, if there are any."""
    compared = rows_of(findings.compared, dataset)
    if compared.empty:
        return []
    suite = plan.suite
    return [
        figures.add(
            f"differences-{slug(dataset)}",
            f"Paired differences to {suite.baseline} on {dataset}",
            _of_differences(compared, suite.stats.alpha, suite.stats.margin),
            plot_differences,
            compared,
            suite.metrics[0],
            baseline=suite.baseline,
            margin=suite.stats.margin,
            alpha=suite.stats.alpha,
            looks=classifier_styles(c.id for c in plan.classifiers),
        )
    ]


def _of_differences(compared: pd.DataFrame, alpha: float, margin: float) -> str:
    """Write the caption of the figure: its intervals, their family, its band."""
    family = int(compared["family"].iloc[0])
    caption = f"Intervals at {100 * (1 - alpha):g}%"
    if family > 1:
        caption += f", simultaneous over the {family} classifiers compared (Bonferroni)"
    caption += f". Band: the margin of {margin:g}."
    if compared["words"].str.contains(" collapsed, ").any():
        caption += " Repetitions in which either training collapsed are left out."
    if (compared["left_out"] != "").any():
        caption += " Without an interval: not compared, for the reason in the table."
    return caption


def draw_certainty(
    plan: Plan, curves: DatasetCurves, arrays: CellArrays, figures: FigureFolder
) -> list[FigureFile]:
    """Draw calibration, and the hardest curves of one repetition."""
    name = curves.recipe.spec.id
    drawn = []
    if not arrays.bins.empty:
        drawn.append(
            figures.add(
                f"calibration-{slug(name)}",
                f"Accuracy against confidence, {name}",
                "Held-out curves of all repetitions. Dotted: perfect calibration.",
                plot_calibration,
                arrays.bins,
                looks=classifier_styles(c.id for c in plan.classifiers),
            )
        )
    # Which curves most classifiers misclassify takes at least two classifiers.
    if len(arrays.predictions) > 1 and arrays.first is not None:
        hardest = hardest_curves(arrays.labels, arrays.predictions)
        drawn.append(draw_hardest(curves, arrays.first, hardest, figures))
    return drawn


def draw_hardest(
    curves: DatasetCurves,
    repetition: int,
    hardest: pd.DataFrame,
    figures: FigureFolder,
) -> FigureFile:
    """Draw the test curves that most classifiers misclassify.

    Parameters
    ----------
    repetition
        The repetition whose test curves were predicted.
    hardest : DataFrame
        See `bench.stats.calibration.hardest_curves`.
    """
    name = curves.recipe.spec.id
    return figures.add(
        f"hardest-{slug(name)}",
        f"The curves of {name} that most classifiers misclassify",
        f"Held-out curves of repetition {repetition}. CHANCE does not count.",
        _hardest,
        curves,
        repetition,
        hardest,
    )


def _two_classes(curves: DatasetCurves, n_shown: int) -> Any:
    recipe, seed = curves.recipe, curves.seed
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
