import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from bench.base.limits import Limits
from bench.processes.executors import (
    AbortedError,
    ForkServer,
    ForkServers,
    Spawner,
    new_executor,
)
from bench.processes.watchdog import Request

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses signals")


def request(function, *arguments, timeout=60.0, memory=None):
    return Request(pickle.dumps((function, arguments)), Limits(timeout, memory))


@pytest.fixture(params=[ForkServers, Spawner])
def executor(request):
    executor = request.param(1, ["json"])
    yield executor
    executor.close()


def outcome_of(executor, *arguments, **limits):
    executor.start(7, request(*arguments, **limits))
    [(token, outcome)] = executor.wait()
    assert token == 7
    return outcome


def wait_for_processes_below(pid, number):
    deadline = time.monotonic() + 60
    while len(below := psutil.Process(pid).children(recursive=True)) < number:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return below


def test_an_answer_comes_back_under_its_token(executor):
    for token, text in enumerate(["12", "[3]", "null"]):
        executor.start(token, request(eval, f"__import__('json').loads('{text}')"))
    answers = {}
    while len(answers) < 3:
        answers |= {token: pickle.loads(end.answer) for token, end in executor.wait()}
    assert answers == {0: 12, 1: [3], 2: None}


def test_each_call_has_a_process_of_its_own(executor):
    pids = [pickle.loads(outcome_of(executor, os.getpid).answer) for _ in range(2)]
    assert len({*pids, os.getpid()}) == 3


@pytest.mark.parametrize(
    ("code", "how", "exit_code", "log"),
    [
        ("1 / 0", "exited", 1, "ZeroDivisionError: division by zero"),
        ("__import__('sys').exit(3)", "exited", 3, ""),
        ("__import__('sys').exit('words')", "exited", 1, ""),
        ("__import__('os')._exit(0)", "exited", 0, ""),
        (
            "__import__('ctypes').string_at(0)",
            "exited",
            -signal.SIGSEGV,
            "Segmentation",
        ),
        ("lambda: 0", "exited", 1, "pickle"),
    ],
)
def test_a_call_without_an_answer_says_how_its_process_ended(
    executor, code, how, exit_code, log
):
    outcome = outcome_of(executor, eval, code)
    assert (outcome.how, outcome.exit_code) == (how, exit_code)
    assert log in outcome.log
    assert outcome.answer == b""


def test_a_call_beyond_its_time_is_stopped(executor):
    outcome = outcome_of(executor, time.sleep, 600, timeout=0.3)
    assert outcome.how == "timeout"
    assert 0.3 < outcome.seconds < 30


def test_a_call_beyond_its_memory_is_killed(executor):
    # Slowly and in many parts, so that no allocation alone is beyond the limit.
    code = "held = []\nwhile True:\n    held.append(bytes(2**20))"
    outcome = outcome_of(executor, exec, code, memory=2**28)
    assert outcome.how == "memory" or "MemoryError" in outcome.log


# Several calls in one process: an answer a call, each within the limits.


def several(code, n, **limits):
    executor = ForkServer(1, [])
    try:
        one = request(eval, f"iter({code})", **limits)
        executor.start(0, Request(one.payload, one.limits, n))
        [(_, outcome)] = executor.wait()
    finally:
        executor.close()
    return outcome, [pickle.loads(answer) for answer, _ in outcome.answers]


def test_several_calls_are_made_in_one_process():
    outcome, answers = several("[__import__('os').getpid() for _ in range(3)]", 3)
    assert outcome.how == "answered"
    assert len(answers) == 3
    assert len({*answers, os.getpid()}) == 2


def test_each_of_several_calls_has_the_whole_time():
    code = "(__import__('time').sleep(s) or s for s in (0.3, 0.3, 0.3, 60))"
    outcome, answers = several(code, 4, timeout=0.6)
    assert (outcome.how, answers) == ("timeout", [0.3] * 3)
    assert all(0.3 <= seconds < 0.6 for _, seconds in outcome.answers)


@pytest.mark.parametrize(
    ("last", "how", "exit_code"),
    [
        ("1 / 0", "exited", 1),
        ("__import__('os')._exit(0)", "exited", 0),
        ("__import__('ctypes').string_at(0)", "exited", -signal.SIGSEGV),
        ("bytes(2**40)", "exited", 1),
    ],
)
def test_answers_before_an_end_are_kept(last, how, exit_code):
    code = f"(n if n < 2 else {last} for n in range(4))"
    outcome, answers = several(code, 4, memory=2**30)
    assert answers == [0, 1]
    # An exit code of 0 is an early end like any other.
    assert (outcome.how, outcome.exit_code) in [(how, exit_code), ("answered", 0)]


def test_several_calls_may_end_early():
    outcome, answers = several("[1, 2]", 5)
    assert (outcome.how, answers) == ("answered", [1, 2])


def test_what_a_call_writes_among_the_answers_hides_those_behind_it():
    code = (
        "(1 if n < 2 else [__import__('os').write(fd, b'rubbish' * 9) for fd in "
        "range(3, 20) if __import__('os').path.exists(f'/proc/self/fd/{fd}') and "
        "'answer' in __import__('os').readlink(f'/proc/self/fd/{fd}')] and 3 "
        "for n in range(4))"
    )
    outcome, answers = several(code, 4)
    assert answers[:2] == [1, 1]
    assert len(outcome.answers) < 4


