import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.base import resources
from bench.base.errors import BenchError, CompareError
from bench.compare.differences import compare_results, exit_code, to_json, to_markdown

SEED = resources.CHECKOUT / "reports" / "published" / "seed"


def results(scores, dataset="grid", classifier="KNN", **columns):
    """Lay out the scores of one classifier, a repetition each."""
    n = len(scores)
    return pd.DataFrame(
        {
            "dataset": dataset,
            "repetition": range(n),
            "classifier": classifier,
            "status": "done",
            "test_accuracy": scores,
            "data_hash": [f"{dataset}-{i}" for i in range(n)],
        }
        | columns
    )


def only_row(base, new, **settings):
    frame = compare_results(base, new, **settings)
    assert len(frame) == 1
    return frame.iloc[0]


@pytest.fixture
def seed_copy(tmp_path):
    """Write the seed report's results, changed, and give the path."""

    def write(change):
        frame = pd.read_csv(SEED / "results.csv", dtype=str, keep_default_na=False)
        path = tmp_path / "new.csv"
        change(frame).to_csv(path, index=False)
        return path

    return write


def test_the_seed_report_is_no_worse_than_itself(bench_run):
    code, out, err = bench_run("check", SEED, SEED / "results.csv")
    assert (code, err) == (0, "")
    assert "26 identical" in out


def test_scores_of_sd_wgan_under_the_name_of_sd_are_worse(bench_run, seed_copy):
    def swap(frame):
        frame = frame[frame["classifier"] != "SD"]
        wgan = frame[frame["classifier"] == "SD-WGAN"].assign(classifier="SD")
        return pd.concat([frame, wgan])

    path = seed_copy(swap)
    code, out, err = bench_run("check", SEED, path, "--json")
    assert code == 1
    names = "SD on normal-100 (-0.3427), SD on uniform-100 (-0.2773)"
    assert err == f"bench: worse: {names}\n"
    document = json.loads(out)
    worse = [r["classifier"] for r in document["rows"] if r["verdict"] == "worse"]
    assert worse == ["SD", "SD"]
    assert document["verdicts"] == {"worse": 2, "identical": 24}
    assert document["exit_code"] == 1
    assert bench_run("compare", SEED, path)[0] == 0


def test_two_repetitions_fewer_are_not_comparable(bench_run, seed_copy):
    path = seed_copy(lambda frame: frame[~frame["repetition"].isin(["3", "7"])])
    code, out, err = bench_run("check", SEED, path)
    assert code == 4
    assert "26 not comparable" in out
    assert "fewer repetitions: not in NEW: repetitions 3, 7" in " ".join(out.split())
    assert err.startswith("bench: not comparable: SD on normal-100, ")
    assert err.endswith(" and 20 more\n")
    assert bench_run("check", path, SEED)[0] == 0  # more repetitions lose nothing


def test_two_repetitions_fewer_of_one_classifier_are_not_comparable(
    bench_run, seed_copy
):
    def cut(frame):
        is_cut = frame["repetition"].isin(["0", "9"]) & (frame["classifier"] == "GP")
        return frame[~(is_cut & (frame["dataset"] == "normal-100"))]

    code, out, err = bench_run("check", SEED, seed_copy(cut), "--json")
    assert (code, err) == (4, "bench: not comparable: GP on normal-100\n")
    assert json.loads(out)["verdicts"] == {"identical": 25, "not comparable": 1}


@pytest.mark.parametrize("changed", ["f" * 64, "0" * 64, "other"])
def test_a_changed_data_hash_is_not_comparable(bench_run, seed_copy, changed):
    def change(frame):
        at = frame.index[frame["classifier"] == "QDA"][2]
        frame.loc[at, ["data_hash", "fingerprint"]] = [changed, ""]
        return frame

    code, out, err = bench_run("check", SEED, seed_copy(change), "--json")
    assert (code, err) == (4, "bench: not comparable: QDA on normal-100\n")
    rows = [r for r in json.loads(out)["rows"] if r["verdict"] == "not comparable"]
    assert [r["why"] for r in rows] == [
        "changed data: not the same in NEW: repetitions 2"
    ]


