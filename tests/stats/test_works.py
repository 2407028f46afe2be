import math

import pandas as pd
import pytest

from bench.base.errors import StatisticsError
from bench.stats.within_dataset import threshold_verdicts


def intervals(low, high):
    row = {"dataset": "d", "classifier": "SD", "n": 5, "mean": (low + high) / 2}
    return pd.DataFrame([row | {"std": 0.01, "low": low, "high": high}])


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.75, 0.9, "works"),
        (0.75 - 1e-15, 0.9, "works"),
        (0.74, 0.9, "unclear"),
        (0.5, 0.75, "unclear"),
        (0.5, 0.7499, "does not work"),
        (math.nan, math.nan, "unclear"),
    ],
)
def test_the_whole_interval_says_whether_it_works(low, high, verdict):
    found = threshold_verdicts(
        intervals(low, high), ["d"], ["SD"], works=0.75, larger_is_better=True
    )
    assert found["verdict"].tolist() == [verdict]


def test_smaller_is_better_where_the_metric_says_so():
    for low, high, verdict in (
        (0.1, 0.2, "works"),
        (0.1, 0.3, "unclear"),
        (0.21, 0.3, "does not work"),
    ):
        found = threshold_verdicts(
            intervals(low, high), ["d"], ["SD"], works=0.2, larger_is_better=False
        )
        assert found["verdict"].tolist() == [verdict]


def test_what_has_no_score_is_a_row_all_the_same():
    for known in (None, intervals(0.8, 0.9)):
        found = threshold_verdicts(
            known, ["d", "e"], ["SD", "KNN"], works=0.75, larger_is_better=True
        )
        assert len(found) == 4
        rest = found[1:] if known is not None else found
        assert set(rest["verdict"]) == {"unclear"}
        assert rest["mean"].isna().all()
        assert (rest["n"] == 0).all()


def test_a_score_that_is_none_is_refused():
    with pytest.raises(StatisticsError, match="works: expected a number"):
        threshold_verdicts(None, ["d"], ["SD"], works=math.nan, larger_is_better=True)
