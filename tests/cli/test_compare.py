import json

import pandas as pd
import pytest

from bench.base import resources

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


def test_long_names_are_folded_never_cut(bench_run, tmp_path):
    named = results([0.5, 0.6], dataset="d" * 64, classifier="c" * 64)
    named.to_csv(tmp_path / "a.csv", index=False)
    out = bench_run("compare", tmp_path / "a.csv", tmp_path / "a.csv")[1]
    rows = [line for line in out.splitlines() if "│" in line or "|" in line]
    assert sum(line.count("d" * 8) for line in rows) > 0
    table = "".join(rows)
    assert table.count("c") >= 64
    assert "…" not in table


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--margin", "-1"], "expected a number from 0 up"),
        (["--margin", "nan"], "expected a number from 0 up"),
        (["--margin", "much"], "found 'much'"),
        (["--alpha", "1"], "expected a number between 0 and 1"),
        (["--json", "--markdown"], "not allowed with"),
    ],
)
def test_options_out_of_range_are_usage_errors(bench_run, capfd, flags, message):
    with pytest.raises(SystemExit) as stop:
        bench_run("check", SEED, SEED, *flags)
    assert stop.value.code == 2
    assert message in capfd.readouterr().err


def test_an_unknown_metric_is_a_usage_error(bench_run):
    code, out, err = bench_run("check", SEED, SEED, "--metric", "acc")
    assert (code, out) == (2, "")
    assert "unknown metric 'acc'" in err


def test_a_metric_that_no_report_has_is_not_comparable(bench_run):
    code, out, _ = bench_run("check", SEED, SEED, "--metric", "ece", "--json")
    assert code == 4
    assert json.loads(out)["verdicts"] == {"not comparable": 26}


@pytest.mark.parametrize("missing", ["base", "new"])
def test_a_missing_file_is_a_usage_error(bench_run, tmp_path, missing):
    paths = {"base": SEED, "new": SEED} | {missing: tmp_path / "none.csv"}
    code, out, err = bench_run("check", *paths.values())
    assert (code, out) == (2, "")
    assert "none.csv: cannot be read (No such file" in err
    assert err.count("\n") == 1
