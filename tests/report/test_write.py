"""Whole reports, most of results that were trained online and lack training scores."""

import csv

import online_stores
import pandas as pd
import pytest
import stored
import yaml_text

import bench
from bench.cli.console import print_scores
from bench.compare.differences import compare_results, exit_code
from bench.compare.read import read_source
from bench.report import write
from bench.report.write import write_report
from bench.store.store import Store

ACCURACY = {"SD": 0.97, "SD-WGAN": 0.9, "KNN": 0.8, "CHANCE": 0.5}
ONLINE = ["SD", "SD-WGAN"]
ANSWER = {"question": "Why *so*?", "answer": "Because.", "date": "2026-11-24"}
SUITE = {
    "description": "What is asked.",
    "classifiers": list(ACCURACY),
    "repetitions": 5,
    "metrics": ["accuracy", "balanced_accuracy", "brier"],
    "audits": False,
    "stats": {"works": 0.75},
    "answers": [ANSWER | {"commit": c} for c in ("0123abc", "fedcba9")],
}


def written(folder, accuracy=ACCURACY, *, online=ONLINE, critics=(), **changes):
    """Put results of a suite and write its report; give plan, store and its folder."""
    path = folder / "suite.yaml"
    path.write_text(yaml_text.suite_text(**(SUITE | changes)))
    plan, store = stored.plan_of(path), Store(folder / "store")
    online_stores.put_suite(
        plan,
        store,
        lambda dataset, name: accuracy[name],
        online=online,
        critics=critics,
        batched=5,
    )
    write_report(plan, store, folder / "out")
    return plan, store, folder / "out"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return written(tmp_path_factory.mktemp("report"), critics={"SD-WGAN": 10.0})


def test_a_missing_training_score_is_a_dash_with_its_reason(report):
    folder = report[2]
    text = (folder / "README.md").read_text()
    heading = text.index("held-out balanced accuracy")
    row = next(x for x in text[heading:].splitlines() if x.startswith("| SD "))
    cells = [cell.strip() for cell in row.split("|")]
    # Beside the first score stands its interval.
    assert cells[4] == cells[6] == cells[8] == "–"
    assert all("±" in cells[column] for column in (2, 5, 7))
    note = "under training (SD, SD-WGAN): trained online, without a training set."
    for name in ("README.md", "index.html", "tables.tex"):
        assert note in (folder / name).read_text()
    assert "Trained online, on fresh curves in each epoch" in text
    assert "in each epoch for classifiers trained online)" in text
    for name in ("README.md", "tables.tex"):
        assert " nan" not in (folder / name).read_text()


