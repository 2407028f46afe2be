"""Reports of recorded curves: what they say of each design, from files to sentences."""

import json
from dataclasses import replace

import numpy as np
import pytest
import stored
from read_blocks import Warning, of, text_of

from bench.analysis import collect, load_results, read_data, write_data
from bench.cells.audits import audit_curves
from bench.curves import make_dataset
from bench.render import Table
from bench.report import composed_answer
from bench.report.chapters.across import across_chapter
from bench.report.chapters.appendix import methods_chapter, provenance_chapter
from bench.report.chapters.audits import alarm_warnings, audits_chapter, dataset_alarms
from bench.report.chapters.dataset import dataset_chapter, draw_curves
from bench.report.chapters.matrix import matrix_table
from bench.report.chapters.opening import design
from bench.report.compose import compose
from bench.store import Store

ONE, TWO = {"files": "all.csv"}, {"files": ["train.csv", "test.csv"]}
DESIGNS = {
    "given": {"recorded": TWO},
    "sizes": {"recorded": TWO, "split": {"resample": 5}, "standardise": "curve"},
    "share": {"recorded": ONE},
    "folds": {"recorded": ONE, "split": {"folds": 4, "repeats": 2}},
    "groups": {
        "recorded": {"files": "groups.csv"},
        "split": {"folds": 3, "groups": "person"},
    },
    "few": {"recorded": ONE, "split": {"resample": 3, "test": 0.5}, "train": 2},
    "channels": {"recorded": {"files": "channels.npz"}, "split": {"resample": 2}},
}
GRID = {"kind": "grid", "low": -3, "high": 3, "size": 8}
MADE = {"library": "F11_v1", "inputs": GRID, "train": 8, "test": 8}


def table(path, sizes, seed, groups=False):
    """Write a table of curves whose classes differ in their level, x from 0 to 3."""
    rng = np.random.default_rng(seed)
    lines = [",".join(["label", *(["person"] * groups), "0", "1", "2", "3"])]
    for level, (name, n) in enumerate(sizes.items()):
        for i in range(n):
            values = 3 * level + rng.normal(size=4)
            person = [f"p{i % 6}"] * groups
            lines.append(",".join([name, *person, *(f"{v:.4f}" for v in values)]))
    path.write_text("\n".join(["# License: CC BY 4.0", *lines]) + "\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("recorded")
    sizes = {"left": 16, "right": 24}
    table(path / "all.csv", sizes, 0)
    table(path / "groups.csv", sizes, 1, groups=True)
    table(path / "train.csv", {"left": 6, "right": 6}, 2)
    table(path / "test.csv", {"left": 8, "right": 10}, 3)
    rng = np.random.default_rng(4)
    X = rng.normal(size=(20, 3, 5))
    X[:3] = X[10:13]
    np.savez(path / "channels.npz", X=X, y=np.repeat(["up", "down"], 10))
    return path


@pytest.fixture(scope="module")
def report_of(folder):
    """Return the data of a report of some designs, whose results nothing computed."""
    made = {}

    def make(*names, audits=False):
        if (names, audits) in made:
            return made[names, audits]
        suite = folder / f"{'-'.join(names)}-{audits}.yaml"
        entries = [{"id": name} | DESIGNS.get(name, MADE) for name in names]
        content = {"version": 1, "name": "suite", "repetitions": 4, "audits": audits}
        content |= {"datasets": entries, "classifiers": ["KNN", "GNB", "DT"]}
        suite.write_text(json.dumps(content))
        plan = stored.plan_of(suite)
        store = Store(folder / f"store-{suite.stem}")
        put_results(plan, store)
        made[names, audits] = collect(plan, store, load_results(plan, store))
        return made[names, audits]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda file: None)
        yield make


def put_results(plan, store):
    """Put a result of every cell and audit: guesses that are right about 7 of 8 times.

    Only the audits are computed; they take milliseconds.
    """
    rng = np.random.default_rng(0)
    for cell in [*plan.cells, *plan.given]:
        data = make_dataset(cell.dataset, cell.repetition, plan.suite.seed)
        arrays, scores = {"kind": np.array("none")}, {}
        for part, labels in (("train", data.y_train), ("test", data.y_test)):
            wrong = rng.random(len(labels)) < 0.125
            guesses = np.where(wrong, 1 - labels, labels).astype(np.int32)
            arrays[f"labels_{part}"] = labels.astype(np.int32)
            arrays[f"predictions_{part}"] = guesses
            scores[part] = {"accuracy": float((guesses == labels).mean())}
        seconds = dict.fromkeys(("fit_seconds", "predict_seconds", "seconds"), 0.1)
        result = cell.result("done", data_hash=data.data_hash, **scores, **seconds)
        store.put(result, arrays)
    for audit in plan.audits:
        data = make_dataset(audit.dataset, audit.repetition, plan.suite.seed)
        figures = audit_curves(data, audit.dataset, audit.repetition, plan.suite.seed)
        result = audit.result("done", data_hash=data.data_hash, figures=figures)
        store.put(result, None)


