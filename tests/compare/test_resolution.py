import numpy as np
import pandas as pd
import pytest

from bench.base import resources
from bench.compare.resolution import half_curves


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
