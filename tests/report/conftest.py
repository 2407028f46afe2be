"""The data of reports whose results nothing had to compute, and a folder of figures."""

import online_stores
import pytest
import stored

from bench.analysis import collect, load_results
from bench.render import FigureFile
from bench.report import FigureFolder
from bench.store import Store

ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}


_MADE = {}  # what was collected, since many tests speak of the same results


@pytest.fixture
def make_data(write_suite, tmp_path, monkeypatch):
    """Put a result of every cell of a suite; return the data of its report.

    SD is trained online. `accuracy` gives the mean held-out accuracy of a dataset and
    a classifier, or None for cells that fail. `put` goes to `online_stores.put_suite`;
    all others replace a part of the suite. The frames may be shared with other tests:
    change copies of them.
    """
    # Nothing here must outlive a loss of power.
    monkeypatch.setattr("os.fsync", lambda file: None)

    def make(accuracy=lambda dataset, name: ACCURACY[name], *, put=None, **changes):
        changes = {"classifiers": list(ACCURACY), "repetitions": 5} | changes
        path = write_suite(**({"audits": False} | changes))
        plan = stored.plan_of(path)
        options = {"online": ["SD"]} | (put or {})
        means = [
            (recipe.library.text, entry.id, accuracy(recipe.spec.id, entry.id))
            for recipe in plan.datasets
            for entry in plan.classifiers
        ]
        made = path.read_text(), repr(means), repr(options)
        if made not in _MADE:
            store = Store(tmp_path / "store")
            online_stores.put_suite(plan, store, accuracy, **options)
            _MADE[made] = collect(plan, store, load_results(plan, store))
        return _MADE[made]

    return make


class UndrawnFigures(FigureFolder):
    """A folder that remembers each figure's arguments, and draws none of them."""

    def __init__(self, folder):
        super().__init__(folder)
        self.data = {}

    def add(self, name, alt, caption, draw, *args, **kwargs):
        assert name not in self.data
        self.data[name] = (args, kwargs)
        return FigureFile(f"figures/{name}.png", alt, caption)


@pytest.fixture
def figures(tmp_path):
    return UndrawnFigures(tmp_path)
