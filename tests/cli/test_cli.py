import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml_text

from bench.base import resources
from bench.cli import exit_codes
from bench.stats.scores import differences as compare
from bench.suite.load import find_suite

DATASET = yaml_text.SUITE["datasets"][0]


def test_run_writes_a_report_and_prints_the_table(write_suite, bench_run, tmp_path):
    code, out, _ = bench_run("run", write_suite(), "-j", 2)
    assert code == 0
    assert "held-out accuracy" in out
    folder = tmp_path / "reports" / "small"
    text = (folder / "README.md").read_text()
    assert "8 cells" in text
    assert "| KNN" in text
    assert len((folder / "results.csv").read_text().splitlines()) == 9
    for name in ("dataset-grid", "scores-1", "overfitting-1"):
        assert (folder / "figures" / f"{name}.svg").stat().st_size > 5000
        assert f"figures/{name}.svg" in text


def test_a_report_written_again_is_the_same(write_suite, bench_run, tmp_path):
    path = write_suite()
    bench_run("run", path)
    bench_run("report", path, "--out", "again")
    first = contents(tmp_path / "reports" / "small")
    assert {"README.md", "index.html", "tables.tex", "figures/scores-1.svg"} < set(
        first
    )
    assert contents(tmp_path / "again") == first


def test_a_second_run_changes_no_file_and_draws_nothing(
    write_suite, bench_run, tmp_path, monkeypatch
):
    path = write_suite()
    assert bench_run("run", path)[0] == 0
    first = contents(tmp_path)

    def refuse(*_args, **_kwargs):
        raise AssertionError("a figure or its curves were drawn again")

    monkeypatch.setattr("bench.report.figure_files.image_of", refuse)
    monkeypatch.setattr("bench.report.dataset_pictures.draw_class", refuse)
    monkeypatch.setattr("bench.report.dataset_pictures.draw_part", refuse)
    assert bench_run("run", path)[0] == 0
    assert contents(tmp_path) == first


def test_a_report_removes_the_figures_of_what_the_suite_lost(
    write_suite, bench_run, tmp_path
):
    folder = tmp_path / "reports" / "small" / "figures"
    grid = suite_with("grid")
    bench_run("run", write_suite(datasets=[*grid, *suite_with("other")]))
    assert (folder / "dataset-other.svg").exists()
    (folder / "mine.svg").write_text("<svg/>")
    bench_run("run", write_suite(datasets=grid))
    assert (folder / "dataset-grid.svg").exists()
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


def test_a_limited_run_prints_the_table_only(write_suite, bench_run, tmp_path):
    code, out, _ = bench_run("run", write_suite(), "-c", "KNN", "-d", "grid")
    assert code == 0
    assert "KNN" in out
    assert "GNB" not in out
    assert not (tmp_path / "reports").exists()


def test_a_dry_run_fits_nothing(write_suite, bench_run, tmp_path):
    code, out, _ = bench_run("run", write_suite(), "--dry-run")
    assert code == 0
    assert out == (
        "8 cells (1 datasets × 2 repetitions × 4 classifiers), 2 audits; 0 stored, "
        "10 to compute\n"
    )
    assert not (tmp_path / "data").exists()


def test_show_draws_every_dataset(write_suite, bench_run, tmp_path):
    code, out, _ = bench_run("show", write_suite(), "--out", "pictures")
    assert code == 0
    assert out.split() == ["pictures/figures/dataset-grid.svg"]
    assert (tmp_path / out.strip()).stat().st_size > 5000


def test_list_and_schema(bench_run):
    code, out, _ = bench_run("list")
    assert code == 0
    assert "SD-WGAN" in out
    assert "F11_v1" in out
    assert "  quick      A small run of the notebook's comparison, to see that" in out
    code, out, _ = bench_run("schema")
    assert code == 0
    assert json.loads(out)["properties"]["datasets"]


