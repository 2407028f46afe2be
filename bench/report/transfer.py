"""The picture of transfer: a panel a classifier, as many as a page holds."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from bench.analysis import Findings
from bench.cells import Plan
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
from bench.render import Block, FigureFile, Items, Section, Strong, Table, Text
from bench.report.figure_files import FigureFolder
from bench.stats import METRICS, home_and_away

_NAMES = 1.25  # inches that the datasets' names take, beside and below
_BAR = 0.55  # inches of the scale of colours
_TITLE = 0.3
_NARROWEST, _LOWEST = 1.25, 0.75  # for a title, and for "trained on"
_PAGE_HEIGHT = 8.5


def draw_transfers(
    transfers: pd.DataFrame,
    metric: str,
    classifiers: Sequence[str],
    figures: FigureFolder,
) -> list[FigureFile]:
    """Draw who transfers to what; several pictures where one would outgrow a page.

    Parameters
    ----------
    transfers
        As `bench.stats.transfer.compare_transfers` gives it.
    classifiers
        In the order of the panels.
    figures
        The folder that the figure's file is written to.
    """
    pages = transfer_pages(transfers, classifiers)
    title = METRICS[metric].title
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
                "repetitions; framed where both are the same. * fewer repetitions.",
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
    """Split classifiers into those whose panels fill a page."""
    n_columns, n_rows = _most(len(set(transfers["test"])))
    a_page = n_columns * n_rows
    starts = range(0, len(classifiers), a_page)
    return [list(classifiers[start : start + a_page]) for start in starts]


def _most(n_datasets: int) -> tuple[int, int]:
    """Return how many columns and rows of panels a page holds."""
    width, height = _panel(n_datasets)
    n_columns = max(1, int((PAGE - _NAMES - _BAR) / width))
    return n_columns, max(1, int((_PAGE_HEIGHT - _NAMES) / height))


def _panel(n_datasets: int) -> tuple[float, float]:
    """Return how wide a panel is at least, and how high: inches."""
    width = max(_NARROWEST, CELL[0] * n_datasets + 0.1)
    return width, max(_LOWEST, CELL[1] * n_datasets) + _TITLE


def _name_below(ax: Axes, order: Sequence[str]) -> None:
    """Name the columns in the room of a panel that is not there."""
    how: dict[str, Any] = {"fontsize": 7, "color": INK, "rotation": 90}
    for column, name in enumerate(names_of(order)):
        text = ax.annotate(
            name,
            (column, 0),
            xycoords=ax.get_xaxis_transform(),
            xytext=(0, -4),
            textcoords="offset points",
            ha="center",
            va="top",
            **how,
        )
        text.set_in_layout(False)


@style()
def transfer_figure(transfers: pd.DataFrame, metric: str, names: Sequence[str]) -> Any:
    """Draw a panel a classifier in rows, the datasets' names only at the edges.

    Parameters
    ----------
    transfers
        Of all classifiers of the suite, which share a scale of colours.
    names
        The classifiers, at most as many as `transfer_pages` puts on a page.
    """
    order = list(dict.fromkeys(transfers["test"]))
    n_rows = -(-len(names) // _most(len(order))[0])
    n_columns = -(-len(names) // n_rows)
    width, height = _panel(len(order))
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
        own = transfers[transfers["classifier"] == names[place]]
        plot_transfer(own, metric, order=order, limits=limits, ax=ax)
        set_title(ax, names[place])
        if place % n_columns:
            ax.set_yticks([])
            ax.set_ylabel("")
        if place + n_columns < n_columns * n_rows:
            ax.set_xticks([])
            ax.set_xlabel("")
            if place + n_columns >= len(names):
                _name_below(ax, order)
    image = axes[0, 0].images[0]
    scale = mpl.cm.ScalarMappable(norm=image.norm, cmap=image.cmap)
    bar = figure.colorbar(scale, ax=axes, fraction=0.06, aspect=30, pad=0.02)
    bar.outline.set_visible(False)
    bar.set_label(f"held-out {METRICS[metric].title}")
    return figure


def transfer_chapter(
    plan: Plan, found: Findings, pictures: Sequence[FigureFile]
) -> list[Section]:
    """Show what classifiers do on datasets that they were not trained on, if asked."""
    table = transfer_table(plan, found)
    if table is None:
        return []
    said = (
        "Each classifier, as it was fitted to the training curves of one dataset, is "
        "asked about the test curves of the others; nothing is fitted again."
    )
    own = set(found.transfers["train"])
    points = [recipe.x for recipe in plan.datasets if recipe.spec.id in own]
    if any(not np.array_equal(x, points[0]) for x in points):
        said += (
            " The input points of these datasets differ: what a classifier was told "
            "of them is those of its training."
        )
    blocks: list[Block | Section] = [Text(said), *pictures, table]
    bad = found.transfer_cells[found.transfer_cells["status"] != "done"]
    by = ["train", "classifier", "status", "error"]
    lines = []
    for names, rows in bad.groupby(by, sort=False):
        train, classifier, status, error = map(str, names)
        tests = Counter(rows["test"])
        where = ", ".join(f"{name} ({n})" for name, n in tests.items())
        line = f"{train} to {where}, {classifier}: {status}"
        lines.append(line + (f" – {error}" if error else ""))
    if lines:
        blocks += [Text([Strong("Not done")]), Items(lines)]
    return [Section("Transfer", blocks)]


def transfer_table(plan: Plan, found: Findings) -> Table | None:
    """Lay out what each classifier loses elsewhere; None where it is not asked."""
    if found.transfers.empty:
        return None
    metric = METRICS[plan.suite.metrics[0]]
    larger = metric.larger_is_better
    rows = []
    for entry in home_and_away(found.transfers, larger_is_better=larger).to_dict(
        "records"
    ):
        worst = entry["difference"]
        rows.append(
            {
                "classifier": entry["classifier"],
                "at home": _number(entry["home"]),
                "elsewhere": _number(entry["away"]),
                "difference to trained there": _number(entry["lost"], "+.3f"),
                "worst": (
                    "–"
                    if math.isnan(worst)
                    else f"{entry['train']} to {entry['test']} ({worst:+.3f})"
                ),
            }
        )
    return Table(
        pd.DataFrame(rows),
        f"Mean held-out {metric.title} where a classifier was trained, and elsewhere: "
        "means over datasets, and over pairs of them, of means over repetitions. The "
        "difference is to the same classifier trained on the dataset that is tested, "
        "on the same curves; positive is better. Every pair with its intervals is in "
        "transfer.csv.",
    )


def _number(value: float, form: str = ".3f") -> str:
    return "–" if math.isnan(value) else f"{value:{form}}"
