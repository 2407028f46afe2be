"""The content of a wheel, and commands with it in an empty folder.

A run and the gate with a wheel in a new environment are in `test_fresh_clone.py`.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bench.base import resources


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build a wheel from a copy of the checkout, and unpack it as pip would."""
    source = tmp_path_factory.mktemp("source")
    for name in ("bench", "funs", "suites", "data/reference"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(resources.CHECKOUT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(resources.CHECKOUT / name, source)
    published = source / "reports" / "published" / "quick"
    (published / "figures").mkdir(parents=True)
    for name in ("results.csv", "README.md", "figures/scores.svg"):
        (published / name).write_text("suite,dataset\n")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = (source / "dist").glob("*.whl")
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def python(site, folder, *words):
    """Run Python in a folder, with the wheel before all else on its path."""
    return subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=folder,
        env=dict(os.environ) | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_wheel_ships_what_is_found_by_name(installed):
    shipped = installed / "bench" / "shipped"
    found = {str(p.relative_to(shipped)) for p in shipped.rglob("*") if p.is_file()}
    expected = {
        str(path.relative_to(resources.CHECKOUT))
        for folder in (resources.LIBRARIES, resources.SUITES, resources.REFERENCES)
        for path in folder.iterdir()
    }
    # Of a published report the scores alone, which a run is compared with.
    assert found == expected | {str(Path("reports/published/quick/results.csv"))}


def test_a_wheel_works_in_an_empty_folder(installed, tmp_path):
    done = python(installed, tmp_path, "-m", "bench", "run", "quick", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("52 cells")
    done = python(installed, tmp_path, "-m", "bench", "run", "quik")
    assert done.returncode == 2
    assert "did you mean 'quick'" in done.stderr
    assert str(installed / "bench" / "shipped" / "suites") in done.stderr
    assert not list(tmp_path.iterdir())
