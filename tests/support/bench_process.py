"""The command line as a real process, with everything that it leaves behind."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil


class BenchProcess:
    """A `bench` command in a folder, its descendants known by a mark."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir(exist_ok=True)
        self.mark = uuid.uuid4().hex
        # The code under test, also if another copy of it is installed.
        paths = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
        environment = dict(os.environ) | {
            "BENCH_TEST_MARK": self.mark,
            "FAULT_NOTES": str(folder / "notes.txt"),
            "PYTHONPATH": os.pathsep.join(paths),
            "TMPDIR": str(self.temporary),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench", *map(str, arguments)],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # As a terminal starts it: whoever runs the tests in the background has
            # interrupts ignored, and children would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def finish(self, timeout: float = 240) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, err

    def marked(self) -> list[psutil.Process]:
        """Return every living process of the run, whoever is its parent now."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("BENCH_TEST_MARK") == self.mark:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def nothing_left(self, within: float = 15) -> bool:
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if not self.marked() and not list(self.temporary.iterdir()):
                return True
            time.sleep(0.05)
        return False
