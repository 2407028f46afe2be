from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml_text
from read_blocks import of, text_of

from bench.analysis import HardCurve
from bench.render import FigureFile, Folded, Items, Table, Text
from bench.report.chapters.dataset import (
    chapter_tables,
    class_scores,
    comparison_table,
    dataset_chapter,
    draw_confusion,
    draw_hardest,
    draw_roc,
    score_table,
)

GRID = yaml_text.SUITE["datasets"][0]
ACCURACY = {"SD": 0.97, "KNN": 0.8, "GNB": 0.6}
OTHER = GRID | {"id": "other", "train": 31}


@pytest.fixture
def data(make_data):
    return make_data()


def changed(data, **changes):
    """Return the data with some frames of its findings replaced."""
    return replace(data, findings=replace(data.findings, **changes))


def chapter_of(data, figures, name="grid"):
    return dataset_chapter(data, data.dataset(name), figures)


def kinds_of(section):
    return [type(block) for block in section.blocks]


def test_a_chapter_is_one_table_at_most_three_figures_and_a_fold(make_data, figures):
    data = make_data(datasets=[GRID | {"description": "Even points."}, OTHER])
    section = chapter_of(data, figures)
    assert section.title == "grid"
    assert kinds_of(section)[:3] == [Text, Text, Table]
    assert kinds_of(section)[3:] == [FigureFile] * 3 + [Folded]
    assert section.blocks[0].words == "Even points."
    names = [figure.path for figure in of(FigureFile, [section], folded=False)]
    assert [name.removeprefix("figures/").split("-")[0] for name in names] == [
        "curves",
        "scores",
        "training",
    ]
    [folded] = of(Folded, [section])
    assert folded.title == "More: training, calibration"
    assert "prequential accuracy" in text_of([folded])


def test_the_only_dataset_has_no_figure_of_scores_of_its_own(data, figures):
    section = chapter_of(data, figures)
    assert "scores-grid" not in figures.data
    assert kinds_of(section).count(FigureFile) == 2
    assert {"curves-grid", "training-grid", "held-out-grid"} <= figures.data.keys()


def test_one_classifier_has_no_differences_and_no_hardest_curves(make_data, figures):
    data = make_data(classifiers=["KNN"], repetitions=2)
    section = chapter_of(data, figures)
    [table] = of(Table, [section])
    assert "verdict" not in table.frame
    assert list(figures.data) == ["curves-grid"]
    assert text_of(of(Folded, [section])).startswith("More: calibration")


@pytest.mark.parametrize(
    ("classifiers", "text"),
    [
        (["KNN"], "; 30 training and 20 test curves per class, float64"),
        (["KNN", "SD"], "per class (fresh training curves in each epoch for"),
        (["SD"], "; 20 test curves per class, fresh training curves in each epoch"),
    ],
)
def test_training_curves_are_counted_if_any_classifier_has_them(
    make_data, figures, classifiers, text
):
    data = make_data(classifiers=classifiers, repetitions=2)
    words = chapter_of(data, figures).blocks[0].words
    assert "; 20 points of 1 input, grid" in words
    assert text in words


def test_bold_is_the_best_alone_and_a_mark_what_does_not_differ_from_it(data):
    table = score_table(data, "grid")
    assert table.frame["classifier"].tolist() == ["SD", "KNN", "GNB"]
    assert np.argwhere(table.bold.to_numpy()).tolist() == [[0, 1]]
    assert not table.marks.to_numpy().any()
    assert "†" not in table.caption
    near = data.findings.intervals.assign(near_best=[True, True, False])
    table = score_table(changed(data, intervals=near), "grid")
    assert np.argwhere(table.bold.to_numpy()).tolist() == [[0, 1]]
    assert np.argwhere(table.marks.to_numpy()).tolist() == [[1, 1]]
    assert "† or shaded: not distinguishable from it" in table.caption
    assert table.frame.columns[2] == "95% interval"
    table = score_table(changed(data, intervals=None), "grid")
    assert not table.bold.to_numpy().any()
    assert "Bold" not in table.caption
    assert table.frame["95% interval"].tolist() == ["–"] * 3


