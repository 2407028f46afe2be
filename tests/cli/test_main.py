import subprocess
import sys

import pytest

from bench.cli import exit_codes
from bench.compare import differences


def test_without_a_command_the_help_is_printed(bench_run, capfd):
    for arguments in ([], ["--debug"]):
        with pytest.raises(SystemExit) as stop:
            bench_run(*arguments)
        assert stop.value.code == 2
        assert "Run or resume a suite" in capfd.readouterr().err


def test_an_unknown_command_is_refused_with_the_nearest_name(bench_run, capfd):
    with pytest.raises(SystemExit) as stop:
        bench_run("--debug", "runn", "suite.yaml")
    assert stop.value.code == 2
    assert "unknown command 'runn' (did you mean 'run'?)" in capfd.readouterr().err


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_a_traceback_and_keeps_the_exit_code(bench_run, place):
    words = ["report", "none.yaml"]
    words.insert(0 if place == "before" else len(words), "--debug")
    code, _, err = bench_run(*words)
    assert code == 2
    assert "Traceback (most recent call last)" in err
    assert "bench: none.yaml: cannot be read" in err.splitlines()[-1]


class Strange(BaseException):
    """An exception whose text cannot be read."""

    def __str__(self):
        raise RuntimeError("not even this")


@pytest.mark.parametrize(
    ("error", "message"),
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
def test_any_exception_is_one_line_and_exit_code_2(
    bench_run, monkeypatch, error, message
):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("bench.suite.schema.Suite.model_json_schema", fail)
    code, out, err = bench_run("schema")
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("bench: ")
    assert err.count("\n") == 1


def test_the_exit_codes_of_the_gate_are_those_of_compare():
    assert exit_codes.REGRESSION == differences.REGRESSION
    assert exit_codes.UNDECIDED == differences.UNDECIDED
    codes = {v for k, v in vars(exit_codes).items() if k.isupper() and k != "MEANINGS"}
    assert codes == set(exit_codes.MEANINGS)


@pytest.mark.parametrize(
    "command", ["--help", "list", "schema", "plan SUITE", "status SUITE",
                "status SUITE --why",
                "run SUITE --dry-run"]
)  # fmt: skip
def test_torch_is_not_imported(command, write_suite, tmp_path):
    changed = {"use": "SD", "params": {"max_epochs": 5}}
    path = str(write_suite(classifiers=["SD-WGAN", changed, "CSD", "KNN"]))
    arguments = [path if word == "SUITE" else word for word in command.split()]
    heavy = {"torch", "skorch"}
    if command == "status SUITE":
        heavy |= {"pandas", "scipy.stats"}
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


def test_a_table_needs_no_package_that_draws_or_tests():
    # Each of these takes a quarter of a second and more.
    heavy = {"matplotlib", "seaborn", "statsmodels", "scipy.stats", "sklearn.base"}
    modules = "bench.cli.output.console", "bench.analysis.findings", "bench.engines.run"
    code = (
        "import sys, importlib\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        f"sys.exit(', '.join({heavy!r} & sys.modules.keys()) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_text_is_kept_as_python_does_also_beside_pyarrow(bench_run):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    before = pd.get_option("mode.string_storage")
    pd.set_option("mode.string_storage", "pyarrow")
    try:
        assert bench_run("compare", "no.csv", "none.csv")[0] == 2
        assert pd.DataFrame({"text": ["\ud800"]})["text"][0] == "\ud800"
    finally:
        pd.set_option("mode.string_storage", before)