def test_what_a_call_leaves_running_is_ended(executor, tmp_path):
    note = tmp_path / "pid"
    code = (
        "import pathlib, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid))\n"
        f"time.sleep({0.5 if isinstance(executor, Spawner) else 0})\n"
    )
    assert outcome_of(executor, exec, code).how == "answered"
    pid = int(note.read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie"


def test_output_is_dropped_and_the_error_stream_kept(executor, capfd):
    code = "import sys; print('out'); print('x' * 30_000 + 'end', file=sys.stderr)"
    outcome = outcome_of(executor, exec, code)
    assert len(outcome.log) == 20_000  # its end
    assert outcome.log.endswith("xend\n")
    assert capfd.readouterr().out == ""


def test_temporary_files_of_a_call_are_deleted(executor):
    code = "__import__('tempfile').mkstemp()[1]"
    path = Path(pickle.loads(outcome_of(executor, eval, code).answer))
    assert path.name.startswith("tmp")
    assert not path.parent.exists()


def test_libraries_of_a_call_use_the_threads_of_the_executor(executor):
    code = "__import__('os').environ['OMP_NUM_THREADS']"
    assert pickle.loads(outcome_of(executor, eval, code).answer) == "1"


def test_abort_ends_a_wait_in_another_thread(executor):
    executor.start(0, request(time.sleep, 600))
    ends = []

    def wait():
        try:
            executor.wait()
        except AbortedError:
            ends.append("aborted")

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    executor.abort()
    waiting.join(30)
    assert ends == ["aborted"]


def test_a_fork_server_imports_once_and_warms_up_once(tmp_path, monkeypatch):
    (tmp_path / "warm_module.py").write_text(
        "import os\npid = os.getpid()\nn_calls = 0\n"
        "def warm():\n    global n_calls\n    n_calls += 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    executor = ForkServer(1, ["warm_module", "no_such_module"], "warm_module:warm")
    try:
        code = (
            "(m := __import__('warm_module')).n_calls, m.pid, __import__('os').getpid()"
        )
        ends = [outcome_of(executor, eval, code) for _ in range(2)]
    finally:
        executor.close()
    (n_calls, pid, own), (n_calls_2, pid_2, own_2) = (
        pickle.loads(end.answer) for end in ends
    )
    assert n_calls == n_calls_2 == 1
    assert pid == pid_2
    assert len({pid, own, own_2}) == 3


def test_after_a_killed_fork_server_calls_are_lost_and_later_ones_run():
    executor = ForkServer(1, [])
    try:
        executor.start(0, request(time.sleep, 600))
        time.sleep(0.2)
        executor._process.kill()
        [(token, outcome)] = executor.wait()
        assert (token, outcome.how) == (0, "lost")
        assert outcome_of(executor, os.getpid).how == "answered"
    finally:
        executor.close()


def test_after_a_killed_watchdog_its_call_is_lost_and_ended():
    executor = ForkServer(1, [])
    try:
        executor.start(0, request(time.sleep, 600))
        watchdog, child = wait_for_processes_below(executor._process.pid, 2)
        watchdog.kill()
        [(_, outcome)] = executor.wait()
        assert outcome.how == "lost"
        child.wait(10)
        assert outcome_of(executor, os.getpid).how == "answered"
    finally:
        executor.close()


def test_a_fork_server_ends_with_its_caller(tmp_path):
    code = (
        "import os, pickle, time\n"
        "from bench.base.limits import Limits\n"
        "from bench.processes.executors import ForkServer\n"
        "from bench.processes.watchdog import Request\n"
        "executor = ForkServer(1, [])\n"
        "payload = pickle.dumps((time.sleep, (600,)))\n"
        "executor.start(0, Request(payload, Limits()))\n"
        "print('started', flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as caller:
        caller.stdout.readline()
        below = wait_for_processes_below(caller.pid, 3)  # server, watchdog and call
        caller.kill()
    _, alive = psutil.wait_procs(below, timeout=20)
    assert alive == []


def test_calls_of_other_threads_have_their_environment(executor):
    code = "__import__('os').environ['OMP_NUM_THREADS']"
    for token, threads in enumerate([1, 2, None, 3]):
        executor.start(token, replace(request(eval, code), threads=threads))
    answers = {}
    while len(answers) < 4:
        answers |= {token: pickle.loads(end.answer) for token, end in executor.wait()}
    assert answers == {0: "1", 1: "2", 2: "1", 3: "3"}


def test_of_two_fork_servers_one_is_killed_and_the_other_goes_on():
    executor = ForkServers(1, [])
    try:
        for token, threads in ((0, 1), (1, 2)):
            asked = replace(request(time.sleep, 600), threads=threads)
            executor.start(token, asked)
        executor.start(2, replace(request(os.getpid), threads=2))
        assert [token for token, _ in executor.wait()] == [2]
        executor._servers[1]._process.kill()
        [(token, outcome)] = executor.wait()
        assert (token, outcome.how) == (0, "lost")
        assert outcome_of(executor, os.getpid).how == "answered"
        executor.abort()
        with pytest.raises(AbortedError):
            executor.wait()
        with pytest.raises(AbortedError):
            executor.start(3, replace(request(os.getpid), threads=3))
    finally:
        executor.close()


def test_the_executor_is_a_fork_server_where_there_is_fork(monkeypatch):
    executor = new_executor(1)
    assert isinstance(executor, ForkServers)
    executor.close()
    monkeypatch.delattr(os, "fork")
    executor = new_executor(1)
    assert isinstance(executor, Spawner)
    executor.close()
