from dataclasses import replace

import pytest
import yaml_text

from bench.report.chapters.scores import draw_costs, draw_scores

GRID = yaml_text.SUITE["datasets"][0]
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}
THREE = [GRID | {"id": name, "train": 30 + i} for i, name in enumerate("abc")]


def changed(data, **changes):
    return replace(data, findings=replace(data.findings, **changes))


def test_the_datasets_share_one_figure_one_order_and_chance(make_data, figures):
    data = make_data(datasets=THREE, repetitions=3)
    [figure] = draw_scores(data, ["a", "b"], figures)
    assert figure.path == "figures/scores.png"
    rows, metric = figures.data["scores"][0]
    options = figures.data["scores"][1]
    assert set(rows["dataset"]) == {"a", "b"}
    assert metric == "accuracy"
    assert options["order"] == ["SD", "KNN", "GNB"]
    assert options["chance"] == {"a": 0.5, "b": 0.5, "c": 0.5}
    assert "hollow: training" in figure.caption
    assert "Dashed: chance." in figure.caption
    assert "Crosses" not in figure.caption


def test_the_figure_of_one_dataset_has_a_name_of_its_own(make_data, figures):
    data = make_data(datasets=THREE, repetitions=2)
    draw_scores(data, ["a"], figures)
    draw_scores(data, ["b"], figures)
    assert list(figures.data) == ["scores-a", "scores-b"]


def test_without_training_scores_hollow_dots_are_not_explained(make_data, figures):
    data = make_data(classifiers=["SD"], repetitions=2)
    [figure] = draw_scores(data, ["grid"], figures)
    assert "hollow" not in figure.caption


def test_crosses_are_explained_where_a_training_collapsed(make_data, figures):
    data = make_data(repetitions=3)
    collapsed = data.findings.results.assign(collapsed=[True, *[False] * 8])
    [figure] = draw_scores(changed(data, results=collapsed), ["grid"], figures)
    assert "Crosses: trainings that collapsed." in figure.caption


def test_the_cost_is_drawn_where_scores_differ_from_chance(make_data, figures):
    data = make_data(
        lambda dataset, name: 0.5 if dataset == "b" else ACCURACY[name],
        datasets=[entry | {"test": 100} for entry in THREE],
    )
    [figure] = draw_costs(data, figures)
    assert figures.data["cost"][1]["datasets"] == ["a", "c"]
    assert "1 dataset not shown" in figure.caption


@pytest.mark.parametrize(
    "changes",
    [
        {"datasets": [GRID | {"test": 100}]},  # all at chance
        {"datasets": [GRID | {"neural": {"kind": "library"}}]},  # nothing to learn
        {"classifiers": ["SD", "KNN"]},  # no front of two
    ],
)
def test_else_there_is_no_figure_of_cost(make_data, figures, changes):
    by_chance = "classifiers" not in changes
    data = make_data(
        lambda dataset, name: 0.5 if by_chance else ACCURACY[name], **changes
    )
    assert draw_costs(data, figures) == []
    assert figures.data == {}


def test_a_metric_without_a_known_chance_has_its_figure_of_cost(make_data, figures):
    data = make_data(metrics=["brier"], repetitions=3)
    assert data.datasets[0].chance is None
    assert draw_costs(data, figures)


def test_seven_datasets_are_too_many_panels(make_data, figures):
    datasets = [GRID | {"id": f"d{i}", "train": 30 + i} for i in range(7)]
    data = make_data(datasets=datasets, repetitions=3, put={"online": []})
    [figure] = draw_costs(data, figures)
    assert len(figures.data["cost"][1]["datasets"]) == 6
    assert "1 dataset not shown" in figure.caption
