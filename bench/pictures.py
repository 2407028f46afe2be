"""The pictures of a report: drawn from its findings, written as PNG and SVG."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench import figures
from bench.comparison_figures import plot_critical_differences, plot_differences
from bench.coverage import CHANCE
from bench.curve_figures import (
    calibration_frame,
    hardest_curves,
    plot_calibration,
    plot_hardest,
)
from bench.dataset_picture import draw_dataset, saved, slug
from bench.datasets import DatasetRecipe, make_dataset
from bench.document_parts import Figure
from bench.findings import Findings, rows_of
from bench.metrics import METRICS, Predictions
from bench.runner import Plan
from bench.score_figures import plot_overfitting, plot_pareto, plot_scores
from bench.store import Store
from bench.sweep_figures import plot_sweep
from bench.sweeps import swept
from bench.training_figures import history_frame, plot_dynamics

_A_ROW = 3  # datasets side by side stay readable
_DRAWN = ("loss", "accuracy", "largest_gradient")


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
        metric = self.plan.suite.metrics[0]
        title, looks = METRICS[metric].title, self._looks
        results, summary = self.found.results, self.found.summary
        height = max(2.2, 0.2 * len(self.plan.classifiers) + 0.9)
        drawn = []
        for number, some in enumerate(_rows_of_three(self.plan.datasets), start=1):
            width = figures.PAGE if len(some) > 1 else figures.PAGE / 2
            scores, score_axes = figures.new_figure(len(some), width, height)
            fits, fit_axes = figures.new_figure(len(some), width, 3.0)
            costs, cost_axes = figures.new_figure(len(some), width, 3.0)
            axes = zip(some, score_axes, fit_axes, cost_axes, strict=True)
            for recipe, above, middle, below in axes:
                name = recipe.spec.id
                own = rows_of(summary, name)
                order = list(own["classifier"])
                rows = rows_of(results, name)
                plot_scores(rows, metric, order=order, looks=looks, ax=above)
                plot_overfitting(own, metric, looks=looks, ax=middle)
                plot_pareto(own, metric, looks=looks, ax=below)
                for ax in (above, middle, below):
                    figures.set_title(ax, name)
            drawn += [
                self._saved(
                    scores,
                    f"scores-{number}",
                    f"{title} of every classifier and repetition",
                    "Filled: held-out; hollow: training; bars: means. One dot is one "
                    "repetition.",
                ),
                self._saved(
                    fits,
                    f"overfitting-{number}",
                    f"Training against held-out {title}",
                    "On the dotted line a classifier does as well on new curves.",
                ),
                self._saved(
                    costs,
                    f"cost-{number}",
                    f"Held-out {title} against seconds to fit",
                    f"Seconds of {self.plan.suite.threads} thread(s); see Provenance "
                    "for the machine. The line joins what nothing beats in both.",
                ),
            ]
        return drawn

    def across(self) -> list[Figure]:
        """Draw critical differences and, where a quantity is swept, its curve."""
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
        quantity = swept([recipe.spec for recipe in self.plan.datasets])
        if quantity is not None:
            drawn.append(self._sweep(quantity.name, quantity.values))
        return drawn

    def dataset(self, recipe: DatasetRecipe, store: Store) -> list[Figure]:
        """Draw one dataset: its curves, comparisons, calibration, hardest curves."""
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
        told = self._told(name, store)
        return drawn + self._certainty(recipe, told) + self._dynamics(name, told)

    @property
    def _looks(self) -> Mapping[str, figures.Look]:
        return figures.classifier_looks(c.id for c in self.plan.classifiers)

    def _told(self, dataset: str, store: Store) -> "_Told":
        """Take from each cell's arrays what is drawn; they may be ten thousand."""
        told = _Told()
        rows = rows_of(self.found.results, dataset)
        for row in rows[rows["status"] == "done"].to_dict("records"):
            key = (row["classifier"], row["repetition"])
            arrays = store.arrays(row["key"])
            history = {k: v for k, v in arrays.items() if k.startswith("history_")}
            if history:
                told.histories[key] = history
            if key[0] == CHANCE:
                continue
            if str(arrays["kind"]) == "probability":
                given = Predictions.of(arrays, "test")
                told.bins.append(calibration_frame({key: given}))
            if told.first in (None, key[1]):
                told.first = key[1]
                told.labels = arrays["labels_test"]
                told.predictions[key[0]] = arrays["predictions_test"]
        return told

    def _certainty(self, recipe: DatasetRecipe, told: "_Told") -> list[Figure]:
        """Draw calibration, and the hardest curves of the first repetition."""
        name = recipe.spec.id
        drawn = []
        if told.bins:
            bins = pd.concat(told.bins, ignore_index=True)
            ax = plot_calibration(bins, looks=self._looks)
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
            ax = plot_hardest(hardest, recipe.x, data.X_test)
            drawn.append(
                self._saved(
                    ax.figure,
                    f"hardest-{slug(name)}",
                    f"The curves of {name} that most classifiers get wrong",
                    f"Held-out curves of repetition {told.first}; CHANCE left out.",
                )
            )
        return drawn

    def _dynamics(self, name: str, told: "_Told") -> list[Figure]:
        history = history_frame(told.histories)
        if history.empty:
            return []
        figure, axes = figures.new_figure(len(_DRAWN), figures.PAGE, 2.5)
        for quantity, ax in zip(_DRAWN, axes, strict=True):
            shown = history
            if quantity == "loss" and "loss_real" in history:
                # A critic's loss is no cross-entropy: it has no place on that axis.
                shown = history[history["loss_real"].isna()]
            last = quantity == _DRAWN[-1]
            plot_dynamics(shown, quantity, legend=last, looks=self._looks, ax=ax)
        return [
            self._saved(
                figure,
                f"dynamics-{slug(name)}",
                f"Training of the discriminators on {name}",
                "Mean over repetitions and one std about it; the loss of cross-entropy "
                "alone.",
            )
        ]

    def _sweep(self, quantity: str, values: Mapping[str, float]) -> Figure:
        metric = self.plan.suite.metrics[0]
        scores = pd.DataFrame(
            {
                "classifier": self.found.results["classifier"],
                "score": self.found.results[f"test_{metric}"],
                quantity: self.found.results["dataset"].map(values),
            }
        )
        ax = plot_sweep(
            scores,
            quantity,
            metric,
            alpha=self.plan.suite.stats.alpha,
            looks=self._looks,
        )
        return self._saved(
            ax.figure,
            "sweep",
            f"Held-out {METRICS[metric].title} against {quantity}",
            f"Bands: intervals at {1 - self.plan.suite.stats.alpha:.0%} over "
            "repetitions.",
        )

    def _saved(self, figure: Any, name: str, alt: str, caption: str) -> Figure:
        return saved(figure, self.folder, name, alt, caption)


@dataclass
class _Told:
    """What a dataset's cells say of single curves and of training."""

    bins: list[pd.DataFrame] = field(default_factory=list)
    histories: dict[tuple[str, int], dict[str, np.ndarray]] = field(
        default_factory=dict
    )
    first: int | None = None
    labels: np.ndarray = field(default_factory=lambda: np.empty(0))
    predictions: dict[str, np.ndarray] = field(default_factory=dict)


def _rows_of_three(datasets: tuple[DatasetRecipe, ...]) -> Iterable[Any]:
    for start in range(0, len(datasets), _A_ROW):
        yield datasets[start : start + _A_ROW]