def test_a_hash_of_another_repetition_is_not_comparable(bench_run, seed_copy):
    def change(frame):
        first, second = frame.index[frame["classifier"] == "QDA"][:2]
        curves = ["data_hash", "fingerprint"]
        frame.loc[first, curves] = frame.loc[second, curves]
        return frame

    path = seed_copy(change)
    assert bench_run("check", SEED, path)[0] == 4
    assert bench_run("check", path, SEED)[0] == 4


def test_the_interval_is_the_paired_t_of_scipy():
    rng = np.random.default_rng(0)
    base, new = rng.normal(0.8, 0.02, (2, 6)).round(3)
    row = only_row(results(base), results(new))
    expected = stats.ttest_rel(new, base).confidence_interval(0.95)
    assert row["n"] == 6
    assert row["base"] == pytest.approx(base.mean())
    assert row["new"] == pytest.approx(new.mean())
    assert row["difference"] == pytest.approx((new - base).mean())
    assert (row["low"], row["high"]) == pytest.approx(tuple(expected))


def three_rows(rng, n=5):
    """Draw both sources: two classifiers of a dataset, and one of another."""
    rows = [("grid", "a"), ("grid", "b"), ("other", "a")]
    scores = rng.normal(0.8, 0.02, (2, 3, n))
    base, new = (
        pd.concat(
            [results(s, *names) for s, names in zip(half, rows, strict=True)],
            ignore_index=True,
        )
        for half in scores
    )
    return base, new, scores


def test_all_intervals_hold_together():
    base, new, scores = three_rows(np.random.default_rng(1))
    frame = compare_results(base, new, alpha=0.1)
    for row, first, second in zip(frame.to_dict("records"), *scores, strict=True):
        test = stats.ttest_rel(second, first)
        expected = tuple(test.confidence_interval(1 - 0.1 / 3))
        assert (row["low"], row["high"]) == pytest.approx(expected)


def test_identical_rows_and_rows_without_pairs_need_no_interval():
    base, new, scores = three_rows(np.random.default_rng(1))
    new.loc[new["classifier"] == "b", "test_accuracy"] = scores[0, 1]
    new.loc[new["dataset"] == "other", "data_hash"] = "x"
    frame = compare_results(base, new)
    assert frame["verdict"].tolist()[1:] == ["identical", "not comparable"]
    assert frame.loc[1:, ["low", "high"]].isna().all(axis=None)
    expected = stats.ttest_rel(scores[1, 0], scores[0, 0]).confidence_interval(0.95)
    assert tuple(frame.loc[0, ["low", "high"]]) == pytest.approx(tuple(expected))


def test_noninferiority_needs_lower_ends_alone_and_upper_ends_together():
    base, new, scores = three_rows(np.random.default_rng(1))
    frame = compare_results(base, new, at_most_worse=0.02)
    for row, first, second in zip(frame.to_dict("records"), *scores, strict=True):
        test = stats.ttest_rel(second, first)
        low = test.confidence_interval(0.95).low
        high = test.confidence_interval(1 - 0.05 / 3).high
        assert (row["low"], row["high"]) == pytest.approx((low, high))
    assert frame.attrs == {"metric": "accuracy", "alpha": 0.05, "at_most_worse": 0.02}


BASE = [0.8010, 0.8105, 0.8200]


@pytest.mark.parametrize(
    ("gains", "by_margin", "by_loss"),
    [
        ([0.0, 0.0, 0.0], "identical", "identical"),
        ([0.0, 0.0005, 0.0], "equivalent", "noninferior"),
        ([0.05, 0.05, 0.05], "better", "noninferior"),
        ([0.0, 0.01, 0.02], "inconclusive", "noninferior"),
        ([-0.05, -0.05, -0.05], "worse", "worse"),
        ([-0.01, -0.01, -0.01], "equivalent", "noninferior"),
        ([-0.0095, -0.0095, -0.0095], "equivalent", "noninferior"),
        ([-0.02, -0.02, -0.02], "worse", "inconclusive"),  # a loss of the margin
        ([-0.0195, -0.0190, -0.0200], "worse", "inconclusive"),
        ([-0.10, 0.01, 0.11], "inconclusive", "inconclusive"),
    ],
)
def test_the_verdict_is_by_interval_and_margin(gains, by_margin, by_loss):
    new = [round(b + g, 4) for b, g in zip(BASE, gains, strict=True)]
    for settings, verdict in (
        ({"margin": 0.0115}, by_margin),
        ({"at_most_worse": 0.02}, by_loss),
    ):
        row = only_row(results(BASE), results(new), **settings)
        assert row["verdict"] == verdict
        assert bool(row["why"]) == (verdict == "inconclusive")


