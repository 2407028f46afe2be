"""The documentation names all that a user can type, and its examples work."""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

import bench
from bench.base import resources
from bench.cells.plan import make_plan
from bench.cli.exit_codes import MEANINGS
from bench.cli.main import make_parser
from bench.compare.differences import VERDICTS
from bench.engines.config import make_engine
from bench.stats.metrics import METRICS
from bench.stats.within_dataset import DOES_NOT, UNCLEAR, WORKS
from bench.store.result import STATUSES
from bench.suite.load import load_suite
from bench.suite.presets import PRESETS
from bench.suite.reference import load_reference

ROOT = resources.CHECKOUT
PAGES = sorted((ROOT / "docs").glob("*.md"))
README = (ROOT / "README.md").read_text("utf-8")
ALL = README + "".join(page.read_text("utf-8") for page in PAGES)
PUBLISHED = ROOT / "reports" / "published"
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
# A suite to which a page's fragments are added.
BASE = {
    "version": 1,
    "name": "page",
    "repetitions": 1,
    "datasets": [
        {
            "id": "grid",
            "library": "F11_v1",
            "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 20},
            "train": 20,
            "test": 20,
        }
    ],
    "classifiers": ["RF"],
}
SLOW = {"clusters.md", "export.md", "running.md", "study.md"}
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SAVED = re.compile(r"Save this as\s+`([\w./-]+)`:\s*\Z")
_SHIPPED = re.compile(r"This is\s+`(examples/[\w.-]+)`:\s*\Z")


