from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml_text

from bench.analysis.collect import _transfer_failures
from bench.report.chapters.transfer import (
    transfer_chapter,
    transfer_pages,
    transfer_table,
)
from bench.stats.transfer import compare_transfers

GRID = yaml_text.SUITE["datasets"][0]
A = GRID | {"id": "a"}
B = GRID | {"id": "b", "library": "families20"}
WIDER = B | {"inputs": GRID["inputs"] | {"high": 4}}
# (trained on, tested on) -> mean score of KNN
SCORES = {("a", "a"): 0.9, ("b", "b"): 0.8, ("a", "b"): 0.6, ("b", "a"): 0.7}


@pytest.fixture
def transferred(make_data):
    """Return the data of a report in which KNN was tested on both datasets."""

    def make(*datasets, status="done", error=""):
        data = make_data(
            datasets=list(datasets), classifiers=["KNN", "GNB"], repetitions=2
        )
        cells = pd.DataFrame(
            [
                {
                    "train": train,
                    "test": test,
                    "repetition": repetition,
                    "classifier": "KNN",
                    "score": score + 0.01 * repetition,
                    "status": "done" if train == test else status,
                    "error": error,
                }
                for (train, test), score in SCORES.items()
                for repetition in range(2)
            ]
        )
        cells.loc[cells["status"] != "done", "score"] = np.nan
        frame = compare_transfers(cells, alpha=0.05, larger_is_better=True)
        findings = replace(data.findings, transfers=frame, transfer_cells=cells)
        failures = tuple(_transfer_failures(cells))
        return replace(data, findings=findings, transfer_failures=failures)

    return make


def test_a_suite_without_transfers_has_no_chapter(make_data, figures):
    data = make_data(repetitions=1)
    assert transfer_chapter(data, figures) == []
    assert transfer_table(data) is None


def test_the_table_by_hand(transferred):
    table = transfer_table(transferred(A, B))
    assert table.frame.to_dict("records") == [
        {
            "classifier": "KNN",
            "on its dataset": "0.855",  # (0.905 + 0.805) / 2
            "on other datasets": "0.655",  # (0.605 + 0.705) / 2
            # tested on b: 0.605 - 0.805; tested on a: 0.705 - 0.905
            "difference to one trained there": "-0.200",
            "largest loss": table.frame["largest loss"].iloc[0],
        }
    ]
    assert table.frame["largest loss"].iloc[0].endswith("(-0.200)")


def test_a_figure_shows_only_the_classifiers_that_were_tested(transferred, figures):
    [section] = transfer_chapter(transferred(A, B), figures)
    text, figure, _ = section.blocks
    assert "input points" not in text.words
    assert figure.path == "figures/transfer.png"
    [(_, metric, names)] = [args for args, _ in figures.data.values()]
    assert (metric, names) == ("accuracy", ["KNN"])


def test_other_input_points_are_pointed_out(transferred, figures):
    [section] = transfer_chapter(transferred(A, WIDER), figures)
    assert "The input points of these datasets differ." in section.blocks[0].words


def test_transfers_that_failed_are_listed_once_with_their_count(transferred, figures):
    data = transferred(A, B, status="failed", error="ValueError: no")
    [section] = transfer_chapter(data, figures)
    assert section.blocks[-1].blocks[0].entries == [
        "a to b (2), KNN: failed – ValueError: no",
        "b to a (2), KNN: failed – ValueError: no",
    ]
    [row] = section.blocks[2].frame.to_dict("records")
    assert row["on other datasets"] == row["largest loss"] == "–"


def test_pages_hold_each_classifier_once_in_order():
    frame = pd.DataFrame({"test": [f"d{i}" for i in range(12)]})
    names = [f"C{i}" for i in range(9)]
    pages = transfer_pages(frame, names)
    assert len(pages) > 1
    assert [name for page in pages for name in page] == names
    assert len(transfer_pages(frame[:2], names)) == 1
