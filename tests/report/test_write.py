"""Whole reports, most of results that were trained online and lack training scores."""

import csv
import shutil
import time
from dataclasses import replace

import online_stores
import pandas as pd
import pytest
import stored
import yaml_text
from markdown_text import shown

import bench
from bench.analysis import (
    PAGE,
    collect,
    load_results,
    read_data,
    summarise,
    write_data,
)
from bench.cli.output.console import print_scores
from bench.compare.differences import compare_results, exit_code
from bench.compare.read import read_source
from bench.report import FigureFolder, write
from bench.report.write import write_documents, write_report
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
GRID = yaml_text.SUITE["datasets"][0]
FOURTEEN = ["SD", "SD-WGAN", "CSD", "CSD2", "MLP", "KNN", "SVC", "GP", "DT", "RF",
            "ADA", "GNB", "QDA", "CHANCE"]  # fmt: skip


def planned(folder, accuracy=ACCURACY, *, online=ONLINE, critics=(), **changes):
    """Put results of a suite; give its plan and store."""
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
    return plan, store


def written(folder, accuracy=ACCURACY, **options):
    """Put results of a suite and write its report; give plan, store and its folder."""
    plan, store = planned(folder, accuracy, **options)
    write_report(plan, store, folder / "out")
    return plan, store, folder / "out"


class Undrawn(FigureFolder):
    """A folder of figures with files of a few bytes in place of images."""

    def add(self, name, alt, caption, draw, *args, **kwargs):
        path = self.folder / "figures" / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"an image")
        self._used[path] = ""
        return write.FigureFile(f"figures/{name}.png", alt, caption)


@pytest.fixture
def undrawn(monkeypatch):
    """Write documents without drawing their figures, by far the longest part."""
    monkeypatch.setattr(write, "FigureFolder", Undrawn)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return written(tmp_path_factory.mktemp("report"), critics={"SD-WGAN": 10.0})


def test_a_missing_training_score_is_a_dash_with_its_reason(report):
    folder = report[2]
    text = (folder / "README.md").read_text()
    head = next(x for x in text.splitlines() if " training " in x and x[0] == "|")
    row = next(x for x in text.splitlines() if x.startswith("| SD "))
    cells = {
        title.strip(): cell.strip()
        for title, cell in zip(head.split("|"), row.split("|"), strict=True)
    }
    assert cells["training"] == "–"
    assert "±" in cells["held-out accuracy"]
    note = "under training (SD, SD-WGAN): trained online, without a training set."
    for name in ("README.md", "tables.tex"):
        assert note in (folder / name).read_text()
        assert " nan" not in (folder / name).read_text()
    assert "in each epoch for classifiers trained online)" in text


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
    assert "notebook's accuracy" in text
    assert "so it is too high" in text
    for name in ("online-grid-1", "held-out-grid", "training-grid", "critics-grid-1"):
        assert f"figures/{name}.png" in text
        assert (folder / "figures" / f"{name}.png").exists()
    tex = (folder / "tables.tex").read_text()
    for kind in ("grid-scores", "grid-online", "works"):
        assert rf"\label{{tab:small-{kind}}}" in tex
    assert "training accuracy" not in drawn(folder, "training-grid")
    assert "real (symbolic curves)" in drawn(folder, "critics-grid-1")


def drawn(folder, name):
    """Return a picture with its words."""
    return (folder / "figures" / f"{name}.svg").read_text()


def test_provenance_says_how_the_seconds_of_a_batch_are_divided(report):
    assert "divided by its size" in (report[2] / "README.md").read_text()
    frame = pd.read_csv(report[2] / "results.csv")
    batched = frame.groupby("classifier")["batched"].max().to_dict()
    assert batched == {"SD": 5, "SD-WGAN": 5, "KNN": 1, "CHANCE": 1}


def test_answers_follow_the_description_and_come_before_everything_else(report):
    text = (report[2] / "README.md").read_text()
    places = [
        text.index(words)
        for words in (
            "What is asked.",
            "**Answer.** Because.",
            "No result below is from commit fedcba9",
            "| SD ",
            "![",
            "## Answers",
            "## Reliably above 0.75",
            "## grid",
            "## How it was measured",
            "## Provenance",
        )
    ]
    assert places == sorted(places)
    assert r"Why \*so\*?" in text
    assert text.count("No result below") == 1
    assert "works 0.75" in text
    assert len(pd.read_csv(report[2] / "works.csv")) == 4