def test_the_table_has_scores_differences_verdicts_and_cost_by_hand(make_data):
    data = make_data(stats={"baseline": "KNN"})
    summary = data.findings.summary.assign(
        test_accuracy_mean=[0.97, 0.8, 0.6],
        test_accuracy_std=[0.0101, 0.02, float("nan")],
        fit_seconds_median=[1.5, 0.001, float("nan")],
        n=[5, 5, 4],
    )
    compared = data.findings.compared.assign(
        difference=[0.17, -0.0001], low=[0.1, -0.3], high=[0.25, 0.2],
        verdict=["better", "inconclusive"], left_out="",
    )  # fmt: skip
    rows = score_table(changed(data, summary=summary, compared=compared), "grid").frame
    rows = rows.drop(columns=["95% interval", "training"]).to_dict("records")
    assert rows == [
        {
            "classifier": "SD",
            "held-out accuracy": "0.970±0.010",
            "difference to KNN": "+0.170",
            "its interval": "[+0.100, +0.250]",
            "verdict": "better",
            "n": "5",
            "fit (s)": "1.50",
        },
        {
            "classifier": "KNN",
            "held-out accuracy": "0.800±0.020",
            "difference to KNN": "–",
            "its interval": "–",
            "verdict": "baseline",
            "n": "5",
            "fit (s)": "0.00",
        },
        {
            "classifier": "GNB",
            "held-out accuracy": "0.600±–",
            "difference to KNN": "+0.000",  # and not -0.000
            "its interval": "[-0.300, +0.200]",
            "verdict": "inconclusive",
            "n": "4 of 5",
            "fit (s)": "–",
        },
    ]


def test_a_difference_of_zero_but_for_the_margin_says_so(make_data):
    data = make_data(stats={"baseline": "KNN"})
    compared = data.findings.compared.assign(
        difference=-0.03, low=-0.057, high=-0.008, verdict="inconclusive", left_out=""
    )
    verdicts = score_table(changed(data, compared=compared), "grid").frame["verdict"]
    assert verdicts[0] == "inconclusive (below zero, not beyond the margin)"


def test_two_repetitions_have_no_mark_no_interval_and_a_reason(make_data):
    table = score_table(make_data(repetitions=2), "grid")
    assert not table.bold.to_numpy().any()
    assert not table.marks.to_numpy().any()
    assert table.frame["95% interval"].tolist() == ["–"] * 3
    assert "Not compared: SD (has only 2 repetitions), KNN" in table.caption


def test_one_repetition_has_means_without_a_std(make_data):
    table = score_table(make_data(repetitions=1), "grid")
    assert table.frame["held-out accuracy"].str.endswith("±–").all()


def test_collapses_stand_beside_the_interval(data):
    assert "collapsed" not in score_table(data, "grid").frame
    share = {"collapsed": 1, "collapsed_low": 0.005, "collapsed_high": 0.716}
    is_knn = data.findings.intervals["classifier"] == "KNN"
    shown = data.findings.intervals.copy()
    shown.loc[is_knn, list(share)] = list(share.values())
    table = score_table(changed(data, intervals=shown), "grid")
    assert table.frame["collapsed"].tolist() == [
        "0 of 5",
        "1 of 5, [0.005, 0.716]",
        "–",  # GNB never left chance on 40 curves
    ]
    assert "Collapsed: trainings that never left chance" in table.caption


def test_a_classifier_that_failed_is_a_row(make_data, figures):
    data = make_data(lambda dataset, name: None if name == "GNB" else ACCURACY[name])
    table = score_table(data, "grid")
    [row] = [r for r in table.frame.to_dict("records") if r["classifier"] == "GNB"]
    assert row["held-out accuracy"] == row["training"] == row["fit (s)"] == "–"
    assert row["n"] == "0 of 5"
    assert "GNB (has no score in 5 repetitions)" in table.caption
    assert of(Table, [chapter_of(data, figures)])


def test_the_dash_under_training_has_its_reason(data):
    note = "– under training (SD): trained online, without a training set."
    assert note in score_table(data, "grid").caption


def test_of_a_loss_the_smallest_is_the_best(make_data):
    table = score_table(make_data(metrics=["brier", "accuracy"]), "grid")
    assert table.frame["classifier"].tolist() == ["SD", "KNN", "GNB"]
    assert table.bold.iloc[0, 1]
    assert {"held-out Brier score", "training"} <= set(table.smaller_first)


def test_the_tests_behind_the_verdicts_are_sorted(make_data):
    data = make_data(stats={"baseline": "KNN", "margin": 0.02})
    table = comparison_table(data, "grid")
    assert table.frame["classifier"].tolist() == ["SD", "GNB"]
    assert table.frame["win/tie/loss"].tolist() == ["5/0/0", "0/0/5"]
    assert "Paired differences to KNN; 2 classifiers compared" in table.caption


def test_latex_gets_the_tables_that_there_are(make_data):
    assert list(chapter_tables(make_data(), "grid")) == [
        "scores",
        "comparisons",
        "online",
    ]
    data = make_data(classifiers=["KNN"], put={"online": []}, repetitions=2)
    assert list(chapter_tables(data, "grid")) == ["scores"]


