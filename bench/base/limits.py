"""Limits of a cell: wall-clock time and memory."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
from pydantic import ByteSize, TypeAdapter

if sys.platform != "win32":
    import resource

# Share of the machine's memory that all cells together may use by default.
SHARE = 0.8

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_SIZE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})? ?[KMGT]i?B")
_BYTES = TypeAdapter(ByteSize)


@dataclass(frozen=True)
class Limits:
    """Limits beyond which a cell is stopped.

    Attributes
    ----------
    timeout : float, optional
        Seconds of wall clock for the whole cell; None means no limit.
    memory : int, optional
        Resident bytes of the cell's process and its descendants; None means that the
        engine chooses the limit.
    """

    timeout: float | None = None
    memory: int | None = None


def parse_duration(text: str) -> float:
    """Read ``90``, ``10m``, ``1.5h`` as seconds; raise ValueError at anything else."""
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([smhd]?)", text.strip())
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if not seconds > 0:
        raise ValueError("expected a time above 0, such as 90 (seconds), 10m or 2h")
    return seconds


def parse_size(text: str) -> int:
    """Read ``4GiB`` or ``500MB`` as bytes; raise ValueError at anything else."""
    text = text.strip()
    # pydantic alone would also read 4g, 4 gbit, and 4GiB with words behind it.
    size = _BYTES.validate_python(text) if _SIZE.fullmatch(text) else 0
    if not size > 0:
        raise ValueError("expected a size with its unit, such as 4GiB or 500MB")
    return int(size)


def format_size(n_bytes: float) -> str:
    """Write a number of bytes as a person reads it, such as ``1.5 GiB``."""
    return ByteSize(n_bytes).human_readable(separator=" ")


def machine_memory() -> int:
    """Return how many bytes this process may use: the machine's, or its cgroup's."""
    limits = [psutil.virtual_memory().total]
    try:
        groups = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        groups = []
    for line in groups:
        _, controllers, name = line.split(":", 2)
        if controllers == "":  # cgroup version 2: any level above may have a limit
            group = Path("/sys/fs/cgroup", name.lstrip("/"))
            files = [level / "memory.max" for level in (group, *group.parents[:-3])]
        elif "memory" in controllers.split(","):  # cgroup version 1
            group = Path("/sys/fs/cgroup/memory", name.lstrip("/"))
            files = [group / "memory.limit_in_bytes"]
        else:
            continue
        for file in files:
            try:
                limits.append(int(file.read_text()))
            except (OSError, ValueError):  # no such file, or it says "max"
                continue
    return int(min(limits))


def memory_share(jobs: int) -> int:
    """Return a cell's default memory limit in bytes, with `jobs` cells at a time."""
    return int(SHARE * machine_memory() / jobs)


def peak_resident() -> int:
    """Return the peak resident memory of this process, in bytes."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB
