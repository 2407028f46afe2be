"""The plan of a suite: the order of its cells, and its parts."""

import pytest
import stored
import yaml_text

from bench.base.errors import SuiteError

GRID = yaml_text.SUITE["datasets"][0]
SWEEP = {k: v for k, v in GRID.items() if k != "train"} | {
    "id": "sizes",
    "train": 30,
    "sweep": {"noise": [1, 9]},
}


@pytest.fixture
def plan_of(write_suite):
    return lambda **changes: stored.plan_of(write_suite(**changes))


def coordinates(cells):
    return [(c.dataset.spec.id, c.repetition, c.classifier.id) for c in cells]


def test_cells_are_ordered_by_dataset_then_repetition_then_classifier(plan_of):
    plan = plan_of(datasets=[GRID, GRID | {"id": "b"}], classifiers=["KNN", "GNB"])
    assert coordinates(plan.cells) == [
        (dataset, repetition, classifier)
        for dataset in ("grid", "b")
        for repetition in (0, 1)
        for classifier in ("KNN", "GNB")
    ]


def test_transfers_and_audits_are_counted_besides_cells(plan_of):
    both = [GRID, GRID | {"id": "b", "test": 10}]
    assert plan_of().extras == ", 2 audits"
    assert plan_of(audits=False).extras == ""
    plan = plan_of(datasets=both, classifiers=["GNB"], transfer=True)
    assert plan.extras == ", 4 transfers, 4 audits"


def test_the_id_of_a_sweep_keeps_all_its_datasets(plan_of):
    plan = plan_of(datasets=[GRID, SWEEP], classifiers=["GNB"])
    part = plan.limited(["sizes"], [])
    assert [d.spec.id for d in part.datasets] == ["sizes noise=1", "sizes noise=9"]
    one = plan.limited(["sizes noise=9"], [])
    assert {c.dataset.spec.id for c in one.cells} == {"sizes noise=9"}


def test_the_parts_of_a_plan_add_up_to_the_whole(plan_of):
    plan = plan_of(
        datasets=[GRID, GRID | {"id": "b"}], classifiers=["KNN", "GNB"], transfer=True
    )
    parts = [plan.limited([d], []).everything for d in ("grid", "b")]
    keys = sorted(task.key for part in parts for task in part)
    assert keys == sorted(task.key for task in plan.everything)
    by_classifier = [plan.limited([], [c]) for c in ("KNN", "GNB")]
    cells = [c.key for part in by_classifier for c in part.cells + part.transfers]
    assert sorted(cells) == sorted(c.key for c in plan.cells + plan.transfers)


@pytest.mark.parametrize(
    ("datasets", "classifiers", "message"),
    [
        (["grd"], [], r"no dataset 'grd' in this suite \(did you mean 'grid'\?\)"),
        ([], ["KN"], r"no classifier 'KN' .* Known: KNN, GNB, DT, CHANCE"),
    ],
)
def test_an_unknown_id_is_refused(plan_of, datasets, classifiers, message):
    with pytest.raises(SuiteError, match=message):
        plan_of().limited(datasets, classifiers)


def test_a_channel_that_a_dataset_lacks_is_refused_with_file_and_line(plan_of):
    reads = {"use": "KNN", "channels": ["gradient"]}
    with pytest.raises(SuiteError) as caught:
        plan_of(classifiers=["GNB", reads])
    message = str(caught.value)
    assert "suite.yaml:" in message
    assert "classifiers[1]: reads the channel 'gradient', which the dataset" in message


def test_an_id_may_be_chosen_in_another_unicode_form(write_suite):
    plan = stored.plan_of(write_suite(classifiers=[{"id": "e\u0301", "use": "DT"}]))
    limited = plan.limited((), ["\u00e9"])
    assert [recipe.id for recipe in limited.classifiers] == ["e\u0301"]
