"""Findings of a suite whose results nothing had to compute, and a folder of figures."""

import online_stores
import pytest
import stored

from bench.analysis.findings import analyse
from bench.analysis.results import load_results
from bench.render.blocks import FigureFile
from bench.report.figure_files import FigureFolder
from bench.store.store import Store

ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}


@pytest.fixture
def make_findings(write_suite, tmp_path):
    """Put a result of every cell of a suite; return its plan, findings and results.

    SD is trained online. `accuracy` gives the mean held-out accuracy of a dataset and
    a classifier, or None for cells that fail.
    """

    def make(accuracy=lambda dataset, name: ACCURACY[name], *, commit=None, **changes):
        changes = {"classifiers": list(ACCURACY), "repetitions": 5} | changes
        plan = stored.plan_of(write_suite(**({"audits": False} | changes)))
        store = Store(tmp_path / "store")
        put = {"commit": commit} if commit else {}
        online_stores.put_suite(plan, store, accuracy, online=["SD"], **put)
        results = load_results(plan, store)
        return plan, analyse(plan, store, results), results

    return make


class UndrawnFigures(FigureFolder):
    """A folder that remembers each figure's arguments, and draws none of them."""

    def __init__(self, folder):
        super().__init__(folder)
        self.data = {}

    def add(self, name, alt, caption, draw, *args, **kwargs):
        assert name not in self.data
        self.data[name] = (args, kwargs)
        return FigureFile(f"figures/{name}.svg", alt, caption)


@pytest.fixture
def figures(tmp_path):
    return UndrawnFigures(tmp_path)
