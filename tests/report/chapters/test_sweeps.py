import numpy as np
import yaml_text

from bench.analysis.findings import sweep_rows
from bench.render.blocks import Table, Text
from bench.report.chapters.sweeps import along_table, sweep_chapters, sweep_tables

DATASET = yaml_text.SUITE["datasets"][0]
FEW = {k: v for k, v in DATASET.items() if k != "train"}
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}
NORMAL = {"kind": "truncated-normal", "low": -3, "high": 3, "size": 20, "pool": 5000}


def test_a_sweep_up_to_its_limit_says_who_is_worse_from_where(make_data, figures):
    datasets = [
        DATASET | {"id": f"std{std}", "inputs": NORMAL | {"std": std}}
        for std in (2, 1, 10)
    ]
    falls = {"std1": 0.97, "std2": 0.96, "std10": 0.8, "grid": 0.7}
    dips = {"std1": 0.8, "std2": 0.7, "std10": 0.8, "grid": 0.6}
    means = {"SD": falls, "KNN": dips, "GNB": dict.fromkeys(falls, 0.6)}
    data = make_data(
        lambda dataset, name: means[name][dataset],
        datasets=[*datasets, DATASET],
        stats={"margin": 0.03},
    )
    [section] = sweep_chapters(data, figures)
    assert section.title == "Sweep of inputs.std, up to the grid"
    scores, table, _, densities = section.blocks
    assert isinstance(table, Table)
    assert (scores.path, densities.path) == (
        "figures/sweep.png",
        "figures/densities.png",
    )
    frame = table.frame.set_index("classifier")
    assert list(frame) == ["std 1", "std 2", "std 10", "grid", "worse from"]
    assert frame["worse from"].to_dict() == {
        "SD": "std 10",
        "KNN": "std 2 (not shown at std 10)",
        "GNB": "not shown",
    }
    assert frame.loc["SD", "std 1"].startswith("0.9")
    assert "Welch" in table.caption
    assert np.isinf(data.findings.along["value"]).sum() == 3
    assert not data.findings.along.loc[
        data.findings.along["verdict"] != "", "paired"
    ].any()


def test_one_repetition_has_no_intervals_and_no_verdict(make_data):
    datasets = [
        DATASET | {"id": f"std{std}", "inputs": NORMAL | {"std": std}}
        for std in (1, 2, 3)
    ]
    data = make_data(datasets=datasets, repetitions=1)
    table = along_table(data, data.findings.sweeps[0])
    assert set(table.frame["worse from"]) == {"–"}
    assert "[" not in table.frame.loc[0, "std 1"]


RISES = {5: {"SD": 0.6, "KNN": 0.7, "GNB": 0.7}, 20: {"SD": 0.75, "KNN": 0.72,
         "GNB": 0.55}, 80: {"SD": 0.95, "KNN": 0.75, "GNB": 0.5}}  # fmt: skip


def rising(dataset, name):
    return RISES[int(dataset.rpartition("=")[2])][name] if "=" in dataset else 0.5


def test_datasets_of_one_stream_are_compared_in_pairs(make_data, figures):
    family = FEW | {"id": "few", "test": 500, "sweep": {"train": [20, 5, 80]}}
    data = make_data(rising, datasets=[family])
    [sweep] = data.findings.sweeps
    assert (sweep.family, sweep.name) == ("few", "train")
    assert data.findings.along["paired"].all()
    assert set(data.findings.along["family"]) == {"few"}
    [section] = sweep_chapters(data, figures)
    assert section.title == "few: sweep of train"
    _, table, crossings = section.blocks
    assert "paired, since a repetition is the same draw" in table.caption
    frame = table.frame.set_index("classifier")
    assert frame["better from"].to_dict() == {
        "SD": "train 20",
        "KNN": frame.loc["KNN", "better from"],
        "GNB": "not shown",
    }
    assert frame.loc["GNB", "worse from"] == "train 20"
    # SD overtakes the other two, which are equally good at first.
    row = crossings.frame.iloc[-1]
    assert row["best mean after"] == "SD"
    assert 5 < float(row["crossing, train"]) < 20
    assert row["n"] == "5"
    assert "straight lines over the values" in crossings.caption


def test_each_family_has_its_chapter_and_rows_of_its_own(make_data, figures):
    families = [
        FEW | {"id": "few", "sweep": {"train": [5, 80]}},
        DATASET | {"id": "noisy", "sweep": {"noise": [5, 80]}},
    ]
    data = make_data(rising, datasets=families, repetitions=3)
    assert [sweep.family for sweep in data.findings.sweeps] == ["few", "noisy"]
    for sweep in data.findings.sweeps:
        scores = sweep_rows(data.findings.along, sweep)
        assert set(scores["dataset"]) == set(sweep.values)
        assert len(scores) == 6
    titles = [section.title for section in sweep_chapters(data, figures)]
    assert titles == ["few: sweep of train", "noisy: sweep of noise"]
    assert list(sweep_tables(data)) == ["sweep-few", "sweep-noisy"]
    assert {"sweep-few", "sweep-noisy"} <= set(figures.data)
    assert len(data.tables["sweep"]) == 12
    assert set(data.tables["crossings"]["family"]) == {"few", "noisy"}


def test_without_crossings_a_sentence_replaces_the_table(make_data, figures):
    family = FEW | {"id": "few", "sweep": {"train": [5, 20]}}
    data = make_data(datasets=[family])
    [section] = sweep_chapters(data, figures)
    assert isinstance(section.blocks[-1], Text)
    assert "No two lines of mean scores cross." in section.blocks[-1].words


def test_crossings_below_the_best_are_in_the_file_alone(make_data, figures):
    scores = {
        5: {"SD": 0.9, "KNN": 0.6, "GNB": 0.7},
        20: {"SD": 0.9, "KNN": 0.7, "GNB": 0.6},
    }
    family = FEW | {"id": "few", "test": 500, "sweep": {"train": [5, 20]}}
    data = make_data(
        lambda dataset, name: scores[int(dataset.rpartition("=")[2])][name],
        datasets=[family],
    )
    [section] = sweep_chapters(data, figures)
    assert section.blocks[-1].words == (
        "No crossing changes which mean is the best (1 other crossing in "
        "crossings.csv)."
    )


def test_without_a_sweep_there_is_no_chapter(make_data, figures):
    data = make_data()
    assert data.findings.sweeps == ()
    assert data.findings.along.empty
    assert data.findings.crossings.empty
    assert sweep_chapters(data, figures) == []