def times(folder):
    return {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def test_unchanged_results_rewrite_nothing(report):
    plan, store, folder = report
    before, content = times(folder), stored.content(folder)
    assert "figures/scores-grid.svg" in content
    started = time.process_time()
    write_report(plan, store, folder)
    assert time.process_time() - started < 2
    assert times(folder) == before
    assert stored.content(folder) == content


def test_everything_in_a_report_comes_from_its_csvs_and_page(report, tmp_path):
    folder = report[2]
    for path in [*folder.glob("*.csv"), folder / PAGE]:
        shutil.copy(path, tmp_path / path.name)
    write_documents(read_data(tmp_path), tmp_path)
    assert stored.content(tmp_path) == stored.content(folder)


def test_the_files_of_a_report_are_those_that_it_names(report):
    folder = report[2]
    text = (folder / "README.md").read_text()
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "README.md" and path.suffix != ".svg":
            assert path.relative_to(folder).as_posix() in text, path


def test_if_all_are_trained_online_no_training_score_is_explained(tmp_path, undrawn):
    _, _, folder = written(tmp_path, classifiers=ONLINE)
    text = (folder / "README.md").read_text()
    assert "20 test curves per class, fresh training curves in each epoch" in text
    assert "30 training" not in text
    assert "– under training: trained online" in text
    assert "hollow" not in text


def test_a_report_without_online_training_does_not_mention_it(tmp_path, undrawn):
    _, _, folder = written(
        tmp_path, online=(), critics={"SD-WGAN": 1.0}, classifiers=["SD-WGAN", "KNN"]
    )
    text = (folder / "README.md").read_text()
    assert "trained online" not in text.lower()
    assert "30 training and 20 test curves per class, float64" in text
    assert not (folder / "online.csv").exists()
    assert {path.stem for path in (folder / "figures").iterdir()} >= {
        "training-grid",
        "critics-grid-1",
    }


def test_a_failed_online_classifier_is_a_failure(tmp_path, undrawn):
    _, _, folder = written(
        tmp_path, ACCURACY | {"SD": None}, online=["SD"], classifiers=["SD", "KNN"]
    )
    text = (folder / "README.md").read_text()
    assert "trained online" not in text.lower()
    assert "0 of 5" in text
    assert "> **Not done.** 5 failed of 10 cells" in text
    assert "SD: 5 failed – RuntimeError: no luck" in text


def test_a_sweep_to_its_limit_is_shown_and_kept(tmp_path, undrawn):
    normal = {"kind": "truncated-normal", "low": -3, "high": 3, "size": 20}
    datasets = [
        GRID | {"id": f"std{s}", "inputs": normal | {"std": s, "pool": 5000}}
        for s in (1, 2, 10)
    ]
    _, _, folder = written(
        tmp_path, datasets=[*datasets, GRID], classifiers=["SD", "KNN"], repetitions=3
    )
    text = (folder / "README.md").read_text()
    assert "## Sweep of inputs.std, up to the grid" in text
    assert "| worse from" in text
    assert len(pd.read_csv(folder / "sweep.csv")) == 8
    for name in ("sweep", "densities"):
        assert f"figures/{name}.png" in text
    assert r"\label{tab:small-sweep}" in (folder / "tables.tex").read_text()


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """The data of a report of ten datasets and fourteen classifiers."""
    folder = tmp_path_factory.mktemp("board")
    accuracy = {name: 0.98 - 0.034 * i for i, name in enumerate(FOURTEEN)}
    plan, store = planned(
        folder,
        accuracy,
        critics={"SD-WGAN": 10.0},
        classifiers=FOURTEEN,
        metrics=["accuracy", "balanced_accuracy"],
        repetitions=3,
        datasets=[
            GRID | {"id": f"task-{i}", "train": 30 + i, "description": "Long. " * 50}
            for i in range(10)
        ],
    )
    data = collect(plan, store, load_results(plan, store))
    write_data(data, folder / "out")
    return data, folder / "out"


def test_ten_datasets_of_fourteen_classifiers_are_a_short_report(board, undrawn):
    data, folder = board
    write_documents(data, folder)
    lines = (folder / "README.md").read_text().splitlines()
    assert len(lines) <= 250
    matrix = next(i for i, line in enumerate(lines) if " rank " in line)
    assert matrix < 40
    chapters = sorted((folder / "datasets").glob("*.md"))
    assert len(chapters) == 10
    for chapter in chapters:
        assert len(chapter.read_text().splitlines()) <= 60, chapter
    assert (folder / PAGE).stat().st_size <= 400_000


def test_chapters_link_to_the_report_and_to_their_neighbours(board, undrawn):
    data, folder = board
    write_documents(data, folder)
    text = (folder / "datasets" / "task-4.md").read_text()
    for link in ("../README.md", "task-3.md", "task-5.md"):
        assert f"]({link})" in text
    assert "](../figures/curves-task-4.png)" in text
    for name in ("curves-task-4", "scores-task-4"):
        assert (folder / "figures" / f"{name}.png").exists()
    first = (folder / "datasets" / "task-0.md").read_text()
    assert first.count("](task-") == 1
    links = (folder / "README.md").read_text()
    assert links.count("](datasets/task-4.md)") == 2  # the matrix and the list


def test_chapters_and_figures_of_an_earlier_report_are_removed(
    board, tmp_path, undrawn
):
    data, _ = board
    write_documents(data, tmp_path)
    own = tmp_path / "datasets" / "notes.txt"
    own.write_text("my own")
    fewer = replace(data, datasets=data.datasets[:1])
    write_documents(fewer, tmp_path)
    assert [path.name for path in (tmp_path / "datasets").iterdir()] == ["notes.txt"]
    own.unlink()
    write_documents(fewer, tmp_path)
    assert not (tmp_path / "datasets").exists()


def test_a_table_that_an_earlier_report_had_is_removed(tmp_path, board):
    for name in ("leaks.csv", "mine.csv"):
        (tmp_path / name).write_text("of an earlier report")
    write_data(board[0], tmp_path)
    names = {path.name for path in tmp_path.glob("*.csv")}
    assert names == {f"{name}.csv" for name in board[0].tables} | {"mine.csv"}


def test_a_board_of_which_everything_failed_is_short_too(board, tmp_path, undrawn):
    data, _ = board
    results = data.findings.results
    lost = results.assign(
        status="failed",
        error=[f"RuntimeError: {i}" for i in range(len(results))],
        **{
            name: float("nan")
            for name in results
            if name.startswith(("train_", "test_"))
        },
    )
    findings = replace(
        data.findings, results=lost, summary=summarise(lost), intervals=None,
        compared=None, across=None,
    )  # fmt: skip
    write_documents(replace(data, findings=findings), tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert len(text.splitlines()) <= 250
    assert "390 more: results.csv has all." in text
    assert "None yet: no cell is done." in text or "Because." in text


NASTY = ["<b>", "a|b", "=1+1", "ä中", "x" * 60, "[a](b)", "`c` *d* $e$"]


def test_any_id_is_shown_as_it_is_and_is_no_markup(tmp_path, undrawn):
    accuracy = {name: 0.9 - 0.05 * i for i, name in enumerate(NASTY)}
    _, _, folder = written(
        tmp_path,
        accuracy,
        online=NASTY[:1],
        classifiers=[{"id": name, "use": "KNN"} for name in NASTY[:5]],
        datasets=[GRID | {"id": name, "train": 30 + i} for i, name in enumerate(NASTY)],
        stats={"baseline": NASTY[1]},
        repetitions=2,
        answers=None,
    )
    documents = [folder / "README.md", *(folder / "datasets").glob("*.md")]
    assert len(documents) == 1 + len(NASTY)
    for path in documents:
        text, elements = shown(path.read_text())
        assert all(name in text for name in NASTY[:5]), path
        assert "b" not in elements
        assert "em" not in elements
    assert all(path.parent == folder / "datasets" for path in documents[1:])
    assert len(read_data(folder).datasets) == len(NASTY)
