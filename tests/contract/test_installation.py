"""What the Makefile installs, what is pinned for it, and what git ignores of a run."""

import os
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pins
import pytest
from packaging.requirements import Requirement

FILES = ("Makefile", "pyproject.toml", "constraints.txt", ".gitignore")


@pytest.fixture
def checkout(tmp_path):
    """Commit the files that the Makefile reads to a repository of their own."""
    for name in FILES:
        shutil.copy(pins.ROOT / name, tmp_path)
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "seed.yaml").write_text("name: seed\n")
    (tmp_path / "suites" / "search.yaml").write_text("name: search\nstudy:\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    who = ("-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgSign=false")
    git(tmp_path, *who, "commit", "--quiet", "--message", "m")
    return tmp_path


def git(folder, *arguments):
    subprocess.run(["git", *arguments], cwd=folder, check=True, timeout=60)


def make(folder, *arguments, **variables):
    """Run make, without what a make around it or the caller's shell would tell it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    kept = {k: v for k, v in kept.items() if k not in {"TORCH", "SUITE", "STORE"}}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=kept | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )


def installs(folder, *arguments):
    """Return the pip commands that make would run."""
    done = make(folder, "--dry-run", *arguments)
    assert done.returncode == 0, done.stderr
    commands = done.stdout.replace("\\\n", " ").splitlines()
    return [command for command in commands if "pip install" in command]


@pytest.mark.parametrize("target", ["run", "quick"])
def test_a_run_installs_what_it_needs_and_no_extra(checkout, target):
    first, second = installs(checkout, target)
    assert "hatchling editables" in first
    assert second.endswith("-e .")


@pytest.mark.parametrize("target", ["test", "lint", "bench", "test-slow"])
def test_tests_and_lint_install_the_extra_dev_beside_it(checkout, target):
    commands = installs(checkout, target)
    assert commands[1].endswith("-e .")
    assert sum("'.[dev]'" in command for command in commands) == 1


@pytest.mark.parametrize(
    "target", ["quick", "test", "peers", "bench-peers", "test-slow"]
)
def test_everything_is_installed_in_pinned_versions_from_wheels(checkout, target):
    commands = installs(checkout, target)
    assert commands
    for command in commands:
        assert "--only-binary=:all:" in command
        assert "-c constraints.txt" in command
        assert "--no-build-isolation" in command or "-e" not in command.split()


def test_a_wheel_of_torch_is_installed_before_what_needs_it(checkout):
    wheel = "some folder/torch.whl"
    first, second = installs(checkout, "quick", f"TORCH={wheel}")
    assert f"'{wheel}'" in first
    assert second.endswith("-e .")
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / ".installed").touch()
    assert installs(checkout, "quick") == []
    assert f"'{wheel}'" in installs(checkout, "quick", f"TORCH={wheel}")[0]


def test_too_old_a_python_is_named_before_anything_is_installed(checkout):
    old = checkout / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1\nexit 1\n')
    old.chmod(0o755)
    done = make(checkout, "quick", PYTHON="./old-python")
    assert done.returncode == 2
    assert "./old-python is Python 3.9.1; expected Python 3.11" in done.stderr
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize("python", [None, "3.11", "3.12", "3.13"])
def test_every_runtime_dependency_is_pinned(python):
    pinned = pins.read_pins(pins.ROOT / "constraints.txt")
    needed = pins.closure(pins.requirements(), python)
    assert {"numpy", "torch", "scikit-learn"} < needed
    assert sorted(needed - set(pinned)) == []


def test_every_dependency_of_tests_and_lint_is_pinned():
    pinned = pins.read_pins(pins.ROOT / "constraints.txt")
    needed = pins.closure([*pins.requirements("dev"), *pins.BUILD])
    assert {"pytest", "dask", "optuna", "hatchling"} < needed
    assert sorted(needed - set(pinned)) == []


def test_every_dependency_of_the_compared_tools_is_pinned():
    pinned = pins.read_pins(pins.ROOT / "constraints.txt")
    pinned |= pins.read_pins(pins.ROOT / "peers.txt")
    try:
        needed = pins.closure(pins.requirements("bench-peers"))
    except PackageNotFoundError as missing:
        pytest.skip(f"{missing.name} is not installed; .ci/run tests it")
    assert "benchopt" in needed
    assert sorted(needed - set(pinned)) == []


def test_no_pin_is_without_use():
    try:
        assert pins.unused_pins() == []
    except PackageNotFoundError as missing:
        pytest.skip(f"{missing.name} is not installed; .ci/run asks this at its end")


def test_a_pin_without_use_and_a_dependency_without_pin_are_found(
    tmp_path, monkeypatch, capsys
):
    for name in FILES:
        shutil.copy(pins.ROOT / name, tmp_path)
    lines = (pins.ROOT / "constraints.txt").read_text().splitlines()
    lines = [line for line in lines if not line.startswith("numpy==")]
    (tmp_path / "constraints.txt").write_text("\n".join([*lines, "forgotten==1"]))
    monkeypatch.setattr(pins, "ROOT", tmp_path)
    monkeypatch.setattr(pins, "pinned_extras", lambda: ["dev"])
    assert "forgotten" in pins.unused_pins()
    monkeypatch.setattr("sys.argv", ["pins.py"])
    assert pins.main() == 2
    assert "no pin of numpy; expected" in capsys.readouterr().err


def test_the_peers_are_pinned_once_and_as_the_extra_asks():
    pinned = pins.read_pins(pins.ROOT / "constraints.txt")
    peers = pins.read_pins(pins.ROOT / "peers.txt")
    assert set(pinned) & set(peers) == set()
    for line in pins.requirements("peers"):
        wanted = Requirement(line)
        version = peers[pins.canonical(wanted.name)].partition("==")[2]
        assert wanted.specifier.contains(version), line


@pytest.mark.parametrize(
    "path",
    [
        ".venv/bin/python",
        "bench.json",
        "peers.json",
        "data/cache/pools/a.npz",
        "data/store/ab/cd.json",
        "data/studies.db",
        "data/studies.db-journal",
        "out/SD/card.json",
        "reports/quick/index.html",
        "reports/seed/figures/scores-1.svg",
    ],
)
def test_what_commands_write_by_default_is_ignored(checkout, path):
    target = checkout / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch()
    assert status(checkout) == ""


def test_published_reports_are_not_ignored(checkout):
    folder = checkout / "reports" / "published" / "seed"
    folder.mkdir(parents=True)
    (folder / "README.md").touch()
    assert status(checkout) == "?? reports/\n"


def status(folder: Path) -> str:
    """Return what git sees beside the commit."""
    command = ["git", "status", "--porcelain"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0
    return done.stdout


@pytest.mark.parametrize(
    ("suite", "command"), [("seed", "run -j 3 "), ("search", "study ")]
)
def test_publish_writes_to_the_published_reports(checkout, suite, command):
    stub = checkout / ".venv" / "bin" / "python"
    stub.parent.mkdir(parents=True)
    stub.write_text('#!/bin/sh\necho "ran: $*"\n')
    stub.chmod(0o755)
    for stamp in (".installed", ".installed-dev"):
        (checkout / ".venv" / stamp).touch()
    done = make(checkout, "publish", f"SUITE={suite}", "STORE=a store", "JOBS=3")
    assert done.returncode == 0, done.stderr
    assert (
        f"ran: -m bench {command}suites/{suite}.yaml "
        f"--out reports/published/{suite} --store a store\n"
    ) in done.stdout


@pytest.mark.parametrize("arguments", [(), ("SUITE=nothing",)])
def test_publish_wants_the_name_of_a_suite(checkout, arguments):
    done = make(checkout, "publish", *arguments)
    assert done.returncode == 2
    assert "expected the name of a file of suites/" in done.stderr.splitlines()[0]


def test_publish_refuses_a_changed_checkout(checkout):
    (checkout / "reports" / "published" / "hard").mkdir(parents=True)
    (checkout / "reports" / "published" / "hard" / "README.md").touch()
    assert make(checkout, "clean-checkout", "SUITE=seed").returncode == 0
    (checkout / "new.py").touch()
    done = make(checkout, "publish", "SUITE=seed")
    assert done.returncode == 2
    assert "the checkout differs from its commit" in done.stderr.splitlines()[0]
    assert "new.py" in done.stderr.splitlines()[0]
    assert not (checkout / ".venv").exists()
