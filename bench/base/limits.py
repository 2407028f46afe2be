"""How long a cell may take and how much memory it may hold."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
from pydantic import ByteSize, TypeAdapter

if sys.platform != "win32":
    import resource


SHARE = 0.8  # of the machine's memory that all cells together may hold, unless told

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_SIZE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})? ?[KMGT]i?B")
_BYTES = TypeAdapter(ByteSize)


@dataclass(frozen=True)
class Limits:
    """What a cell is stopped for.

    Attributes
    ----------
    timeout : float, optional
        Seconds of wall clock, for everything a cell does; None is no limit.
    memory : int, optional
        Bytes resident in the cell's process and its descendants; None leaves it to
        the engine.
    """

    timeout: float | None = None
    memory: int | None = None


def parse_duration(text: str) -> float:
    """Read ``90``, ``10m``, ``1.5h`` as seconds; raise ValueError at anything else."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([smhd]?)", text.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
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
    """Write ``1.5 GiB``."""
    return ByteSize(n_bytes).human_readable(separator=" ")


def machine_memory() -> int:
    """Return the bytes that this machine, or the control group we run in, may use."""
    limits = [psutil.virtual_memory().total]
    try:
        groups = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        groups = []
    for line in groups:
        _, controllers, name = line.split(":", 2)
        if controllers == "":  # version 2: a limit may stand at any level above us
            own = Path("/sys/fs/cgroup", name.lstrip("/"))
            files = [level / "memory.max" for level in (own, *own.parents[:-3])]
        elif "memory" in controllers.split(","):
            own = Path("/sys/fs/cgroup/memory", name.lstrip("/"))
            files = [own / "memory.limit_in_bytes"]
        else:
            continue
        for file in files:
            try:
                limits.append(int(file.read_text()))
            except (OSError, ValueError):  # no such level, or "max"
                continue
    return int(min(limits))


def memory_share(jobs: int) -> int:
    """Return the bytes a cell may hold by default with `jobs` cells at a time."""
    return int(SHARE * machine_memory() / jobs)


def peak_resident() -> int:
    """Return the most bytes that this process ever held."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
