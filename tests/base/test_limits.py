from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.base import limits
from bench.base.limits import format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [
        ("4GiB", 4 * 2**30),
        ("500MB", 500_000_000),
        ("1.5 KiB", 1536),
        (" 2TB ", 2 * 10**12),
        ("0.000001TiB", 1_099_511),
        ("999999999.999999TiB", int(999999999.999999 * 2**40)),
    ],
)
def test_a_size_is_read_as_bytes(text, n_bytes):
    assert parse_size(text) == n_bytes
    assert type(parse_size(text)) is int


@pytest.mark.parametrize(
    "text",
    [
        "", "4", "GiB", "0GiB", "0.0001KB", "-4GiB", "+4GiB", "4gib", "4g", "4 gbit",
        "4GiB of memory", "4  GiB", "4,5GiB", ".5GiB", "1e3MB", "infGiB", "nanGiB",
        "4PiB", "4PB", "\u0664GiB", "1" * 10 + "KB", "4GiB\n4", "4B",
    ],
)  # fmt: skip
def test_a_wrong_size_is_refused_with_what_was_expected(text):
    with pytest.raises(ValueError, match=r"^expected a size with its unit, such as"):
        parse_size(text)


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 * 2**30 + 2**28, "5.2 GiB"),
        (3.2 * 2**40, "3.2 TiB"),
    ],
)
def test_a_size_is_written_with_a_fitting_unit(n_bytes, text):
    assert format_size(n_bytes) == text


@settings(max_examples=200, deadline=None, database=None)
@given(st.integers(2**10, 2**49))
def test_a_written_size_is_read_back_to_two_digits(n_bytes):
    assert parse_size(format_size(n_bytes)) == pytest.approx(n_bytes, rel=0.05)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5h", 5400), (" 2 d ", 172_800)]
)
def test_a_duration_is_read_as_seconds(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-1", "1w", "m", "1:30", "inf", "1e3"])
def test_a_wrong_duration_is_refused_with_what_was_expected(text):
    with pytest.raises(ValueError, match=r"^expected a time above 0, such as"):
        parse_duration(text)


# The memory of a control group


@pytest.fixture
def control_groups(monkeypatch):
    """Give this process a machine of 100 bytes and some files of control groups."""

    def give(files):
        def read_text(path):
            if str(path) not in files:
                raise FileNotFoundError(path)
            return files[str(path)]

        memory = type("Memory", (), {"total": 100})
        monkeypatch.setattr(limits.psutil, "virtual_memory", lambda: memory)
        monkeypatch.setattr(Path, "read_text", read_text)

    return give


@pytest.mark.parametrize(
    ("files", "n_bytes"),
    [
        ({}, 100),
        ({"/proc/self/cgroup": "0::/\n"}, 100),
        (
            {"/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/memory.max": "max"},
            100,
        ),
        ({"/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/memory.max": "60"}, 60),
        (
            {  # the limit of a level above is the smaller one
                "/proc/self/cgroup": "0::/a/b\n",
                "/sys/fs/cgroup/a/memory.max": "40",
                "/sys/fs/cgroup/a/b/memory.max": "60",
            },
            40,
        ),
        ({"/proc/self/cgroup": "0::/a\n", "/sys/fs/cgroup/memory.max": "30"}, 30),
        (
            {  # version 1: other controllers do not matter
                "/proc/self/cgroup": "3:cpu:/x\n2:blkio,memory:/y\n",
                "/sys/fs/cgroup/memory/x/memory.limit_in_bytes": "10",
                "/sys/fs/cgroup/memory/y/memory.limit_in_bytes": "50",
            },
            50,
        ),
        ({"/proc/self/cgroup": "0::/a\n", "/sys/fs/cgroup/a/memory.max": "900"}, 100),
    ],
)
def test_the_memory_is_the_smallest_limit_of_machine_and_cgroups(
    control_groups, files, n_bytes
):
    control_groups(files)
    assert limits.machine_memory() == n_bytes
    assert limits.memory_share(2) == int(0.8 * n_bytes / 2)


def test_the_peak_memory_grows_with_what_is_held():
    before = limits.peak_resident()
    held = bytearray(before + 2**26)
    held[:: 2**12] = b"x" * len(held[:: 2**12])  # a page counts once it is written
    assert limits.peak_resident() > before + 2**25
