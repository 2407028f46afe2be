"""What a new user does first: the README's commands in a fresh clone, and the wheel."""

import hashlib
import os
import shutil
import subprocess
import sys

import pytest

from bench.base import resources

pytestmark = pytest.mark.slow
HOUR = 3600


def run(folder, home, *command):
    """Run a command as a user who has nothing cached; return what it printed."""
    hidden = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in hidden
        and not name.startswith(("MAKE", "MFLAGS", "XDG_", "COV_"))
    }
    fresh = {"HOME": str(home), "PIP_NO_CACHE_DIR": "1", "PYTHON": sys.executable}
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=kept | fresh,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HOUR,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def state(folder):
    """Return the hash of each file in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def times(folder):
    """Return when each file in a folder was written, to the nanosecond."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("target", ["quick", "run"])
def test_a_command_in_a_fresh_clone_leaves_it_clean_and_is_done_once(target, tmp_path):
    clone, home = tmp_path / "clone", tmp_path / "home"
    home.mkdir()
    run(tmp_path, home, "git", "clone", "--quiet", resources.CHECKOUT, clone)
    run(clone, home, "make", target)
    assert run(clone, home, "git", "status", "--porcelain") == ""
    store, reports = clone / "data" / "store", clone / "reports"
    first = state(store), state(reports)
    written = times(store)
    assert first[0]
    name = {"quick": "quick", "run": "seed"}[target]
    assert (reports / name / "index.html").is_file()

    run(clone, home, "make", target)
    assert run(clone, home, "git", "status", "--porcelain") == ""
    assert times(store) == written  # nothing was computed, nor stored again
    assert (state(store), state(reports)) == first


def test_the_wheel_works_from_an_empty_folder(tmp_path):
    home, wheels, venv = tmp_path / "home", tmp_path / "wheels", tmp_path / "venv"
    home.mkdir()
    pip = (sys.executable, "-m", "pip")
    build = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels)
    run(tmp_path, home, *pip, *build, resources.CHECKOUT)
    [wheel] = wheels.iterdir()
    run(tmp_path, home, sys.executable, "-m", "venv", venv)
    bench, python = venv / "bin" / "bench", venv / "bin" / "python"
    install = ("-m", "pip", "install", "--only-binary=:all:")
    pins = ("-c", resources.CHECKOUT / "constraints.txt")
    run(tmp_path, home, python, *install, *pins, wheel, "pytest")

    folder = tmp_path / "empty"
    folder.mkdir()
    assert "families20" in run(folder, home, bench, "list")
    assert '"$defs"' in run(folder, home, bench, "schema")
    assert "open reports/quick/index.html" in run(folder, home, bench, "run", "quick")
    assert (folder / "reports" / "quick" / "index.html").is_file()
    example = resources.CHECKOUT / "examples" / "test_neighbours.py"
    shutil.copy(example, folder)
    assert "1 passed" in run(folder, home, python, "-m", "pytest", example.name)
