"""What cells cost, from seconds by hand."""

import pytest
import stored

from bench.cells import kind_of
from bench.engines.costs import (
    Costs,
    add_published_seconds,
    add_stored_seconds,
    known_costs,
)
from bench.store.store import Store


def costs(**seconds):
    """Make costs from ``dataset_classifier=seconds`` of earlier runs."""
    found = Costs()
    for name, value in seconds.items():
        found.add_stored(tuple(name.split("_")), value)
    return found


def of(found, dataset, classifier, **taken):
    kind = (dataset, classifier)
    return found.of([kind], {tuple(k.split("_")): v for k, v in taken.items()}).get(
        kind
    )


def test_what_this_run_measured_counts_first():
    found = costs(d_SD=4.0)
    assert of(found, "d", "SD") == 4.0
    found.add_measured(("d", "SD"), 10.0)
    found.add_measured(("d", "SD"), 12.0)
    assert of(found, "d", "SD") == 11.0


def test_earlier_seconds_are_changed_by_the_pace_of_this_run():
    found = costs(d_SD=100.0, d_MLP=10.0)
    found.add_measured(("d", "SD"), 200.0)
    assert of(found, "d", "MLP") == pytest.approx(10.0 * 201 / 101)
    # Milliseconds are noise, and change nothing.
    found = costs(d_GNB=0.002, d_MLP=10.0)
    found.add_measured(("d", "GNB"), 0.02)
    assert of(found, "d", "MLP") == pytest.approx(10.0, rel=0.02)


def test_another_dataset_tells_by_the_classifiers_on_both():
    found = costs(d_SD=10.0, d_MLP=4.0, e_SD=30.0)
    assert of(found, "e", "MLP") == pytest.approx(12.0, rel=0.02)
    assert of(costs(d_MLP=4.0), "e", "MLP") == 4.0  # nothing tells how large it is


def test_other_suites_tell_of_the_classifier():
    found = costs(d_SD=10.0)
    found.add_elsewhere("MLP", 3.0)
    assert of(found, "d", "MLP") == pytest.approx(3.0)
    # Its datasets were larger, as SD shows.
    found.add_elsewhere("SD", 100.0)
    found.add_measured(("d", "SD"), 10.0)
    assert of(found, "d", "MLP") == pytest.approx(3.0 * 11 / 101)


def test_else_all_cells_tell_and_an_audit_is_no_training():
    found = costs(d_SD=10.0, d_MLP=1.0, d_KNN=0.1)
    assert of(found, "d", "NEW") == pytest.approx(3.7)
    assert of(found, "d", "") == 1.0
    assert of(Costs(), "d", "NEW") is None


def test_a_first_cell_that_takes_longer_than_expected_is_more_expensive():
    found = costs(d_SD=10.0, d_MLP=1.0)
    assert of(found, "d", "SD", d_SD=9.0) == 10.0
    assert of(found, "d", "SD", d_SD=30.0) > 30.0
    assert of(found, "d", "MLP", d_SD=30.0) > 2.0  # so is the rest
    found.add_measured(("d", "SD"), 10.0)
    assert of(found, "d", "SD", d_SD=30.0) == 10.0  # one long cell is not the kind
    assert of(Costs(), "d", "NEW", d_NEW=8.0) == 10.0


def test_stored_results_of_other_suites_are_found_by_their_recipes(
    write_suite, tmp_path
):
    dataset = {"id": "other-id"}
    before = stored.plan_of(write_suite(classifiers=["GNB", "KNN"], repetitions=1))
    store = Store(tmp_path / "store")
    for cell, seconds in zip(before.everything, (3.0, 5.0, 7.0), strict=True):
        stored.put(store, cell.result("done", seconds=seconds))
    spec = before.datasets[0].spec.model_dump(exclude_unset=True) | dataset
    larger = spec | {"id": "larger", "train": 77}
    suite = write_suite(classifiers=["KNN", "GNB"], seed=8, datasets=[spec, larger])
    plan = stored.plan_of(suite)
    found = Costs()
    add_stored_seconds(found, plan.everything, store)
    assert found.is_known(("other-id", "GNB"))
    assert not found.is_known(("larger", "GNB"))
    expected = {
        ("other-id", "GNB"): 3.0,
        ("other-id", "KNN"): 5.0,
        ("other-id", ""): 7.0,
        ("larger", "GNB"): 3.0,
    }
    assert found.of(expected) == expected
    found = Costs()
    for kind in {kind_of(cell) for cell in plan.everything}:
        found.add_stored(kind, 1.0)
    add_stored_seconds(found, plan.everything, Store(tmp_path / "none"))  # is not read
    assert found.of(expected) == dict.fromkeys(expected, 1.0)


def test_published_results_tell_of_suites_that_were_never_run(write_suite, tmp_path):
    plan = stored.plan_of(write_suite(classifiers=["GNB", "KNN"]))
    folder = tmp_path / "published"
    head = "suite,dataset,classifier,seconds\n"
    for name, rows in (
        ("small", "small,grid,GNB,3.0\nsmall,grid,GNB,5.0\nsmall,grid,KNN,\n"),
        ("other", "other,far,KNN,9.0\nother,far,GNB,100.0\n"),
        ("broken", "small,grid\n"),
    ):
        (folder / name).mkdir(parents=True)
        (folder / name / "results.csv").write_text(head + rows)
    (folder / "binary").mkdir()
    (folder / "binary" / "results.csv").write_bytes(b"\xff\xfe\x00")
    found = Costs()
    add_published_seconds(found, plan, folder)
    assert found.published == {("grid", "GNB")}
    kinds = [("grid", "GNB"), ("grid", "KNN")]
    assert found.of(kinds) == {("grid", "GNB"): 4.0, ("grid", "KNN"): 9.0}
    own = Costs()
    for name in ("GNB", "KNN", ""):
        own.add_stored(("grid", name), 1.0)
    add_published_seconds(own, plan, folder)
    assert own.of(kinds) == dict.fromkeys(kinds, 1.0)


def test_what_is_known_before_a_run_comes_from_all_sources(write_suite, tmp_path):
    plan = stored.plan_of(write_suite(classifiers=["GNB", "KNN"]))
    found = known_costs(plan, Store(tmp_path / "store"), {("grid", "GNB"): 2.0})
    kinds = {kind_of(cell) for cell in plan.everything}
    assert found.of(kinds).keys() == kinds
    assert found.of(kinds)["grid", "GNB"] == 2.0
