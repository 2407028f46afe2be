import yaml_text

from bench.report import write
from bench.report.across import across_chapter

GRID = yaml_text.SUITE["datasets"][0]
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}


def libraries(folder, n):
    """Write a dataset for each of n libraries of one function."""
    for i in range(n):
        (folder / f"power{i}.lib").write_text(f"N0*x[:,0]**{i + 1}\n")
    return [GRID | {"id": f"d{i}", "library": f"power{i}.lib"} for i in range(n)]


def test_one_dataset_has_no_chapter(make_findings, figures):
    plan, findings, _ = make_findings()
    assert across_chapter(plan, findings, figures) == []


def test_too_few_datasets_have_ranks_and_one_sentence(make_findings, figures, tmp_path):
    plan, findings, _ = make_findings(datasets=libraries(tmp_path, 2))
    [section] = across_chapter(plan, findings, figures)
    ranks, text = section.blocks
    assert ranks.frame["classifier"].tolist() == ["SD", "KNN", "GNB"]
    assert ranks.frame["mean rank"].tolist() == ["1.00", "2.00", "3.00"]
    assert list(ranks.frame) == ["classifier", "mean rank", "mean accuracy"]
    assert "over 2 datasets" in ranks.caption
    assert text.words == (
        "No intervals, tests or critical differences across datasets: there are 2 "
        "families of datasets of different libraries; intervals of differences need 5, "
        "tests of 3 pairs need 7."
    )
    assert figures.data == {}


def test_datasets_of_one_library_are_one_family(make_findings, figures, tmp_path):
    one, other = libraries(tmp_path, 2)
    datasets = [one, one | {"id": "more", "train": 40}, other]
    means = {"d0": 0.9, "more": 0.7, "d1": 0.6}
    plan, findings, _ = make_findings(
        lambda dataset, name: means[dataset] - 0.1 * (name == "GNB"),
        datasets=datasets,
        classifiers=["KNN", "GNB"],
    )
    ranks, text = across_chapter(plan, findings, figures)[0].blocks
    assert "over 2 families of datasets (3 datasets; those that share" in ranks.caption
    # The mean of the first family, .8, and of the second, .6.
    assert abs(float(ranks.frame["mean accuracy"][0]) - 0.7) < 0.02
    assert "2 families" in text.words
    assert "(the 3 datasets share libraries)" in text.words


def test_five_families_have_intervals_and_no_tests(make_findings, figures, tmp_path):
    plan, findings, _ = make_findings(datasets=libraries(tmp_path, 5), repetitions=2)
    ranks, text, pairs = across_chapter(plan, findings, figures)[0].blocks
    assert "ranks when resampled" not in ranks.frame
    assert text.words.startswith("No tests and no critical differences")
    assert "7 families of different libraries are needed" in text.words
    assert pairs.frame[["first", "second", "win/tie/loss"]].to_numpy().tolist() == [
        ["SD", "KNN", "5/0/0"],
        ["SD", "GNB", "5/0/0"],
        ["KNN", "GNB", "5/0/0"],
    ]
    assert pairs.frame["simultaneous interval"].str.startswith("[+0.").all()
    assert not any(column.startswith(("p ", "P")) for column in pairs.frame)
    assert "p" not in write._pairs(findings)
    assert figures.data == {}


def test_enough_datasets_have_tests_and_critical_differences(
    make_findings, figures, tmp_path
):
    plan, findings, _ = make_findings(
        datasets=libraries(tmp_path, 7), repetitions=2
    )  # 2 * 3 comparisons / 2**7 is below 0.05
    [section] = across_chapter(plan, findings, figures)
    ranks, text, pairs, figure = section.blocks
    assert ranks.frame["ranks when resampled"].tolist() == [
        "[1, 1]",
        "[2, 2]",
        "[3, 3]",
    ]
    assert "bootstrap resamples of the datasets" in ranks.caption
    assert text.words.startswith("Friedman")
    assert "the means of the 7 datasets" in text.words
    # All seven differences have one sign: p = 2 / 2**7, times 3 for the first step.
    assert pairs.frame["p (Wilcoxon, Holm)"].tolist() == ["0.047"] * 3
    assert not any(column.startswith("P(") for column in pairs.frame)
    assert figure.path == "figures/critical-differences.svg"
    args, kwargs = figures.data["critical-differences"]
    assert args[0].tolist() == [1, 2, 3]
    assert {"SD", "KNN", "GNB"} <= kwargs["looks"].keys()


def test_a_classifier_that_fails_on_a_dataset_leaves_with_a_sentence(
    make_findings, figures, tmp_path
):
    plan, findings, _ = make_findings(
        lambda dataset, name: (
            None if (dataset, name) == ("d3", "KNN") else ACCURACY[name]
        ),
        datasets=libraries(tmp_path, 6),
        repetitions=2,
    )
    ranks, lost, text, pairs, _ = across_chapter(plan, findings, figures)[0].blocks
    assert ranks.frame["classifier"].tolist() == ["SD", "GNB"]
    assert lost.entries == ["KNN is not compared across datasets: it lacks d3."]
    assert text.words.startswith("Friedman")
    assert pairs.frame["p (Wilcoxon, Holm)"].tolist() == ["0.031"]


def test_only_a_page_of_pairs_is_shown(make_findings, figures, tmp_path):
    entries = [
        {"id": f"K{n}", "use": "KNN", "params": {"n_neighbors": n}}
        for n in range(1, 11)
    ]
    plan, findings, _ = make_findings(
        lambda dataset, name: 0.5 + int(name[1:]) / 25,
        datasets=libraries(tmp_path, 5),
        classifiers=entries,
        repetitions=1,
    )
    pairs = across_chapter(plan, findings, figures)[0].blocks[-1]
    assert len(pairs.frame) == 40
    assert "Shown are 40 of 45 pairs; pairs.csv has all." in pairs.caption
