import math

import pandas as pd
import pytest
import stored

from bench.report.tables import (
    capitalised,
    counted,
    interval,
    mean_std,
    p_value,
    score_rows,
    untrained_note,
    waiting,
)


def summary(**columns):
    """Return the summary of a suite's classifier on one dataset, some columns set."""
    entry = {"dataset": "normal-100", "classifier": "KNN", "n": 5, "n_cells": 5}
    for part, mean in (("train", 0.9), ("test", 0.8)):
        entry |= {f"{part}_accuracy_mean": mean, f"{part}_accuracy_std": 0.01}
    return pd.DataFrame([entry | {"fit_seconds_median": 1.5} | columns])


@pytest.mark.parametrize(
    ("mean", "std", "text"),
    [
        (0.99, 0.0032, "0.990±0.003"),
        (0.5, math.nan, "0.500±–"),
        (math.nan, math.nan, "–"),
    ],
)
def test_a_mean_without_std_or_without_value_has_dashes(mean, std, text):
    assert mean_std(mean, std) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0, "<0.001"),
        (0.00099, "<0.001"),
        (0.001, "0.001"),
        (0.999, "0.999"),
        (0.99901, ">0.999"),
        (math.nan, "–"),
    ],
)
def test_a_probability_that_would_round_to_0_or_1_is_a_bound(p, text):
    assert p_value(p) == text


def test_an_interval_without_ends_is_a_dash():
    assert interval(0.98765, 0.991) == "[0.988, 0.991]"
    assert interval(-0.01, 0.02, "+.2f") == "[-0.01, +0.02]"
    assert interval(math.nan, math.nan) == "–"


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0 threads"), (1, "1 thread"), (2, "2 threads")]
)
def test_only_one_is_singular(n, text):
    assert counted(n, "thread") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("log loss", "Log loss"), ("ROC AUC", "ROC AUC"), ("", "")],
)
def test_abbreviations_keep_their_capitals(text, expected):
    assert capitalised(text) == expected


def test_the_note_names_the_online_classifiers_only_if_others_are_not():
    fitted = summary()
    online = summary(classifier="SD", train_accuracy_mean=math.nan)
    assert untrained_note(fitted) == ""
    assert untrained_note(online).startswith("– under training: trained online")
    both = pd.concat([fitted, online])
    assert untrained_note(both).startswith("– under training (SD): trained online")


def test_the_note_tells_classifiers_that_predict_held_out_curves_alone():
    lacking = summary(classifier="KNN", train_accuracy_mean=math.nan)
    words = "only held-out curves are predicted (scores: held-out)."
    assert untrained_note(lacking, ["KNN"]) == f"– under training: {words}"
    both = pd.concat([lacking, summary(classifier="SD", train_accuracy_mean=math.nan)])
    assert untrained_note(both, ["KNN"]).endswith(f"– under training (KNN): {words}")


@pytest.fixture
def plan(write_suite):
    return stored.plan_of(write_suite(reference="seed-notebook"))


def test_published_scores_stand_beside_ours_with_the_difference(plan):
    # The notebook has 0.823±0.006 for KNN, measured on training curves.
    [row] = score_rows(plan, summary(), "normal-100").to_dict("records")
    assert row["held-out accuracy"] == "0.800±0.010"
    assert row["training accuracy"] == "0.900±0.010"
    assert row["notebook (training)"] == "0.823±0.006"
    assert row["difference to notebook"] == "+0.077"
    assert row["n"] == "5"
    assert row["fit (s)"] == "1.50"


@pytest.mark.parametrize(
    ("ours", "difference"),
    [(0.82296, "+0.000"), (0.8227, "+0.000"), (0.8221, "-0.001"), (math.nan, "–")],
)
def test_a_difference_that_rounds_to_zero_has_no_minus(plan, ours, difference):
    rows = score_rows(plan, summary(train_accuracy_mean=ours), "normal-100")
    assert rows["difference to notebook"].tolist() == [difference]


def test_what_was_never_published_has_dashes_and_other_datasets_no_columns(plan):
    rows = score_rows(plan, summary(classifier="MINE"), "normal-100")
    assert rows["notebook (training)"].tolist() == ["–"]
    assert rows["difference to notebook"].tolist() == ["–"]
    rows = score_rows(plan, summary(dataset="other"), "other")
    assert list(rows)[-1] == "fit (s)"


def test_missing_cells_are_counted_and_an_unknown_time_is_a_dash(plan):
    frame = summary(n=3, fit_seconds_median=math.nan)
    [row] = score_rows(plan, frame, "normal-100").to_dict("records")
    assert (row["n"], row["fit (s)"]) == ("3 of 5", "–")


@pytest.mark.parametrize(
    ("processor", "words"),
    [(8.1, ""), (3.6, "Processor time is 40% of these seconds"), (0.0, "time is 0%")],
)
def test_seconds_of_a_machine_with_other_work_say_so(processor, words):
    rows = {"status": ["done", "done", "failed"], "fit_seconds": [9.0, 9.0, 99.0]}
    frame = pd.DataFrame(rows | {"fit_cpu_seconds": [processor, processor, 0.0]})
    assert words in waiting(frame)
    assert bool(waiting(frame)) == bool(words)
    assert waiting(frame.assign(fit_seconds=1.0)) == ""
