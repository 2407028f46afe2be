from dataclasses import replace

import pandas as pd
import pytest
import yaml_text

from bench.render.blocks import Code, Items, Table
from bench.report.appendix import (
    audits_chapter,
    coverage_chapter,
    provenance_chapter,
    remarks_chapter,
)
from bench.store.store import Store

GRID = yaml_text.SUITE["datasets"][0]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def test_a_complete_suite_has_only_a_table_of_coverage(make_findings, store):
    _, findings, _ = make_findings(repetitions=1)
    [table] = coverage_chapter(findings, store).blocks
    assert isinstance(table, Table)


def test_failures_are_counted_by_their_error_with_a_path_to_the_log(
    make_findings, store
):
    _, findings, _ = make_findings(
        lambda dataset, name: None if name == "GNB" else 0.8, repetitions=3
    )
    [line] = coverage_chapter(findings, store).blocks[-1].entries
    assert line == "grid, GNB: 3 failed – RuntimeError: no luck"
    failed = findings.results[findings.results["status"] == "failed"]
    log = store.path(failed["key"].iloc[0], "log")
    log.write_text("")  # an empty one has nothing to read
    assert coverage_chapter(findings, store).blocks[-1].entries == [line]
    log.write_text("Traceback")
    [with_log] = coverage_chapter(findings, store).blocks[-1].entries
    assert with_log == f"{line} (traceback: {log.as_posix()})"


def test_restarted_cells_are_counted(make_findings, store):
    _, findings, _ = make_findings(repetitions=1)
    results = findings.results.assign(attempts=[1, 2, 1])
    text = coverage_chapter(replace(findings, results=results), store).blocks[-1]
    assert "process killed from outside: 1 cell. " in text.words


def test_without_audits_there_is_no_chapter(make_findings):
    _, findings, _ = make_findings(repetitions=1)
    assert audits_chapter(findings) == []


def test_an_audit_without_an_expected_value_has_a_dash(make_findings):
    _, findings, _ = make_findings(repetitions=1)
    entry = {
        "dataset": "grid",
        "audit": "duplicates",
        "value": 2.0,
        "expected": None,
        "standard_error": 0.25,
        "n": 3,
        "alarm": True,
        "words": "2 test curves equal a training curve",
    }
    [section] = audits_chapter(replace(findings, audits=pd.DataFrame([entry])))
    [row] = section.blocks[0].frame.to_dict("records")
    assert (row["value"], row["expected"], row["standard error"]) == (
        "2.000",
        "–",
        "0.250",
    )
    assert row["alarm"] == "yes"


def test_remarks_are_those_of_the_reference(make_findings):
    plan, *_ = make_findings(repetitions=1)
    assert remarks_chapter(plan) == []
    plan, *_ = make_findings(repetitions=1, reference="seed-notebook")
    [section] = remarks_chapter(plan)
    assert section.blocks == [Items(list(plan.reference.remarks))]


def test_provenance_adds_up_what_results_say_of_their_origin(make_findings):
    plan, findings, results = make_findings(repetitions=2, stats={"works": 0.7})
    stored = [
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
    [block] = provenance_chapter(plan, findings, stored).blocks
    command, *lines, _ = block.entries
    assert command[1] == Code(f"python -m bench run {plan.suite.path.as_posix()}")
    text = "\n".join(lines)
    assert "Commit: 0123456789ab (with local changes), unknown" in text
    assert "margin 0.01, impute none, works 0.7" in text
    assert "Processor time of all fits and predictions: 60 s" in text
    assert "Repetitions trained together as one batch: 2 at a time." in text
    assert "SD ConvergenceWarning (1), KNN ConvergenceWarning (1)" in text


def test_provenance_lists_what_single_classifiers_import_besides(make_findings):
    plan, findings, results = make_findings(repetitions=2)
    numpy = results[0].versions["numpy"]
    imported = {"SD": {"aeon": "1.6.0", "numba": "0.68.1"}, "GNB": {"xgboost": "3.2.0"}}
    stored = [
        replace(
            result,
            versions=result.versions | imported.get(result.classifier, {}),
            warnings=("Slow: at a", "Slow: at b") if result is results[0] else (),
            other_warnings=7 if result is results[0] else 0,
        )
        for result in results
    ]
    [block] = provenance_chapter(plan, findings, stored).blocks
    text = "\n".join(line for line in block.entries if isinstance(line, str))
    [versions] = [line for line in text.splitlines() if line.startswith("Versions: ")]
    assert versions.count(f"numpy {numpy}") == 1
    assert "aeon" not in versions
    assert (
        "Imported by single classifiers besides: SD: aeon 1.6.0, numba 0.68.1; "
        "GNB: xgboost 3.2.0" in text
    )
    first = results[0].classifier
    assert f"{first} Slow (1); 7 others, which no result lists" in text
