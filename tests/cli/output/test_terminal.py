import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.base import resources
from bench.cli.output.terminal import readable_streams, replaced

FULL = Path("/dev/full")


def bench(folder, *arguments, **environment):
    """Run a command as a process of its own; its output is bytes."""
    return subprocess.run(
        [sys.executable, "-m", "bench", *map(str, arguments)],
        cwd=folder,
        env=dict(os.environ) | environment,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("0.9±0.1 × – − → …", "ascii", "0.9+/-0.1 x - - -> ..."),
        ("0.9±0.1 × – − → …", "utf-8", "0.9±0.1 × – − → …"),
        ("0.9±0.1 × – − → …", "cp1252", "0.9±0.1 × – - -> …"),
        ("0.9±0.1 × – − → …", "latin-1", "0.9±0.1 × - - -> ..."),
        ("┏━┓┃ █", "ascii", "+-+| #"),
        ("┌─┐│ █", "cp437", "┌─┐│ █"),
        ("é ﬁ m²", "ascii", "e fi m^2"),
        ("β 漢 \udc80", "ascii", "\\u03b2 \\u6f22 \\udc80"),
        ("\udc80", None, "\\udc80"),
    ],
)
def test_characters_that_an_encoding_lacks_are_replaced(text, encoding, expected):
    assert replaced(text, encoding) == expected


def test_the_streams_are_restored(capfd):
    before = sys.stdout.errors, sys.stderr.errors
    with readable_streams():
        assert sys.stdout.errors == sys.stderr.errors == "bench.replace"
    assert (sys.stdout.errors, sys.stderr.errors) == before


C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize(
    ("environment", "plus_minus"),
    [
        pytest.param({"PYTHONIOENCODING": "cp1252"}, b"\xb1", id="cp1252"),
        pytest.param({"PYTHONIOENCODING": "ascii"}, b"+/-", id="ascii"),
        pytest.param({"PYTHONIOENCODING": "latin-1"}, b"\xb1", id="latin-1"),
        pytest.param({"PYTHONIOENCODING": "cp437"}, b"\xf1", id="cp437"),
        pytest.param(C_LOCALE, b"+/-", id="C"),
    ],
)
def test_a_run_is_whole_in_any_encoding(write_suite, tmp_path, environment, plus_minus):
    # The name of a dataset too, which is a stranger's: in no encoding of these.
    path = write_suite(classifiers=["GNB", "DT"])
    text = path.read_text("utf-8").replace("grid", "ﬁ→", 1)
    path.write_text(text, "utf-8")
    done = bench(tmp_path, "run", path, "-c", "GNB", **environment)
    assert done.returncode == 0, done.stderr
    assert re.search(rb"0\.[0-9]{3}" + re.escape(plus_minus), done.stdout)
    assert b"fi->" in done.stdout
    assert b"4 of 4 cells done, 0 failed" in done.stderr
    assert b"Traceback" not in done.stderr
    # The columns are in line: each ends where its header ends.
    header, row = done.stdout.splitlines()[1:3]
    assert len(header) == len(row)


def test_an_error_in_a_narrow_encoding_is_shown_too(tmp_path):
    done = bench(tmp_path, "run", "só→.yaml", PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert done.stderr.startswith(b"bench: so->.yaml: cannot be read")


@pytest.mark.skipif(os.name == "nt", reason="needs a shell of Unix")
@pytest.mark.parametrize(
    ("command", "printed", "code"),
    [
        ("-u -m bench list | true", [], 141),
        ("-u -m bench status quick | true", [], 141),  # a table, which rich writes
        ("-m bench status quick | true", [], 141),
        ("-m bench run none.yaml 2>&1 | true", [], 2),
    ],
)
def test_a_reader_that_ends_first_is_no_error(tmp_path, command, printed, code):
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} {command}; echo ${{PIPESTATUS[0]}}"],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [*printed, str(code)]


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
def test_a_full_disk_under_a_log_is_an_error_of_one_line(tmp_path):
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bench", "list"],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert re.fullmatch(r"bench: .*No space left on device\n", done.stderr)


def test_closed_streams_are_no_error(tmp_path):
    # As under pythonw, or a daemon: there is nowhere to print.
    code = (
        "import sys; sys.stdout = sys.stderr = None; from bench.cli import main; "
        "sys.exit(main(['status', 'quick']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    assert done.returncode == 0


def test_a_python_without_the_dependencies_is_told_what_to_run(tmp_path):
    # -S leaves out site-packages; the package itself is found by its path.
    environment = dict(os.environ) | {"PYTHONPATH": str(resources.CHECKOUT)}
    for arguments in (["run", "quick"], ["list"], ["schema"]):
        done = subprocess.run(
            [sys.executable, "-S", "-m", "bench", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        start = f"bench: {sys.executable} lacks the package '"
        assert done.stderr.startswith(start)
        assert "`make quick`" in done.stderr
        assert "`. .venv/bin/activate`" in done.stderr
        assert done.stderr.count("\n") == 1
    help_text = subprocess.run(
        [sys.executable, "-S", "-m", "bench", "--help"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=True,
    )
    assert b"Run or resume a suite" in help_text.stdout
