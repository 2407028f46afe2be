import shutil

import pytest
from yaml_text import suite_text

from bench import load_suite, read_results, run_suite
from bench.cells.plan import make_plan
from bench.compare.published import compare_with_published
from bench.suite.changes import Change
from bench.suite.presets import PRESETS

SAME = "largest difference .000"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Run a small suite once; give its file's text, its results and its store."""
    folder = tmp_path_factory.mktemp("ran")
    path = folder / "small.yaml"
    path.write_text(suite_text(classifiers=["KNN", "GNB", "QDA"], repetitions=3))
    store = folder / "store"
    plan = run_suite(path, store=store)
    return path, plan, read_results(plan, store), store


@pytest.fixture
def compared(ran, tmp_path, monkeypatch):
    """Compare the run with published results that a test may change before."""
    path, plan, results, _ = ran
    monkeypatch.setattr("bench.compare.published.SUITES", tmp_path / "suites")
    (tmp_path / "suites").mkdir()
    shutil.copy(path, tmp_path / "suites" / "small.yaml")
    published = tmp_path / "published"
    (published / "small").mkdir(parents=True)

    def compare(change=lambda frame: frame, plan=plan, results=results):
        frame = change(results.copy())
        frame.to_csv(published / "small" / "results.csv", index=False)
        return compare_with_published(plan, results, published)

    return compare


def test_the_same_scores_are_equivalent(compared):
    assert compared() == f"3 of 3 equivalent to the published, {SAME}"


def test_a_limited_run_is_compared_in_what_it_has(compared, ran, tmp_path):
    plan = ran[1].limited([], ["KNN"])
    results = ran[2][ran[2]["classifier"] == "KNN"]
    message = f"1 of 1 equivalent to the published, {SAME}"
    assert compared(plan=plan, results=results) == message
    others = ran[2][ran[2]["classifier"] != "KNN"]
    assert compared(lambda _: others, plan, results) == ""


def test_without_a_published_report_the_line_is_empty(compared, ran, tmp_path):
    assert compare_with_published(ran[1], ran[2], tmp_path / "nowhere") == ""


def test_a_suite_that_was_changed_is_not_compared(compared, ran, tmp_path):
    path = tmp_path / "changed.yaml"
    path.write_text(ran[0].read_text().replace('"test": 20', '"test": 21'))
    plan = make_plan(load_suite(path))
    assert plan.suite.name == "small"
    assert compared(plan=plan) == ""
    # Its own copy, with line ends of Windows, is the same.
    path.write_bytes(ran[0].read_bytes().replace(b"\n", b"\r\n"))
    assert SAME in compared(plan=make_plan(load_suite(path)))


def test_fewer_repetitions_are_compared_and_other_changes_are_not(compared, ran):
    def changed(*changes):
        plan = make_plan(load_suite(ran[0], changes))
        n = plan.suite.repetitions
        return compared(plan=plan, results=ran[2][ran[2]["repetition"] < n])

    two = Change.of_repetitions(2)
    assert changed(two) == f"3 of 3 equivalent to the published, {SAME}"
    assert changed(two, Change.parse("datasets.grid.test=20")) != ""  # as it was
    assert changed(two, Change.parse("datasets.grid.test=21")) == ""


@pytest.mark.parametrize("version", ["with fingerprints", "earlier"])
def test_curves_that_differ_in_their_last_bits_are_reported(compared, version):
    def other_processor(frame):
        frame = frame.assign(data_hash=[f"{h[1:]}0" for h in frame["data_hash"]])
        if version == "earlier":
            return frame.drop(columns=["fingerprint", "recipe"])
        return frame.assign(key="1" * 64)  # of no use then

    assert compared(other_processor) == (
        f"3 of 3 equivalent to the published, {SAME}; the curves differ from the "
        "published ones in their last bits, as on another kind of processor"
    )


def test_other_data_are_not_comparable(compared):
    def other(frame):
        hashes = [f"{i}" * 8 for i in range(len(frame))]
        return frame.assign(data_hash=hashes, key="1" * 64, fingerprint="")

    message = compared(other)
    assert message.startswith(
        "0 of 3 equivalent to the published; not comparable: KNN on"
    )
    assert "(changed data: not the same in NEW: repetitions 0, 1, 2)" in message


def test_other_versions_on_the_same_data_are_compared(compared):
    # A key holds the version of scikit-learn; the data hash does not.
    assert SAME in compared(lambda frame: frame.assign(key="1" * 64))


def test_a_classifier_that_depends_on_rounding_is_marked(compared):
    def moved(frame):
        is_qda = frame["classifier"] == "QDA"
        frame.loc[is_qda, "test_accuracy"] = [0.0, 0.1, 0.2]
        return frame

    message = compared(moved)
    assert message.startswith(
        "2 of 3 equivalent to the published, largest difference ."
    )
    assert (
        "(QDA on grid, which depends on rounding); better: QDA on grid, wh" in message
    )


def test_a_cell_that_failed_is_not_comparable(compared, ran):
    results = ran[2].copy()
    is_lost = (results["classifier"] == "GNB") & (results["repetition"] == 1)
    results.loc[is_lost, "status"] = "failed"
    message = compared(lambda _: ran[2].copy(), results=results)
    assert message == (
        f"2 of 3 equivalent to the published, {SAME}; not comparable: GNB on grid "
        "(missing cells: not done in NEW: repetitions 1 (failed))"
    )


def test_a_damaged_file_does_not_end_the_run(compared):
    message = compared(lambda frame: frame.drop(columns="status"))
    assert message.startswith("not compared with the published scores: ")
    assert "found no column 'status'" in message


def test_a_published_file_without_keys_is_paired_by_data_hash(compared):
    assert SAME in compared(lambda frame: frame.drop(columns="key"))


def test_the_line_ends_a_run(ran, bench_run, tmp_path, monkeypatch):
    shutil.copytree(ran[3], tmp_path / "data" / "store")
    shutil.copy(ran[0], tmp_path / "small.yaml")
    monkeypatch.setattr("bench.compare.published.SUITES", tmp_path)
    published = tmp_path / "published" / "small"
    published.mkdir(parents=True)
    ran[2].to_csv(published / "results.csv", index=False)
    monkeypatch.setattr("bench.compare.published.PUBLISHED", published.parent)
    code, out, _ = bench_run("run", "small.yaml")
    assert code == 0
    assert out.splitlines()[-3:-1] == [
        "open reports/small/index.html",
        f"3 of 3 equivalent to the published, {SAME}",
    ]


def test_presets_that_read_rounding_are_few():
    assert [name for name, p in PRESETS.items() if p.reads_rounding] == ["QDA"]


def test_a_published_score_of_nothing_is_not_taken_for_equal(compared):
    def of_another_metric(frame):
        return frame.rename(columns={"test_accuracy": "test_brier"})

    message = compared(of_another_metric)
    assert message.startswith("0 of 3 equivalent to the published; not comparable")
