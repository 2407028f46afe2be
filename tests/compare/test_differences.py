import json
import math

import numpy as np
import pandas as pd
import pytest
import stored
from scipy import stats

from bench import read_results
from bench.base import resources
from bench.base.errors import BenchError, CompareError, MissingFileError, StoreError
from bench.cli import main
from bench.compare.differences import compare_results, exit_code, to_json, to_markdown
from bench.compare.read import read_source
from bench.store.store import Store

SEED = resources.CHECKOUT / "reports" / "published" / "seed"
HEADER = "dataset,repetition,classifier,status,test_accuracy,data_hash"


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


@pytest.fixture
def gate(capsys):
    """Run one of the two commands; give its exit code and what it said."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_seed_report_is_no_worse_than_itself(gate):
    code, out, err = gate("check", SEED, SEED / "results.csv")
    assert (code, err) == (0, "")
    assert "26 equivalent" in out


def test_scores_of_sd_wgan_under_the_name_of_sd_are_worse(gate, seed_copy):
    def swap(frame):
        frame = frame[frame["classifier"] != "SD"]
        wgan = frame[frame["classifier"] == "SD-WGAN"].assign(classifier="SD")
        return pd.concat([frame, wgan])

    path = seed_copy(swap)
    code, out, err = gate("check", SEED, path, "--json")
    assert code == 1
    assert err == "bench: worse: SD on normal-100, SD on uniform-100\n"
    document = json.loads(out)
    worse = [r["classifier"] for r in document["rows"] if r["verdict"] == "worse"]
    assert worse == ["SD", "SD"]
    assert document["verdicts"] == {"worse": 2, "equivalent": 24}
    assert document["exit_code"] == 1
    assert gate("compare", SEED, path)[0] == 0


def test_two_repetitions_fewer_are_not_comparable(gate, seed_copy):
    path = seed_copy(lambda frame: frame[~frame["repetition"].isin(["3", "7"])])
    code, out, err = gate("check", SEED, path)
    assert code == 4
    assert "26 not comparable" in out
    assert "fewer repetitions: not in NEW: repetitions 3, 7" in " ".join(out.split())
    assert err.startswith("bench: not comparable: SD on normal-100, ")
    assert err.endswith(" and 20 more\n")
    assert gate("check", path, SEED)[0] == 0  # more repetitions lose nothing


def test_two_repetitions_fewer_of_one_classifier_are_not_comparable(gate, seed_copy):
    def cut(frame):
        is_cut = frame["repetition"].isin(["0", "9"]) & (frame["classifier"] == "GP")
        return frame[~(is_cut & (frame["dataset"] == "normal-100"))]

    code, out, err = gate("check", SEED, seed_copy(cut), "--json")
    assert (code, err) == (4, "bench: not comparable: GP on normal-100\n")
    assert json.loads(out)["verdicts"] == {"equivalent": 25, "not comparable": 1}


@pytest.mark.parametrize("changed", ["f" * 64, "0" * 64, "other"])
def test_a_changed_data_hash_is_not_comparable(gate, seed_copy, changed):
    def change(frame):
        at = frame.index[frame["classifier"] == "QDA"][2]
        frame.loc[at, "data_hash"] = changed
        return frame

    code, out, err = gate("check", SEED, seed_copy(change), "--json")
    assert (code, err) == (4, "bench: not comparable: QDA on normal-100\n")
    rows = [r for r in json.loads(out)["rows"] if r["verdict"] == "not comparable"]
    assert [r["why"] for r in rows] == [
        "changed data: not the same in NEW: repetitions 2"
    ]


def test_a_hash_of_another_repetition_is_not_comparable(gate, seed_copy):
    def change(frame):
        first, second = frame.index[frame["classifier"] == "QDA"][:2]
        frame.loc[first, "data_hash"] = frame.loc[second, "data_hash"]
        return frame

    path = seed_copy(change)
    assert gate("check", SEED, path)[0] == 4
    assert gate("check", path, SEED)[0] == 4


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


def test_the_intervals_of_a_dataset_hold_together():
    rng = np.random.default_rng(1)
    scores = rng.normal(0.8, 0.02, (2, 3, 5))
    base, new = (
        pd.concat(
            [results(s, classifier=name) for s, name in zip(half, "abc", strict=True)]
        )
        for half in scores
    )
    lonely = (
        results([0.5, 0.6, 0.4], dataset="other"),
        results([0.5, 0.5, 0.5], "other"),
    )
    frame = compare_results(
        pd.concat([base, lonely[0]]), pd.concat([new, lonely[1]]), alpha=0.1
    )
    for row, first, second in zip(frame[:3].to_dict("records"), *scores, strict=True):
        test = stats.ttest_rel(second, first)
        expected = tuple(test.confidence_interval(1 - 0.1 / 3))
        assert (row["low"], row["high"]) == pytest.approx(expected)
    row = frame.iloc[3]
    expected = stats.ttest_rel([0.5, 0.5, 0.5], [0.5, 0.6, 0.4]).confidence_interval(
        0.9
    )
    assert (row["low"], row["high"]) == pytest.approx(tuple(expected))


@pytest.mark.parametrize(
    ("new", "verdict"),
    [
        ([0.80, 0.81, 0.82], "equivalent"),
        ([0.85, 0.86, 0.87], "better"),
        ([0.75, 0.76, 0.77], "worse"),
        ([0.79, 0.80, 0.81], "equivalent"),  # by the margin itself
        ([0.81, 0.82, 0.83], "equivalent"),
        ([0.70, 0.81, 0.92], "inconclusive"),
    ],
)
def test_the_verdict_is_by_interval_and_margin(new, verdict):
    row = only_row(results([0.80, 0.81, 0.82]), results(new), margin=0.01)
    assert row["verdict"] == verdict
    assert row["why"] == ""


def test_the_margin_decides():
    base, new = results([0.80, 0.81, 0.82]), results([0.75, 0.76, 0.77])
    verdicts = [
        only_row(base, new, margin=margin)["verdict"] for margin in (0.0, 0.049, 0.051)
    ]
    assert verdicts == ["worse", "worse", "equivalent"]
    assert only_row(base, base, margin=0.0)["verdict"] == "equivalent"


def test_smaller_is_better_where_the_metric_says_so():
    base = results([0.5, 0.5, 0.5], test_log_loss=[0.30, 0.31, 0.32])
    new = results([0.5, 0.5, 0.5], test_log_loss=[0.10, 0.11, 0.12])
    row = only_row(base, new, metric="log_loss")
    assert (row["verdict"], row["difference"]) == ("better", pytest.approx(0.2))
    assert only_row(new, base, metric="log_loss")["verdict"] == "worse"


def test_one_pair_tells_nothing_unless_it_is_the_same():
    row = only_row(results([0.8]), results([0.3]))
    assert (row["verdict"], row["why"]) == ("inconclusive", "a single repetition")
    assert math.isnan(row["low"])
    assert math.isnan(row["high"])
    row = only_row(results([0.8]), results([0.8]))
    assert (row["verdict"], row["low"], row["high"]) == ("equivalent", 0.0, 0.0)


def test_cells_are_paired_by_their_data_not_by_their_number():
    base = results([0.1, 0.5, 0.9])
    new = results([0.9, 0.1, 0.5], data_hash=["grid-2", "grid-0", "grid-1"])
    row = only_row(base, new)
    assert (row["verdict"], row["n"], row["difference"]) == ("equivalent", 3, 0.0)


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
def test_what_cannot_be_paired_is_not_comparable(base, new, why):
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


def test_what_is_new_is_listed_and_judged_neither_way():
    base = results([0.5, 0.6])
    new = pd.concat([base, results([0.1, 0.2], classifier="more")])
    frame = compare_results(base, new)
    assert frame["verdict"].tolist() == ["equivalent", "new"]
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
    ],
)
def test_the_exit_code_is_that_of_the_worst(verdicts, code):
    assert exit_code(pd.DataFrame({"verdict": verdicts})) == code


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"metric": "acuracy"}, "unknown metric 'acuracy' .did you mean 'accuracy'"),
        ({"margin": -0.01}, "margin"),
        ({"margin": math.nan}, "margin"),
        ({"alpha": 5}, "alpha"),
    ],
)
def test_settings_out_of_range_are_refused(settings, said):
    with pytest.raises(BenchError, match=said):
        compare_results(results([0.5]), results([0.5]), **settings)


def test_frames_that_are_no_results_are_refused():
    good = results([0.5, 0.6])
    with pytest.raises(CompareError, match="NEW has no column 'data_hash'"):
        compare_results(good, good.drop(columns="data_hash"))
    with pytest.raises(CompareError, match="BASE has two rows of dataset 'grid', rep"):
        compare_results(pd.concat([good, good]), good)


def test_json_holds_every_number_and_no_nan():
    base = pd.concat([results([0.8, 0.9]), results([0.5], classifier="gone")])
    document = json.loads(to_json(compare_results(base, results([0.8, 0.9]))))
    assert (document["metric"], document["margin"]) == ("accuracy", 0.01)
    assert document["exit_code"] == 4
    first, second = document["rows"]
    assert first == {
        "dataset": "grid",
        "classifier": "KNN",
        "n": 2,
        "base": pytest.approx(0.85),
        "new": pytest.approx(0.85),
        "difference": 0.0,
        "low": 0.0,
        "high": 0.0,
        "verdict": "equivalent",
        "why": "",
    }
    assert second["low"] is None
    assert second["why"] == "missing cells: not in NEW"


def test_names_are_escaped_in_markdown_and_on_the_terminal(gate, tmp_path):
    named = results([0.5, 0.6], dataset="<b>[red]|x", classifier="[bold]`y`_z_")
    for name in ("base", "new"):
        named.to_csv(tmp_path / f"{name}.csv", index=False)
    code, out, _ = gate(
        "compare", tmp_path / "base.csv", tmp_path / "new.csv", "--markdown"
    )
    assert code == 0
    assert "**1 equivalent**" in out
    assert "&lt;b&gt;&#91;red&#93;&#124;x" in out
    assert "&#91;bold&#93;&#96;y&#96;&#95;z&#95;" in out
    out = gate("compare", tmp_path / "base.csv", tmp_path / "new.csv")[1]
    assert "<b>[red]|x" in out
    assert "[bold]`y`_z_" in out
    assert (
        to_markdown(compare_results(named, named)) + "\n"
        == gate("check", tmp_path / "base.csv", tmp_path / "new.csv", "--markdown")[1]
    )


def test_long_names_are_folded_never_cut(gate, tmp_path):
    named = results([0.5, 0.6], dataset="d" * 64, classifier="c" * 64)
    named.to_csv(tmp_path / "a.csv", index=False)
    out = gate("compare", tmp_path / "a.csv", tmp_path / "a.csv")[1]
    rows = [line for line in out.splitlines() if "│" in line or "|" in line]
    assert sum(line.count("d" * 8) for line in rows) > 0
    table = "".join(rows)
    assert table.count("c") >= 64
    assert "…" not in table


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--margin", "-1"], "expected a number from 0 up"),
        (["--margin", "nan"], "expected a number from 0 up"),
        (["--margin", "much"], "found 'much'"),
        (["--alpha", "1"], "expected a number between 0 and 1"),
        (["--json", "--markdown"], "not allowed with"),
    ],
)
def test_options_out_of_range_are_usage_errors(gate, capsys, flags, said):
    with pytest.raises(SystemExit) as stop:
        gate("check", SEED, SEED, *flags)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_an_unknown_metric_is_a_usage_error(gate):
    code, out, err = gate("check", SEED, SEED, "--metric", "acc")
    assert (code, out) == (2, "")
    assert "unknown metric 'acc'" in err


def test_a_metric_that_no_report_has_is_not_comparable(gate):
    code, out, _ = gate("check", SEED, SEED, "--metric", "ece", "--json")
    assert code == 4
    assert json.loads(out)["verdicts"] == {"not comparable": 26}


@pytest.mark.parametrize("missing", ["base", "new"])
def test_a_missing_file_is_a_usage_error(gate, tmp_path, missing):
    paths = {"base": SEED, "new": SEED} | {missing: tmp_path / "none.csv"}
    code, out, err = gate("check", *paths.values())
    assert (code, out) == (2, "")
    assert "none.csv: cannot be read (No such file" in err
    assert err.count("\n") == 1


def test_folders_that_hold_nothing_are_missing(gate, tmp_path):
    (tmp_path / "ab").mkdir()
    with pytest.raises(MissingFileError, match=r"without results\.csv and without"):
        read_source(tmp_path)
    (tmp_path / "results.csv").mkdir()
    with pytest.raises(MissingFileError, match="it is not a regular file"):
        read_source(tmp_path)
    for path in ("a\0b", "n" * 5000, "/dev/null/x", "/dev/zero"):
        with pytest.raises(MissingFileError, match="cannot be read"):
            read_source(path)


ROW = "grid,0,KNN,done,0.5,abc"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"a.csv:1: found no column 'dataset'"),
        (HEADER, "a.csv: found no rows"),
        ("a,b\n1,2", "a.csv:1: found no column 'dataset'"),
        (HEADER.replace("status", "stats"), r"'status' .did you mean 'stats'"),
        (HEADER.replace("data_hash", "status"), "no column 'data_hash'"),
        (f"{HEADER},status\n{ROW},done", "a.csv:1: found the column 'status' twice"),
        (HEADER.replace("test_", "held_out_"), "found no column of held-out scores"),
        (f"{HEADER}\n{ROW},more", "a.csv:2: found 7 values; expected 6"),
        (f"{HEADER}\ngrid,0,KNN", "a.csv:2: found 3 values; expected 6"),
        (f"{HEADER}\n{ROW}\n\n{ROW}", "a.csv:4: found a second row of .* in line 2"),
        (
            f"{HEADER}\ngrid,x,KNN,done,0.5,abc",
            "repetition: found 'x'; expected a whole",
        ),
        (f"{HEADER}\ngrid,-1,KNN,done,0.5,abc", "repetition: found '-1'"),
        (f"{HEADER}\ngrid,1.0,KNN,done,0.5,abc", "repetition: found '1.0'"),
        (f"{HEADER}\ngrid,\u0661,KNN,done,0.5,abc", "repetition: found '\u0661'"),
        (f"{HEADER}\ngrid,0,KNN,well,0.5,abc", "status: found 'well'; expected one of"),
        (f"{HEADER}\ngrid,0,KNN,done,,abc", "test_accuracy: found ''; expected a fin"),
        (f"{HEADER}\ngrid,0,KNN,done,nan,abc", "test_accuracy: found 'nan'"),
        (f"{HEADER}\ngrid,0,KNN,done,inf,abc", "test_accuracy: found 'inf'"),
        (f"{HEADER}\ngrid,0,KNN,done,1e999,abc", "test_accuracy: found '1e999'"),
        (f"{HEADER}\ngrid,0,KNN,done,0_5,abc", "test_accuracy: found '0_5'"),
        (f"{HEADER}\ngrid,0,KNN,done,'=1+1',abc", "test_accuracy: found"),
        (
            f"{HEADER}\ngrid,0,KNN,failed,0.5,abc",
            "expected nothing in a row that is fa",
        ),
        (f"{HEADER}\ngrid,0,KNN,done,0.5,", "data_hash: found ''"),
        (f"{HEADER}\ngrid,0,KNN,done,0.5,{'a' * 129}", "data_hash: found 'aaa"),
        (f"{HEADER}\n,0,KNN,done,0.5,abc", "dataset: found ''; expected an id of 1 to"),
        (f"{HEADER}\n{'g' * 65},0,KNN,done,0.5,abc", "dataset: found 'gggg"),
        (f"{HEADER}\ngrid,0, KNN,done,0.5,abc", "classifier: found ' KNN'"),
        (f"{HEADER}\ngrid,0,K\u202eN,done,0.5,abc", r"classifier: found 'K\\u202eN'"),
        (
            f'{HEADER}\ngrid,0,"K\nN",done,0.5,abc',
            r"a.csv:2: classifier: found 'K\\nN'",
        ),
        (f'{HEADER}\ngrid,0,"KNN', "a.csv:2: not readable as CSV"),
        (f'{HEADER}\n{ROW}\ngrid,0,"K"N,done,0.5,abc', "a.csv:3: not readable as CSV"),
        (
            f"{HEADER}\ngrid,0,{'K' * 200_000},done,0.5,abc",
            "a.csv:2: not readable as CSV",
        ),
        (",".join(f"c{i}" for i in range(2000)), "found 2000 columns"),
    ],
)
def test_what_is_no_results_csv_is_refused_with_its_line(tmp_path, text, said):
    path = tmp_path / "a.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(CompareError, match=said):
        read_source(path)


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(f"{HEADER}\ngrid,0,".encode() + b"\xff\xfe")
    with pytest.raises(
        CompareError, match=r"a.csv:2: found the byte 0xff; expected te"
    ):
        read_source(path)


def test_more_than_any_run_writes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.compare.results_csv.MAX_ROWS", 2)
    path = tmp_path / "a.csv"
    rows = [f"grid,{i},KNN,done,0.5,abc{i}" for i in range(3)]
    path.write_text("\n".join([HEADER, *rows]))
    with pytest.raises(CompareError, match=r"a\.csv:4: found more than 2 rows"):
        read_source(path)
    monkeypatch.setattr("bench.compare.results_csv.MAX_BYTES", 10)
    with pytest.raises(CompareError, match="more than 10 bytes"):
        read_source(path)


def test_a_report_is_read_as_pandas_reads_it():
    ours = read_source(SEED)
    theirs = pd.read_csv(SEED / "results.csv")[list(ours.columns)]
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)
    assert ours["repetition"].dtype.kind == "i"


def test_a_score_that_needs_probabilities_may_be_empty(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "\ufeffdataset,repetition,classifier,status,test_accuracy,test_brier,data_hash\n"
        "grid,0,SVC,done,0.5,,abc\ngrid,1,SVC,crashed,,,\n",
        "utf-8",
    )
    frame = read_source(path)
    assert frame["test_accuracy"].tolist() == [
        0.5,
        pytest.approx(math.nan, nan_ok=True),
    ]
    assert frame["test_brier"].isna().all()
    assert frame["status"].tolist() == ["done", "crashed"]


def put_scored(plan, folder, score=0.5):
    """Put a done result of every cell, scores by repetition."""
    results = []
    for cell in plan.cells:
        scores = {"accuracy": score + cell.repetition / 100}
        found = {"train": scores, "test": scores, "data_hash": f"h{cell.repetition}"}
        results.append(cell.result("done", **found))
    return stored.store_of(folder, *results)


def test_a_store_and_the_report_from_it_compare_alike(tmp_path, write_suite, gate):
    plan = stored.plan_of(write_suite())
    base = put_scored(plan, tmp_path / "base")
    put_scored(plan, tmp_path / "new", score=0.3)
    report = tmp_path / "report"
    report.mkdir()
    read_results(plan, base).to_csv(report / "results.csv", index=False)
    assert gate("check", tmp_path / "base", report)[0] == 0
    frames = [
        compare_results(read_source(path), read_source(tmp_path / "new"))
        for path in (tmp_path / "base", report)
    ]
    assert set(frames[0]["verdict"]) == {"worse"}
    by_name = [f.sort_values("classifier", ignore_index=True) for f in frames]
    pd.testing.assert_frame_equal(*by_name)


def test_a_store_scores_by_a_metric_that_it_does_not_hold(tmp_path, write_suite):
    put_scored(stored.plan_of(write_suite()), tmp_path / "store")
    frame = read_source(tmp_path / "store", "balanced_accuracy")
    assert set(frame["test_balanced_accuracy"]) == {1.0}  # of stored.ARRAYS
    assert set(frame["test_accuracy"]) == {0.5, 0.51}
    assert read_source(tmp_path / "store", "brier")["test_brier"].isna().all()


def test_two_results_of_one_cell_are_refused_by_name(tmp_path, gate):
    first, second = (stored.result_of(i, repetition=0) for i in (0, 1))
    stored.store_of(tmp_path / "store", first, second)
    code, out, err = gate("check", tmp_path / "store", SEED)
    assert (code, out) == (2, "")
    assert "two results of dataset 'grid', repetition 0, classifier 'KNN': " in err
    assert first.key in err
    assert second.key in err
    assert "bench report SUITE" in err


def test_a_store_without_the_arrays_that_a_metric_needs_is_refused(tmp_path):
    Store(tmp_path).put(stored.result_of(), {"labels_train": np.zeros(3)})
    with pytest.raises(StoreError, match=r"npz: found no array 'predictions_train'"):
        read_source(tmp_path, "brier")
    assert len(read_source(tmp_path)) == 1


def test_more_results_than_a_suite_has_are_refused(tmp_path, monkeypatch):
    stored.store_of(tmp_path, stored.result_of(), stored.result_of(1))
    monkeypatch.setattr("bench.compare.read.MAX_ROWS", 1)
    with pytest.raises(CompareError, match="more than 1 results"):
        read_source(tmp_path)


@pytest.mark.parametrize("suffix", ["json", "npz"])
def test_a_damaged_result_is_unreadable(tmp_path, gate, suffix):
    store = stored.store_of(tmp_path / "store", stored.result_of(), stored.result_of(1))
    store.path(stored.result_of(1).key, suffix).write_bytes(b"damaged")
    code, out, err = gate("check", tmp_path / "store", tmp_path / "store")
    assert (code, out) == (2, "")
    assert str(store.path(stored.result_of(1).key, "json")) in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"test": {"accuracy": math.inf}}, "accuracy: found 'inf'"),
        ({"data_hash": ""}, "data_hash: found ''"),
        ({"dataset": "a\nb"}, "dataset: found 'a"),
        ({"classifier": ""}, "classifier: found ''"),
    ],
)
def test_a_forged_result_is_refused(tmp_path, changes, said):
    stored.store_of(tmp_path, stored.result_of(**changes))
    with pytest.raises(CompareError, match=said):
        read_source(tmp_path)


def test_failed_results_of_a_store_are_missing_cells(tmp_path):
    done = [stored.result_of(i) for i in range(3)]
    failed = stored.result_of(1, "failed", data_hash="")
    stored.store_of(tmp_path / "base", *done)
    stored.store_of(tmp_path / "new", done[0], failed, done[2])
    frame = compare_results(
        read_source(tmp_path / "base"), read_source(tmp_path / "new")
    )
    assert frame.loc[0, "why"] == (
        "missing cells: not done in NEW: repetitions 1 (failed)"
    )
