import pytest
import stored

from bench.cli.output import verbosity
from bench.store.store import Store


@pytest.fixture(autouse=True)
def restored():
    yield
    verbosity.set_verbosity(verbosity.NORMAL)


@pytest.fixture
def suite(write_suite):
    return write_suite(classifiers=["GNB"], repetitions=1, audits=False)


def test_quiet_leaves_the_result_and_errors(bench_run, suite, tmp_path):
    stored.put_cells(stored.plan_of(suite), Store(tmp_path / "data" / "store"))
    for words in (["-q", "run", suite], ["run", "--quiet", suite]):
        code, out, err = bench_run(*words, "--no-report")
        assert (code, err) == (0, "")
        assert "held-out accuracy" in out
    code, out, err = bench_run("run", "none.yaml", "-q")
    assert (code, out) == (2, "")
    assert err.startswith("bench: none.yaml: cannot be read")


def test_verbose_names_cells_places_and_versions(bench_run, suite):
    err = bench_run("run", suite, "--no-report", "-v")[2]
    assert "bench: function-bench 0" in err
    assert f"bench: suite {suite}" in err
    assert "bench: results in data/store" in err
    assert "grid, GNB, repetition 0: done in" in err
    assert "; data/store/" in err
    assert "bench: suite" not in bench_run("status", suite)[2]


def test_the_last_of_both_counts():
    from bench.cli.main import make_parser

    parse = make_parser().parse_args
    assert parse(["list"]).verbosity == verbosity.NORMAL
    assert parse(["-q", "list", "-v"]).verbosity == verbosity.VERBOSE
    assert parse(["-v", "list", "--quiet"]).verbosity == verbosity.QUIET
