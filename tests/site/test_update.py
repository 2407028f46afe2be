"""A report is made again only from what changed."""

import subprocess
import sys
from dataclasses import replace

import pytest
import stored
import yaml_text

from bench.analysis import load_results
from bench.report import current, figure_files
from bench.site import update_report
from bench.store import Store

GRID = yaml_text.SUITE["datasets"][0]
IMAGE = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"></svg>\n'
DATASETS = [GRID | {"id": "first"}, GRID | {"id": "second", "test": 25}]


class Report:
    """A suite, its results, its report, and the figures that were drawn of it."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.drawn = folder / "out", []
        self.path = folder / "suite.yaml"
        self.store = Store(folder / "store")
        self.write()
        stored.put_cells(self.plan, self.store)

        def image_of(figure, formats):
            self.drawn.append(figure)
            return dict.fromkeys(formats, IMAGE)

        # How long that takes is not the question here.
        monkeypatch.setattr(figure_files, "_drawn", lambda draw, *_: draw.__name__)
        monkeypatch.setattr(figure_files, "image_of", image_of)

    def write(self, **changes):
        base = {"datasets": DATASETS, "classifiers": ["KNN", "GNB"], "audits": False}
        self.path.write_text(yaml_text.suite_text(**(base | changes)))
        self.plan = stored.plan_of(self.path)

    def update(self):
        """Update the report; return the files that were written."""
        before = self.times()
        self.drawn.clear()
        results = load_results(self.plan, self.store)
        page = update_report(self.plan, self.store, self.folder, results)
        assert page == self.folder / "index.html"
        after = self.times()
        return {name for name, at in after.items() if before.get(name) != at}

    def times(self):
        return {
            path.relative_to(self.folder).as_posix(): path.stat().st_mtime_ns
            for path in self.folder.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def report(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda file: None)
    found = Report(tmp_path, monkeypatch)
    assert {"README.md", "index.html", "page.json", ".made-from"} < found.update()
    assert found.drawn
    return found


def test_a_report_is_made_from_what_changed(report, monkeypatch):
    # Nothing.
    all_drawn = [*report.drawn]
    assert report.update() == set()
    assert not report.drawn

    # One result.
    cell = report.plan.cells[0]
    result = replace(report.store.get(cell.key), test={"accuracy": 0.5})
    report.store.put(result, stored.ARRAYS, replaces=True)
    written = report.update()
    assert {"results.csv", "README.md", "index.html", ".made-from"} <= written
    assert {"scores_figure"} <= set(report.drawn) < set(all_drawn)
    assert "figures/curves-first.png" not in written
    assert report.update() == set()

    # The text of the suite, which no figure shows.
    report.write(description="A question?")
    written = report.update()
    assert written == {"page.json", "README.md", "index.html", ".made-from"}
    assert not report.drawn

    # A figure that somebody deleted, a file that somebody edited.
    (report.folder / "figures/curves-first.png").unlink()
    assert "figures/curves-first.png" in report.update()
    assert len(report.drawn) == 1
    readme = report.folder / "README.md"
    text = readme.read_text()
    readme.write_text(f"{text}mine\n")
    assert report.update() == {"README.md", ".made-from"}
    assert readme.read_text() == text

    # The code.
    monkeypatch.setattr(current, "code_digest", lambda pattern="*": "other code")
    monkeypatch.setattr(figure_files, "code_digest", lambda pattern: "other code")
    figure_files._code.cache_clear()
    written = report.update()
    figure_files._code.cache_clear()
    assert sorted(report.drawn) == sorted(all_drawn)
    assert "results.csv" not in written


def test_a_current_report_imports_nothing_that_draws_or_computes(report):
    code = (
        "import sys\n"
        "import bench\n"
        "from pathlib import Path\n"
        "from bench.analysis import load_results\n"
        "from bench.cells import make_plan\n"
        "from bench.site import update_report\n"
        "from bench.store import Store\n"
        f"plan = make_plan(bench.load_suite({str(report.path)!r}))\n"
        f"store = Store(Path({str(report.store.folder)!r}))\n"
        "results = load_results(plan, store)\n"
        f"update_report(plan, store, Path({str(report.folder)!r}), results)\n"
        "heavy = 'matplotlib.figure', 'scipy.stats', 'torch'\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert said.stdout == "[]\n"