def test_the_csv_of_such_a_report_has_empty_scores_and_is_read_by_the_gate(report):
    plan, store, folder = report
    with (folder / "results.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    online = [row for row in rows if row["classifier"] in ONLINE]
    assert {row["train_accuracy"] for row in online} == {""}
    assert all(float(row["test_accuracy"]) > 0.8 for row in online)
    assert "batched" in rows[0]
    for source in (folder, store.folder):
        frame = read_source(source)
        is_online = frame["classifier"].isin(ONLINE)
        assert frame["train_accuracy"].isna().tolist() == is_online.tolist()
        compared = compare_results(frame, bench.read_results(plan, store))
        assert set(compared["verdict"]) == {"identical"}
        assert exit_code(compared) == 0


def test_a_training_score_may_be_missing_only_where_all_are(tmp_path):
    path = tmp_path / "a.csv"
    head = "dataset,repetition,classifier,status,train_accuracy,"
    head += "train_balanced_accuracy,test_accuracy,data_hash\n"
    path.write_text(head + "grid,0,SD,done,,,0.5,abc\n")
    assert read_source(path)["test_accuracy"].tolist() == [0.5]
    for row, name in ((",0.7,0.5", "train_accuracy"), (",,", "test_accuracy")):
        path.write_text(head + f"grid,0,SD,done,{row},abc\n")
        with pytest.raises(ValueError, match=rf"a\.csv:2: {name}: found ''"):
            read_source(path)


def test_a_later_metric_is_made_of_the_test_curves_alone(report):
    frame = read_source(report[1].folder, "log_loss")
    assert frame["test_log_loss"].notna().all()
    is_online = frame["classifier"].isin(ONLINE)
    assert frame["train_log_loss"].isna().tolist() == is_online.tolist()


def test_the_terminal_explains_the_dash(report, capsys):
    plan, store, _ = report
    print_scores(plan, bench.read_results(plan, store))
    note = "– under training (SD, SD-WGAN): trained online, without a training set."
    assert note in capsys.readouterr().out


def test_online_training_has_a_table_pictures_and_a_csv(report):
    folder = report[2]
    table = pd.read_csv(folder / "online.csv")
    assert table["classifier"].tolist() == ONLINE
    assert table["epochs_per_second"].tolist() == [30, 30]
    assert (table["n"] == 5).all()
    text = (folder / "README.md").read_text()
    assert "| classifier   |   epochs |   notebook's accuracy |" in text
    assert "so it is too high" in text
    for name in ("online-grid-1", "held-out-grid", "dynamics-grid", "critics-grid-1"):
        assert f"figures/{name}.svg" in text
        assert (folder / "figures" / f"{name}.svg").exists()
    tex = (folder / "tables.tex").read_text()
    for kind in ("grid-online", "works"):
        assert rf"\label{{tab:small-{kind}}}" in tex
    assert "training accuracy" not in drawn(folder, "dynamics-grid")


def test_provenance_says_how_the_seconds_of_a_batch_are_divided(report):
    assert "divided by its size" in (report[2] / "README.md").read_text()
    frame = pd.read_csv(report[2] / "results.csv")
    batched = frame.groupby("classifier")["batched"].max().to_dict()
    assert batched == {"SD": 5, "SD-WGAN": 5, "KNN": 1, "CHANCE": 1}


def test_answers_follow_the_description_and_the_threshold_is_the_first_chapter(report):
    folder = report[2]
    text = (folder / "README.md").read_text()
    asked, answered = text.index("What is asked."), text.index("Because.")
    assert asked < answered < text.index("20 cells (") < text.index("## Reliably")
    assert text.index("## Reliably above 0.75") < text.index("## grid")
    assert r"Why \*so\*?" in text
    warnings = [line for line in text.splitlines() if "No result below" in line]
    assert len(warnings) == 1
    assert "commit fedcba9" in warnings[0]
    assert "works 0.75" in text
    assert len(pd.read_csv(folder / "works.csv")) == 4


def test_the_report_is_a_function_of_its_results(report):
    plan, store, folder = report
    before = stored.content(folder)
    write_report(plan, store, folder)
    assert stored.content(folder) == before


def test_if_all_are_trained_online_overfitting_is_not_drawn(tmp_path):
    _, _, folder = written(tmp_path, classifiers=ONLINE)
    text = (folder / "README.md").read_text()
    assert "overfitting-1" not in text
    assert "scores-1" in text
    assert "20 test curves per class, fresh training curves in each epoch" in text
    assert "30 training" not in text
    assert "– under training: trained online" in text
    assert "All classifiers are trained online" in text


def test_a_report_without_online_training_does_not_mention_it(tmp_path):
    _, _, folder = written(
        tmp_path, online=(), critics={"SD-WGAN": 1.0}, classifiers=["SD-WGAN", "KNN"]
    )
    text = (folder / "README.md").read_text()
    assert "trained online" not in text.lower()
    assert "30 training and 20 test curves per class, float64" in text
    assert not (folder / "online.csv").exists()
    # Its critic was trained on fixed curves: it has a training accuracy.
    assert "training accuracy" in drawn(folder, "dynamics-grid")
    assert "real (symbolic curves)" in drawn(folder, "critics-grid-1")


def test_a_failed_online_classifier_is_a_failure(tmp_path):
    _, _, folder = written(
        tmp_path, ACCURACY | {"SD": None}, online=["SD"], classifiers=["SD", "KNN"]
    )
    text = (folder / "README.md").read_text()
    assert "trained online" not in text.lower()
    assert "0 of 5" in text


def test_a_sweep_to_its_limit_is_drawn_and_kept(tmp_path):
    normal = {"kind": "truncated-normal", "low": -3, "high": 3, "size": 20}
    dataset = yaml_text.SUITE["datasets"][0]
    datasets = [
        dataset | {"id": f"std{s}", "inputs": normal | {"std": s, "pool": 5000}}
        for s in (1, 2, 10)
    ]
    _, _, folder = written(
        tmp_path, datasets=[*datasets, dataset], classifiers=["SD", "KNN"]
    )
    text = (folder / "README.md").read_text()
    assert "## Sweep of inputs.std, up to the grid" in text
    assert "| worse from" in text
    assert len(pd.read_csv(folder / "sweep.csv")) == 8
    for name in ("sweep", "densities"):
        assert f"figures/{name}.svg" in text
    assert r"\label{tab:small-sweep}" in (folder / "tables.tex").read_text()


def drawn(folder, name):
    """Return the words of a picture; its letters are paths, each word a comment."""
    return (folder / "figures" / f"{name}.svg").read_text()


def test_a_table_that_an_earlier_report_had_is_removed(make_findings, tmp_path):
    _, findings, _ = make_findings(repetitions=1)
    for name in ("leaks.csv", "mine.csv"):
        (tmp_path / name).write_text("of an earlier report")
    written = write._write_csv(findings, pd.DataFrame(), tmp_path)
    assert "leaks" not in written
    names = {path.name for path in tmp_path.glob("*.csv")}
    assert names == {f"{name}.csv" for name in written} | {"mine.csv"}
