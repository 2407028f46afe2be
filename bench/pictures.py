"""The pictures of a report: drawn from its findings, written as PNG and SVG."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from bench import figures
from bench.calibration import hardest_curves
from bench.comparison_figures import plot_critical_differences, plot_differences
from bench.curve_figures import plot_calibration, plot_hardest
from bench.dataset_picture import draw_dataset, saved, slug
from bench.datasets import DatasetRecipe, make_dataset
from bench.document_parts import Figure
from bench.findings import Findings, rows_of
from bench.metrics import METRICS
from bench.runner import Plan
from bench.score_figures import plot_overfitting, plot_pareto, plot_scores
from bench.sweep_pictures import draw_sweep
from bench.told import Told
from bench.training_pictures import draw_training
from bench.transfer_pictures import draw_transfers

_A_ROW = 3  # datasets side by side stay readable


@dataclass(frozen=True)
class Pictures:
    """Draws into a folder.

    Attributes
    ----------
    plan, found
        What is drawn.
    folder
        Of the report; pictures lie in its ``figures``.
    """

    plan: Plan
    found: Findings
    folder: Path

    def overview(self) -> list[Figure]:
        """Draw accuracy with every repetition, overfitting and cost, all datasets."""
        metric, looks = self.plan.suite.metrics[0], self._looks
        title, summary = METRICS[metric].title, self.found.summary
        height = max(2.2, 0.2 * len(self.plan.classifiers) + 0.9)

        def scores(name: str, ax: Axes) -> None:
            order = list(rows_of(summary, name)["classifier"])
            rows = rows_of(self.found.results, name)
            plot_scores(rows, metric, order=order, looks=looks, ax=ax)

        def fits(name: str, ax: Axes) -> None:
            plot_overfitting(rows_of(summary, name), metric, looks=looks, ax=ax)

        def costs(name: str, ax: Axes) -> None:
            plot_pareto(rows_of(summary, name), metric, looks=looks, ax=ax)

        names = [recipe.spec.id for recipe in self.plan.datasets]
        known = summary.loc[summary[f"train_{metric}_mean"].notna(), "dataset"]
        drawn = []
        for number, some in enumerate(_rows_of_three(names), start=1):
            drawn.append(
                self._saved(
                    _panels(some, height, scores),
                    f"scores-{number}",
                    f"{title} of every classifier and repetition",
                    "Filled: held-out; hollow: training; bars: means. One dot is one "
                    "repetition.",
                )
            )
            # Where all are trained online there is nothing to overfit.
            fitted = [name for name in some if name in set(known)]
            if fitted:
                drawn.append(
                    self._saved(
                        _panels(fitted, 3.0, fits),
                        f"overfitting-{number}",
                        f"Training against held-out {title}",
                        "On the dotted line a classifier does as well on new curves.",
                    )
                )
            drawn.append(
                self._saved(
                    _panels(some, 3.0, costs),
                    f"cost-{number}",
                    f"Held-out {title} against seconds to fit",
                    f"Seconds of {self.plan.suite.threads} thread(s); see Provenance "
                    "for the machine. The line joins what nothing beats in both.",
                )
            )
        return drawn

    def across(self) -> list[Figure]:
        """Draw critical differences, where there are tests that make them."""
        drawn = []
        across = self.found.across
        if across is not None and across.allowed and len(across.ranks) > 1:
            ax = plot_critical_differences(
                across.ranks, across.cliques, looks=self._looks
            )
            drawn.append(
                self._saved(
                    ax.figure,
                    "critical-differences",
                    "Mean ranks, with bars over classifiers not told apart",
                    "Bars join classifiers that Holm's exact signed-rank tests do not "
                    "tell apart.",
                )
            )
        return drawn

    def sweeps(self) -> list[list[Figure]]:
        """Draw the scores along each quantity that is swept."""
        return [
            draw_sweep(self.plan, self.found, sweep, self._looks, self.folder)
            for sweep in self.found.sweeps
        ]

    def transfers(self) -> list[Figure]:
        """Draw what classifiers do on datasets that they were not trained on."""
        found = self.found.transfers
        if found.empty:
            return []
        own = set(found["classifier"])
        names = [c.id for c in self.plan.classifiers if c.id in own]
        metric = self.plan.suite.metrics[0]
        return draw_transfers(found, metric, names, self.folder)

    def dataset(self, recipe: DatasetRecipe, told: Told) -> list[Figure]:
        """Draw one dataset: curves, comparisons, calibration, hardest ones, training.

        Parameters
        ----------
        told
            What its cells' arrays say, see `bench.told.read_told`.
        """
        name, stats = recipe.spec.id, self.plan.suite.stats
        drawn = [draw_dataset(recipe, self.plan.suite.seed, self.folder)]
        compared = rows_of(self.found.compared, name)
        if not compared.empty:
            metric, baseline = self.plan.suite.metrics[0], self.plan.suite.baseline
            ax = plot_differences(
                compared,
                metric,
                baseline=baseline,
                margin=stats.margin,
                alpha=stats.alpha,
                looks=self._looks,
            )
            drawn.append(
                self._saved(
                    ax.figure,
                    f"differences-{slug(name)}",
                    f"Paired differences to {baseline} on {name}",
                    f"Simultaneous intervals at {1 - stats.alpha:.0%}; the band is the "
                    f"margin of {stats.margin:g}.",
                )
            )
        drawn += draw_training(name, told, self._looks, self.folder)
        return drawn + self._certainty(recipe, told)

    @property
    def _looks(self) -> Mapping[str, figures.Look]:
        return figures.classifier_looks(c.id for c in self.plan.classifiers)

    def _certainty(self, recipe: DatasetRecipe, told: Told) -> list[Figure]:
        """Draw calibration, and the hardest curves of the first repetition."""
        name = recipe.spec.id
        drawn = []
        if not told.bins.empty:
            ax = plot_calibration(told.bins, looks=self._looks)
            drawn.append(
                self._saved(
                    ax.figure,
                    f"calibration-{slug(name)}",
                    f"Accuracy against confidence, {name}",
                    "Held-out curves of all repetitions; on the dotted line confidence "
                    "is what it says.",
                )
            )
        if len(told.predictions) > 1 and told.first is not None:
            data = make_dataset(recipe, told.first, self.plan.suite.seed)
            hardest = hardest_curves(told.labels, told.predictions)
            names = dict(enumerate(recipe.class_names))
            ax = plot_hardest(hardest, recipe.x, data.X_test, class_names=names)
            drawn.append(
                self._saved(
                    ax.figure,
                    f"hardest-{slug(name)}",
                    f"The curves of {name} that most classifiers get wrong",
                    f"Held-out curves of repetition {told.first}; CHANCE left out.",
                )
            )
        return drawn

    def _saved(self, figure: Any, name: str, alt: str, caption: str) -> Figure:
        return saved(figure, self.folder, name, alt, caption)


def _rows_of_three(names: list[str]) -> Iterable[list[str]]:
    for start in range(0, len(names), _A_ROW):
        yield names[start : start + _A_ROW]


def _panels(names: list[str], height: float, draw: Callable[[str, Axes], None]) -> Any:
    """Draw datasets side by side; one alone takes half a page."""
    width = figures.PAGE if len(names) > 1 else figures.PAGE / 2
    figure, axes = figures.new_figure(len(names), width, height)
    for name, ax in zip(names, axes, strict=True):
        draw(name, ax)
        figures.set_title(ax, name)
    return figure
