"""Cells: their keys, and the units that are computed as one."""

import pickle
from dataclasses import replace

import pytest
import stored
import yaml_text

from bench.base.seeds import digest
from bench.cells.cell import kind_of, n_fits, units_of

GRID = yaml_text.SUITE["datasets"][0]
OTHER = GRID | {"id": "other", "test": 10}
ONLINE = {
    "id": "SD",
    "use": "SD",
    "training": {"mode": "online", "epochs": 2, "curves": 3},
}


@pytest.fixture
def plan_of(write_suite):
    return lambda **changes: stored.plan_of(write_suite(**changes))


def test_a_kind_is_named_by_the_ids_of_dataset_and_classifier(plan_of):
    plan = plan_of(classifiers=["GNB"])
    assert kind_of(plan.cells[0]) == ("grid", "GNB")
    assert kind_of(plan.audits[0]) == ("grid", "")


@pytest.mark.parametrize(
    ("neural", "classifiers"),
    [({"kind": "mimic"}, ["GNB", "KNN"]), ({"kind": "mlp"}, [ONLINE, "GNB"])],
)
def test_keys_of_a_plan_are_the_hashes_of_all_fields(plan_of, neural, classifiers):
    plan = plan_of(
        datasets=[GRID, OTHER, OTHER | {"id": "third", "neural": neural}],
        classifiers=classifiers,
        transfer={"datasets": ["grid", "other"]},
        repetitions=3,
        stats={"baseline": "GNB"},
    )
    for task in plan.everything:
        assert task.key == digest(task.fields)
        fit = {k: v for k, v in task.fields.items() if not k.startswith("target")}
        assert task.fit_key == digest(fit)


def test_a_changed_cell_has_another_key_and_a_copy_the_same(plan_of):
    cell = plan_of(classifiers=["GNB"]).cells[0]
    assert pickle.loads(pickle.dumps(cell)).key == cell.key
    assert replace(cell, seed=4).key == digest(cell.fields | {"seed": 4}) != cell.key


def test_a_unit_is_a_cell_with_its_transfers_or_an_audit(plan_of):
    plan = plan_of(datasets=[GRID, OTHER], classifiers=["GNB"], transfer=True)
    units = units_of(plan.everything)
    assert [len(unit) for unit in units] == [2, 2, 2, 2, 1, 1, 1, 1]
    for unit in units[:4]:
        cell, transfer = unit
        assert transfer.fit_key == cell.key == cell.fit_key
        assert transfer.key != cell.key
        assert n_fits(unit) == 1
    assert all(n_fits(unit) == 1 for unit in units[4:])


def test_a_batch_is_a_unit_of_all_repetitions_and_their_transfers(plan_of):
    plan = plan_of(
        datasets=[GRID, OTHER],
        classifiers=[ONLINE, "GNB"],
        transfer=True,
        audits=False,
        stats={"baseline": "GNB"},
    )
    batch, *_ = units_of(plan.everything)
    assert [(c.dataset.spec.id, c.target is None) for c in batch] == [
        ("grid", True),
        ("grid", True),
        ("grid", False),
        ("grid", False),
    ]
    assert n_fits(batch) == 2


def test_a_key_has_the_size_of_the_batch_only_for_online_training(plan_of):
    online, fixed = plan_of(classifiers=[ONLINE, "GNB"]).cells[:2]
    assert online.fields["batched"] == online.batched == 2
    assert "batched" not in fixed.fields


def test_versions_are_compared_for_installed_classes_but_not_for_files(
    plan_of, tmp_path
):
    (tmp_path / "own.py").write_text(
        "from sklearn.naive_bayes import GaussianNB\nclass Own(GaussianNB):\n    pass\n"
    )
    installed, own = plan_of(classifiers=["GNB", {"class": "own.py:Own"}]).cells[:2]
    assert list(installed.installed) == ["sklearn.naive_bayes.GaussianNB"]
    assert own.installed == {}


def test_a_result_has_the_coordinates_of_its_cell(plan_of):
    plan = plan_of(datasets=[GRID, OTHER], classifiers=["GNB"], transfer=True)
    transfer = plan.transfers[0]
    result = transfer.result("failed", seconds=1.5)
    assert (result.dataset, result.target) == ("grid", "other")
    assert (result.key, result.status, result.seconds) == (transfer.key, "failed", 1.5)
    audit = plan.audits[0].result("done")
    assert (audit.classifier, audit.is_audit) == ("", True)


def test_a_result_has_the_versions_of_what_its_classifier_imports_besides(plan_of):
    cell = plan_of(classifiers=["GNB"]).cells[0]
    common = cell.result("done").versions
    assert "numpy" in common
    found = cell.result("done", versions={"aeon": "1.6.0", "numba": "0.68.1"}).versions
    assert found == common | {"aeon": "1.6.0", "numba": "0.68.1"}
