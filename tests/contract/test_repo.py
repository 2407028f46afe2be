import re
import shutil
import subprocess
from importlib.util import find_spec

import pytest

from bench.base import DatasetError, resources
from bench.cells.plan import make_plan
from bench.classifiers.class_paths import import_class
from bench.curves.library import load_library
from bench.suite.load import load_suite
from bench.suite.presets import PRESETS
from bench.suite.reference import load_reference

LIBRARIES = (resources.CHECKOUT / "docs" / "libraries.md").read_text("utf-8")
SUITES = (resources.CHECKOUT / "docs" / "running.md").read_text("utf-8")
ARCHITECTURE = (resources.CHECKOUT / "docs" / "architecture.md").read_text("utf-8")


@pytest.mark.skipif(
    shutil.which("git") is None or not (resources.CHECKOUT / ".git").exists(),
    reason="there is no git checkout here",
)
def test_the_top_level_holds_what_the_architecture_lists():
    listed = subprocess.run(
        ["git", "ls-files"],
        cwd=resources.CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    top = {path.partition("/")[0] for path in listed if path}
    rows = ARCHITECTURE.partition("## The repository")[2].partition("## ")[0]
    first = [row.split(" | ")[0] for row in rows.splitlines() if "| `" in row]
    named = {name for row in first for name in re.findall(r"`([\w.]+)/?`", row)}
    assert top == named


def test_no_folder_of_the_package_is_crowded():
    for folder in {path.parent for path in resources.PACKAGE.rglob("*.py")}:
        assert len(list(folder.glob("*.py"))) <= 18, folder  # __init__ and 17 modules
    assert {path.name for path in resources.PACKAGE.glob("*.py")} == {
        "__init__.py",
        "__main__.py",
        "pytest_plugin.py",
    }


@pytest.mark.parametrize(
    "path", sorted(resources.SUITES.glob("*.yaml")), ids=lambda p: p.stem
)
def test_every_suite_resolves_and_is_documented(path):
    suite = load_suite(path)
    assert suite.name == path.stem
    assert f"| `{path.stem}` |" in SUITES
    if path.stem == "recorded" and find_spec("aeon") is None:
        # Without aeon its curves are not there, which one line says.
        with pytest.raises(DatasetError, match="the package 'aeon' is missing") as said:
            make_plan(suite)
        assert "recorded.yaml:" in str(said.value)
        assert "make peers" in str(said.value)
        return
    assert len(make_plan(suite).cells) > 0


@pytest.mark.parametrize(
    "path", sorted(resources.LIBRARIES.glob("*.lib")), ids=lambda p: p.stem
)
def test_every_library_parses(path):
    library = load_library(path.stem)
    assert f"| `{path.stem}` |" in LIBRARIES
    assert library.functions


@pytest.mark.parametrize(
    "name",
    [  # aeon is of the extra `peers`, which `make test-slow` installs
        pytest.param(name, marks=pytest.mark.slow) if preset.wrap == "aeon" else name
        for name, preset in PRESETS.items()
    ],
)
def test_every_preset_can_be_built(name):
    preset = PRESETS[name]
    for class_path in preset.before:
        import_class(class_path)()
    import_class(preset.class_path)(**preset.params)


def test_the_seed_suite_is_the_notebooks_protocol():
    suite = load_suite(resources.SUITES / "seed.yaml")
    assert suite.repetitions == 10
    assert len(suite.classifiers) == 13
    assert {d.id for d in suite.datasets} == set(
        load_reference("seed-notebook", resources.ROOT).datasets
    )
