import re

import pytest

from bench import resources
from bench.class_paths import import_class
from bench.cli.main import make_parser
from bench.library import load_library
from bench.presets import PRESETS
from bench.reference import load_reference
from bench.runner import make_plan
from bench.suite import load_suite

README = (resources.CHECKOUT / "README.md").read_text()


@pytest.mark.parametrize(
    "path", sorted(resources.SUITES.glob("*.yaml")), ids=lambda p: p.stem
)
def test_every_suite_resolves_and_is_named_in_the_readme(path):
    suite = load_suite(path)
    plan = make_plan(suite)
    assert suite.name == path.stem
    assert len(plan.cells) > 0
    assert f"suites/{path.name}" in README


@pytest.mark.parametrize(
    "path", sorted(resources.LIBRARIES.glob("*.lib")), ids=lambda p: p.stem
)
def test_every_library_parses(path):
    library = load_library(path.stem)
    assert f"`{path.stem}`" in (resources.LIBRARIES / "README.md").read_text()
    assert library.functions


def test_every_preset_is_named_in_the_readme():
    assert [name for name in PRESETS if f"`{name}`" not in README] == []


@pytest.mark.parametrize(
    "name",
    [  # MRH needs the extra `peers`, which `make test-slow` installs
        pytest.param(name, marks=pytest.mark.slow) if name == "MRH" else name
        for name in PRESETS
    ],
)
def test_every_preset_can_be_built(name):
    preset = PRESETS[name]
    for class_path in preset.before:
        import_class(class_path)()
    import_class(preset.class_path)(**preset.params)


def test_every_command_is_named_in_the_readme():
    commands = make_parser()._subparsers._group_actions[0].choices
    for command in commands:
        assert f"bench {command}" in README


def test_every_module_is_named_in_the_readme():
    for path in resources.PACKAGE.glob("[!_]*.py"):
        assert f"`{path.stem}`" in README


def test_the_seed_suite_is_the_notebooks_protocol():
    suite = load_suite(resources.SUITES / "seed.yaml")
    assert suite.repetitions == 10
    assert len(suite.classifiers) == 13
    assert {d.id for d in suite.datasets} == set(
        load_reference("seed-notebook", resources.ROOT).datasets
    )


def test_links_of_the_readme_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (resources.CHECKOUT / target).exists()


def test_the_table_of_the_readme_is_that_of_the_report():
    report = (
        resources.CHECKOUT / "reports" / "published" / "seed" / "README.md"
    ).read_text()
    rows = [line for line in README.splitlines() if "±" in line and line[0] == "|"]
    assert len(rows) == 26
    assert set(rows) <= set(report.splitlines())


def test_the_python_of_the_readme_runs(capsys, monkeypatch, tmp_path):
    # The others are run by test_export.py and test_check_fixture.py.
    first, second, _, _ = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(resources.CHECKOUT)
    exec(compile(first, "README.md", "exec"), {})
    score, loss = map(float, capsys.readouterr().out.split())
    assert score > 0.6
    assert loss < 0.6
    monkeypatch.chdir(tmp_path)
    exec(compile(second, "README.md", "exec"), {})
    for name in ("symbolic.bin", "neural.bin"):
        assert (tmp_path / name).stat().st_size == 10_000 * 100 * 8
