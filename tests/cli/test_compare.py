import io
import json

import pandas as pd
import pytest
from rich.console import Console

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


def test_long_names_are_whole_where_there_is_room(bench_run, tmp_path):
    named = results([0.5, 0.6], dataset="d" * 64, classifier="c" * 64)
    named.to_csv(tmp_path / "a.csv", index=False)
    path = tmp_path / "a.csv"
    lines = bench_run("compare", path, path, "--all")[1].splitlines()
    assert lines[2].split()[:2] == ["d" * 64, "c" * 64]


def test_every_row_of_the_seed_report_fits_80_characters(bench_run, monkeypatch):
    monkeypatch.setattr(
        "bench.cli.output.tables.output_console",
        lambda: Console(width=80, force_terminal=True, color_system=None),
    )
    code, out, _ = bench_run("check", SEED, SEED, "--all")
    lines = [line.rstrip() for line in out.splitlines()]
    assert code == 0
    assert lines[0] == "26 identical"
    first = "normal-100 SD 10 0.9901 0.9901 +0.0000 – identical"
    assert " ".join(lines[3].split()) == first
    assert lines[29].startswith("Held-out accuracy, of the same curves")
    assert max(map(len, lines)) <= 80


def test_what_is_identical_is_said_once(bench_run):
    code, out, err = bench_run("compare", SEED, SEED)
    assert (code, err) == (0, "")
    assert " ".join(out.split()) == (
        "26 identical (SD, SD-WGAN, CSD, MLP, KNN and 8 more × normal-100, "
        "uniform-100), equal in every repetition Held-out accuracy, of the same curves."
    )


def test_only_what_differs_is_listed(bench_run, tmp_path):
    base = [results([0.5, 0.6, 0.7], classifier=name) for name in ("A", "B", "C")]
    base.append(results([0.5, 0.6, 0.7], classifier="D"))
    worse = results([0.3, 0.4, 0.5], classifier="B")
    close = results([0.501, 0.601, 0.701], classifier="C")
    new = [base[0], worse, close, results([0.1], classifier="E")]
    paths = write(tmp_path, base=pd.concat(base), new=pd.concat(new))
    lines = [
        " ".join(line.split()) for line in bench_run("compare", *paths)[1].splitlines()
    ]
    assert lines[0] == "1 worse, 1 not comparable, 1 equivalent, 1 identical, 1 new"
    [row] = [line for line in lines if line.endswith(" worse")]
    assert row.startswith("grid B 3 0.6000 0.4000 -0.2000 [-0.20")
    assert lines[3:7] == [
        "1 equivalent (C × grid), largest difference 0.0010",
        "1 identical (A × grid), equal in every repetition",
        "not comparable: D on grid: missing cells: not in NEW",
        "new: E on grid: not in BASE",
    ]
    assert not [line for line in lines if line.startswith("grid A")]
    every = bench_run("compare", *paths, "--all")[1]
    rows = [line.split() for line in every.splitlines()]
    assert [row[1] for row in rows if row[:1] == ["grid"]] == list("ABCDE")
    text = bench_run("compare", *paths, "--markdown")[1]
    assert text.count("\n| grid") == 1
    assert "- 1 identical (A × grid)" in text


def test_reports_that_share_nothing_are_told_in_a_line(bench_run, tmp_path):
    paths = write(tmp_path, base=results([0.5], "a"), new=results([0.5], "b"))
    code, out, _ = bench_run("compare", *paths)
    assert code == 0
    assert " ".join(out.split()) == (
        "BASE and NEW share no classifier on the same dataset: BASE has 1 (KNN × a); "
        "NEW has 1 (KNN × b); compare two reports of one suite"
    )
    assert bench_run("check", *paths)[0::2] == (4, "")
    code, out, err = bench_run("check", *paths, "--json")
    assert (code, len(json.loads(out)["rows"])) == (4, 2)
    assert err.startswith("bench: BASE and NEW share no classifier")
    said = bench_run("compare", *paths, "--markdown")[1]
    assert said.startswith("BASE and NEW share no classifier")


