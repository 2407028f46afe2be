import pytest

from bench.base import resources
from bench.cells.plan import make_plan
from bench.classifiers.class_paths import import_class
from bench.curves.library import load_library
from bench.suite.load import load_suite
from bench.suite.presets import PRESETS
from bench.suite.reference import load_reference

LIBRARIES = (resources.CHECKOUT / "docs" / "libraries.md").read_text("utf-8")
SUITES = (resources.CHECKOUT / "docs" / "running.md").read_text("utf-8")


@pytest.mark.parametrize(
    "path", sorted(resources.SUITES.glob("*.yaml")), ids=lambda p: p.stem
)
def test_every_suite_resolves_and_is_documented(path):
    suite = load_suite(path)
    plan = make_plan(suite)
    assert suite.name == path.stem
    assert len(plan.cells) > 0
    assert f"| `{path.stem}` |" in SUITES


@pytest.mark.parametrize(
    "path", sorted(resources.LIBRARIES.glob("*.lib")), ids=lambda p: p.stem
)
def test_every_library_parses(path):
    library = load_library(path.stem)
    assert f"| `{path.stem}` |" in LIBRARIES
    assert library.functions


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


def test_the_seed_suite_is_the_notebooks_protocol():
    suite = load_suite(resources.SUITES / "seed.yaml")
    assert suite.repetitions == 10
    assert len(suite.classifiers) == 13
    assert {d.id for d in suite.datasets} == set(
        load_reference("seed-notebook", resources.ROOT).datasets
    )
