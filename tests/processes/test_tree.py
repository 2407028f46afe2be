import os
import subprocess
import sys
import time

import psutil
import pytest

from bench.processes import tree
from bench.processes.tree import Tree, has_children, signal_name

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses fork and signals")

# A parent whose child leaves its process group; both ignore SIGTERM if asked to.
FAMILY = """
import os, signal, sys, time
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
pid = os.fork()
if pid == 0:
    os.setsid()
else:
    print(pid, flush=True)
time.sleep(600)
"""
# A process that allocates 80 MiB, and has a child which shares every page of them.
SHARES = """
import os, time
held = bytearray(80 * 2**20)
held[::4096] = b"x" * len(held[::4096])
if os.fork():
    print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def start():
    """Start programs that are killed at the end, with their descendants."""
    started = []

    def run(program, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append((process, Tree(process.pid)))
        line = process.stdout.readline().strip()
        started[-1][1].members()
        return process, line

    yield run
    for process, family in started:
        family.kill()
        process.wait()
        process.stdout.close()


def is_running(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"


def test_a_child_in_another_session_is_killed_too(start):
    process, child = start(FAMILY)
    family = Tree(process.pid)
    assert {member.pid for member in family.members()} == {process.pid, int(child)}
    family.kill()
    assert not is_running(process.pid)
    assert not is_running(int(child))


def test_a_member_stays_one_when_its_parent_has_ended(start):
    process, child = start(FAMILY)
    family = Tree(process.pid)
    family.members()
    process.kill()
    process.wait()
    assert {member.pid for member in family.members()} == {int(child)}
    family.kill()
    assert not is_running(int(child))


def test_stop_kills_what_ignores_the_request_after_the_grace_period(start):
    process, child = start(FAMILY, "deaf")
    began = time.monotonic()
    Tree(process.pid).stop(grace=0.4)
    assert time.monotonic() - began >= 0.4
    assert process.wait(5) == -9
    assert not is_running(int(child))


def test_stop_does_not_wait_for_processes_that_end_when_asked(start):
    process, _ = start(FAMILY)
    began = time.monotonic()
    Tree(process.pid).stop(grace=60)
    assert time.monotonic() - began < 30
    assert process.wait(5) == -15


@pytest.mark.skipif(sys.platform != "linux", reason="known on Linux alone")
def test_shared_pages_count_once_if_asked(start):
    process, _ = start(SHARES)
    family = Tree(process.pid)
    each, once = family.resident(), family.resident(shared_once=True)
    assert each > 2 * 80 * 2**20
    assert 80 * 2**20 < once < 2 * 80 * 2**20


def test_a_process_that_has_ended_has_no_memory(start):
    process, child = start(FAMILY)
    os.kill(int(child), 9)
    process.kill()
    process.wait()
    assert Tree(process.pid).resident() == 0


def test_has_children_sees_a_child_until_it_is_waited_for():
    code = (
        "import os; from bench.processes.tree import has_children\n"
        "assert not has_children()\n"
        "pid = os.fork()\n"
        "if pid == 0: os._exit(0)\n"
        "assert has_children()\n"
        "os.waitpid(pid, 0)\n"
        "assert not has_children()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_has_children_is_the_same_without_proc(monkeypatch):
    def missing(*_):
        raise FileNotFoundError

    monkeypatch.setattr(tree, "open", missing, raising=False)
    children = psutil.Process().children()
    assert has_children() == bool(children)


def test_signals_have_names():
    assert signal_name(11) == "SIGSEGV"
    assert signal_name(9) == "SIGKILL"
    assert signal_name(4000) == "signal 4000"