def test_other_metrics_are_folded_and_equal_ones_are_a_sentence(make_data, figures):
    data = make_data(metrics=["accuracy", "balanced_accuracy", "brier"])
    [folded] = of(Folded, [chapter_of(data, figures)])
    assert "other metrics" in folded.title
    [table] = [
        table for table in of(Table, [folded]) if "held-out Brier score" in table.frame
    ]
    assert "held-out balanced accuracy" not in table.frame
    assert "held-out Brier score" in table.smaller_first
    assert "Equal to accuracy within .0005 everywhere: balanced accuracy." in (
        text_of([folded])
    )


def test_where_chapters_are_many_each_other_metric_is_a_line(make_data, figures):
    metrics = ["accuracy", "brier", "balanced_accuracy"]
    data = make_data(metrics=metrics, datasets=[GRID, OTHER], repetitions=2)
    [folded] = of(Folded, [chapter_of(data, figures)])
    [lines] = of(Items, [folded])
    assert lines.entries[0].startswith("Held-out Brier score: SD 0.")
    assert ", KNN 0." in lines.entries[0]
    assert lines.entries[1].startswith("Equal to accuracy within")
    assert lines.entries[2].startswith("Expected calibration error")


def test_a_metric_says_which_classifiers_lack_what_it_needs(make_data, figures):
    data = make_data(metrics=["accuracy", "log_loss"], repetitions=2)
    # GNB has no score at all, which the table of coverage explains.
    results = data.findings.results
    is_gnb = results["classifier"] == "GNB"
    has_none = is_gnb | results["classifier"].isin(["KNN", "SD"])
    why = "predict_proba gave probabilities that sum to 2 for curve 0; expected 1"
    is_refused = (results["classifier"] == "SD") & (results["repetition"] == 1)
    has_none &= (results["classifier"] != "SD") | is_refused
    results = results.assign(
        test_log_loss=results["test_log_loss"].mask(has_none),
        status=results["status"].mask(is_gnb, "failed"),
        absent=results["absent"].mask(is_refused, why),
    )
    section = chapter_of(changed(data, results=results), figures)
    assert (
        "Log loss needs probabilities, which KNN does not have. Log loss needs "
        f"probabilities; SD gave none that can be used in 1 repetition: {why}."
    ) in text_of([section])


@pytest.mark.parametrize("classifiers", [["SD", "KNN"], ["KNN"]])
def test_a_published_dataset_has_a_column_and_names_its_source(
    make_data, figures, classifiers
):
    data = make_data(
        datasets=[GRID | {"id": "normal-100"}],
        classifiers=classifiers,
        repetitions=2,
        reference="seed-notebook",
    )
    section = chapter_of(data, figures, "normal-100")
    published = dict(
        zip(
            score_table(data, "normal-100").frame["classifier"],
            score_table(data, "normal-100").frame["notebook, training"],
            strict=True,
        )
    )
    assert published["KNN"] == "0.823±0.006"
    text = text_of(of(Folded, [section]))
    assert "Notebook: step 16.4" in text
    assert ("SD: the notebook" in text) == ("SD" in classifiers)


def test_a_dataset_that_was_never_published_has_no_such_column(make_data):
    data = make_data(repetitions=2, reference="seed-notebook")
    assert not [c for c in score_table(data, "grid").frame if "notebook" in c]


def test_of_many_functions_the_best_ones_confusion_is_shown(make_data, figures):
    task = {"task": "which-function", "library": "families20"}
    data = make_data(datasets=[GRID | task], classifiers=["KNN", "GNB"])
    facts = data.dataset("grid")
    counts = (np.eye(len(facts.classes), dtype=int) * 7).tolist()
    facts = replace(facts, confusion={"KNN": counts, "GNB": counts})
    [figure] = draw_confusion(data, facts, figures)
    assert figure.caption.startswith("KNN, the best: ")
    args, _ = figures.data["confusion-grid"]
    assert np.array_equal(args[0], counts)
    assert args[1] == facts.classes
    unknown = changed(data, intervals=None)
    assert draw_confusion(unknown, facts, figures) == []


def hard(wrong, of_all):
    return HardCurve([0.0] * 20, "symbolic", "neural", wrong, of_all)


def test_hardest_curves_need_five_classifiers(data, figures):
    facts = data.dataset("grid")
    few = replace(facts, hardest=(hard(2, 4),))
    assert draw_hardest(data, few, figures) == []
    several = replace(facts, hardest=(hard(5, 5), hard(3, 5)))
    [figure] = draw_hardest(data, several, figures)
    frame, _, values = figures.data["hardest-grid"][0]
    assert frame["wrong"].tolist() == [5, 3]
    names = figures.data["hardest-grid"][1]["class_names"]
    assert names[frame["label"][0]] == "symbolic"
    assert names[frame["predicted"][0]] == "neural"
    assert values.shape == (2, 20)
    assert "repetition 0" in figure.caption