def chapter_of(data, figures, name):
    return [dataset_chapter(data, data.dataset(name), figures)]


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        (
            "given",
            [
                "30 recorded curves of 2 classes (14 of class left, 16 of class right)",
                "; 4 points, from 0 to 3, float64.",
                "Source: train.csv and test.csv; license: CC BY 4.0.",
                "Divided once, as the files divide them: 12 curves for training and 18 "
                "for testing. One division allows no interval, test or mark.",
                "The curves are divided too rarely for an interval or a verdict.",
            ],
        ),
        (
            "sizes",
            [
                "Each curve is scaled to mean 0 and standard deviation 1, so its level "
                "and its range tell nothing.",
                "5 random draws, class by class, with the sizes of the given files: 12 "
                "curves for training and 18 for testing. All 5 divide the same 30 "
                "curves, so they are not independent: intervals and tests count the "
                "variance 1/5 + 1 times, not 1/5 times, which makes intervals about "
                "2.4 times as wide as those of independent draws.",
                "The given division of the files (12 and 18) is computed beside the "
                "draws.",
            ],
        ),
        (
            "share",
            [
                "10 random draws, class by class, with 30% for testing: 28 curves for "
                "training and 12 for testing.",
                "variance 1/10 + 0.43 times, not 1/10 times, which makes intervals "
                "about 2.3 times as wide",
                "always answers right, the largest one in the test curves, has an "
                "accuracy of about 0.600 and a balanced accuracy of 0.500.",
            ],
        ),
        (
            "folds",
            [
                "4-fold cross-validation, 2 times, divided class by class: 8 divisions "
                "with 30 curves for training and 10 for testing.",
                "variance 1/8 + 0.33 times",
            ],
        ),
        (
            "groups",
            [
                "3-fold cross-validation, divided group by group: 3 divisions with "
                "about 27 curves for training and 13 for testing. The 6 groups of "
                "curves that belong together are divided whole: none is on both sides.",
            ],
        ),
        (
            "few",
            [
                "with 50% for testing: 4 curves for training and 20 for testing. At "
                "most 2 training curves of each class.",
                "variance 1/3 + 1 times",
            ],
        ),
        (
            "channels",
            [
                "(10 of each: down, up); 3 channels of 5 points, float64.",
                "All 2 divide the same 20 curves, so they are not independent; and 2 "
                "are too few for intervals, tests and marks.",
                "A few training curves of each class and channel, each in its own "
                "range.",
            ],
        ),
    ],
)
def test_a_chapter_names_the_design_and_what_it_changes(
    report_of, figures, name, sentences
):
    data = report_of(name)
    text = text_of(chapter_of(data, figures, name))
    for sentence in sentences:
        assert sentence in text
    assert "fresh" not in text
    assert "library" not in text


def test_one_division_has_no_interval_no_mark_and_no_verdict(report_of, figures):
    data = report_of("given")
    [scores] = of(Table, chapter_of(data, figures, "given"), folded=False)
    assert list(scores.frame) == [
        "classifier",
        "held-out accuracy",
        "n",
        "training",
        "fit (s)",
    ]
    assert set(scores.frame["n"]) == {"1"}
    assert scores.frame["held-out accuracy"].str.endswith("±–").all()
    assert not scores.bold.to_numpy().any()
    assert "comparisons need three repetitions, here is 1" in composed_answer(data)
    assert "divided once, the same for all classifiers: no interval" in design(data)


def test_draws_of_two_files_have_the_given_division_beside_them(report_of, figures):
    [scores] = of(Table, chapter_of(report_of("sizes"), figures, "sizes"), folded=False)
    assert {"95% interval", "verdict", "given split"} <= set(scores.frame)


def test_a_suite_of_all_designs_lists_them_and_says_what_a_repetition_is(
    report_of, figures
):
    data = report_of(*DESIGNS, "made")
    section = methods_chapter(data)
    text = text_of([section])
    assert "8 datasets × 1 to 10 repetitions × 3 classifiers" in text
    assert "sizes, share, folds, groups, few, channels are recorded: every" in text
    assert "given is recorded, and divided once" in text
    assert "Every repetition of made draws fresh training and test curves" in text
    assert "Nadeau and Bengio" in text
    [listed] = of(Table, [section])
    rows = listed.frame.assign(id=[link.text for link in listed.frame["dataset"]])
    rows = rows.set_index("id")
    assert list(rows.index) == list(DESIGNS)
    assert rows.loc["given", ["design", "variance", "wider"]].tolist() == [
        "given division",
        "no interval",
        "–",
    ]
    assert rows.loc["sizes", ["design", "variance", "wider"]].tolist() == [
        "5 draws",
        "1/5 + 1",
        "2.4 times",
    ]
    assert rows.loc["share", "design"] == "10 draws of 30%"
    assert rows.loc["folds", "design"] == "4 folds, 2 times"
    assert rows.loc["groups", ["design", "training"]].tolist() == [
        "3 folds, by groups",
        "about 27",
    ]
    assert rows.loc["channels", ["points", "variance"]].tolist() == [
        "5 × 3",
        "no interval",
    ]


