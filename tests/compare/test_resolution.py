import numpy as np
import pandas as pd
import pytest

from bench.base import resources
from bench.compare.resolution import half_curves, overlaps_of


def accuracies(values, dataset="grid", status="done"):
    return pd.DataFrame({"dataset": dataset, "status": status, "test_accuracy": values})


def test_the_number_of_curves_is_the_smallest_that_gives_every_accuracy():
    base, new = accuracies([0.75, 0.5]), accuracies([0.1, 1.0])
    assert half_curves(base) == {"grid": 1 / 8}
    assert half_curves(base, new) == {"grid": 1 / 40}
    # A third is no decimal number.
    counts = np.array([3899, 4000, 1501])
    assert half_curves(accuracies(counts / 4500)) == {"grid": 0.5 / 4500}


def test_each_dataset_has_its_own_and_only_done_rows_count():
    source = pd.concat(
        [
            accuracies([0.5, 0.75]),
            accuracies([0.9], "other"),
            accuracies([0.123], status="failed"),
            accuracies([np.nan], "empty"),
        ]
    )
    assert half_curves(source) == {"grid": 1 / 8, "other": 1 / 20, "empty": 0.0}
    assert half_curves(source.drop(columns="test_accuracy")) == {}


def test_numbers_that_are_no_shares_of_curves_have_no_resolution():
    values = np.random.default_rng(0).normal(0.8, 0.02, 5)
    assert half_curves(accuracies(values)) == {"grid": 0.0}


@pytest.mark.parametrize(
    ("report", "curves"), [("seed", 2000), ("null", 1000), ("sanity", 600)]
)
def test_the_published_reports_have_the_curves_of_their_suites(report, curves):
    path = resources.CHECKOUT / "reports" / "published" / report / "results.csv"
    assert set(half_curves(pd.read_csv(path)).values()) == {0.5 / curves}


def rows(dataset, overlap=None, recipe=""):
    frame = pd.DataFrame({"dataset": [dataset] * 2, "recipe": recipe})
    return frame if overlap is None else frame.assign(overlap=overlap)


def test_the_overlap_is_the_larger_of_what_both_sources_say():
    known = rows("a", [0.2, np.nan], "recorded-1")
    assert overlaps_of(known, rows("a", 0.5, "recorded-1")) == {"a": 0.5}
    assert overlaps_of(known, rows("a", recipe="recorded-1")) == {"a": 0.2}
    assert overlaps_of(rows("a", 0.0), rows("b")) == {"a": 0.0, "b": 0.0}
    # Files of earlier versions have no such columns, and no recorded curves.
    assert overlaps_of(rows("a").drop(columns="recipe")) == {"a": 0.0}


def test_the_overlap_of_recorded_curves_is_never_guessed():
    found = overlaps_of(rows("a", recipe="recorded-1"), rows("a", np.nan))
    assert list(found) == ["a"]
    assert np.isnan(found["a"])
