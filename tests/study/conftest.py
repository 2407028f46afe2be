import pytest
from study_text import Trainer, hasty_databases

import bench.study.search


@pytest.fixture(autouse=True)
def _hasty():
    with hasty_databases():
        yield


@pytest.fixture
def trainer(monkeypatch):
    """Train by a formula instead of a network."""
    by_formula = Trainer([])
    monkeypatch.setattr(bench.study.search, "train", by_formula)
    return by_formula
