import json

import given_splits
import pytest
import stored
import yaml_text

from bench.engines.costs import Costs
from bench.engines.engine import LocalEngine
from bench.engines.run import run_plan
from bench.engines.time_left import TimeLeft
from bench.store.store import Store

DATASET = yaml_text.SUITE["datasets"][0]


def test_run_writes_a_report_and_prints_the_table(write_suite, bench_run, tmp_path):
    code, out, _ = bench_run("run", write_suite(), "-j", 2)
    assert code == 0
    assert "held-out accuracy" in out
    folder = tmp_path / "reports" / "small"
    text = (folder / "README.md").read_text()
    assert "8 cells" in text
    assert "| KNN" in text
    assert len((folder / "results.csv").read_text().splitlines()) == 9
    for name in ("curves-grid", "scores-grid"):
        assert (folder / "figures" / f"{name}.svg").stat().st_size > 3000
        assert (folder / "figures" / f"{name}.png").stat().st_size > 3000
        assert f"figures/{name}.png" in text


def test_a_second_run_changes_no_file_and_draws_nothing(
    write_suite, bench_run, tmp_path, monkeypatch
):
    path = write_suite()
    assert bench_run("run", path)[0] == 0
    first = contents(tmp_path)

    def refuse(*_args, **_kwargs):
        raise AssertionError("a figure was drawn again")

    monkeypatch.setattr("bench.report.figure_files.image_of", refuse)
    assert bench_run("run", path)[0] == 0
    assert contents(tmp_path) == first


