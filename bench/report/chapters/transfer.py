"""The report's chapter on transfer: scores on datasets that were not trained on."""

import math
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from bench.analysis import ReportData
from bench.figures import (
    CELL,
    INK,
    PAGE,
    names_of,
    plot_transfer,
    score_limits,
    set_title,
    style,
)
from bench.render import Block, FigureFile, Folded, Items, Section, Table, Text
from bench.report.figure_files import FigureFolder
from bench.stats import OwnMetric, home_and_away, metric_of

# Inches of a page that the parts of the figure take.
_NAMES = 1.25  # the datasets' names, beside the panels and below them
_BAR = 0.55  # the scale of colours
_TITLE = 0.3
_NARROWEST, _LOWEST = 1.25, 0.75  # a panel, for its title and for "trained on"
_PAGE_HEIGHT = 8.5


def transfer_chapter(data: ReportData, figures: FigureFolder) -> list[Section]:
    """Show scores on datasets that a classifier was not trained on, if tested."""
    table = transfer_table(data)
    if table is None:
        return []
    text = (
        "Each classifier is fitted to the training curves of one dataset and tested on "
        "the test curves of the others, without another fit."
    )
    trained_on = set(data.findings.transfers["train"])
    points = [facts.x for facts in data.datasets if facts.id in trained_on]
    if any(x != points[0] for x in points):
        text += (
            " The input points of these datasets differ. A classifier that uses the "
            "points knows those of its training only."
        )
    blocks: list[Block | Section] = [
        Text(text),
        *_draw_transfers(data, figures),
        table,
    ]
    if data.transfer_failures:
        blocks.append(Folded("Not done", [Items(list(data.transfer_failures))]))
    return [Section("Transfer", blocks)]


def transfer_table(data: ReportData) -> Table | None:
    """List what each classifier loses on other datasets; None without transfers."""
    if data.findings.transfers.empty:
        return None
    metric = data.metric
    larger = metric.larger_is_better
    rows = []
    for entry in home_and_away(
        data.findings.transfers, larger_is_better=larger
    ).to_dict("records"):
        worst = entry["difference"]
        rows.append(
            {
                "classifier": entry["classifier"],
                "on its dataset": _number(entry["home"]),
                "on other datasets": _number(entry["away"]),
                "difference to one trained there": _number(entry["lost"], "+.3f"),
                "largest loss": (
                    "–"
                    if math.isnan(worst)
                    else f"{entry['train']} to {entry['test']} ({worst:+.3f})"
                ),
            }
        )
    return Table(
        pd.DataFrame(rows),
        f"Mean held-out {metric.title} on the dataset that a classifier was trained on "
        "and on the other datasets: means over repetitions, averaged over datasets and "
        "over pairs of datasets. The difference is to the same classifier trained on "
        "the dataset of the test, for the same test curves; positive is better. "
        "transfer.csv has every pair with its interval.",
    )


def _draw_transfers(data: ReportData, figures: FigureFolder) -> list[FigureFile]:
    """Draw a panel for each classifier, in several figures if a page is too small."""
    transfers, metric = data.findings.transfers, data.measure
    tested = set(transfers["classifier"])
    pages = transfer_pages(
        transfers, [c.id for c in data.classifiers if c.id in tested]
    )
    title = metric_of(metric).title
    drawn = []
    for number, names in enumerate(pages, start=1):
        several = len(pages) > 1
        of = f" ({number} of {len(pages)})" if several else ""
        drawn.append(
            figures.add(
                f"transfer-{number}" if several else "transfer",
                f"Held-out {title} of classifiers on datasets they were not trained "
                f"on{of}",
                f"Rows: trained on; columns: tested on. Mean held-out {title} over "
                "repetitions. Framed: trained and tested on the same dataset. * fewer "
                "repetitions.",
                transfer_figure,
                transfers,
                metric,
                names,
            )
        )
    return drawn


def transfer_pages(
    transfers: pd.DataFrame, classifiers: Sequence[str]
) -> list[list[str]]:
    """Split the classifiers into pages: as many on each as it has room for panels."""
    n_columns, n_rows = _most(len(set(transfers["test"])))
    a_page = n_columns * n_rows
    starts = range(0, len(classifiers), a_page)
    return [list(classifiers[start : start + a_page]) for start in starts]


def _most(n_datasets: int) -> tuple[int, int]:
    """Return how many columns and how many rows of panels a page holds."""
    width, height = _panel(n_datasets)
    n_columns = max(1, int((PAGE - _NAMES - _BAR) / width))
    return n_columns, max(1, int((_PAGE_HEIGHT - _NAMES) / height))


def _panel(n_datasets: int) -> tuple[float, float]:
    """Return the least width and the height of a panel in inches."""
    width = max(_NARROWEST, CELL[0] * n_datasets + 0.1)
    return width, max(_LOWEST, CELL[1] * n_datasets) + _TITLE


def _name_below(ax: Axes, order: Sequence[str]) -> None:
    """Write the datasets' names below a panel, where the last row has no panel."""
    font: dict[str, Any] = {"fontsize": 7, "color": INK, "rotation": 90}
    for column, name in enumerate(names_of(order)):
        text = ax.annotate(
            name,
            (column, 0),
            xycoords=ax.get_xaxis_transform(),
            xytext=(0, -4),
            textcoords="offset points",
            ha="center",
            va="top",
            **font,
        )
        text.set_in_layout(False)  # the layout would shrink the panel for it


@style()
def transfer_figure(
    transfers: pd.DataFrame, metric: str | OwnMetric, names: Sequence[str]
) -> Any:
    """Draw a panel for each classifier; only the outer panels name the datasets.

    Parameters
    ----------
    transfers
        See `bench.stats.transfer.compare_transfers`; of all classifiers, since all
        pages share one scale of colours.
    names
        The classifiers, at most as many as `transfer_pages` puts on a page.
    """
    order = list(dict.fromkeys(transfers["test"]))
    n_rows = -(-len(names) // _most(len(order))[0])
    n_columns = -(-len(names) // n_rows)
    width, height = _panel(len(order))
    # Panels may be wider than the least, as long as they fit on the page.
    size = (
        min(PAGE, _NAMES + _BAR + n_columns * 1.3 * width),
        _NAMES + n_rows * height,
    )
    figure = Canvas(figsize=size, layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    limits = score_limits(transfers)
    for place, ax in enumerate(axes.ravel()):
        if place >= len(names):
            ax.set_axis_off()
            continue
        rows = transfers[transfers["classifier"] == names[place]]
        plot_transfer(rows, metric, order=order, limits=limits, ax=ax)
        set_title(ax, names[place])
        if place % n_columns:
            ax.set_yticks([])
            ax.set_ylabel("")
        if place + n_columns < n_columns * n_rows:
            ax.set_xticks([])
            ax.set_xlabel("")
            if place + n_columns >= len(names):
                _name_below(ax, order)
    # All panels have the same limits, so the scale of the first is that of all.
    image = axes[0, 0].images[0]
    scale = mpl.cm.ScalarMappable(norm=image.norm, cmap=image.cmap)
    bar = figure.colorbar(scale, ax=axes, fraction=0.06, aspect=30, pad=0.02)
    bar.outline.set_visible(False)
    bar.set_label(f"held-out {metric_of(metric).title}")
    return figure


def _number(value: float, form: str = ".3f") -> str:
    return "–" if math.isnan(value) else f"{value:{form}}"
