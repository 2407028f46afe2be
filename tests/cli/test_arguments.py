import argparse
from pathlib import Path

import pytest

from bench.base import resources
from bench.cli.arguments import folder, number
from bench.suite.load import find_suite


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
