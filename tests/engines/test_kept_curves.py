from dataclasses import replace

import pytest
import stored

from bench.cells import units_of
from bench.engines import kept_curves
from bench.engines.kept_curves import KeptCurves


@pytest.fixture
def plan(write_suite):
    return stored.plan_of(write_suite(classifiers=["GNB", "DT"]))


def made(folders):
    """Make the folders as the first process would."""
    for path in folders.values():
        kept_curves.Path(path).mkdir(exist_ok=True)
    return folders


def names(folder):
    return sorted(path.name for path in folder.glob("curves-*"))


def test_curves_are_kept_until_their_last_cell_has_a_result(plan, tmp_path):
    units = units_of(plan.everything)
    with KeptCurves(units, lambda: str(tmp_path)) as curves:
        first = [unit for unit in units if unit[0].repetition == 0]
        places = {made(curves.folders(unit))[0] for unit in first}
        assert len(places) == 1  # two classifiers and an audit
        for unit in first[:-1]:
            curves.end(unit)
        assert len(names(tmp_path)) == 1
        curves.end(first[-1])
        assert names(tmp_path) == []
        other = next(unit for unit in units if unit[0].repetition == 1)
        assert made(curves.folders(other)).keys() == {1}
    assert names(tmp_path) == []


def test_curves_of_a_single_unit_are_not_kept(plan, tmp_path):
    cells = [plan.cells[0]]
    transfer = replace(plan.cells[0], target=plan.cells[0].dataset)
    curves = KeptCurves([(*cells, transfer)], lambda: str(tmp_path))
    assert curves.folders((*cells, transfer)) == {}


def test_no_more_is_kept_than_the_bound(plan, tmp_path, monkeypatch):
    units = units_of(plan.everything)
    monkeypatch.setattr(kept_curves, "_MOST_BYTES", plan.datasets[0].nbytes)
    curves = KeptCurves(units, lambda: str(tmp_path))
    by_repetition = [curves.folders(unit) for unit in units if unit[0].name == "GNB"]
    assert [len(folders) for folders in by_repetition] == [1, 0]


def test_after_a_new_server_curves_are_in_its_folder(plan, tmp_path):
    units = units_of(plan.everything)
    folder = [tmp_path / "a"]
    curves = KeptCurves(units, lambda: str(folder[0]))
    assert curves.folders(units[0])[0].startswith(str(tmp_path / "a"))
    folder[0] = tmp_path / "b"
    assert curves.folders(units[0])[0].startswith(str(tmp_path / "b"))
