import yaml_text

from bench.report.across import across_chapter

GRID = yaml_text.SUITE["datasets"][0]


def libraries(folder, n):
    """Write a dataset for each of n libraries of one function."""
    for i in range(n):
        (folder / f"power{i}.lib").write_text(f"N0*x[:,0]**{i + 1}\n")
    return [GRID | {"id": f"d{i}", "library": f"power{i}.lib"} for i in range(n)]


def test_one_dataset_has_no_chapter(make_findings, figures):
    plan, findings, _ = make_findings()
    assert across_chapter(plan, findings, figures) == []


def test_too_few_datasets_have_ranks_and_differences_but_no_tests(
    make_findings, figures, tmp_path
):
    plan, findings, _ = make_findings(datasets=libraries(tmp_path, 2))
    [section] = across_chapter(plan, findings, figures)
    ranks, text, pairs = section.blocks
    assert ranks.frame["classifier"].tolist() == ["SD", "KNN", "GNB"]
    assert ranks.frame["mean rank"].tolist() == ["1.00", "2.00", "3.00"]
    assert "the repetitions of this suite" in ranks.caption
    assert text.words.startswith("No tests and no critical differences")
    assert pairs.frame[["first", "second", "win/tie/loss"]].to_numpy().tolist() == [
        ["SD", "KNN", "2/0/0"],
        ["SD", "GNB", "2/0/0"],
        ["KNN", "GNB", "2/0/0"],
    ]
    assert not any(column.startswith("p ") for column in pairs.frame)
    assert figures.data == {}


def test_enough_datasets_have_tests_and_critical_differences(
    make_findings, figures, tmp_path
):
    plan, findings, _ = make_findings(
        datasets=libraries(tmp_path, 7), repetitions=2
    )  # 2 * 3 comparisons / 2**7 is below 0.05
    [section] = across_chapter(plan, findings, figures)
    ranks, text, pairs, figure = section.blocks
    assert "the datasets of this suite" in ranks.caption
    assert text.words.startswith("Friedman")
    # All seven differences have one sign: p = 2 / 2**7, times 3 for the first step.
    assert pairs.frame["p (Wilcoxon, Holm)"].tolist() == ["0.047"] * 3
    assert figure.path == "figures/critical-differences.svg"
    args, kwargs = figures.data["critical-differences"]
    assert args[0].tolist() == [1, 2, 3]
    assert {"SD", "KNN", "GNB"} <= kwargs["looks"].keys()


def test_only_a_page_of_pairs_is_shown(make_findings, figures, tmp_path):
    entries = [
        {"id": f"K{n}", "use": "KNN", "params": {"n_neighbors": n}}
        for n in range(1, 11)
    ]
    plan, findings, _ = make_findings(
        lambda dataset, name: 0.5 + int(name[1:]) / 25,
        datasets=libraries(tmp_path, 2),
        classifiers=entries,
        repetitions=2,
    )
    pairs = across_chapter(plan, findings, figures)[0].blocks[-1]
    assert len(pairs.frame) == 40
    assert "Shown are 40 of 45 pairs; pairs.csv has all." in pairs.caption