def test_a_list_fits_the_screen_and_says_what_each_name_is(
    bench_run, tmp_path, monkeypatch
):
    (tmp_path / "plain.lib").write_text("x[:,0]\n\nN0*x[:,0]  # a line\n")
    (tmp_path / "one.lib").write_text("x[:,0]\n")
    (tmp_path / "said.lib").write_text("# Lines, and\n#  more. No more.\nx[:,0]\n")
    monkeypatch.setattr("bench.base.resources.LIBRARIES", tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = bench_run("list")
    assert max(map(len, out.splitlines())) < 80
    assert "  one   1 function\n  plain 2 functions\n  said  Lines, and more.\n" in out
    for path in resources.SUITES.glob("*.yaml"):
        assert f"\n  {path.stem} " in out


def test_a_shipped_suite_is_found_by_its_name(bench_run, tmp_path, write_suite):
    code, out, _ = bench_run("run", "quick", "--dry-run")
    assert code == 0
    assert out.startswith("52 cells: 2 datasets")
    write_suite("quick.yaml")  # what lies in the folder comes first
    assert bench_run("run", "quick", "--dry-run")[1].startswith("8 cells")
    write_suite("quick", repetitions=1)  # and a path that exists before all
    assert bench_run("run", "quick", "--dry-run")[1].startswith("4 cells")


def test_a_folder_does_not_hide_a_shipped_suite(bench_run, tmp_path):
    (tmp_path / "quick").mkdir()
    assert bench_run("run", "quick", "--dry-run")[1].startswith("52 cells")


def test_an_unknown_suite_is_said_with_the_shipped_ones(bench_run):
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


def test_no_command_is_answered_by_the_help(bench_run, capfd):
    for arguments in ([], ["--debug"]):
        with pytest.raises(SystemExit) as stop:
            bench_run(*arguments)
        assert stop.value.code == 2
        assert "Run or resume a suite" in capfd.readouterr().err


def test_an_unknown_command_is_answered_by_the_nearest(bench_run, capfd):
    with pytest.raises(SystemExit) as stop:
        bench_run("--debug", "runn", "suite.yaml")
    assert stop.value.code == 2
    assert "unknown command 'runn' (did you mean 'run'?)" in capfd.readouterr().err


def test_a_run_says_what_it_does_and_what_to_open(write_suite, bench_run, tmp_path):
    code, out, err = bench_run("run", write_suite(classifiers=["GNB"]))
    assert code == 0
    assert out.splitlines()[-1] == "open reports/small/index.html"
    assert (tmp_path / "reports/small/index.html").is_file()
    assert "bench: writing the report…" in err


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_a_traceback_and_keeps_the_exit_code(bench_run, place):
    words = ["report", "none.yaml"]
    words.insert(0 if place == "before" else len(words), "--debug")
    code, _, err = bench_run(*words)
    assert code == 2
    assert "Traceback (most recent call last)" in err
    assert "bench: none.yaml: cannot be read" in err.splitlines()[-1]


class Strange(BaseException):
    """What a foreign package may define and raise."""

    def __str__(self):
        raise RuntimeError("not even this")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (ValueError("two\nlines"), "ValueError: two\\nlines"),
        (SystemExit(0), "SystemExit: 0"),
        (SystemExit(1), "SystemExit: 1"),
        (GeneratorExit(), "GeneratorExit"),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (ImportError("half a package"), "ImportError: half a package"),
        (Strange(), "Strange: (its text cannot be read)"),
        (MemoryError(), "out of memory; lower -j"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (ModuleNotFoundError("No m", name="nobody.x"), "lacks the package 'nobody'"),
        (ModuleNotFoundError("No b", name="bench.x"), "ModuleNotFoundError: No b"),
    ],
    ids=repr,
)
def test_whatever_escapes_is_one_line_and_exit_code_2(
    bench_run, monkeypatch, error, said
):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("bench.suite.schema.Suite.model_json_schema", fail)
    code, out, err = bench_run("schema")
    assert (code, out) == (2, "")
    assert said in err
    assert err.startswith("bench: ")
    assert err.count("\n") == 1


