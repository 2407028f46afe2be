import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import report_folders

from bench.figures import classifier_styles
from bench.site.explorer import explorer_data, explorer_part

ROOT = Path(__file__).parents[2]
WEB = ROOT / "bench/site/web"


@pytest.fixture(scope="module")
def data():
    return report_folders.report_data()


@pytest.fixture(scope="module")
def shown(data):
    return explorer_data(data)


def test_it_has_every_score_of_every_repetition(data, shown):
    headline = shown["measures"][0]
    assert (headline["id"], headline["headline"]) == ("accuracy", True)
    names = [entry["id"] for entry in shown["classifiers"]]
    datasets = [entry["id"] for entry in shown["datasets"]]
    assert names == ["SD", "KNN", "GNB"]
    assert tuple(datasets) == report_folders.DATASETS
    for row in data.findings.results.to_dict("records"):
        d, c = datasets.index(row["dataset"]), names.index(row["classifier"])
        found = headline["cells"][d][c][row["repetition"]]
        assert found == pytest.approx(row["test_accuracy"], abs=1e-5) or (
            found is None and np.isnan(row["test_accuracy"])
        )


def test_a_dataset_of_one_repetition_lists_one(data):
    results = data.findings.results
    first = report_folders.DATASETS[0]
    kept = results[(results["dataset"] != first) | (results["repetition"] == 0)]
    fewer = replace(data, findings=replace(data.findings, results=kept))
    cells = explorer_data(fewer)["measures"][0]["cells"]
    assert {len(row) for row in cells[0]} == {1}
    assert {len(row) for rows in cells[1:] for row in rows} == {4}


def test_what_was_trained_online_has_no_training_score(shown):
    training = shown["measures"][0]["training"][0]
    assert training[0] == [None] * 4
    assert None not in training[1]


def test_costs_are_measures_without_intervals(shown):
    costs = [m["id"] for m in shown["measures"] if m["cost"]]
    assert costs[:2] == ["fit_seconds", "predict_seconds"]
    assert shown["measures"][1]["cells"][0][0] == [2, 2, 2, 2]


def test_intervals_and_differences_are_those_of_the_tables(data, shown):
    row = data.findings.intervals.iloc[0]
    names = [entry["id"] for entry in shown["classifiers"]]
    place = [0, names.index(row["classifier"])]
    [found] = [r for r in shown["intervals"] if r[:2] == place]
    assert found[2:4] == pytest.approx([row["low"], row["high"]], abs=1e-5)
    assert shown["differences"]


def test_cells_that_are_not_done_are_listed_with_their_error(shown):
    assert [row[:4] for row in shown["states"]] == [
        [3, 2, r, "failed"] for r in range(4)
    ]
    assert all("no luck" in row[4] for row in shown["states"])


def test_trainings_have_their_epochs_losses_and_accuracies(shown):
    trainings = [t for t in shown["history"] if t[:2] == [0, 0]]
    assert [t[2] for t in trainings] == [0, 1, 2, 3]
    for _, _, _, epochs, losses, accuracies in trainings:
        assert epochs == sorted(epochs)
        assert len(epochs) == len(losses) == len(accuracies) > 10
    assert {t[1] for t in shown["heldOut"]} == {0}


def test_colours_and_order_are_those_of_the_figures(data, shown):
    looks = classifier_styles(
        [facts.id for facts in data.classifiers], highlighted=data.highlighted
    )
    for entry in shown["classifiers"]:
        assert entry["colour"] == looks[entry["id"]].colour
        assert entry["coloured"]
    assert len({entry["shape"] for entry in shown["classifiers"]}) == 3


def test_it_is_json_without_nan_also_with_nothing_computed(data):
    nothing = data.findings.results.iloc[:0]
    empty = replace(
        data,
        findings=replace(
            data.findings, results=nothing, intervals=None, compared=None, across=None
        ),
        history=nothing,
        held_out=nothing,
    )
    for each in (data, empty):
        text = json.dumps(explorer_data(each), allow_nan=False)
        assert json.loads(text)["suite"] == "small"


def test_the_plotting_library_is_the_one_that_the_tool_writes():
    tool = (ROOT / "docs/tools/vendor_vega.py").read_text("utf-8")
    [expected] = re.findall(r'SHA256 = "(\w+)"', tool)
    content = (WEB / "vega.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == expected
    licenses = (WEB / "vega.LICENSE.txt").read_text("utf-8")
    for name, version in re.findall(r'"([\w-]+)": "([\d.]+)"', tool):
        assert f"{name} {version} (BSD-3-Clause)" in licenses


def test_nothing_in_the_library_ends_its_script_or_needs_eval(data):
    part = explorer_part(data)
    assert not re.search(r"<!--|</?script", part.library, re.IGNORECASE)
    assert "sourceMappingURL" not in part.library
    assert "ast: true" in part.script
