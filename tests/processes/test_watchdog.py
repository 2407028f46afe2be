import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.base.limits import Limits
from bench.processes.watchdog import ForkedChild, watch

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses fork")


def never(child, seconds):
    time.sleep(min(seconds, 0.01))
    return False


def python(code):
    """Make a function that starts an interpreter, as `watch` expects it."""

    def start(answer, log, scratch):
        return subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=answer,
            stderr=log,
            env=os.environ | {"SCRATCH": os.fspath(scratch)},
        )

    return start


def test_output_of_a_child_with_exit_code_0_is_its_answer(tmp_path):
    outcome = watch(python("print('yes', end='')"), Limits(), never, tmp_path)
    assert (outcome.how, outcome.answer, outcome.exit_code) == ("answered", b"yes", 0)


@pytest.mark.parametrize(
    ("code", "exit_code"), [("", 0), ("print('half'); raise SystemExit(2)", 2)]
)
def test_without_output_or_with_another_exit_code_there_is_no_answer(
    tmp_path, code, exit_code
):
    outcome = watch(python(code), Limits(), never, tmp_path)
    assert (outcome.how, outcome.answer) == ("exited", b"")
    assert outcome.exit_code == exit_code


def test_a_child_is_stopped_when_its_caller_ends(tmp_path):
    looks = []

    def stop_at_the_third_look(child, seconds):
        looks.append(seconds)
        return len(looks) == 3

    outcome = watch(
        python("import time; time.sleep(600)"),
        Limits(),
        stop_at_the_third_look,
        tmp_path,
    )
    assert outcome.how == "stopped"
    assert outcome.exit_code < 0
    assert len(looks) == 3


def test_a_child_beyond_its_time_is_asked_to_end_and_then_killed(tmp_path):
    deaf = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "time.sleep(600)\n"
    )
    outcome = watch(python(deaf), Limits(timeout=3.0), never, tmp_path)
    assert outcome.how == "timeout"
    assert outcome.exit_code == -9
    assert outcome.seconds >= 5.0  # the limit, and the two seconds of grace


def test_a_child_beyond_its_memory_is_killed_with_its_peak(tmp_path):
    code = (
        "import time; held = bytearray(2**27)\n"
        "held[::4096] = b'x' * len(held[::4096]); time.sleep(600)"
    )
    outcome = watch(python(code), Limits(memory=2**26), never, tmp_path)
    assert outcome.how == "memory"
    assert outcome.peak > 2**26
    assert outcome.exit_code == -9


def test_the_scratch_folder_exists_for_the_child_and_is_deleted(tmp_path):
    code = (
        "import os, pathlib; folder = pathlib.Path(os.environ['SCRATCH'])\n"
        "(folder / 'file').write_text('x'); print(folder, end='')"
    )
    outcome = watch(python(code), Limits(), never, tmp_path)
    assert Path(outcome.answer.decode()).parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_the_scratch_folder_is_deleted_if_the_child_cannot_start(tmp_path):
    def fail(*_):
        raise OSError("no more processes")

    with pytest.raises(OSError, match="no more processes"):
        watch(fail, Limits(), never, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_forked_child_has_an_exit_code_and_a_peak_once_it_ended():
    child = ForkedChild(lambda: os._exit(3))
    while child.poll() is None:
        time.sleep(0.01)
    assert child.poll() == 3  # asked again, it is not waited for again
    assert child.peak > 2**20


def test_a_forked_child_whose_work_raises_ends_with_code_70():
    def work():
        os.close(2)  # no traceback in the output of the tests
        raise RuntimeError

    child = ForkedChild(work)
    while child.poll() is None:
        time.sleep(0.01)
    assert child.poll() == 70