def test_the_answer_and_the_matrix_of_a_mixed_suite_are_true(report_of):
    data = report_of(*DESIGNS, "made")
    assert (
        "No verdict on given, channels, whose curves are divided fewer than 3 times."
        in composed_answer(data)
    )
    caption = matrix_table(data).caption
    assert "mean±std over 1 to 10 repetitions" in caption
    assert "(those that share a library or curves are one)" in caption


def test_one_judged_dataset_of_several_is_named(report_of):
    answer = composed_answer(report_of("given", "share"))
    assert " on share" in answer.partition(";")[0].partition("distinguish")[0]


def test_datasets_of_the_same_curves_are_one_family(report_of, figures):
    data = report_of("share", "folds")
    text = text_of(across_chapter(data, figures))
    assert "there is 1 family of datasets that share no curves" in text
    assert "(the 2 datasets share curves)" in text
    assert data.findings.across.n_families == 1


def test_a_report_of_generated_curves_does_not_speak_of_recorded_ones(report_of):
    data = report_of("made")
    text = text_of([methods_chapter(data)])
    assert "Every repetition draws fresh training and test curves, the same" in text
    assert "ecorded" not in text


def test_the_list_of_datasets_and_the_provenance_tell_what_the_data_are(
    report_of, figures
):
    data = report_of(*DESIGNS, "made")
    text = text_of(compose(data, figures).sections)
    assert "40 recorded curves of 2 classes from all.csv; 10 draws of 30%" in text
    hashes = text_of([provenance_chapter(data, [])])
    recorded = data.dataset("share").recorded
    assert f"share {recorded.data_hash[:12]}, folds {recorded.data_hash[:12]}" in hashes


def test_facts_of_recorded_curves_survive_the_files_of_a_report(report_of, tmp_path):
    data = report_of(*DESIGNS, "made")
    write_data(data, tmp_path)
    read = read_data(tmp_path)
    assert [f.recorded for f in read.datasets] == [f.recorded for f in data.datasets]
    assert read.dataset("made").recorded is None


def test_audits_tell_what_recorded_curves_are_and_blame_no_harness(report_of, figures):
    data = report_of("share", "channels", audits=True)
    warnings = {block.title: block.words for block in alarm_warnings(data)}
    assert list(warnings) == ["Simple features", "Duplicates"]
    assert "That is a property of these curves" in warnings["Simple features"]
    assert "functions" not in warnings["Simple features"]
    assert "channels (" in warnings["Duplicates"]
    assert "remove them, or name those that belong together" in warnings["Duplicates"]
    [duplicates] = of(Warning, dataset_alarms(data, "channels"))
    assert "The files hold equal curves" in duplicates.words
    assert "equal size" not in text_of(audits_chapter(data))
    balance = data.findings.audits.set_index(["dataset", "audit"])
    row = balance.loc["share", "balance of test curves"]
    assert (row["value"], bool(row["alarm"])) == (7 / 12, False)
    assert "always naming the largest class is an accuracy of 0.583" in row["words"]
    tree = balance.loc["share", "tree on scale"]
    assert tree["expected"] == pytest.approx(7 / 12, abs=0.02)  # the largest class


def test_only_generated_classes_must_be_of_equal_size(report_of):
    data = report_of("share", "made", audits=True)
    text = text_of(audits_chapter(data))
    assert "the classes of generated datasets are of equal size" in text


def test_classes_that_a_figure_does_not_show_are_counted(report_of, figures):
    facts = report_of("share").dataset("share")
    for more, words in ((1, "1 more class not shown"), (2, "2 more classes not shown")):
        many = replace(facts, classes=(*facts.classes, *map(str, range(more))))
        figures.data.clear()
        assert words in draw_curves(many, figures).caption


def test_names_of_classes_from_files_are_text_and_short(report_of, figures):
    data = report_of("share")
    facts = data.dataset("share")
    name = "a<b>" * 30
    odd = replace(facts, classes=("left", name))
    text = text_of([dataset_chapter(data, odd, figures)])
    assert name not in text
    assert f"always answers {name[:37]}..., the" in text