def test_the_margin_decides():
    base, new = results(BASE), results([s - 0.05 for s in BASE])
    verdicts = [
        only_row(base, new, margin=margin)["verdict"] for margin in (0.0, 0.048, 0.052)
    ]
    assert verdicts == ["worse", "worse", "equivalent"]
    assert only_row(base, base, margin=0.0)["verdict"] == "identical"


def test_a_smaller_score_is_better_if_the_metric_says_so():
    base = results([0.5, 0.5, 0.5], test_log_loss=[0.30, 0.31, 0.32])
    new = results([0.5, 0.5, 0.5], test_log_loss=[0.10, 0.11, 0.12])
    row = only_row(base, new, metric="log_loss")
    assert (row["verdict"], row["difference"]) == ("better", pytest.approx(0.2))
    assert only_row(new, base, metric="log_loss")["verdict"] == "worse"


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("settings", [{}, {"at_most_worse": 0.02}])
def test_below_three_pairs_only_identical_scores_give_a_verdict(n, settings):
    base = BASE[:n]
    for gain in (-0.5, 0.1):
        row = only_row(results(base), results([s + gain for s in base]), **settings)
        expected = ("inconclusive", "a verdict needs 3 repetitions")
        assert (row["verdict"], row["why"]) == expected
        assert math.isnan(row["low"]) == (n == 1)
    frame = compare_results(results(base), results(base), **settings)
    assert frame["verdict"].tolist() == ["identical"]
    assert exit_code(frame) == 0


def test_equal_differences_are_no_surer_than_half_a_test_curve():
    gain = 0.0015  # three of 2000 curves
    base, new = results(BASE), results([round(s + gain, 4) for s in BASE])
    row = only_row(base, new)
    half_width = stats.t.isf(0.025, 2) * 0.5 / 2000 / math.sqrt(3)
    assert (row["low"], row["high"]) == pytest.approx(
        (gain - half_width, gain + half_width)
    )
    # Given, it need not be found from the accuracies.
    row = only_row(base, new, half_curve=0.5 / 20)
    assert row["verdict"] == "inconclusive"
    assert row["why"] == (
        "at a spread of half a test curve (0.025), about 70 repetitions would do"
    )
    assert only_row(base, new, half_curve=0.0)["low"] == pytest.approx(gain)


@pytest.mark.parametrize(
    ("gains", "why"),
    [
        ([-0.01, 0.0, 0.01], "at this spread, about 10 repetitions would do"),
        ([-0.11, 0.0, 0.11], "at this spread, about 952 repetitions would do"),
        ([-0.12, 0.0, 0.12], "at this spread, more than 1000 repetitions would be n"),
        ([-0.02, -0.01, 0.0], "at this spread, more than 1000 repetitions would be n"),
    ],
)
def test_a_reason_says_how_many_repetitions_would_do(gains, why):
    new = [round(b + g, 4) for b, g in zip(BASE, gains, strict=True)]
    row = only_row(results(BASE), results(new), at_most_worse=0.01)
    assert row["verdict"] == "inconclusive"
    assert row["why"].startswith(why)


def test_cells_are_paired_by_their_data_not_by_their_number():
    base = results([0.1, 0.5, 0.9])
    new = results([0.9, 0.1, 0.5], data_hash=["grid-2", "grid-0", "grid-1"])
    row = only_row(base, new)
    assert (row["verdict"], row["n"], row["difference"]) == ("identical", 3, 0.0)


