import numpy as np
import online_stores
import pandas as pd
import pytest
import stored
import yaml_text

from bench.analysis.findings import analyse, sweep_rows
from bench.analysis.results import load_results
from bench.render.blocks import Table, Text
from bench.report.sweeps import along_table, sweep_chapters
from bench.report.write import write_report
from bench.store.store import Store

DATASET = yaml_text.SUITE["datasets"][0]
FEW = {k: v for k, v in DATASET.items() if k != "train"}
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}
NORMAL = {"kind": "truncated-normal", "low": -3, "high": 3, "size": 20, "pool": 5000}


@pytest.fixture
def found_of(write_suite, tmp_path):
    """Put results of a suite; give its plan, and what follows."""

    def write(accuracy=lambda dataset, name: ACCURACY[name], **changes):
        changes = {"classifiers": list(ACCURACY), "repetitions": 5} | changes
        plan = stored.plan_of(write_suite(audits=False, **changes))
        store = Store(tmp_path / "store")
        online_stores.put_suite(plan, store, accuracy, online=["SD"])
        return plan, analyse(plan, store, load_results(plan, store))

    return write


def test_where_a_sweep_fails_on_its_way_to_the_limit(found_of):
    datasets = [
        DATASET | {"id": f"std{std}", "inputs": NORMAL | {"std": std}}
        for std in (2, 1, 10)
    ]
    falls = {"std1": 0.97, "std2": 0.96, "std10": 0.8, "grid": 0.7}
    dips = {"std1": 0.8, "std2": 0.7, "std10": 0.8, "grid": 0.6}
    own = {"SD": falls, "KNN": dips, "GNB": dict.fromkeys(falls, 0.6)}
    plan, found = found_of(
        lambda dataset, name: own[name][dataset],
        datasets=[*datasets, DATASET],
        stats={"margin": 0.03},
    )
    [section] = sweep_chapters(plan, found, [[]])
    assert section.title == "Along inputs.std, to the grid"
    table = section.blocks[0]
    assert isinstance(table, Table)
    frame = table.frame.set_index("classifier")
    assert list(frame) == ["std 1", "std 2", "std 10", "grid", "fails from"]
    assert frame["fails from"].to_dict() == {
        "SD": "std 10",
        "KNN": "std 2 (not at std 10)",
        "GNB": "does not",
    }
    assert frame.loc["SD", "std 1"].startswith("0.9")
    assert "Welch" in table.caption
    assert np.isinf(found.along["value"]).sum() == 3
    assert not found.along.loc[found.along["verdict"] != "", "paired"].any()


def test_one_repetition_cannot_tell_where_it_fails(found_of):
    datasets = [
        DATASET | {"id": f"std{std}", "inputs": NORMAL | {"std": std}}
        for std in (1, 2, 3)
    ]
    plan, found = found_of(datasets=datasets, repetitions=1)
    table = along_table(plan, found, found.sweeps[0])
    assert set(table.frame["fails from"]) == {"–"}
    assert "[" not in table.frame.loc[0, "std 1"]


RISES = {5: {"SD": 0.6, "KNN": 0.7, "GNB": 0.7}, 20: {"SD": 0.75, "KNN": 0.72,
         "GNB": 0.55}, 80: {"SD": 0.95, "KNN": 0.75, "GNB": 0.5}}  # fmt: skip


def rising(dataset, name):
    return RISES[int(dataset.rpartition("=")[2])][name] if "=" in dataset else 0.5


def test_datasets_of_one_stream_are_compared_by_pairs(found_of):
    family = FEW | {"id": "few", "test": 500, "sweep": {"train": [20, 5, 80]}}
    plan, found = found_of(rising, datasets=[family])
    [sweep] = found.sweeps
    assert (sweep.family, sweep.name) == ("few", "train")
    assert found.along["paired"].all()
    assert set(found.along["family"]) == {"few"}
    [section] = sweep_chapters(plan, found, [[]])
    assert section.title == "few: along train"
    table, crossings = section.blocks
    assert "paired, since along it a repetition is the same draw" in table.caption
    frame = table.frame.set_index("classifier")
    assert frame["gains from"].to_dict() == {
        "SD": "train 20",
        "KNN": frame.loc["KNN", "gains from"],
        "GNB": "does not",
    }
    assert frame.loc["GNB", "fails from"] == "train 20"
    # SD overtakes the other two, which are equally good at first.
    row = crossings.frame.iloc[-1]
    assert row["best after"] == "SD"
    assert 5 < float(row["crossing, train"]) < 20
    assert row["n"] == "5"
    assert "straight lines over the values" in crossings.caption


def test_each_family_has_its_chapter_and_rows_of_its_own(found_of, tmp_path):
    families = [
        FEW | {"id": "few", "sweep": {"train": [5, 80]}},
        DATASET | {"id": "noisy", "sweep": {"noise": [5, 80]}},
    ]
    plan, found = found_of(rising, datasets=families)
    assert [sweep.family for sweep in found.sweeps] == ["few", "noisy"]
    for sweep in found.sweeps:
        own = sweep_rows(found.along, sweep)
        assert set(own["dataset"]) == set(sweep.values)
        assert len(own) == 6
    folder = write_report(plan, Store(tmp_path / "store"), tmp_path / "out").parent
    text = (folder / "README.md").read_text()
    for title in ("few: along train", "noisy: along noise"):
        assert f"## {title}" in text
    tex = (folder / "tables.tex").read_text()
    for name in ("few", "noisy"):
        assert f"figures/sweep-{name}.svg" in text
        assert (folder / "figures" / f"sweep-{name}.svg").exists()
        assert rf"\label{{tab:small-sweep-{name}}}" in tex
    assert len(pd.read_csv(folder / "sweep.csv")) == 12
    crossings = pd.read_csv(folder / "crossings.csv")
    assert set(crossings["family"]) == {"few", "noisy"}


def test_where_nothing_crosses_that_is_said(found_of):
    family = FEW | {"id": "few", "sweep": {"train": [5, 20]}}
    plan, found = found_of(datasets=[family])
    [section] = sweep_chapters(plan, found, [[]])
    assert isinstance(section.blocks[-1], Text)
    assert "No two mean curves cross." in section.blocks[-1].words
    plan, found = found_of(
        lambda dataset, name: {"SD": 0.9}.get(name, 0.6),
        datasets=[family],
        classifiers=["SD", "KNN", "GNB", "DT"],
    )
    if not found.crossings.empty:  # of those that are equally poor
        [section] = sweep_chapters(plan, found, [[]])
        assert "No crossing changes who is best" in section.blocks[-1].words


def test_what_is_no_sweep_has_no_chapter(found_of):
    plan, found = found_of()
    assert found.sweeps == ()
    assert found.along.empty
    assert found.crossings.empty
    assert sweep_chapters(plan, found, []) == []
