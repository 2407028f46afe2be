import yaml_text

from bench.report.chapters.threshold import threshold_chapter, threshold_table

DATASET = yaml_text.SUITE["datasets"][0]
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}


def test_each_classifier_has_a_verdict_on_each_dataset(make_data):
    datasets = [DATASET, DATASET | {"id": "other", "train": 31}]
    data = make_data(
        lambda dataset, name: None if (dataset, name) == ("other", "GNB") else
        ACCURACY[name],
        datasets=datasets,
        stats={"works": 0.8},
    )  # fmt: skip
    assert data.findings.works.set_index(["dataset", "classifier"])[
        "verdict"
    ].to_dict() == {
        ("grid", "SD"): "works",
        ("grid", "KNN"): "unclear",
        ("grid", "GNB"): "does not work",
        ("other", "SD"): "works",
        ("other", "KNN"): "unclear",
        ("other", "GNB"): "unclear",
    }
    [section] = threshold_chapter(data)
    text, table = section.blocks
    assert section.title == "Reliably above 0.8 held-out accuracy"
    assert text.words.endswith("6. Works: 2; does not work: 1; unclear: 3.")
    assert "lies entirely at 0.8 or above" in table.caption
    *numbers, words = table.frame.iloc[-1].tolist()
    assert numbers == ["other", "GNB", "–", "–", "0"]
    assert words == "unclear (has no score in 5 repetitions)"
    assert table.frame.columns[3] == "simultaneous interval"
    assert "Intervals at 95%, " in table.caption


def test_verdicts_are_simultaneous_and_need_three_repetitions(make_data):
    data = make_data(stats={"works": 0.8})
    alone = data.findings.intervals.set_index("classifier")
    together = data.findings.works.set_index("classifier")
    assert (together["low"] < alone.loc[together.index, "low"]).all()
    few = make_data(stats={"works": 0.1}, repetitions=2)
    assert set(few.findings.works["verdict"]) == {"unclear"}


def test_without_a_threshold_there_is_no_chapter(make_data):
    data = make_data()
    assert data.findings.works.empty
    assert threshold_chapter(data) == []
    assert threshold_table(data) is None


def test_of_a_loss_the_scores_below_the_threshold_are_good(make_data):
    data = make_data(metrics=["brier"], stats={"works": 0.1})
    verdicts = data.findings.works.set_index("classifier")["verdict"]
    assert verdicts.to_dict()["GNB"] == "does not work"
    [section] = threshold_chapter(data)
    assert section.title == "Reliably below 0.1 held-out Brier score"
    assert "lies entirely above 0.1" in section.blocks[1].caption


def test_a_long_table_becomes_a_row_for_each_classifier(make_data):
    datasets = [
        DATASET | {"id": f"d{i}", "train": 30 + i, "test": 300} for i in range(11)
    ]
    data = make_data(
        lambda dataset, name: 0.97 if (dataset, name) == ("d1", "GNB") else
        ACCURACY[name],
        datasets=datasets,
        stats={"works": 0.75},
        repetitions=3,
        put={"online": []},
    )  # fmt: skip
    text, table = threshold_chapter(data)[0].blocks
    assert text.words.startswith("Pairs of a dataset and a classifier: 33.")
    rows = table.frame.set_index("classifier")
    assert rows.loc["SD"].tolist() == ["all 11", "–", "–"]
    assert rows.loc["GNB", "works"] == "d1"
    assert rows.loc["GNB", "does not work"].startswith("d0, d2, d3")
    assert len(threshold_table(data).frame) == 33  # LaTeX has all
