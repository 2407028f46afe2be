import argparse
from pathlib import Path

import pytest
import stored
import yaml_text
from recorded_files import recorded, write_curves

from bench.base import resources
from bench.cells.plan import make_plan
from bench.cli.arguments import folder, needs_folder, number, report_folder
from bench.store.store import Store
from bench.suite.changes import Change
from bench.suite.load import find_suite, load_suite


def test_a_shipped_suite_is_found_by_its_name(bench_run, tmp_path, write_suite):
    code, out, _ = bench_run("run", "quick", "--dry-run")
    assert code == 0
    assert out.startswith("52 cells (2 datasets")
    write_suite("quick.yaml")  # what lies in the folder comes first
    assert bench_run("run", "quick", "--dry-run")[1].startswith("8 cells")
    write_suite("quick", repetitions=1)  # and a path that exists before all
    assert bench_run("run", "quick", "--dry-run")[1].startswith("4 cells")


def test_a_folder_does_not_hide_a_shipped_suite(bench_run, tmp_path):
    (tmp_path / "quick").mkdir()
    assert bench_run("run", "quick", "--dry-run")[1].startswith("52 cells")


def test_an_unknown_suite_is_refused_with_the_shipped_names(bench_run):
    for name in ("quik", "suites/quik.yaml"):
        code, _, err = bench_run("run", name)
        assert code == 2
        assert err.startswith(f"bench: {name}: cannot be read (No such file")
        assert "shipped suite (did you mean 'quick'?): extensions, hard, " in err
        assert f"(in {resources.SUITES})" in err
        assert err.count("\n") == 1


def test_a_shipped_suite_has_a_short_path_in_its_checkout(monkeypatch):
    monkeypatch.chdir(resources.CHECKOUT)
    assert find_suite("quick") == Path("suites/quick.yaml")
    assert find_suite(resources.SUITES / "quick.yaml").is_absolute()


@pytest.mark.parametrize("text", ["1", "16", "1024"])
def test_a_number_from_1_to_1024_is_taken(text):
    assert number(text) == int(text)


@pytest.mark.parametrize("text", ["0", "1025", "-1", "1.0", "two", "", "9" * 5000])
def test_any_other_number_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected a whole number"):
        number(text)


def test_a_folder_exists_or_can_be_created(tmp_path):
    assert folder(str(tmp_path)) == tmp_path
    assert folder(str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(argparse.ArgumentTypeError, match=r"file' \(a file\)"):
            folder(str(path))
    with pytest.raises(argparse.ArgumentTypeError, match="File name too long"):
        folder(str(tmp_path / ("n" * 5000)))


def test_options_change_a_suite_and_its_report_needs_a_folder(
    bench_run, write_suite, tmp_path
):
    path = write_suite(classifiers=["GNB", "KNN"], audits=False)
    store = Store(tmp_path / "data" / "store")
    stored.put_cells(make_plan(load_suite(path, [Change.of_repetitions(1)])), store)
    change = ["--set", "datasets.grid.train=31"]
    assert bench_run("run", path, "-n", 1, *change, "--dry-run")[1] == (
        "2 cells (1 dataset × 1 repetition × 2 classifiers); 0 stored, 2 to compute\n"
    )
    # Those of one repetition are among those of all.
    out = bench_run("run", path, "--dry-run")[1]
    assert "; 2 stored, 2 to compute" in out
    code, out, err = bench_run("run", path, "-n", 1)
    assert code == 0
    assert "held-out accuracy" in out
    assert "bench: no report is written of a changed suite; --out DIR" in err
    for options in (change, ["-n", 1]):
        for command in ("report", "show"):
            code, out, err = bench_run(command, path, *options)
            assert (code, out) == (2, "")
            assert "would replace that of the whole one in reports/small" in err
            assert err.startswith(f"bench: {' '.join(map(str, options))}: ")
    named = ["--set", "name=other", "-n", 1, "--no-report"]
    assert bench_run("run", path, *named)[0] == 0
    assert not (tmp_path / "reports").exists()


def test_a_changed_suite_has_a_report_of_its_own(write_suite):
    path = write_suite()
    for texts, needed in (
        ([], False),
        (["stats.margin=0.3"], True),
        (["name=other", "stats.margin=0.3"], False),
    ):
        suite = load_suite(path, [Change.parse(text) for text in texts])
        options = argparse.Namespace(out=None)
        assert needs_folder(suite) == needed
        if not needed:
            assert report_folder(options, suite) == Path("reports") / suite.name
        options.out = Path("mine")
        assert report_folder(options, suite) == Path("mine")


def test_an_error_of_a_changed_suite_names_the_change(bench_run, write_suite):
    path = write_suite()
    code, _, err = bench_run("plan", path, "--set", "datasets.0.library=F11_v2")
    assert code == 2
    assert "did you mean 'F11_v1'" in err
    assert err.endswith(" (with --set datasets.0.library=F11_v2)\n")
    code, _, err = bench_run("status", path, "--set", "repetitions=x")
    assert err.startswith("bench: --set repetitions=x: repetitions: found")
    assert "(with" not in err
    for text in ("train", "=5"):
        code, out, err = bench_run("run", path, "--set", text)
        assert (code, out) == (2, "")
        assert "expected KEY=VALUE" in err


def test_terminal_words_are_of_the_splits_of_recorded_curves(tmp_path, bench_run):
    write_curves(tmp_path / "a.npz")
    datasets = [
        recorded("a.npz", split={"resample": 4}),
        recorded("a.npz", split={"folds": 3}) | {"id": "cv"},
    ]
    path = tmp_path / "mine.yaml"
    text = yaml_text.suite_text(
        datasets=datasets, repetitions=None, classifiers=["KNN", "CHANCE"], audits=False
    )
    path.write_text(text)
    code, out, err = bench_run("run", path, "--dry-run")
    assert (code, err) == (0, "")
    assert out.startswith("14 cells (2 datasets × 3 to 4 repetitions × 2 classifiers);")
    code, out, err = bench_run("run", path, "-n", 2, "--dry-run")
    assert out.startswith("10 cells (2 datasets × 2 to 3 repetitions × 2 classifiers);")
    assert "-n 2 leaves cv alone: its split sets the repetitions" in err
    code, out, err = bench_run("plan", path)
    assert code == 0
    assert "too few datasets for tests across them: 1 set of recorded curves" in out
