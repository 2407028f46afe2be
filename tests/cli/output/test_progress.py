"""The progress of a run: what a terminal shows, and what a file or a pipe gets."""

from time import sleep
from types import SimpleNamespace

import pytest
import stored
from rich.console import Console

from bench.cells import units_of
from bench.cli.output import progress as module
from bench.cli.output.progress import RunProgress, clock, duration, fitting, line_of
from bench.engines.costs import Costs
from bench.engines.time_left import TimeLeft


@pytest.fixture
def plan(write_suite):
    return stored.plan_of(write_suite(classifiers=["GNB", "KNN"]))


def begun(plan, at_once=2, seconds=65.0, **options):
    """Return the progress of a run whose first two units have begun."""
    costs = Costs()
    for name in ("GNB", "KNN", ""):
        costs.add_stored(("grid", name), seconds)
    units = units_of(plan.everything)
    progress = RunProgress(len(plan.everything), **options)
    progress.planned(TimeLeft(units, (), costs, at_once, lambda: 0.0))
    for unit in units[:at_once]:
        progress.begin(unit)
    return progress


def test_a_progress_counts_what_this_run_computed_and_all_failures(plan):
    progress = RunProgress(4)
    cell, audit = plan.cells[0], plan.audits[0]
    done = cell.result("done", fit_cpu_seconds=11.5, predict_cpu_seconds=0.5)
    progress.advance(cell, done, True)
    progress.advance(cell, done, False)  # stored earlier, so its time does not count
    progress.advance(cell, cell.result("crashed"), False)
    progress.advance(audit, audit.result("failed"), True)
    assert (progress.computed, progress.audits, progress.failed) == (2, 1, 2)
    assert progress.counts() == "4 of 4 cells done, 2 failed"
    assert progress.summary() == (
        "1 cell and 1 audit computed in 1 s (fits and predictions: 10 s of processor "
        "time)"
    )


def test_a_line_counts_names_and_tells_the_time_left(plan):
    progress = begun(plan, quiet=True)
    # Six units of a minute, two at a time, after imports of some seconds.
    assert line_of(progress) == (
        "0 of 6 cells done, 0 failed, 2 running (GNB on grid (repetition 0), KNN on "
        "grid (repetition 0)), about 3 min 20 s left"
    )
    first = plan.cells[0]
    progress.advance(first, first.result("failed", seconds=1.0), True)
    assert line_of(progress).startswith(
        "1 of 6 cells done, 1 failed, 1 running (KNN on grid (repetition 0)), about "
    )


def test_many_running_cells_are_not_all_named(plan):
    line = line_of(begun(plan, at_once=5, quiet=True))
    assert "5 running (GNB on grid (repetition 0), " in line
    assert "KNN on grid (repetition 0), GNB on grid (repetition 1), …)" in line


def test_a_pipe_gets_a_line_at_the_start_the_end_and_between(plan, capfd, monkeypatch):
    monkeypatch.setattr(module, "_SECONDS", 0.05)
    ticks = iter(range(1000))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(ticks)))
    with begun(plan) as progress:
        for _ in range(200):
            if "running" in (text := capfd.readouterr().err):
                break
            sleep(0.02)
        progress.advance(plan.cells[0], plan.cells[0].result("done"), True)
    assert "2 running (GNB on grid" in text
    last = capfd.readouterr().err.splitlines()[-1]
    assert last.startswith("1 of 6 cells done, 0 failed, in ")
    monkeypatch.setattr(module, "_SECONDS", 30.0)
    with begun(plan):
        pass
    first = capfd.readouterr().err.splitlines()[0]
    assert first == (
        "0 of 6 cells done, 0 failed; importing packages and drawing the first curves"
    )


def test_nothing_is_shown_before_cells_begin(plan, capfd):
    with RunProgress(4) as progress:
        progress.advance(plan.cells[0], plan.cells[0].result("done"), False)
    assert capfd.readouterr().err == ""
    assert not progress.has_begun


def test_quiet_shows_warnings_alone(plan, capfd):
    with begun(plan, quiet=True) as progress:
        progress.warn("a [damaged] file")
    assert capfd.readouterr().err == "bench: a [damaged] file\n"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_bar_fits_the_terminal(plan, capsys, width):
    progress = begun(plan, quiet=True)
    console = Console(width=width, force_terminal=True, color_system=None)
    bar = module._Bar(progress, console)
    console.print(bar)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    assert "0 of 6 cells done, 0 failed" in text
    assert "about 3 min 20 s left" in text
    assert lines[-1].startswith("importing packages")
    first = plan.cells[0]
    progress.advance(first, first.result("done", seconds=65.0), True)
    console.print(bar)
    out = capsys.readouterr().out
    assert "running: KNN on grid (repetition 0)" in out
    assert ("━" in out) == (width >= 70)


def test_as_many_names_as_fit():
    names = ["SD on a", "MLP on b", "KNN on c"]
    assert fitting(names, 80) == "running: SD on a, MLP on b, KNN on c"
    assert fitting(names, 36) == "running: SD on a, MLP on b, KNN on c"
    assert fitting(names, 35) == "running: SD on a and 2 more"
    assert fitting(names, 10) == "running: SD on a and 2 more"
    assert fitting([], 80) == ""


def test_a_batch_is_named_by_its_size():
    first = SimpleNamespace(
        name="SD",
        dataset=SimpleNamespace(spec=SimpleNamespace(id="grid")),
        repetition=0,
        target=None,
    )
    assert module._name((first,) * 10) == "SD on grid (10 repetitions)"
    audit = SimpleNamespace(**(vars(first) | {"name": "", "repetition": 4}))
    assert module._name((audit,)) == "audit on grid (repetition 4)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1 s"),
        (8.4, "8 s"),
        (12, "10 s"),
        (57, "55 s"),
        (58, "1 min"),
        (83, "1 min 20 s"),
        (299, "5 min"),
        (1500, "25 min"),
        (3599, "1 h"),
        (11_400, "3 h 10 min"),
        (86_400, "1 day"),
        (200_000, "2 days 8 h"),
    ],
)
def test_durations_are_rounded_to_what_a_reader_needs(seconds, text):
    assert duration(seconds) == text


def test_the_clock_shows_hours_only_after_an_hour():
    assert [clock(s) for s in (7.9, 65, 7390)] == ["0:07", "1:05", "2:03:10"]
