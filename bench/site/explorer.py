"""The explorer of a page: one figure with pickers, and what a cell of the matrix opens.

Everything that it shows is a part of the page, as JSON. Texts of a stranger's report,
such as ids, are data there: the script writes them as text, and draws them by Vega-Lite
without `eval`.
"""

import math
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis import ReportData, mean_ranks
from bench.figures import classifier_styles
from bench.render import PagePart
from bench.stats import CHANCE, metric_of

_WEB = Path(__file__).parent / "web"
# Costs that the explorer offers beside the suite's metrics: column of results.csv →
# its name.
_COSTS = {
    "fit_seconds": "fit (s)",
    "predict_seconds": "predict (s)",
    "peak_rss_mib": "peak memory (MiB)",
}
# Markers of matplotlib → Vega's, or an outline in a square from -1 to 1.
_SHAPES = {
    "o": "circle",
    "s": "square",
    "D": "diamond",
    "^": "triangle-up",
    "v": "triangle-down",
    "<": "triangle-left",
    ">": "triangle-right",
    "P": "cross",
    "X": "M-.9-.5-.5-.9 0-.4.5-.9.9-.5.4 0 .9.5.5.9 0 .4-.5.9-.9.5-.4 0Z",
    "*": "M0-1 .24-.31.95-.31.38.12.59.81 0 .38-.59.81-.38.12-.95-.31-.24-.31Z",
    "h": "M0-1 .87-.5.87.5 0 1-.87.5-.87-.5Z",
    "H": "M-1 0-.5-.87.5-.87 1 0 .5.87-.5.87Z",
    "d": "M0-1 .6 0 0 1-.6 0Z",
    "p": "M0-1 .95-.31.59.81-.59.81-.95-.31Z",
    "8": "M-.38-.92.38-.92.92-.38.92.38.38.92-.38.92-.92.38-.92-.38Z",
    "|": "M-.15-1 .15-1 .15 1-.15 1Z",
}


def explorer_part(data: ReportData) -> PagePart:
    """Return the explorer of a report for its page."""
    return PagePart(
        title="Explore",
        html=_asset("explorer.html"),
        style=_asset("explorer.css"),
        script=_asset("explorer.js"),
        library=_asset("vega.js"),
        data=explorer_data(data),
    )


@cache
def _asset(name: str) -> str:
    return (_WEB / name).read_text("utf-8")


def explorer_data(data: ReportData) -> dict[str, Any]:
    """Return what the explorer shows, as JSON has it.

    Numbers of cells are lists by dataset, classifier and repetition, in the order of
    the lists of names; a missing one is None.
    """
    names = _ranked(data)
    datasets = [facts.id for facts in data.datasets]
    metrics = {n: metric_of(data.suite.metric(n)) for n in data.suite.metrics}
    results = data.findings.results
    cells = _Cells(results, datasets, names)
    measures = [
        {
            "id": name,
            "title": metric.title,
            "larger": metric.larger_is_better,
            "headline": name == data.headline,
            "cells": cells.of(f"test_{name}"),
            "training": cells.of(f"train_{name}"),
            "cost": False,
        }
        for name, metric in metrics.items()
    ]
    measures += [
        {"id": name, "title": title, "larger": False, "cells": found, "cost": True}
        for name, title in _COSTS.items()
        if any(_numbers(found := cells.of(name)))
    ]
    return {
        "suite": data.suite.name,
        "level": data.suite.level,
        "baseline": data.suite.baseline,
        "chance": CHANCE,
        "datasets": list(_datasets(data)),
        "classifiers": _classifiers(data, names),
        "measures": measures,
        "intervals": _rows(
            data.findings.intervals, datasets, names, ("low", "high", "collapsed")
        ),
        "differences": _rows(
            data.findings.compared,
            datasets,
            names,
            ("difference", "low", "high", "words"),
        ),
        "states": list(_states(results, datasets, names)),
        "sweeps": [
            {
                "name": " ".join(filter(None, (sweep.name, sweep.family))),
                "values": [
                    [datasets.index(name), _number(value)]
                    for name, value in sweep.values.items()
                    if name in datasets
                ],
            }
            for sweep in data.findings.sweeps
        ],
        "history": list(_trainings(data.history, datasets, names)),
        "heldOut": list(_trainings(data.held_out, datasets, names)),
        "logs": [
            [log.dataset, log.classifier, log.repetition, log.text] for log in data.logs
        ],
        "files": sorted(f"{name}.csv" for name in data.tables),
    }


def _ranked(data: ReportData) -> list[str]:
    """Return all classifiers, the best mean rank first."""
    ranks = mean_ranks(data.findings).sort_values(kind="stable")
    names = [facts.id for facts in data.classifiers]
    return [n for n in map(str, ranks.index) if n in names] + [
        name for name in names if name not in ranks.index
    ]


