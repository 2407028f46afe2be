"""The given split: one division of recorded curves, beside those that are drawn."""

import math
from typing import Any

import pandas as pd

from bench.analysis import ReportData, rows_of
from bench.render import Block, Table
from bench.report.chapters.matrix import dataset_title, has_chapters, ranked
from bench.stats import METRICS

_TITLE = "given split"


def given_cells(data: ReportData, dataset: str, classifier: str) -> dict[str, str]:
    """Return the cells of a row that are of the given split: ours and the published.

    There are none of a dataset that has no given split, or was never published so.
    """
    cells = {}
    ours = _scores(data, dataset)
    if ours:
        cells[_TITLE] = four_digits(ours.get(classifier, math.nan))
    if published := _published(data, dataset):
        assert data.reference is not None  # since it has published scores
        text = four_digits(published.get(classifier, math.nan))
        cells[f"{data.reference.title}, {_TITLE}"] = text
    return cells


def given_words(data: ReportData, dataset: str) -> list[str]:
    """Explain the column in a caption; nothing without it."""
    if not _scores(data, dataset):
        return []
    return [
        f"{_TITLE.capitalize()}: held-out {METRICS[data.headline].title} on the one "
        "division that the files give, which no mean, interval or verdict counts."
    ]


def given_table(data: ReportData) -> list[Block]:
    """List the scores on the given splits of all datasets; nothing without any.

    A report of one dataset has them in the table of that dataset.
    """
    datasets = [f.id for f in data.datasets if _scores(data, f.id)]
    if not datasets or not has_chapters(data):
        return []
    names = ranked(data)
    ours = {dataset: _scores(data, dataset) for dataset in datasets}
    published = {dataset: _published(data, dataset) for dataset in datasets}
    columns: dict[Any, list[str]] = {"classifier": names}
    for dataset in datasets:
        columns[dataset_title(data, dataset)] = [
            _cell(ours[dataset].get(name), published[dataset].get(name))
            for name in names
        ]
    metric = METRICS[data.headline]
    caption = (
        f"{_TITLE.capitalize()}: held-out {metric.title} on the one division that the "
        "files give"
    )
    if data.reference is not None and any(published.values()):
        caption += f", in brackets as published ({data.reference.title})"
    caption += ". It has no interval, and no mean, interval or verdict counts it."
    smaller = () if metric.larger_is_better else tuple(list(columns)[1:])
    return [Table(pd.DataFrame(columns), caption, smaller_first=smaller)]


def four_digits(score: float) -> str:
    """Write a score of one division: with one curve more or less its digits change."""
    return "–" if math.isnan(score) else f"{score:.4f}"


def _cell(ours: float | None, published: float | None) -> str:
    text = four_digits(math.nan if ours is None else ours)
    return text if published is None else f"{text} [{four_digits(published)}]"


def _scores(data: ReportData, dataset: str) -> dict[str, float]:
    """Return classifier → held-out score on the given split; NaN if it is not done."""
    rows = rows_of(data.findings.given, dataset)
    if rows.empty:
        return {}
    column = rows[f"test_{data.headline}"]
    return dict(zip(rows["classifier"], column.astype(float), strict=True))


def _published(data: ReportData, dataset: str) -> dict[str, float]:
    """Return classifier → published score on the given split, of the first metric."""
    reference = data.reference
    if reference is None or reference.measures != f"test_{data.headline}":
        return {}
    return reference.given.get(dataset, {})
