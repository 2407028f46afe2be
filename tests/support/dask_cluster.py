"""A Dask scheduler and workers as real processes on loopback."""

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil

DASK = [sys.executable, "-c", "import sys; from dask.__main__ import main; main()"]


class DaskCluster:
    """A scheduler and its workers, all that they start known by a mark."""

    def __init__(
        self,
        folder: Path,
        workers: int = 2,
        path: Path | None = None,
        allowed_failures: int = 3,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.notes = folder / "notes.txt"
        self.mark = uuid.uuid4().hex
        self.allowed_failures = allowed_failures
        self.started: list[subprocess.Popen[bytes]] = []
        contact = folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--port", 0, "--scheduler-file", contact
        )
        try:
            self.address = wait_for(lambda: _read_address(contact))
            for _ in range(workers):
                self._add_worker(path)
            wait_for(lambda: self.log().count("Registered to:") == workers)
        except BaseException:
            self.close()
            raise

    def workers(self) -> list[psutil.Process]:
        """Return the processes that nannies watch."""
        return [p for p in self.marked() if "spawn_main" in " ".join(p.cmdline())]

    def cells(self) -> list[psutil.Process]:
        """Return every living process that computes, or that a cell left."""
        own = {process.pid for process in self.started}
        found = []
        for process in self.marked():
            try:
                line = " ".join(process.cmdline())
            except psutil.Error:
                continue
            if process.pid not in own and "multiprocessing" not in line:
                found.append(process)
        return found

    def no_cells_left(self, within: float = 40) -> bool:
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if not self.cells() and not list(self.temporary.glob("bench-*")):
                return True
            time.sleep(0.05)
        return False

    def marked(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("CLUSTER_TEST_MARK") == self.mark:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def noted(self) -> list[str]:
        """Return the lines that cells wrote."""
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def open_gate(self) -> None:
        """Let cells go on that wait."""
        Path(f"{self.notes}.open").touch()

    def log(self) -> str:
        """Return what all the processes said."""
        logs = sorted(self.folder.glob("*.log"))
        return "".join(log.read_text(errors="replace") for log in logs)

    def close(self) -> None:
        for process in reversed(self.started):
            process.kill()
            process.wait()
        for process in self.marked():
            process.kill()

    def __enter__(self) -> "DaskCluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add_worker(self, path: Path | None) -> None:
        """Start a worker of one thread in a nanny; `path` is first on its path."""
        flags = ("--nthreads", 1, "--memory-limit", "2GiB")
        folder = ("--local-directory", self.folder)
        self._start("worker", self.address, *flags, *folder, path=path)

    def _start(
        self, command: str, *arguments: object, path: Path | None = None
    ) -> subprocess.Popen[bytes]:
        # The code under test, also if another copy of it is installed.
        paths = [str(path)] if path else []
        paths += [str(Path(__file__).parent), str(Path(__file__).parents[2])]
        environment = dict(os.environ) | {
            "CLUSTER_TEST_MARK": self.mark,
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(self.allowed_failures),
            "FAULT_NOTES": str(self.notes),
            "PYTHONPATH": os.pathsep.join(paths),
            "TMPDIR": str(self.temporary),
        }
        flags = ["--host", "127.0.0.1", "--no-dashboard"]
        log = self.folder / f"{len(self.started)}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*DASK, command, *flags, *map(str, arguments)],
                cwd=self.folder,
                env=environment,
                stdout=stream,
                stderr=stream,
            )
        self.started.append(process)
        return process


def wait_for(condition, seconds=120):
    """Return what the condition gives, once it gives anything."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def _read_address(contact: Path) -> str | None:
    try:
        return json.loads(contact.read_text())["address"]
    except (OSError, ValueError):
        return None