def _classifiers(data: ReportData, names: Iterable[str]) -> list[dict[str, Any]]:
    looks = classifier_styles(
        [facts.id for facts in data.classifiers], highlighted=data.highlighted
    )
    return [
        {
            "id": name,
            "colour": looks[name].colour,
            "shape": _SHAPES.get(looks[name].marker, "circle"),
            "coloured": name in data.highlighted,
        }
        for name in names
    ]


def _datasets(data: ReportData) -> Iterable[dict[str, Any]]:
    for facts in data.datasets:
        x = np.asarray(facts.x, dtype=float)
        one_input = x.ndim == 2 and x.shape[1] == 1
        yield {
            "id": facts.id,
            "chance": facts.chance,
            "x": [_short(v, 4) for v in x[:, 0]] if one_input else [],
            "repetition": facts.repetition,
            "hardest": [
                [c.true, c.predicted, c.wrong, c.of, c.values] for c in facts.hardest
            ],
        }


class _Cells:
    """The columns of results.csv as lists by dataset, classifier and repetition."""

    def __init__(
        self, results: pd.DataFrame, datasets: list[str], names: list[str]
    ) -> None:
        self._results = results
        self._places = [
            (datasets.index(d), names.index(c), int(r))
            if d in datasets and c in names
            else None
            for d, c, r in zip(
                results["dataset"],
                results["classifier"],
                results["repetition"],
                strict=True,
            )
        ]
        self._shape = (len(datasets), len(names))
        # Datasets of recorded curves and entries have repetitions of their own number.
        self._n: dict[tuple[int, int], int] = {}
        for d, c, r in filter(None, self._places):
            self._n[d, c] = max(self._n.get((d, c), 0), r + 1)

    def of(self, column: str) -> list[list[list[float | None]]]:
        """Return a column; a list of None where there is no such column."""
        table: list[list[list[float | None]]] = [
            [[None] * self._n.get((d, c), 0) for c in range(self._shape[1])]
            for d in range(self._shape[0])
        ]
        if column in self._results:
            # A column without any number is one of empty texts.
            values = pd.to_numeric(self._results[column], errors="coerce")
            for place, value in zip(self._places, values, strict=True):
                if place is not None:
                    d, c, r = place
                    table[d][c][r] = _number(value)
        return table


def _numbers(table: list[list[list[float | None]]]) -> Iterable[bool]:
    return (v is not None for rows in table for row in rows for v in row)


def _rows(
    frame: pd.DataFrame | None,
    datasets: list[str],
    names: list[str],
    columns: tuple[str, ...],
) -> list[list[Any]]:
    """Return rows of a table: positions of dataset and classifier, then columns."""
    if frame is None or frame.empty:
        return []
    found = []
    for row in frame.to_dict("records"):
        if row["dataset"] in datasets and row["classifier"] in names:
            place = [datasets.index(row["dataset"]), names.index(row["classifier"])]
            found.append(place + [_plain(row.get(column)) for column in columns])
    return found


def _states(
    results: pd.DataFrame, datasets: list[str], names: list[str]
) -> Iterable[list[Any]]:
    """List the cells that are not done, or whose training collapsed."""
    for row in results.to_dict("records"):
        collapsed = row.get("collapsed")
        state = "collapsed" if collapsed is True else str(row["status"])
        if state == "done":
            continue
        if row["dataset"] in datasets and row["classifier"] in names:
            yield [
                datasets.index(row["dataset"]),
                names.index(row["classifier"]),
                int(row["repetition"]),
                state,
                str(row.get("error") or "")[:200],
            ]


def _trainings(
    frame: pd.DataFrame, datasets: list[str], names: list[str]
) -> Iterable[list[Any]]:
    """List the trainings: positions, repetition, epochs, then loss and accuracy."""
    if frame.empty:
        return
    by = ["dataset", "classifier", "repetition"]
    for key, rows in frame.groupby(by, sort=False):
        dataset, name, repetition = map(str, key)
        if dataset not in datasets or name not in names:
            continue
        columns = [
            [_short(v) for v in pd.to_numeric(rows[column], errors="coerce")]
            if column in rows
            else []
            for column in ("loss", "accuracy")
        ]
        yield [
            datasets.index(dataset),
            names.index(name),
            int(repetition),
            [int(v) for v in rows["epoch"]],
            *columns,
        ]


def _number(value: Any) -> float | None:
    """Return a number with at most five digits; None for one that JSON lacks."""
    return _short(value, 5)


def _short(value: Any, digits: int = 3) -> float | None:
    if value is None or value is pd.NA or not math.isfinite(value):
        return None
    number = float(f"{float(value):.{digits}g}")
    return int(number) if number == int(number) else number


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else _number(value)
