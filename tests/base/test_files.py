import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import stored

from bench.base.files import (
    is_file,
    locked,
    read_bytes,
    set_aside,
    write_flushed,
    write_whole,
)

# Reading


def test_at_most_one_byte_beyond_the_limit_is_read(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    assert read_bytes(path, 4) == b"01234"  # so that the caller sees that there is more
    assert read_bytes(path, 10) == b"0123456789"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes here")
def test_a_pipe_is_refused_before_it_is_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        read_bytes(tmp_path / "pipe", 10)
    assert not is_file(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "not a regular file"),
        ("missing", os.strerror(errno.ENOENT)),
        ("a\0b", "null byte"),
        ("x" * 5000, os.strerror(errno.ENAMETOOLONG)),
    ],
)
def test_a_path_without_a_file_is_an_os_error(tmp_path, name, error):
    with pytest.raises(OSError, match=error):
        read_bytes(tmp_path / name, 10)
    assert not is_file(tmp_path / name)


# Writing


@pytest.fixture
def calls(monkeypatch):
    """Record in which order a file is flushed to the disk and renamed."""
    made = []
    fsync, rename = os.fsync, Path.replace

    def record_fsync(descriptor):
        made.append(("fsync", os.fstat(descriptor).st_size))
        fsync(descriptor)

    def record_rename(path, target):
        made.append(("rename", path.name, Path(target).name))
        return rename(path, target)

    monkeypatch.setattr("os.fsync", record_fsync)
    monkeypatch.setattr("pathlib.Path.replace", record_rename)
    return made


def test_the_bytes_are_flushed_before_the_file_gets_its_name(tmp_path, calls):
    write_whole(tmp_path / "file", b"twelve bytes")
    temporary = f".file.{os.getpid()}.tmp"
    assert calls == [("fsync", 12), ("rename", temporary, "file")]
    assert stored.content(tmp_path) == {"file": b"twelve bytes"}


def test_write_flushed_waits_for_the_disk(tmp_path, calls):
    write_flushed(tmp_path / "part", b"four")
    assert calls == [("fsync", 4)]


def test_a_given_temporary_name_is_used_and_an_old_file_there_replaced(tmp_path, calls):
    (tmp_path / "rest").write_bytes(b"what a killed process left")
    write_whole(tmp_path / "file", b"new", tmp_path / "rest")
    assert calls[1] == ("rename", "rest", "file")
    assert stored.content(tmp_path) == {"file": b"new"}


@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
@pytest.mark.parametrize("name", ["os.fsync", "pathlib.Path.replace"])
def test_a_write_that_fails_leaves_the_old_content_alone(
    tmp_path, monkeypatch, name, fault
):
    def fail(*_):
        raise fault

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(name, fail)
    with pytest.raises(type(fault)):
        write_whole(tmp_path / "file", b"new")
    assert stored.content(tmp_path) == {"file": b"old"}


# Locks

COUNT = """
import sys
from pathlib import Path
from bench.base.files import locked

folder = Path(sys.argv[1])
for _ in range(40):
    with locked(folder / ".lock"):
        n = int((folder / "count").read_text())
        (folder / "count").write_text(str(n + 1))
"""
HOLD = """
import sys, time
from pathlib import Path
from bench.base.files import locked

with locked(Path(sys.argv[1])):
    print("inside", flush=True)
    time.sleep(600)
"""


def start(program, path, **options):
    return subprocess.Popen([sys.executable, "-c", program, os.fspath(path)], **options)


def test_one_process_at_a_time_holds_a_lock(tmp_path):
    (tmp_path / "count").write_text("0")
    processes = [start(COUNT, tmp_path) for _ in range(3)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
    assert stored.content(tmp_path) == {"count": b"120"}


@pytest.fixture
def held(tmp_path):
    """Start a process that is inside until it is killed."""
    path = tmp_path / ".lock"
    with start(HOLD, path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "inside\n"
        yield path, process
        process.kill()


def test_without_waiting_a_held_lock_is_a_timeout(held):
    path, _ = held
    with pytest.raises(TimeoutError), locked(path, wait=False):
        raise AssertionError  # never inside
    assert path.exists()  # the lock of the other is left alone


def test_a_killed_process_releases_its_lock(held):
    path, process = held
    process.kill()
    process.wait()
    began = time.monotonic()
    with locked(path, wait=False):
        assert path.exists()
    assert time.monotonic() - began < 5
    assert not path.exists()


def test_an_error_in_the_block_releases_the_lock_and_its_file(tmp_path):
    path = tmp_path / ".lock"
    with pytest.raises(OSError, match="full"), locked(path):
        raise OSError(errno.ENOSPC, "full")
    assert not path.exists()
    with locked(path, wait=False):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="flock is a call of Unix")
@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_on_a_file_system_without_locks_the_block_runs(tmp_path, monkeypatch, code):
    def no_locks(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", no_locks)
    with locked(tmp_path / "a"), locked(tmp_path / "a", wait=False):
        write_whole(tmp_path / "file", b"written")
    assert (tmp_path / "file").read_bytes() == b"written"


def test_the_block_runs_if_the_lock_file_cannot_be_created(tmp_path):
    (tmp_path / "file").write_bytes(b"words")
    inside = []
    with locked(tmp_path / "file" / ".lock"):
        inside.append(True)
    assert inside == [True]
    assert stored.content(tmp_path) == {"file": b"words"}


# Setting aside


def test_setting_aside_replaces_no_earlier_file(tmp_path):
    for text in ("first", "second", "third"):
        (tmp_path / "file").write_text(text)
        set_aside(tmp_path / "file", tmp_path / "a" / "b")
    assert stored.content(tmp_path) == {
        "a/b/file": b"first",
        "a/b/file.1": b"second",
        "a/b/file.2": b"third",
    }


def test_a_folder_and_a_broken_link_are_set_aside_too(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("folder", "link"):
        set_aside(tmp_path / name, tmp_path / "damaged")
        set_aside(tmp_path / name, tmp_path / "damaged")  # gone by now, and no error
    assert stored.names(tmp_path / "damaged") == ["folder", "link"]


def test_a_file_that_cannot_be_set_aside_stays(tmp_path):
    (tmp_path / "file").write_text("damaged")
    (tmp_path / "aside").write_text("a file in the way")
    with pytest.raises(FileExistsError):
        set_aside(tmp_path / "file", tmp_path / "aside")
    assert (tmp_path / "file").read_text() == "damaged"