@pytest.mark.parametrize(
    ("base", "new", "why"),
    [
        ({}, {"classifier": "other"}, "missing cells: not in NEW"),
        ({}, {"dataset": "other"}, "missing cells: not in NEW"),
        (
            {},
            {"status": ["done", "failed", "done"]},
            "missing cells: not done in NEW: repetitions 1 (failed)",
        ),
        (
            {},
            {
                "status": ["done", "failed", "done"],
                "data_hash": ["grid-0", "", "grid-2"],
            },
            "missing cells: not done in NEW: repetitions 1 (failed)",
        ),
        (
            {"status": ["timeout", "done", "missing"]},
            {},
            "missing cells: not done in BASE: repetitions 0 (timeout), 2 (missing)",
        ),
        (
            {"status": "skipped"},
            {"status": "skipped"},
            "missing cells: not done in BASE: repetitions 0 (skipped), 1 (skipped), "
            "2 (skipped)",
        ),
        (
            {},
            {"repetition": [0, 1, 5], "data_hash": ["grid-0", "grid-1", "x"]},
            "fewer repetitions: not in NEW: repetitions 2",
        ),
        (
            {},
            {"data_hash": ["grid-0", "x", "y"]},
            "changed data: not the same in NEW: repetitions 1, 2",
        ),
        (
            {"data_hash": ["grid-0", "grid-0", "grid-2"]},
            {},
            "changed data: BASE has the same data twice: repetitions 1",
        ),
        (
            {},
            {"test_accuracy": [0.5, math.nan, 0.7]},
            "no accuracy in NEW: repetitions 1",
        ),
        (
            {"test_accuracy": math.nan},
            {},
            "no accuracy in BASE: repetitions 0, 1, 2",
        ),
    ],
)
def test_rows_without_pairs_are_not_comparable(base, new, why):
    frame = compare_results(
        results([0.5, 0.6, 0.7], **base), results([0.5, 0.6, 0.7], **new)
    )
    row = frame.iloc[0]
    assert (row["verdict"], row["why"]) == ("not comparable", why)
    assert frame.loc[0, ["base", "new", "difference", "low", "high"]].isna().all()
    assert exit_code(frame) == 4


def test_a_metric_that_one_side_lacks_is_not_comparable():
    base, new = results([0.5, 0.6]), results([0.5, 0.6], test_brier=[0.1, 0.1])
    row = only_row(base, new, metric="brier")
    assert row["why"] == "no Brier score in BASE: repetitions 0, 1"
    row = only_row(new, base, metric="brier")
    assert row["why"] == "no Brier score in NEW: repetitions 0, 1"


