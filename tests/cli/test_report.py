import csv
import itertools
import re

import yaml_text

DATASET = yaml_text.SUITE["datasets"][0]


def test_a_report_written_again_is_the_same(write_suite, bench_run, tmp_path):
    path = write_suite()
    bench_run("run", path)
    bench_run("report", path, "--out", "reports/again")
    first = contents(tmp_path / "reports" / "small")
    files = {"README.md", "index.html", "page.json", "tables.tex", "results.csv"}
    assert files | {"figures/scores-grid.png", "figures/scores-grid.svg"} < set(first)
    assert contents(tmp_path / "reports" / "again") == first


def test_a_report_removes_figures_of_a_removed_dataset(
    write_suite, bench_run, tmp_path
):
    folder = tmp_path / "reports" / "small" / "figures"
    grid = suite_with("grid")
    bench_run("run", write_suite(datasets=[*grid, *suite_with("other")]))
    assert (folder / "curves-other.svg").exists()
    (folder / "mine.svg").write_text("<svg/>")
    bench_run("run", write_suite(datasets=grid))
    assert (folder / "curves-grid.svg").exists()
    assert not list(folder.glob("*-other.svg"))
    assert (folder / "mine.svg").exists()


def suite_with(name):
    """Return the suite's dataset under another id."""
    return [DATASET | {"id": name}]


def contents(folder):
    """Return what lies in a folder: path → bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_report_without_results_is_refused(write_suite, bench_run):
    code, _, err = bench_run("report", write_suite())
    assert code == 2
    assert "found no result of the suite 'small'" in err


def test_an_id_is_neither_markup_nor_a_formula(write_suite, bench_run, tmp_path):
    entry = {"id": "=<b>|x| $y", "use": "GNB"}
    dataset = DATASET | {"id": "-a <i>"}
    path = write_suite(classifiers=[entry], datasets=[dataset])
    code, _, err = bench_run("run", path)
    assert code == 0, err
    report = tmp_path / "reports" / "small"
    text = (report / "README.md").read_text()
    assert not re.search(r"(?<!\\)<[bi]>", text)
    assert r"| =\<b>\|x\| $y " in text
    for table in report.glob("*.csv"):
        with table.open(encoding="utf-8", newline="") as stream:
            for field in itertools.chain.from_iterable(csv.reader(stream)):
                is_number = re.fullmatch(r"-?\d*\.?\d+(?:e[-+]?\d+)?", field)
                assert is_number or not re.match(r"[\"\s]*[=+@-]", field), table
    code, out, _ = bench_run("compare", report, tmp_path / "data" / "store")
    assert code == 0
    assert "1 identical" in out


CODE = "def share_score(y_true, y_pred):\n    return float((y_true == y_pred).mean())\n"


def test_a_run_computes_a_function_and_a_report_runs_it_only_if_asked(
    write_suite, bench_run, tmp_path
):
    code = tmp_path / "my metrics.py"
    code.write_text(CODE)
    metrics = ["./my metrics.py:share_score", "accuracy"]
    path = write_suite(classifiers=["KNN"], audits=False, metrics=metrics)
    exit_code, out, err = bench_run("run", path, "--no-report", "--format", "csv")
    assert exit_code == 0, err
    [row] = csv.DictReader(out.splitlines())
    assert row["test_share_score_mean"] == row["test_accuracy_mean"]
    assert row["train_share_score_mean"] == row["train_accuracy_mean"]
    # From now on, who imports it is found out.
    code.write_text(f"open('imported', 'w').close()\n{CODE}")
    exit_code, _, err = bench_run("report", path)
    assert exit_code == 0, err
    assert "by another version of their code: share_score; a run of the suite" in err
    report = tmp_path / "reports" / "small"
    readme = (report / "README.md").read_text()
    assert "Not computed from these results: share score" in readme
    assert "held-out share score" in readme
    for command in (
        ("compare", report, report, "--metric", "share_score"),
        ("status", path),
        ("merge", "data/store", "--store", "other"),
    ):
        exit_code, _, err = bench_run(*command)
        assert exit_code == 0, err
    assert not (tmp_path / "imported").exists()
    exit_code, _, err = bench_run("report", path, "--metric", "share_score")
    assert exit_code == 0, err
    assert (tmp_path / "imported").exists()
    with (report / "results.csv").open() as stream:
        [first, *_] = csv.DictReader(stream)
    assert first["test_share_score"] == first["test_accuracy"]
