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
    lines = bench_run("compare", tmp_path / "a.csv", tmp_path / "a.csv")[1].splitlines()
    assert lines[2].split()[:2] == ["d" * 64, "c" * 64]


def test_the_seed_report_fits_80_characters(bench_run, monkeypatch):
    monkeypatch.setattr(
        "bench.cli.tables.output_console",
        lambda: Console(width=80, force_terminal=True, color_system=None),
    )
    code, out, _ = bench_run("check", SEED, SEED)
    lines = [line.rstrip() for line in out.splitlines()]
    assert code == 0
    assert lines[0] == "26 identical"
    first = "normal-100 SD 10 0.9901 0.9901 +0.0000 – identical"
    assert " ".join(lines[3].split()) == first
    assert lines[29].startswith("Held-out accuracy (larger is better)")
    assert max(map(len, lines)) <= 80


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
