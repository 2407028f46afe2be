import math

import pandas as pd

from bench.analysis.results import summarise
from bench.render.markdown import escape
from bench.report.tables import mean_std


def frame(statuses=("done", "done", "done")):
    rows = []
    for i, status in enumerate(statuses):
        for name, score in (("A", 0.5 + 0.1 * i), ("B", 0.9)):
            rows.append(
                {
                    "dataset": "d",
                    "repetition": i,
                    "classifier": name,
                    "status": status if name == "A" else "done",
                    "train_accuracy": 1.0,
                    "test_accuracy": score,
                    "fit_seconds": 1.0 + i,
                    "predict_seconds": 0.1,
                }
            )
    return pd.DataFrame(rows)


def test_means_and_deviations_by_hand():
    summary = summarise(frame()).set_index("classifier")
    assert list(summary.index) == ["B", "A"]
    assert math.isclose(summary.loc["A", "test_accuracy_mean"], 0.6)
    assert math.isclose(summary.loc["A", "test_accuracy_std"], 0.1)
    assert math.isclose(summary.loc["A", "fit_seconds_mean"], 2.0)


def test_a_failure_is_counted_and_never_averaged():
    summary = summarise(frame(("done", "failed", "done"))).set_index("classifier")
    assert summary.loc["A", "n"] == 2
    assert summary.loc["A", "n_cells"] == 3
    assert math.isclose(summary.loc["A", "test_accuracy_mean"], 0.6)


def test_one_value_has_no_deviation():
    assert mean_std(0.5, math.nan) == "0.500±–"
    assert mean_std(math.nan, math.nan) == "–"


def test_markup_is_escaped():
    assert escape("<a>|*") == "&lt;a&gt;&#124;&#42;"