def test_new_rows_are_listed_without_a_verdict():
    base = results([0.5, 0.6])
    new = pd.concat([base, results([0.1, 0.2], classifier="more")])
    frame = compare_results(base, new)
    assert frame["verdict"].tolist() == ["identical", "new"]
    assert frame.loc[1, "new"] == pytest.approx(0.15)
    assert math.isnan(frame.loc[1, "base"])
    assert exit_code(frame) == 0


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        (["equivalent", "better"], 0),
        (["equivalent", "worse", "not comparable"], 1),
        (["better", "inconclusive"], 4),
        (["equivalent", "not comparable"], 4),
        (["new"], 4),
        (["equivalent", "new"], 0),
        (["identical"], 0),
        (["identical", "noninferior"], 0),
        (["noninferior", "inconclusive"], 4),
        (["noninferior", "worse", "inconclusive"], 1),
    ],
)
def test_the_exit_code_is_that_of_the_worst(verdicts, code):
    assert exit_code(pd.DataFrame({"verdict": verdicts})) == code


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metric": "acuracy"}, "unknown metric 'acuracy' .did you mean 'accuracy'"),
        ({"margin": -0.01}, "margin"),
        ({"margin": math.nan}, "margin"),
        ({"at_most_worse": -0.01}, "at_most_worse"),
        ({"at_most_worse": math.inf}, "at_most_worse"),
        ({"alpha": 5}, "alpha"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(BenchError, match=message):
        compare_results(results([0.5]), results([0.5]), **settings)


def test_frames_without_a_column_or_with_double_rows_are_refused():
    good = results([0.5, 0.6])
    with pytest.raises(CompareError, match="NEW has no column 'data_hash'"):
        compare_results(good, good.drop(columns="data_hash"))
    with pytest.raises(CompareError, match="BASE has two rows of dataset 'grid', rep"):
        compare_results(pd.concat([good, good]), good)


def test_json_has_every_number_and_null_for_nan():
    base = pd.concat([results([0.8, 0.9]), results([0.5], classifier="gone")])
    document = json.loads(to_json(compare_results(base, results([0.8, 0.9]))))
    assert (document["metric"], document["margin"]) == ("accuracy", 0.01)
    assert document["exit_code"] == 4
    first, second = document["rows"]
    assert first == {
        "dataset": "grid",
        "classifier": "KNN",
        "n": 2,
        "rounded": 0,
        "base": pytest.approx(0.85),
        "new": pytest.approx(0.85),
        "difference": 0.0,
        "low": None,
        "high": None,
        "verdict": "identical",
        "why": "",
    }
    assert second["why"] == "missing cells: not in NEW"


def test_names_are_escaped_in_markdown_and_on_the_terminal(bench_run, tmp_path):
    named = results([0.5, 0.6], dataset="<b>[red]|x", classifier="[bold]`y`_z_")
    for name in ("base", "new"):
        named.to_csv(tmp_path / f"{name}.csv", index=False)
    code, out, _ = bench_run(
        "compare", tmp_path / "base.csv", tmp_path / "new.csv", "--markdown", "--all"
    )
    assert code == 0
    assert "**1 identical**" in out
    assert r"\<b>[red]\|x" in out
    assert r"[bold]\`y\`\_z\_" in out
    out = bench_run("compare", tmp_path / "base.csv", tmp_path / "new.csv")[1]
    assert "<b>[red]|x" in out
    assert "[bold]`y`_z_" in out
    assert (
        to_markdown(compare_results(named, named)) + "\n"
        == bench_run(
            "check", tmp_path / "base.csv", tmp_path / "new.csv", "--markdown"
        )[1]
    )


def recorded(scores, overlap=None, **more):
    frame = results(scores, recipe="recorded-0123", **more)
    return frame if overlap is None else frame.assign(overlap=overlap)


def test_repetitions_that_share_curves_have_wider_intervals():
    base, new = [0.90, 0.91, 0.92, 0.90, 0.91], [0.84, 0.86, 0.85, 0.85, 0.85]
    plain = only_row(results(base), results(new), half_curve=0.0)
    assert plain["verdict"] == "worse"
    for sources, options in (
        ((recorded(base, 0.6), recorded(new, 0.6)), {}),
        ((recorded(base), recorded(new, 0.6)), {}),
        ((results(base), results(new)), {"overlap": 0.6}),
        ((results(base), results(new)), {"overlap": {"grid": 0.6}}),
    ):
        frame = compare_results(*sources, half_curve=0.0, **options)
        row = frame.iloc[0]
        width = plain["high"] - plain["difference"]
        # √(1 + 5 · 0.6) = 2
        assert row["high"] - row["difference"] == pytest.approx(2 * width)
        assert frame.attrs["overlap"] == {"grid": 0.6}
        assert "for grid (0.6)" in to_markdown(frame, every_row=True)
        assert json.loads(to_json(frame))["overlap"] == {"grid": 0.6}
    assert "overlap" not in compare_results(results(base), results(new)).attrs


def test_without_the_overlap_recorded_curves_are_not_comparable():
    base, new = recorded([0.9, 0.8, 0.7, 0.8]), recorded([0.5, 0.6, 0.4, 0.5])
    frame = compare_results(base, new, at_most_worse=0.5)
    assert frame["verdict"].tolist() == ["not comparable"]
    assert "neither BASE nor NEW says how many" in frame["why"].iloc[0]
    assert exit_code(frame) == 4
    # Equal scores need no interval.
    assert only_row(base, base)["verdict"] == "identical"


def test_where_repetitions_share_curves_no_number_of_them_may_do():
    base = recorded([0.90, 0.91, 0.92, 0.90, 0.91], 1.0)
    new = recorded([0.91, 0.92, 0.91, 0.90, 0.91], 1.0)
    row = only_row(base, new)
    assert row["verdict"] == "inconclusive"
    assert "no number of repetitions would do, since they share curves" in row["why"]
    one = only_row(base[:1], new[:1])
    assert (one["verdict"], one["n"]) == ("inconclusive", 1)
    assert "a verdict needs 3 repetitions" in one["why"]
