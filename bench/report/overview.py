"""The pictures of a report: what each one shows, and what is said of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from bench.analysis import CellArrays, Findings, rows_of
from bench.cells import Plan
from bench.curves import DatasetRecipe
from bench.figures import (
    PAGE,
    ClassifierStyle,
    classifier_styles,
    new_figure,
    plot_calibration,
    plot_critical_differences,
    plot_differences,
    plot_overfitting,
    plot_pareto,
    plot_scores,
    set_title,
)
from bench.render import FigureFile
from bench.report.dataset_pictures import (
    DatasetCurves,
    draw_dataset,
    draw_hardest,
    slug,
)
from bench.report.figure_files import FigureFolder
from bench.report.sweeps import draw_sweep
from bench.report.training import draw_training
from bench.report.transfer import draw_transfers
from bench.stats import METRICS, hardest_curves

_A_ROW = 3  # datasets side by side stay readable


@dataclass(frozen=True)
class Pictures:
    """Adds the figures of a report to its folder.

    Attributes
    ----------
    plan, found
        What is drawn.
    figures
        The folder that the figure's file is written to.
    """

    plan: Plan
    found: Findings
    figures: FigureFolder

    def overview(self) -> list[FigureFile]:
        """Draw accuracy with every repetition, overfitting and cost, all datasets."""
        metric, looks = self.plan.suite.metrics[0], self._looks
        title, summary = METRICS[metric].title, self.found.summary
        names = [recipe.spec.id for recipe in self.plan.datasets]
        known = summary.loc[summary[f"train_{metric}_mean"].notna(), "dataset"]
        drawn = []
        for number, some in enumerate(_rows_of_three(names), start=1):
            rows = summary[summary["dataset"].isin(some)]
            results = self.found.results
            drawn.append(
                self.figures.add(
                    f"scores-{number}",
                    f"{title} of every classifier and repetition",
                    "Filled: held-out; hollow: training; bars: means. One dot is one "
                    "repetition.",
                    _scores,
                    some,
                    results[results["dataset"].isin(some)],
                    rows,
                    metric,
                    looks,
                    max(2.2, 0.2 * len(self.plan.classifiers) + 0.9),
                )
            )
            # Where all are trained online there is nothing to overfit.
            fitted = [name for name in some if name in set(known)]
            if fitted:
                drawn.append(
                    self.figures.add(
                        f"overfitting-{number}",
                        f"Training against held-out {title}",
                        "On the dotted line a classifier does as well on new curves.",
                        _overfitting,
                        fitted,
                        rows,
                        metric,
                        looks,
                    )
                )
            drawn.append(
                self.figures.add(
                    f"cost-{number}",
                    f"Held-out {title} against seconds to fit",
                    f"Seconds of {self.plan.suite.threads} thread(s); see Provenance "
                    "for the machine. The line joins what nothing beats in both.",
                    _costs,
                    some,
                    rows,
                    metric,
                    looks,
                )
            )
        return drawn

    def across(self) -> list[FigureFile]:
        """Draw critical differences, where there are tests that make them."""
        drawn = []
        across = self.found.across
        if across is not None and across.allowed and len(across.ranks) > 1:
            drawn.append(
                self.figures.add(
                    "critical-differences",
                    "Mean ranks, with bars over classifiers not told apart",
                    "Bars join classifiers that Holm's exact signed-rank tests do not "
                    "tell apart.",
                    plot_critical_differences,
                    across.ranks,
                    across.cliques,
                    looks=self._looks,
                )
            )
        return drawn

    def sweeps(self) -> list[list[FigureFile]]:
        """Draw the scores along each quantity that is swept."""
        return [
            draw_sweep(self.plan, self.found, sweep, self._looks, self.figures)
            for sweep in self.found.sweeps
        ]

    def transfers(self) -> list[FigureFile]:
        """Draw what classifiers do on datasets that they were not trained on."""
        found = self.found.transfers
        if found.empty:
            return []
        own = set(found["classifier"])
        names = [c.id for c in self.plan.classifiers if c.id in own]
        metric = self.plan.suite.metrics[0]
        return draw_transfers(found, metric, names, self.figures)

    def dataset(self, recipe: DatasetRecipe, told: CellArrays) -> list[FigureFile]:
        """Draw one dataset: curves, comparisons, calibration, hardest ones, training.

        Parameters
        ----------
        told
            What its cells' arrays say, see
            `bench.analysis.cell_arrays.read_cell_arrays`.
        """
        name, stats = recipe.spec.id, self.plan.suite.stats
        curves = DatasetCurves(recipe, self.plan.suite.seed)
        drawn = [draw_dataset(curves, self.figures)]
        compared = rows_of(self.found.compared, name)
        if not compared.empty:
            metric, baseline = self.plan.suite.metrics[0], self.plan.suite.baseline
            drawn.append(
                self.figures.add(
                    f"differences-{slug(name)}",
                    f"Paired differences to {baseline} on {name}",
                    f"Simultaneous intervals at {1 - stats.alpha:.0%}; the band is the "
                    f"margin of {stats.margin:g}.",
                    plot_differences,
                    compared,
                    metric,
                    baseline=baseline,
                    margin=stats.margin,
                    alpha=stats.alpha,
                    looks=self._looks,
                )
            )
        drawn += draw_training(name, told, self._looks, self.figures)
        return drawn + self._certainty(curves, told)

    @property
    def _looks(self) -> Mapping[str, ClassifierStyle]:
        return classifier_styles(c.id for c in self.plan.classifiers)

    def _certainty(self, curves: DatasetCurves, told: CellArrays) -> list[FigureFile]:
        """Draw calibration, and the hardest curves of the first repetition."""
        name = curves.recipe.spec.id
        drawn = []
        if not told.bins.empty:
            drawn.append(
                self.figures.add(
                    f"calibration-{slug(name)}",
                    f"Accuracy against confidence, {name}",
                    "Held-out curves of all repetitions; on the dotted line confidence "
                    "is what it says.",
                    plot_calibration,
                    told.bins,
                    looks=self._looks,
                )
            )
        if len(told.predictions) > 1 and told.first is not None:
            hardest = hardest_curves(told.labels, told.predictions)
            drawn.append(draw_hardest(curves, told.first, hardest, self.figures))
        return drawn


def _rows_of_three(names: list[str]) -> Iterable[list[str]]:
    for start in range(0, len(names), _A_ROW):
        yield names[start : start + _A_ROW]


def _scores(
    names: Sequence[str],
    results: pd.DataFrame,
    summary: pd.DataFrame,
    metric: str,
    looks: Mapping[str, ClassifierStyle],
    height: float,
) -> Any:
    def draw(name: str, ax: Axes) -> None:
        order = list(rows_of(summary, name)["classifier"])
        plot_scores(rows_of(results, name), metric, order=order, looks=looks, ax=ax)

    return _panels(names, height, draw)


def _overfitting(
    names: Sequence[str],
    summary: pd.DataFrame,
    metric: str,
    looks: Mapping[str, ClassifierStyle],
) -> Any:
    def draw(name: str, ax: Axes) -> None:
        plot_overfitting(rows_of(summary, name), metric, looks=looks, ax=ax)

    return _panels(names, 3.0, draw)


def _costs(
    names: Sequence[str],
    summary: pd.DataFrame,
    metric: str,
    looks: Mapping[str, ClassifierStyle],
) -> Any:
    def draw(name: str, ax: Axes) -> None:
        plot_pareto(rows_of(summary, name), metric, looks=looks, ax=ax)

    return _panels(names, 3.0, draw)


def _panels(
    names: Sequence[str], height: float, draw: Callable[[str, Axes], None]
) -> Any:
    """Draw datasets side by side; one alone takes half a page."""
    width = PAGE if len(names) > 1 else PAGE / 2
    figure, axes = new_figure(len(names), width, height)
    for name, ax in zip(names, axes, strict=True):
        draw(name, ax)
        set_title(ax, name)
    return figure