def test_a_comparison_as_data_has_every_row(bench_run):
    out = bench_run("compare", SEED, SEED, "--format", "csv")[1]
    frame = pd.read_csv(io.StringIO(out), float_precision="round_trip")
    assert len(frame) == 26
    assert set(frame["verdict"]) == {"identical"}
    document = json.loads(bench_run("compare", SEED, SEED, "--format", "json")[1])
    assert [row["base"] for row in document["rows"]] == frame["base"].tolist()
    assert document == json.loads(bench_run("compare", SEED, SEED, "--json")[1])
    assert list(frame.columns) == list(document["rows"][0])


def write(folder, **frames):
    """Write sources; give their paths."""
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return [folder / f"{name}.csv" for name in frames]


def test_the_gate_of_noninferiority_has_three_answers(bench_run, tmp_path):
    base = [0.8035, 0.8120, 0.7985, 0.8015, 0.8090]
    gains = [0.0015, -0.0030, 0.0010, -0.0025, 0.0]
    new = [round(b + g, 4) for b, g in zip(base, gains, strict=True)]
    paths = write(tmp_path, base=results(base), new=results(new))
    for loss, code, verdict in (
        (0.02, 0, "noninferior"),
        (0.001, 4, "inconclusive"),
        (0, 4, "inconclusive"),
    ):
        found, out, err = bench_run("check", *paths, "--at-most-worse", loss, "--json")
        assert found == code
        document = json.loads(out)
        assert document["verdicts"] == {verdict: 1}
        assert document["at_most_worse"] == loss
        assert "margin" not in document
        assert err.startswith("bench: inconclusive: KNN on grid (-0.0006)") == bool(
            code
        )
    worse = write(tmp_path, worse=results([round(b - 0.05, 4) for b in new]))
    code, out, err = bench_run("check", paths[0], *worse, "--at-most-worse", 0.02)
    assert (code, err) == (1, "bench: worse: KNN on grid (-0.0506)\n")
    assert bench_run("check", *worse, paths[0], "--at-most-worse", 0)[0] == 0


def test_what_is_missing_stands_below_the_table(bench_run, tmp_path):
    paths = write(
        tmp_path,
        base=results([0.8035, 0.8120, 0.7985]),
        new=results([0.7935, 0.8230, 0.7975]),
    )
    code, out, err = bench_run("check", *paths)
    assert code == 4
    assert "inconclusive: KNN on grid (+0.0000): at this spread, about 11 rep" in out
    assert err.endswith("; more repetitions or a larger margin would tell\n")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--margin", "-1"], "expected a number from 0 up"),
        (["--margin", "nan"], "expected a number from 0 up"),
        (["--margin", "much"], "found 'much'"),
        (["--alpha", "1"], "expected a number between 0 and 1"),
        (["--json", "--markdown"], "not allowed with"),
        (["--at-most-worse", "-1"], "expected a number from 0 up"),
        (["--at-most-worse", "some"], "found 'some'"),
        (["--at-most-worse", ".02", "--margin", ".02"], "not allowed with"),
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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("profit",), "unknown metric 'profit'. Known: accuracy, "),
        (("a.profit",), "--metric: 'a.profit' does not tell which direction"),
        (("none.py:a_score",), "no file 'none.py'"),
        (("a/b.c_score",), "--metric: found 'a/b.c_score'; expected a dotted path"),
    ],
)
def test_a_metric_that_cannot_be_compared_is_refused(bench_run, options, said):
    code, _, err = bench_run("check", SEED, SEED, "--metric", *options)
    assert code == 2
    assert said in err


def test_a_column_of_a_report_is_compared_in_the_direction_that_is_given(
    bench_run, tmp_path
):
    for name, scores in {"a": [1.0, 2.0, 3.0], "b": [5.0, 6.0, 7.0]}.items():
        frame = results(scores).rename(columns={"test_accuracy": "test_cost"})
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    options = ("a.csv", "b.csv", "--metric", "cost")
    assert bench_run("check", *options, "--smaller-is-better")[0] == 1
    code, out, _ = bench_run("check", *options, "--larger-is-better")
    assert code == 0
    assert "1 better" in out
