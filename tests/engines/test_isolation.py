"""Ends of processes as results, with an executor that starts none."""

import pickle
import signal
from dataclasses import replace

import pytest
import stored
import yaml_text

from bench.base.limits import Limits
from bench.cells.cell import units_of
from bench.engines.admission import Places
from bench.engines.isolation import MAX_ATTEMPTS, modules_of, run_cells, to_results
from bench.engines.schedule import InOrder
from bench.processes.watchdog import CallOutcome

MIB = 2**20
ONLINE = {"mode": "online", "epochs": 2, "curves": 3}


class Scripted:
    """An executor whose calls end as a list says, the last one started first."""

    makes_several = True
    folder = "nowhere"

    def __init__(self, *ends):
        self.ends = list(ends)
        self.running = []
        self.requests = []
        self.most_at_once = 0

    def start(self, token, request):
        self.running.append(token)
        self.requests.append(request)
        self.most_at_once = max(self.most_at_once, len(self.running))

    def wait(self):
        return [(self.running.pop(), self.ends.pop(0))]


@pytest.fixture
def units_of_suite(write_suite):
    def units(**changes):
        return units_of(stored.plan_of(write_suite(**changes)).everything)

    return units


@pytest.fixture
def unit(units_of_suite):
    return units_of_suite(classifiers=["GNB"], audits=False)[0]


def answered(unit, **measured):
    outcomes = [(cell.result("done", **measured), None) for cell in unit]
    return CallOutcome("answered", pickle.dumps(outcomes), 0, seconds=2.0)


KILLED = CallOutcome("exited", exit_code=-signal.SIGKILL)


@pytest.mark.parametrize(
    ("ended", "status", "kind", "message"),
    [
        (CallOutcome("exited", exit_code=3), "crashed", "Exit", "exit code 3"),
        (CallOutcome("exited", exit_code=0), "crashed", "Exit", "exit code 0"),
        (
            CallOutcome("exited", exit_code=-signal.SIGSEGV),
            "crashed",
            "Signal",
            "ended by SIGSEGV before",
        ),
        (CallOutcome("timeout"), "timeout", "Timeout", "stopped after 9 s; raise"),
        (
            CallOutcome("memory", peak=5 * MIB),
            "failed",
            "MemoryLimit",
            "stopped at 5.0 MiB (the limit is 4.0 MiB",
        ),
        (
            CallOutcome("exited", exit_code=-signal.SIGABRT, log="std::bad_alloc"),
            "failed",
            "MemoryLimit",
            "stopped at",
        ),
        (CallOutcome("lost"), "crashed", "Lost", "together with its watchdog"),
        (CallOutcome("answered", b"not a pickle"), "crashed", "Exit", "exit code 0"),
    ],
)
def test_the_end_of_a_process_without_an_answer(
    units_of_suite, ended, status, kind, message
):
    unit = units_of_suite(classifiers=["GNB"], audits=False, limits={"timeout": 9})[0]
    [(result, arrays)] = to_results(unit, ended, 4 * MIB)
    assert arrays is None
    assert (result.status, result.error["type"]) == (status, kind)
    assert message in result.error["message"]


def test_a_signal_is_named_and_the_list_of_modules_is_cut(unit):
    log = "Fatal Python error: Segmentation fault\n  stack\nExtension modules: numpy"
    ended = CallOutcome("exited", exit_code=-signal.SIGSEGV, log=log)
    [(result, _)] = to_results(unit, ended, MIB)
    assert result.error["signal"] == "SIGSEGV"
    assert result.error["traceback"] == log.partition("\nExtension")[0]


def test_time_and_memory_are_those_seen_from_outside(unit):
    ended = answered(unit, peak_rss_mib=1.0)
    ended = CallOutcome("answered", ended.answer, 0, seconds=2.0, peak=3 * MIB)
    [(result, _)] = to_results(unit, ended, MIB)
    assert (result.seconds, result.peak_rss_mib) == (2.0, 3.0)


