from dataclasses import replace

import pytest
import yaml_text
from read_blocks import of, text_of

from bench.analysis import read_data, write_data
from bench.render import FigureFile, Items, Text
from bench.report.chapters.across import across_chapter, draw_forest

GRID = yaml_text.SUITE["datasets"][0]
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}


def libraries(folder, n):
    """Write a dataset for each of n libraries of one function."""
    for i in range(n):
        (folder / f"power{i}.lib").write_text(f"N0*x[:,0]**{i + 1}\n")
    return [GRID | {"id": f"d{i}", "library": f"power{i}.lib"} for i in range(n)]


def test_one_dataset_has_no_chapter(make_data, figures):
    assert across_chapter(make_data(), figures) == []
    assert figures.data == {}


def test_too_few_datasets_have_one_sentence(make_data, figures, tmp_path):
    data = make_data(datasets=libraries(tmp_path, 2), repetitions=2)
    [section] = across_chapter(data, figures)
    [text] = of(Text, [section])
    assert text.words == (
        "No intervals, tests or critical differences across datasets: there are 2 "
        "families of datasets of different libraries; intervals of differences need 5, "
        "tests of 3 pairs need 7."
    )
    # With two repetitions nothing differs from the baseline by any interval.
    assert "differences" not in figures.data
    assert "critical-differences" not in figures.data


def test_datasets_of_one_library_are_one_family(make_data, figures, tmp_path):
    one, other = libraries(tmp_path, 2)
    data = make_data(
        lambda dataset, name: 0.9 - 0.1 * (name == "GNB"),
        datasets=[one, one | {"id": "more", "train": 40}, other],
        repetitions=2,
    )
    text = text_of(across_chapter(data, figures))
    assert "there are 2 families of datasets of different libraries" in text
    assert "(the 3 datasets share libraries)" in text
    caption = of(FigureFile, across_chapter(data, type(figures)(tmp_path)))[0].caption
    assert "over the 2 families" in caption


def test_datasets_of_a_single_library_have_no_matrix_of_pairs(make_data, figures):
    datasets = [GRID, GRID | {"id": "more", "train": 40}]
    text = text_of(across_chapter(make_data(datasets=datasets), figures))
    assert "there is 1 family of datasets" in text
    assert "pairs" not in figures.data


def test_five_families_have_intervals_and_no_tests(make_data, figures, tmp_path):
    data = make_data(datasets=libraries(tmp_path, 5), repetitions=2)
    text = text_of(across_chapter(data, figures))
    assert "No tests across datasets" in text
    assert "7 families are needed" in text
    pairs = data.tables["pairs"]
    assert pairs["low"].notna().all()
    assert not {"p", "p_holm"} & set(pairs.dropna(axis=1, how="all"))
    [frame] = figures.data["pairs"][0]
    assert frame is data.findings.across.pairs
    assert figures.data["pairs"][1]["order"] == ["SD", "KNN", "GNB"]
    assert figures.data["pairs"][1]["p_column"] is None
    assert "Holm" not in text


def test_enough_datasets_have_tests_and_critical_differences(
    make_data, figures, tmp_path
):
    # 2 * 3 comparisons / 2**7 is below 0.05.
    data = make_data(datasets=libraries(tmp_path, 7), repetitions=2)
    section = across_chapter(data, figures)
    text = text_of(section)
    assert "Friedman" in text
    assert "the means of the 7 datasets" in text
    # All seven differences have one sign: p = 2 / 2**7, times 3 for the first step.
    pairs = data.tables["pairs"]
    assert pairs["p_holm"].round(3).tolist() == [0.047] * 3
    assert figures.data["pairs"][1]["p_column"] == "p_holm"
    assert [figure.path for figure in of(FigureFile, section)] == [
        "figures/critical-differences.png",
        "figures/pairs.png",
    ]
    args, kwargs = figures.data["critical-differences"]
    assert args[0].tolist() == [1, 2, 3]
    assert set(ACCURACY) <= set(kwargs["looks"])


def test_a_classifier_that_fails_on_a_dataset_leaves_with_a_sentence(
    make_data, figures, tmp_path
):
    data = make_data(
        lambda dataset, name: (
            None if (dataset, name) == ("d3", "KNN") else ACCURACY[name]
        ),
        datasets=libraries(tmp_path, 6),
        repetitions=2,
    )
    section = across_chapter(data, figures)
    [lost] = of(Items, section)
    assert lost.entries == ["KNN is not compared across datasets: it lacks d3."]
    assert "Friedman" in text_of(section)
    assert data.tables["pairs"]["p_holm"].round(3).tolist() == [0.031]
    assert "pairs" not in figures.data  # one pair is no matrix


def test_a_single_classifier_with_all_scores_has_no_pair(make_data, figures, tmp_path):
    data = make_data(
        lambda dataset, name: ACCURACY[name] if name == "GNB" else None,
        datasets=libraries(tmp_path, 2),
        repetitions=2,
    )
    write_data(data, tmp_path / "report")  # which has no file of no pair
    [section] = across_chapter(read_data(tmp_path / "report"), figures)
    [lost] = of(Items, [section])
    assert len(lost.entries) == 2
    assert of(Text, [section]) == []


@pytest.fixture
def two(make_data):
    """Two datasets, whose differences to the baseline have intervals."""
    return make_data(datasets=[GRID, GRID | {"id": "more", "train": 40}])


def test_a_forest_shows_the_differences_to_the_baseline_on_each_dataset(two, figures):
    [figure] = draw_forest(two, figures)
    assert figure.path == "figures/differences.png"
    assert "Difference of accuracy to SD, paired over repetitions" in figure.caption
    assert "simultaneous over the 2 classifiers of a dataset" in figure.caption
    assert "the margin of 0.01" in figure.caption
    assert "comparisons.csv" not in figure.caption  # all are shown
    options = figures.data["differences"][1]
    assert options["classifiers"] == ["KNN", "GNB"]
    assert options["datasets"] == ["grid", "more"]


def test_a_forest_shows_six_classifiers_and_counts_the_others(make_data, figures):
    entries = [
        {"id": f"K{n}", "use": "KNN", "params": {"n_neighbors": n}} for n in range(1, 9)
    ]
    data = make_data(
        lambda dataset, name: 0.5 + (int(name[1:]) if name[0] == "K" else 0) / 25,
        datasets=[GRID, GRID | {"id": "more", "train": 40}],
        classifiers=["SD", "CHANCE", *entries],
        repetitions=3,
    )
    [figure] = draw_forest(data, figures)
    names = figures.data["differences"][1]["classifiers"]
    assert len(names) == 6
    assert not {"SD", "CHANCE"} & set(names)
    assert names[0] == "K8"
    assert "3 more classifiers: comparisons.csv." in figure.caption


def test_without_a_comparison_there_is_no_forest(two, figures):
    unknown = two.findings.compared.assign(low=float("nan"), high=float("nan"))
    for compared in (None, unknown):
        findings = replace(two.findings, compared=compared)
        assert draw_forest(replace(two, findings=findings), figures) == []
