"""Runs a command and says what all its processes took.

``python -m peers.tree COMMAND``, in a process of its own, whose only children are those
of the command. Prints JSON: the fields of `Measured`, and the command's exit code.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

_POLL = 0.01  # seconds
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of Linux's prctl


def main() -> None:
    """Run the command, its output in stdout.txt and stderr.txt here; print JSON."""
    # Processes that it leaves behind become ours, and count as soon as they end.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    printed, to_output = Path("stdout.txt"), None
    with printed.open("wb") as out, Path("stderr.txt").open("wb") as err:
        began = time.perf_counter()
        process = subprocess.Popen(sys.argv[1:], stdout=out, stderr=err)
        while process.poll() is None:
            if to_output is None and printed.stat().st_size:
                to_output = time.perf_counter() - began
            time.sleep(_POLL)
        seconds = time.perf_counter() - began
    while _wait_for_one():
        pass
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = {
        "seconds": seconds,
        "core_seconds": used.ru_utime + used.ru_stime,
        "to_output": seconds if to_output is None else to_output,
        "exit_code": process.returncode,
    }
    sys.stdout.write(json.dumps(found))


def _wait_for_one() -> bool:
    try:
        os.wait()
    except ChildProcessError:  # there are no more
        return False
    return True


if __name__ == "__main__":
    main()