@pytest.mark.parametrize("name", ["<b>", "a|b", "=1+1", "ä中", "x" * 60])
def test_any_id_of_a_classifier_is_shown_as_it_is(make_data, figures, name):
    data = make_data(
        lambda dataset, classifier: 0.8,
        classifiers=["SD", {"id": name, "use": "KNN"}],
        repetitions=3,
    )
    section = chapter_of(data, figures)
    assert name in score_table(data, "grid").frame["classifier"].tolist()
    assert of(Table, [section])


def test_the_frames_of_another_dataset_are_not_mixed_in(make_data, figures):
    data = make_data(
        lambda dataset, name: ACCURACY[name] - 0.1 * (dataset == "other"),
        datasets=[GRID, OTHER],
        repetitions=3,
    )
    own = pd.concat([score_table(data, name).frame for name in ("grid", "other")])
    assert len(own) == 2 * len(ACCURACY)
    first, second = own["held-out accuracy"].str[:5].astype(float).to_numpy()[[0, 3]]
    assert first - second > 0.05


def test_scores_of_each_class_are_folded_and_roc_curves_drawn(make_data, figures):
    means = {"KNN": 0.8, "GNB": 0.6, "CHANCE": 0.5}
    data = make_data(
        metrics=["accuracy", "f1"],
        classifiers=list(means),
        accuracy=lambda dataset, name: means[name],
    )
    facts = data.dataset("grid")
    [table] = class_scores(data, facts)
    assert table.frame["classifier"].tolist() == ["KNN", "KNN", "GNB", "GNB"]
    assert table.frame["class"].tolist() == ["neural", "symbolic"] * 2
    assert table.frame["curves"].tolist() == ["20"] * 4
    assert table.frame["recall"].str.fullmatch(r"0\.\d{3}±0\.\d{3}").all()
    section = chapter_of(data, figures)
    assert "each class" in text_of(of(Folded, [section]))
    (curves, areas), options = figures.data["roc-grid"]
    assert list(curves) == list(areas) == ["KNN", "GNB"]
    assert options["positive"] == "symbolic"
    [figure] = [f for f in of(FigureFile, [section]) if "roc" in f.path]
    assert "over 5 repetitions" in figure.caption
    assert "vertical average" in figure.caption
    assert "symbolic is the positive class" in figure.caption
    lacking = replace(facts, roc={"KNN": facts.roc["KNN"]}, unranked=("GNB",))
    [figure] = draw_roc(data, lacking, type(figures)(figures.folder))
    assert "Without scores that rank curves: GNB." in figure.caption


def test_of_many_classes_a_sentence_has_those_of_the_best(make_data):
    data = make_data(metrics=["f1"])
    facts = data.dataset("grid")
    rows = data.per_class
    many = [
        rows.head(1).assign(f1_mean=0.5 + i / 100, **{"class": f"c{i}"})
        for i in range(25)
    ]
    frames = [
        pd.concat(many).assign(classifier=name)
        for name in data.findings.summary["classifier"]
    ]
    data = replace(data, per_class=pd.concat(frames))
    [text] = class_scores(data, facts)
    best = data.findings.summary["classifier"].iloc[0]
    assert f"by {best}, the best, as mean precision/recall/F1" in text.words
    assert "c0 " in text.words
    assert "/0.50, c1 " in text.words
    assert "c19 " in text.words
    assert "c20 " not in text.words
    assert ", and 5 more. per_class.csv has those of every classifier" in text.words


def test_without_a_metric_of_classes_there_are_none(data, figures):
    assert data.per_class.empty
    assert class_scores(data, data.dataset("grid")) == []
    assert not draw_roc(data, data.dataset("grid"), figures)


def test_a_metric_that_is_a_function_says_why_it_has_no_score(make_data, figures):
    path = "sklearn.metrics.cohen_kappa_score"
    loss = {"id": "ll", "function": "sklearn.metrics.log_loss"}
    data = make_data(metrics=["accuracy", path, loss])
    text = text_of([chapter_of(data, figures)])
    words = "Not computed from these results: cohen kappa score"
    assert f"{words} ({path}), ll (sklearn.metrics.log_loss). A report runs no" in text
    results = data.findings.results.assign(
        unscored_cohen_kappa_score="raised ValueError: <b>",
        unscored_ll="",
    )
    text = text_of([chapter_of(changed(data, results=results), figures_of(figures))])
    assert f"Cohen kappa score ({path}) raised ValueError: <b>, SD, KNN, GNB" in text
    assert "Ll needs probabilities, which SD, KNN, GNB do not have" in text


def figures_of(figures):
    return type(figures)(figures.folder)
