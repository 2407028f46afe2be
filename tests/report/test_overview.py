import yaml_text

from bench.report.overview import overview_chapter

GRID = yaml_text.SUITE["datasets"][0]
NAMES = ["a", "b", "c", "d"]
DATASETS = [GRID | {"id": name, "train": 30 + i} for i, name in enumerate(NAMES)]


def test_three_datasets_share_a_figure(make_findings, figures):
    plan, findings, _ = make_findings(datasets=DATASETS, repetitions=2)
    section = overview_chapter(plan, findings, figures)
    assert section.title == "Accuracy, overfitting, cost"
    assert [figure.path for figure in section.blocks] == [
        f"figures/{kind}-{number}.svg"
        for number in (1, 2)
        for kind in ("scores", "overfitting", "cost")
    ]
    for kind in ("scores", "overfitting", "cost"):
        shown = [figures.data[f"{kind}-{number}"][0][0] for number in (1, 2)]
        assert shown == [NAMES[:3], NAMES[3:]]
    _, results, summary, *_ = figures.data["scores-2"][0]
    assert set(results["dataset"]) == set(summary["dataset"]) == {"d"}


def test_without_training_scores_there_is_no_overfitting(make_findings, figures):
    plan, findings, _ = make_findings(
        datasets=DATASETS[:2], classifiers=["SD"], repetitions=2
    )
    overview_chapter(plan, findings, figures)
    assert list(figures.data) == ["scores-1", "cost-1"]


def test_the_seconds_are_of_the_threads_of_the_suite(make_findings, figures):
    plan, findings, _ = make_findings(repetitions=2, threads=2)
    section = overview_chapter(plan, findings, figures)
    assert section.blocks[-1].caption.startswith(
        "Seconds are medians over repetitions, on 2 threads of"
    )