def tool(name):
    """Import a script of docs/tools/."""
    spec = importlib.util.spec_from_file_location(
        name, ROOT / "docs" / "tools" / f"{name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate_docs = tool("generate_docs")


def commands():
    """Name → parser of every command."""
    return dict(generate_docs.commands_of(make_parser()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_generated_parts_of_a_page_are_up_to_date(page):
    text = page.read_text("utf-8")
    assert generate_docs.generated(text) == text, (
        "run python docs/tools/generate_docs.py"
    )


def test_every_generated_part_stands_on_a_page():
    for name in generate_docs.PARTS:
        assert ALL.count(f"<!-- generated: {name} -->") == 1


def test_every_command_and_every_option_stands_in_the_docs():
    for name, command in commands().items():
        assert f"bench {name}" in ALL
        for action in command._actions:
            for flag in action.option_strings:
                assert f"`{flag}" in ALL or flag in ("-h", "--help"), flag
    for action in make_parser()._actions:
        for flag in action.option_strings:
            assert f"`{flag}" in ALL or flag in ("-h", "--help"), flag


def test_every_argument_of_the_command_line_has_a_meaning():
    lines = (ROOT / "docs" / "cli.md").read_text("utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| `")]
    assert len(rows) > 40
    assert [row for row in rows if len(row[1].strip(" |")) < 8] == []


@pytest.mark.parametrize(
    "names",
    [PRESETS, METRICS, STATUSES, list(map(str, MEANINGS))],
    ids=["presets", "metrics", "statuses", "exit codes"],
)
def test_every_name_stands_in_the_docs(names):
    rows = [line for line in ALL.splitlines() if line.startswith("| ")]
    first = {row.split(" | ")[0].strip("|` ") for row in rows}
    assert set(names) <= first


def test_every_kind_of_inputs_and_networks_stands_in_the_docs():
    kinds = {
        schema["properties"]["kind"]["const"]
        for schema in generate_docs.schemas().values()
        if "const" in schema.get("properties", {}).get("kind", {})
    }
    assert len(kinds) == 10
    tasks = (ROOT / "docs" / "tasks.md").read_text("utf-8")
    assert [kind for kind in kinds if f"| [`{kind}`]" not in tasks] == []


def test_every_key_of_a_suite_has_a_meaning():
    for name, schema in generate_docs.schemas().items():
        for key, said in schema["properties"].items():
            assert said.get("description", "").strip(".'\" "), f"{name}.{key}"


def test_every_verdict_stands_in_the_docs():
    for verdict in (*VERDICTS, *(WORKS, DOES_NOT, UNCLEAR)):
        assert verdict in ALL


def test_every_public_name_stands_on_the_page_of_the_api():
    text = (ROOT / "docs" / "python.md").read_text("utf-8")
    documented = set(re.findall(r"^::: bench\.(\w+)$", text, re.MULTILINE))
    assert set(bench.__all__) <= documented


def test_every_column_of_results_csv_stands_on_the_page_of_the_report(tmp_path):
    page = (ROOT / "docs" / "report.md").read_text("utf-8")
    table = page.partition("## Columns of results.csv")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", table))
    columns = bench.read_results("quick", tmp_path / "store").columns
    assert set(columns) - named == set()
    named -= {"overlap"}  # only with recorded curves
    assert {name for name in named if not name.startswith("test_")} <= set(columns)


def test_the_numbers_of_the_docs_are_those_of_the_code():
    from bench.analysis import audits as judged
    from bench.cells import audits, shallow_baselines
    from bench.classifiers import foreign_classes
    from bench.figures.drawing import images, theme

    pages = {page.stem: " ".join(page.read_text("utf-8").split()) for page in PAGES}
    for page, words in (
        ("report", f"each of the first {audits.MAX_REPETITIONS} repetitions"),
        ("report", f"at most {audits.MAX_CURVES} training curves of each class"),
        ("report", f"a PNG of at most {images.MOST_BYTES // 1000} kB"),
        ("statistics", f"more than {judged.STANDARD_ERRORS} standard errors from"),
        ("statistics", f"a decision tree of depth {shallow_baselines.DEPTH} on"),
        ("statistics", f"at least {judged.TRIVIAL:g} or within {judged.MARGIN:g} of"),
        ("running", f"for at most {foreign_classes.SECONDS:g} seconds"),
    ):
        assert words in pages[page]
    assert judged.IMBALANCE == 0.1  # "a tenth of an equal share"
    assert len(theme.HIGHLIGHTS) == 6  # "at most six classifiers have a colour"


def test_every_page_stands_in_the_contents():
    nav = (ROOT / "mkdocs.yml").read_text("utf-8")
    listed = re.findall(r": (\S+\.md)$", nav, re.MULTILINE)
    assert sorted(listed) == [page.name for page in PAGES]


def test_the_site_asks_nothing_of_the_network():
    assert YAML().load(ROOT / "mkdocs.yml")["theme"]["font"] is False


def test_links_between_pages_and_files_lead_somewhere():
    for path in (ROOT / "README.md", ROOT / "funs" / "README.md", *PAGES):
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8")):
            assert target.startswith("http") or (path.parent / target).exists(), target


def test_the_readme_is_short():
    assert len(README.split()) <= 600


def test_the_answer_of_the_readme_is_that_of_the_reports():
    seed = pd.read_csv(PUBLISHED / "seed" / "summary.csv")
    sd = seed[seed["classifier"] == "SD"].set_index("dataset")["test_accuracy_mean"]
    audits = pd.read_csv(PUBLISHED / "seed" / "audits.csv")
    tree = audits[audits["audit"].str.contains("roughness")].groupby("dataset").first()
    words = [f"{sd[name]:.3f}"[1:] for name in ("normal-100", "uniform-100")]
    assert f"reaches {' and '.join(words)}." in " ".join(README.split())
    assert tree["value"].min() >= 0.999
    hard = pd.read_csv(PUBLISHED / "hard" / "intervals.csv")
    assert hard[hard["best"]]["classifier"].tolist() == ["CSD2"] * 10
    compared = pd.read_csv(PUBLISHED / "hard" / "comparisons.csv")  # with CSD2
    worse = compared["verdict"].eq("worse").groupby(compared["dataset"])
    assert worse.all().sum() == 7
    claim = "highest mean on all ten, and on seven of them every other classifier is"
    assert claim in " ".join(README.split())


def test_the_picture_of_the_readme_is_small_and_has_ten_curves_of_each_class():
    curves = tool("make_pictures").draw_curves()
    assert {name: len(drawn) for name, drawn in curves.items()} == {
        "symbolic": 10,
        "neural": 10,
    }
    assert all(np.isfinite(drawn).all() for drawn in curves.values())
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert 1_000 < picture.stat().st_size < 100_000


def test_the_commands_of_make_and_the_extras_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    for target in re.findall(r"(?:^|`)make ([\w-]+)", ALL, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for extra in re.findall(r"pip install '\.\[(\w+)\]'", ALL):
        assert re.search(rf"^{extra} = ", project, re.MULTILINE), extra


def _pages():
    for path in (ROOT / "README.md", *PAGES):
        if _BLOCK.search(path.read_text("utf-8")):
            marks = [pytest.mark.slow] if path.name in SLOW else []
            yield pytest.param(path, id=path.name, marks=marks)


@pytest.mark.parametrize("page", list(_pages()))
def test_the_blocks_of_a_page_work_as_they_stand(page, tmp_path):
    """Run a page's blocks in one folder, in order, as a reader would."""
    folder = _Folder(tmp_path)
    text = page.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        if shipped := _SHIPPED.search(text[: found.start()]):
            assert found[2] == (ROOT / shipped[1]).read_text("utf-8")
            continue
        saved = _SAVED.search(text[: found.start()])
        folder.take(found[1], found[2], saved[1] if saved else None)
    folder.settle()


class _Folder:
    """Where a page's blocks are run: what is saved on it lies here."""

    def __init__(self, path):
        self.path = path
        self.suite = path / "page.yaml"
        YAML().dump(BASE, self.suite)
        shutil.copytree(ROOT / "examples", path / "examples")
        self.pending = []
        self.output = ""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])

    def take(self, language, block, saved):
        """Save, run or check a block; fail with what it said."""
        if saved:
            (self.path / saved).write_text(block, "utf-8")
        if language == "sh":
            self.settle()
            self._run(["bash", "-euc", self._script(block)])
        elif language == "yaml":
            self._check(block, saved)
        elif language == "python" and saved:
            compile(block, saved, "exec")
        elif language == "python":
            self.settle()
            self._run([sys.executable, "-W", "error", "-c", block])
        else:
            assert language == "text", language  # shown, not run
            for score in re.findall(r"\d\.\d{3}±\d\.\d{3}", block):
                assert score in self.output  # the table of the command before it

    def _check(self, block, saved):
        data = YAML(typ="safe").load(block)
        if "backend" in data:
            path = self.path / "parallel.yaml"
            path.write_text(block, "utf-8")
            make_engine(file=path)
        elif "measures" in data:
            (self.path / "published.yaml").write_text(block, "utf-8")
            load_reference("published", self.path)
        elif saved:
            self.suite = self.path / saved
            self.pending.append(self.suite)
        else:  # some keys of a suite, which replace those of the page's last one
            whole = YAML(typ="safe").load(self.suite) | data
            path = self.suite if self.suite.name != "page.yaml" else None
            path = path or self.path / f"page-{len(self.pending)}.yaml"
            YAML().dump(whole, path)
            self.pending.append(path)

    def settle(self):
        """Resolve the suites so far, whose libraries are saved by now."""
        for path in self.pending:
            assert make_plan(load_suite(path)).cells
        self.pending.clear()

    def _script(self, block):
        lines = [
            line
            for line in block.replace("8786", self.port).splitlines()
            # `make` is run by .ci/run and by slow tests, pip needs the network, and
            # the environment of the tests is active already.
            if not line.startswith(("make ", "pip install ", ". .venv/"))
        ]
        return "\n".join(["trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", *lines])

    def _run(self, command):
        scripts = Path(sys.executable).parent
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        environment = os.environ | {
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": path.rstrip(os.pathsep),
        }
        done = subprocess.run(
            command,
            cwd=self.path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
        self.output = done.stdout


def test_every_path_that_the_architecture_names_exists():
    paths = re.findall(r"`((?:bench|docs|funs|suites|tests)/[^`]*)`", ARCHITECTURE)
    assert len(paths) > 40
    for path in paths:
        place = ROOT / re.split(r"NAME|<", path)[0]  # the parent of a new file
        assert place.exists(), path


def test_every_name_beside_a_path_of_the_architecture_is_in_that_file():
    found = 0
    for entry in re.split(r"[;|]", ARCHITECTURE):
        match = re.match(r"[^`]*`([\w/]+\.pyi?)`: (.*)", entry.strip())
        if match and "NAME" not in match[1]:
            text = (ROOT / match[1]).read_text("utf-8")
            for name in re.findall(r"`(\w+)`", match[2]):
                assert re.search(rf"\b{name}\b", text), f"{match[1]}: {name}"
                found += 1
    assert found > 20


def test_a_package_may_import_what_its_charter_names():
    lines = generate_docs.layer_lines()
    assert len(lines) == 13
    for number, line in enumerate(lines[1:-1], start=1):
        below = {name for names in lines[number + 1 :] for name in names}
        for name in line:
            [allowed] = re.findall(r"May import ([^.]*)\.", generate_docs.charter(name))
            packages = set(re.findall(r"`(\w+)`", allowed))
            assert packages & set(lines[number + 1]), name
            assert packages <= below, name
    assert "May import nothing" in generate_docs.charter("base")


def test_every_package_has_a_charter_and_a_line():
    packages = {path.parent.name for path in (ROOT / "bench").glob("*/__init__.py")}
    named = {name for line in generate_docs.layer_lines() for name in line}
    assert packages == named - {"pytest_plugin"}
    assert all(len(generate_docs.charter(name)) > 40 for name in named)


METRIC = """\
def _error_rate(given: Predictions) -> float:
    return float(np.mean(given.labels != given.predictions))


METRICS = {
    "error_rate": Metric("error rate", False, _error_rate),
"""
KEYS = '''\
class ChebyshevInputs(_Bounded):
    """Chebyshev points of an interval.

    Attributes
    ----------
    kind
        Which kind: "chebyshev".
    size
        Number of points.
    """

    kind: Literal["chebyshev"]
    size: Size


Inputs = Annotated[
    ChebyshevInputs
    | X10Inputs
'''
POINTS = '''\
def chebyshev(size: int, low: float, high: float) -> np.ndarray:
    """Place points as the zeros of a Chebyshev polynomial."""
    angles = (np.arange(size) + 0.5) * np.pi / size
    return ((low + high) / 2 - (high - low) / 2 * np.cos(angles))[:, None]


KINDS: dict[str, Callable[..., np.ndarray]] = {
    "chebyshev": chebyshev,
'''
# Row of docs/architecture.md → what is replaced in each file that it names.
ADDITIONS = {
    "metric": [("METRICS = {\n", METRIC)],
    "kind of input points": [
        ("Inputs = Annotated[\n    X10Inputs\n", KEYS),
        ("KINDS: dict[str, Callable[..., np.ndarray]] = {\n", POINTS),
    ],
}


def test_a_metric_and_a_kind_of_inputs_need_only_the_files_that_the_docs_name(tmp_path):
    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("bench", "data/reference", "docs", "funs", "suites"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", copy)
    rows = ARCHITECTURE.splitlines()
    for what, additions in ADDITIONS.items():
        [row] = [row for row in rows if row.startswith(f"| {what} |")]
        files = re.findall(r"`(bench/[\w/]+\.py)`", row)
        for file, (old, new) in zip(files, additions, strict=True):
            text = (copy / file).read_text("utf-8")
            assert text.count(old) == 1
            (copy / file).write_text(text.replace(old, new), "utf-8")
    inputs = {"kind": "chebyshev", "low": -3, "high": 3, "size": 20}
    suite = BASE | {
        "datasets": [BASE["datasets"][0] | {"inputs": inputs}],
        "classifiers": ["KNN", "CHANCE"],
        "metrics": ["error_rate", "accuracy"],
    }
    YAML().dump(suite, tmp_path / "page.yaml")

    def run(*command):
        environment = os.environ | {"PYTHONPATH": str(copy)}
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "error rate" in run("-m", "bench", "run", "page.yaml")
    results = pd.read_csv(tmp_path / "reports" / "page" / "results.csv")
    errors = results["test_error_rate"]
    assert np.allclose(errors + results["test_accuracy"], 1)
    report = (tmp_path / "reports" / "page" / "README.md").read_text("utf-8")
    assert "held-out error rate" in report
    assert "chebyshev" in report
    # The pages follow by themselves.
    run(copy / "docs" / "tools" / "generate_docs.py")
    pages = {
        path.name: path.read_text("utf-8") for path in (copy / "docs").glob("*.md")
    }
    assert "| `error_rate` | error rate | smaller |" in pages["statistics.md"]
    assert "| [`chebyshev`]" in pages["tasks.md"]
    assert "## Input points: chebyshev" in pages["suite-file.md"]