def test_a_batch_shares_its_time_and_has_the_time_limits_of_all_its_fits(
    units_of_suite,
):
    entry = {"use": "SD", "training": ONLINE}
    limits = {"timeout": 3}
    [batch] = units_of_suite(
        classifiers=[entry],
        audits=False,
        limits=limits,
        repetitions=4,
        stats={"baseline": "SD"},
    )
    executor = Scripted(answered(batch))
    [done] = run_cells(InOrder([(batch,)]), Places(1), MIB, executor)
    results = [result for _, result, _ in done]
    assert [result.seconds for result in results] == [0.5] * 4
    assert executor.requests[0].limits == Limits(12.0, MIB)


def test_a_process_killed_from_outside_is_tried_three_times(unit):
    executor = Scripted(KILLED, CallOutcome("lost"), KILLED)
    [[(_, result, _)]] = run_cells(InOrder([(unit,)]), Places(1), MIB, executor)
    assert (result.status, result.attempts) == ("crashed", MAX_ATTEMPTS)
    assert len(executor.requests) == MAX_ATTEMPTS
    executor = Scripted(KILLED, answered(unit))
    [[(_, result, _)]] = run_cells(InOrder([(unit,)]), Places(1), MIB, executor)
    assert (result.status, result.attempts) == ("done", 2)


def test_a_fault_of_the_classifier_is_final(unit):
    for code in (0, 1, -signal.SIGSEGV):
        executor = Scripted(CallOutcome("exited", exit_code=code))
        [[(_, result, _)]] = run_cells(InOrder([(unit,)]), Places(1), MIB, executor)
        assert result.attempts == len(executor.requests) == 1


def test_as_many_units_run_as_there_are_jobs_and_all_are_yielded(units_of_suite):
    units = units_of_suite(classifiers=["GNB", "KNN"], audits=False)
    executor = Scripted(*[CallOutcome("exited", exit_code=1)] * 4)
    batches = [(unit,) for unit in units]
    cells = [
        cell.key
        for [(cell, _, _)] in run_cells(InOrder(batches), Places(3), MIB, executor)
    ]
    assert executor.most_at_once == 3
    assert sorted(cells) == sorted(unit[0].key for unit in units)


def test_a_cell_has_the_memory_of_its_places_its_threads_and_its_gpus(units_of_suite):
    resources = {"slots": 2, "threads": 3, "gpu": 1}
    wide = {"use": "GNB", "id": "wide", "resources": resources}
    units = units_of_suite(classifiers=[wide, "GNB"], audits=False, repetitions=1)
    executor = Scripted(*[CallOutcome("exited", exit_code=1)] * 2)
    places = Places(4, None, ["GPU-a"])
    assert (
        len(list(run_cells(InOrder((u,) for u in units), places, MIB, executor))) == 2
    )
    first, second = executor.requests
    assert (first.limits.memory, first.threads) == (2 * MIB, 3)
    assert (second.limits.memory, second.threads) == (MIB, 1)
    assert pickle.loads(first.payload)[1][0] == ("GPU-a",)


def test_the_next_unit_is_started_before_a_result_is_yielded(units_of_suite):
    units = units_of_suite(classifiers=["GNB"], audits=False)
    executor = Scripted(*[CallOutcome("exited", exit_code=1)] * 2)
    next(run_cells(InOrder([(unit,) for unit in units]), Places(1), MIB, executor))
    assert len(executor.requests) == 2


def test_modules_are_those_of_the_classifier_and_of_online_training(units_of_suite):
    grid = yaml_text.SUITE["datasets"]
    units = units_of_suite(
        datasets=grid, classifiers=[{"use": "SD", "training": ONLINE}, "GNB"]
    )
    by_name = {unit[0].name: modules_of(unit[0]) for unit in units}
    assert "bench.cells.online" in by_name["SD"]
    assert "bench.cells.online" not in by_name["GNB"]
    assert "sklearn.naive_bayes" in by_name["GNB"]
    assert by_name[""] == {"sklearn.neighbors", "sklearn.svm", "sklearn.tree"}