def contents(folder):
    """Return what lies in a folder: path → bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_limited_run_prints_the_table_only(write_suite, bench_run, tmp_path):
    code, out, _ = bench_run("run", write_suite(), "-c", "KNN", "-d", "grid")
    assert code == 0
    assert "KNN" in out
    assert "GNB" not in out
    assert not (tmp_path / "reports").exists()


def test_a_dry_run_fits_nothing(write_suite, bench_run, tmp_path):
    code, out, _ = bench_run("run", write_suite(), "--dry-run")
    assert code == 0
    assert out == (
        "8 cells (1 dataset × 2 repetitions × 4 classifiers), 2 audits; 0 stored, "
        "10 to compute\n"
    )
    assert not (tmp_path / "data").exists()


def test_a_run_names_the_report_to_open(write_suite, bench_run, tmp_path):
    path = write_suite(classifiers=["GNB"])
    code, out, err = bench_run("run", path)
    assert code == 0
    assert out.splitlines()[-2:] == [
        "open reports/small/index.html",
        f"next: `python -m bench plan {path}` says which differences this suite can "
        "show",
    ]
    assert (tmp_path / "reports/small/index.html").is_file()
    assert "bench: writing the report…" in err


def test_an_interrupted_run_says_how_to_continue(write_suite, bench_run, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.engines.run_plan", interrupted)
    code, _, err = bench_run("run", write_suite())
    assert code == 130
    assert err.splitlines()[-1] == (
        "bench: interrupted; finished cells are kept; run the same command again to "
        "continue"
    )


def test_an_interrupted_run_counts_what_is_kept(write_suite, bench_run, monkeypatch):
    def interrupted(plan, *arguments):
        advance, progress = arguments[2], arguments[6]
        progress.planned(TimeLeft([], (), Costs(), 1))
        advance(plan.cells[0], plan.cells[0].result("done"), True)
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.engines.run_plan", interrupted)
    path = write_suite()
    code, _, err = bench_run("run", path, "-j", 2)
    assert code == 130
    assert err.splitlines()[-1] == (
        "bench: interrupted; 1 of 10 cells are kept; "
        f"`python -m bench run {path} -j 2` goes on"
    )


def test_again_computes_what_is_stored_and_says_what_moved(
    write_suite, bench_run, tmp_path
):
    path = write_suite(classifiers=["GNB", "KNN"], repetitions=1)
    assert bench_run("run", path)[0] == 0
    store = Store(tmp_path / "data" / "store")
    first = {key: store.get(key) for key in store.keys()}  # noqa: SIM118
    gnb = next(key for key, result in first.items() if result.classifier == "GNB")
    stored.change(store, gnb, test=first[gnb].test | {"accuracy": 0.125})

    out = bench_run("run", path, "--again", "-c", "GNB", "--dry-run")[1]
    assert "; 2 stored, 1 to compute (1 of them again)" in out
    code, out, _ = bench_run("run", path, "--again", "-c", "GNB")
    assert code == 0
    n_scores = len(first[gnb].test) + len(first[gnb].train)
    assert out.splitlines()[-2:] == [
        "grid, GNB, repetition 0, held-out accuracy: 0.1250 → "
        f"{first[gnb].test['accuracy']:.4f}",
        f"1 of {n_scores} scores moved",
    ]
    for key, before in first.items():
        after = store.get(key)
        assert after.test == before.test
        assert (after.seconds == before.seconds) == (key != gnb)


def test_again_replaces_nothing_until_a_cell_is_done(write_suite, tmp_path):
    path = write_suite(classifiers=["GNB", "KNN"], repetitions=1, audits=False)
    plan, store = stored.plan_of(path), Store(tmp_path / "store")
    stored.put_cells(plan, store)
    before = stored.content(store.folder)

    class Engine(LocalEngine):
        def run(self, units, wanted, known, small):
            assert all(map(wanted, units))
            failed = units[0][0].result("failed", error={"type": "E", "message": "no"})
            yield [(units[0][0], failed, None)]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_plan(plan, store, Engine(), again=plan.cells)
    assert stored.content(store.folder) == before


def test_failed_cells_give_exit_code_3(write_suite, bench_run):
    broken = {"id": "QDA", "use": "KNN", "params": {"n_neighbors": 1000}}
    code, _, err = bench_run("run", write_suite(classifiers=["GNB", broken]))
    assert code == 3
    assert "2 cells are not done; the report says why; `python -m bench run " in err
    assert err.splitlines()[-1].endswith(" --retry-failed` computes them again")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classifiers": ["SVM"]}, "unknown classifier 'SVM'"),
        ({"clasifiers": []}, "did you mean 'classifiers'"),
        ({"repetitions": 0}, "repetitions"),
        ({"classifiers": ["KNN", "KNN"]}, "duplicate id 'KNN'"),
        ({"datasets": [DATASET | {"library": "F11_v2"}]}, "did you mean 'F11_v1'"),
        ({"datasets": [DATASET | {"library": "wrong"}]}, "wrong.lib:1: the gradient"),
        (
            {"datasets": [DATASET | {"library": "evil"}]},
            "is not a function of the grammar",
        ),
        (
            {"datasets": [DATASET | {"inputs": {"kind": "file", "path": "no.csv"}}]},
            "no.csv",
        ),
        (
            {
                "datasets": [
                    DATASET | {"inputs": {"kind": "normal", "size": 9, "std": 0}}
                ]
            },
            "greater than 0",
        ),
        ({"reference": "nobody"}, "no reference 'nobody'"),
        ({"classifiers": [{"class": "no.such.Class"}]}, "cannot be imported"),
        ({"classifiers": [{"class": "sklearn.svm.SVX"}]}, "has no class 'SVX'"),
        ({"classifiers": [{"class": "sklearn.svm.SVR"}]}, "a regressor"),
        (
            {"classifiers": [{"use": "KNN", "params": {"n_neighbours": 3}}]},
            "did you mean 'n_neighbors'",
        ),
        (
            {"classifiers": [{"use": "KNN", "channels": ["gradient"]}]},
            "does not have",
        ),
    ],
)
def test_bad_input_ends_at_once(write_suite, bench_run, tmp_path, changes, message):
    (tmp_path / "wrong.lib").write_text("x[:,0]**2;3*x[:,0]\n")
    (tmp_path / "evil.lib").write_text("__import__('os').getcwd()\n")
    code, out, err = bench_run("run", write_suite(**changes))
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert out == ""
    assert not (tmp_path / "data").exists()


def test_an_unknown_id_on_the_command_line(write_suite, bench_run):
    code, _, err = bench_run("run", write_suite(), "-c", "KN")
    assert code == 2
    assert "did you mean 'KNN'" in err


def test_cells_of_the_given_split_count(write_suite, bench_run, tmp_path):
    # In 12 training curves of the given split KNN finds 12 neighbours, and in half of
    # them not.
    entry = given_splits.write_files(tmp_path)
    entry["split"] = {"resample": 3, "test": 0.3}
    knn = {"id": "KNN", "use": "KNN", "params": {"n_neighbors": 14}}
    path = write_suite(datasets=[entry], classifiers=[knn], audits=False)
    counts = bench_run("run", path, "--dry-run", "--format", "json")[1]
    assert json.loads(counts)["given"] == 1
    assert json.loads(counts)["to_compute"] == 4
    out = bench_run("run", path, "--dry-run")[1]
    assert "1 cell of the given splits; 0 stored, 4 to compute" in out
    code, _, err = bench_run("-v", "run", path)
    assert code == 3
    assert "curves, KNN, given split: failed" in err
    assert "curves, KNN, repetition 0: done" in err
    assert "1 cell is not done" in err
    text = (tmp_path / "reports" / "small" / "README.md").read_text()
    assert "1 failed of 1 cells of the given splits" in text
    assert "curves, given split, KNN: 1 failed" in text
    assert (tmp_path / "reports" / "small" / "given.csv").is_file()
    assert bench_run("run", path, "--retry-failed")[0] == 3
    assert bench_run("run", path, "--again", "--dry-run")[1].endswith(
        "4 stored, 4 to compute (4 of them again)\n"
    )