def test_an_interrupted_run_says_how_to_go_on(write_suite, bench_run, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.cells.plan.run_plan", interrupted)
    code, _, err = bench_run("run", write_suite())
    assert code == 130
    assert err.splitlines()[-1] == (
        "bench: interrupted; finished cells are kept; the same command goes on from "
        "there"
    )


def test_the_codes_of_a_gate_are_those_of_its_module():
    assert exit_codes.REGRESSION == compare.REGRESSION
    assert exit_codes.UNDECIDED == compare.UNDECIDED
    codes = {v for k, v in vars(exit_codes).items() if k.isupper() and k != "MEANINGS"}
    assert codes == set(exit_codes.MEANINGS)


def test_failed_cells_give_exit_code_3(write_suite, bench_run):
    broken = {"id": "QDA", "use": "KNN", "params": {"n_neighbors": 1000}}
    code, _, err = bench_run("run", write_suite(classifiers=["GNB", broken]))
    assert code == 3
    assert "2 cells are not done" in err


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classifiers": ["SVM"]}, "unknown classifier 'SVM'"),
        ({"clasifiers": []}, "did you mean 'classifiers'"),
        ({"repetitions": 0}, "repetitions"),
        ({"classifiers": ["KNN", "KNN"]}, "duplicate id 'KNN'"),
        ({"datasets": [DATASET | {"library": "F11_v2"}]}, "did you mean 'F11_v1'"),
        ({"datasets": [DATASET | {"library": "wrong"}]}, "wrong.lib:1: the gradient"),
        ({"datasets": [DATASET | {"library": "evil"}]}, "outside the grammar"),
        (
            {"datasets": [DATASET | {"inputs": {"kind": "file", "path": "no.csv"}}]},
            "no.csv",
        ),
        (
            {
                "datasets": [
                    DATASET | {"inputs": {"kind": "normal", "size": 9, "std": 0}}
                ]
            },
            "greater than 0",
        ),
        ({"reference": "nobody"}, "no reference 'nobody'"),
        ({"classifiers": [{"class": "no.such.Class"}]}, "cannot be imported"),
        ({"classifiers": [{"class": "sklearn.svm.SVX"}]}, "has no class 'SVX'"),
        ({"classifiers": [{"class": "sklearn.svm.SVR"}]}, "a regressor"),
        (
            {"classifiers": [{"use": "KNN", "params": {"n_neighbours": 3}}]},
            "did you mean 'n_neighbors'",
        ),
        (
            {"classifiers": [{"use": "KNN", "channels": ["gradient"]}]},
            "does not carry",
        ),
    ],
)
def test_bad_input_ends_at_once(write_suite, bench_run, tmp_path, changes, said):
    (tmp_path / "wrong.lib").write_text("x[:,0]**2;3*x[:,0]\n")
    (tmp_path / "evil.lib").write_text("__import__('os').getcwd()\n")
    code, out, err = bench_run("run", write_suite(**changes))
    assert code == 2
    assert said in err
    assert err.count("\n") == 1
    assert out == ""
    assert not (tmp_path / "data").exists()


def test_an_unknown_id_on_the_command_line(write_suite, bench_run):
    code, _, err = bench_run("run", write_suite(), "-c", "KN")
    assert code == 2
    assert "did you mean 'KNN'" in err


def test_a_report_of_nothing_is_refused(write_suite, bench_run):
    code, _, err = bench_run("report", write_suite())
    assert code == 2
    assert "nothing of the suite 'small' is stored" in err


def test_markup_in_an_id_is_escaped(write_suite, bench_run, tmp_path):
    entry = {"id": "<b>|x| $y", "use": "GNB"}
    dataset = DATASET | {"id": "a <i>"}
    path = write_suite(classifiers=[entry], datasets=[dataset])
    assert bench_run("run", path)[0] == 0
    text = (tmp_path / "reports" / "small" / "README.md").read_text()
    assert "<b>" not in text
    assert "&lt;b&gt;&#124;x&#124; $y" in text


@pytest.mark.parametrize(
    "command", ["--help", "list", "schema", "plan SUITE", "status SUITE --why",
                "run SUITE --dry-run"]
)  # fmt: skip
def test_torch_is_not_imported(command, write_suite, tmp_path):
    changed = {"use": "SD", "params": {"max_epochs": 5}}
    path = str(write_suite(classifiers=["SD-WGAN", changed, "CSD", "KNN"]))
    arguments = [path if word == "SUITE" else word for word in command.split()]
    heavy = {"torch", "skorch"}
    if command == "--help":
        heavy |= {"numpy", "pandas", "rich", "sklearn"}
    code = (
        "import sys; from bench.cli import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        f"sys.exit(bool({heavy!r} & sys.modules.keys()))"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, cwd=tmp_path
    )