# Three small cells in one process.


@pytest.fixture
def batch(units_of_suite):
    return tuple(units_of_suite(classifiers=["GNB"], audits=False, repetitions=3))


def answers(batch, n, seconds=0.01):
    return tuple(
        (pickle.dumps([(cell.result("done"), None) for cell in unit]), seconds)
        for unit in batch[:n]
    )


def run_batch(batch, *ends):
    executor = Scripted(*ends)
    done = [
        one
        for many in run_cells(InOrder([batch]), Places(1), MIB, executor)
        for one in many
    ]
    return {cell.repetition: result for cell, result, _ in done}, executor


def test_cells_that_share_a_process_have_their_own_seconds_and_say_so(batch):
    ended = CallOutcome("answered", b"", 0, seconds=9.0, answers=answers(batch, 3))
    found, executor = run_batch(batch, ended)
    assert [request.calls for request in executor.requests] == [3]
    assert {(r.status, r.seconds, r.sharing) for r in found.values()} == {
        ("done", 0.01, 3)
    }


@pytest.mark.parametrize(
    "ended",
    [
        CallOutcome("exited", exit_code=3),
        CallOutcome("exited", exit_code=-signal.SIGSEGV),
        CallOutcome("memory", peak=5 * MIB),
        CallOutcome("answered", exit_code=0),  # the first has changed the curves
    ],
)
def test_where_a_shared_process_ends_early_the_rest_are_computed_alone(batch, ended):
    ended = replace(ended, answers=answers(batch, 1))
    alone = [answered(unit) for unit in (batch[2], batch[1])]  # the last one first
    found, executor = run_batch(batch, ended, *alone)
    assert [request.calls for request in executor.requests] == [3, 1, 1]
    assert [found[i].sharing for i in range(3)] == [3, 1, 1]
    assert {result.status for result in found.values()} == {"done"}
    assert {result.attempts for result in found.values()} == {1}


def test_an_end_alone_is_charged_to_its_cell(batch):
    early = CallOutcome("exited", exit_code=3, answers=answers(batch, 1))
    crash = CallOutcome("exited", exit_code=3)
    found, _ = run_batch(batch, early, answered(batch[2]), crash)
    assert [found[i].status for i in range(3)] == ["done", "crashed", "done"]


def test_a_cell_over_its_time_is_charged_at_once(batch):
    for unit in batch:
        object.__setattr__(unit[0], "limits", Limits(timeout=9))
    ended = CallOutcome("timeout", seconds=9.5, answers=answers(batch, 1, seconds=0.5))
    found, executor = run_batch(batch, ended, answered(batch[2]))
    assert found[1].seconds == 9.0
    assert [found[i].status for i in range(3)] == ["done", "timeout", "done"]
    assert [request.calls for request in executor.requests] == [3, 1]


def test_a_fault_of_the_machine_counts_for_the_cell_that_was_computed(batch):
    killed = replace(KILLED, answers=answers(batch, 1))
    found, _ = run_batch(batch, killed, answered(batch[2]), answered(batch[1]))
    assert [found[i].attempts for i in range(3)] == [1, 2, 1]


def test_an_answer_that_cannot_be_read_is_a_crash(batch):
    ended = CallOutcome("answered", exit_code=0, answers=((b"rubbish", 0.1),) * 3)
    found, _ = run_batch(batch, ended)
    assert {result.status for result in found.values()} == {"crashed"}


def test_without_fork_every_unit_has_a_process(batch):
    executor = Scripted(*[CallOutcome("exited", exit_code=1)] * 3)
    executor.makes_several = False
    assert len(list(run_cells(InOrder([batch]), Places(1), MIB, executor))) == 3
