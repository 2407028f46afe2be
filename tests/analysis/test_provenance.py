from dataclasses import replace

import online_stores
import pytest
import stored

from bench.analysis import load_results
from bench.analysis.findings import analyse
from bench.analysis.provenance import provenance
from bench.store.store import Store

ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}


@pytest.fixture
def results_of(write_suite, tmp_path):
    """Put a result of every cell; return the plan, its findings and the results."""

    def make(**changes):
        changes = {"classifiers": list(ACCURACY), "repetitions": 2} | changes
        plan = stored.plan_of(write_suite(audits=False, **changes))
        store = Store(tmp_path / "store")
        online_stores.put_suite(plan, store, lambda dataset, name: ACCURACY[name])
        results = load_results(plan, store)
        return plan, analyse(plan, store, results), results

    return make


def test_provenance_adds_up_what_results_say_of_their_origin(results_of):
    plan, findings, results = results_of(stats={"works": 0.7})
    stored_results = [
        replace(
            result,
            commit=None if i else "0123456789abcdef",
            dirty=not i,
            warnings=("ConvergenceWarning: slow",) if i < 3 else (),
            batched=2 if result.classifier == "SD" else 1,
            fit_cpu_seconds=10.0,
            predict_cpu_seconds=None,
        )
        for i, result in enumerate(results)
    ]
    text = "\n".join(provenance(plan, findings, stored_results))
    assert "Commit: 0123456789ab (with local changes), unknown" in text
    assert "Root seed: 3; threads for each cell: 1" in text
    assert "margin 0.01, impute none, works 0.7" in text
    assert "Processor time of all fits and predictions: 60 s" in text
    assert "Repetitions trained together as one batch: 2 at a time." in text
    assert "SD ConvergenceWarning (1), KNN ConvergenceWarning (1)" in text


def test_provenance_names_classifiers_of_other_threads(results_of):
    entries = ["GNB", {"use": "KNN", "resources": {"threads": 2}}]
    plan, findings, results = results_of(classifiers=entries)
    text = "\n".join(provenance(plan, findings, results))
    assert "threads for each cell: 1, of KNN: 2" in text


def test_provenance_lists_what_single_classifiers_import_besides(results_of):
    plan, findings, results = results_of()
    numpy = results[0].versions["numpy"]
    imported = {"SD": {"aeon": "1.6.0", "numba": "0.68.1"}, "GNB": {"xgboost": "3.2.0"}}
    stored_results = [
        replace(
            result,
            versions=result.versions | imported.get(result.classifier, {}),
            warnings=("Slow: at a", "Slow: at b") if result is results[0] else (),
            other_warnings=7 if result is results[0] else 0,
        )
        for result in results
    ]
    lines = list(provenance(plan, findings, stored_results))
    [versions] = [line for line in lines if line.startswith("Versions: ")]
    assert versions.count(f"numpy {numpy}") == 1
    assert "aeon" not in versions
    text = "\n".join(lines)
    assert (
        "Imported by single classifiers besides: SD: aeon 1.6.0, numba 0.68.1; "
        "GNB: xgboost 3.2.0" in text
    )
    first = results[0].classifier
    assert f"{first} Slow (1); 7 others, which no result lists" in text


@pytest.mark.parametrize(
    ("attempts", "words"),
    [([1] * 6, None), ([1, 2, 1, 1, 1, 1], "1 cell;"), ([3] * 6, "6 cells;")],
)
def test_restarted_cells_are_counted(results_of, attempts, words):
    plan, findings, results = results_of()
    frame = findings.results.assign(attempts=attempts)
    text = "\n".join(provenance(plan, replace(findings, results=frame), results))
    assert ("Restarted after a fault of the machine" in text) == bool(words)
    assert (words or "Machine: ") in text


def test_machines_are_counted_where_there_are_several(results_of):
    plan, findings, results = results_of()
    [line] = [x for x in provenance(plan, findings, results) if x[:7] == "Machine"]
    assert "cells" not in line
