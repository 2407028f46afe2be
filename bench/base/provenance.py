"""Provenance of a result: commit, versions and machine."""

import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

from bench.base import resources

__version__ = "0.1.0"

# One version number per stage. Raise it by hand when the stage's results change in any
# bit: it is part of the keys, so that a stored result is never reused after a change.
RESULTS = {
    "curves": 1,
    "tasks": 1,  # noise, splits, wild networks, functions as classes
    "mimic": 2,
    "recorded": 1,  # how recorded curves are divided and scaled
    "SD": 1,
    "CSD": 1,
    "CSD2": 1,
    "QDA-REG": 1,
    "CUES": 1,
    "online": 1,
    "stacked": 1,  # several SDs or CSDs at once on fixed curves
    "audits": 1,
}

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "skorch", "pandas")


@cache
def package_version(distribution: str) -> str:
    """Return an installed distribution's version, or "missing"."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "missing"


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python, this package and the packages that compute."""
    ours = {"python": platform.python_version(), "function-bench": __version__}
    return ours | {name: package_version(name) for name in PACKAGES}


def commit() -> tuple[str | None, bool | None]:
    """Return the checkout's commit, and whether it has uncommitted changes.

    Changes under ``reports/`` and ``data/`` do not count: a run makes them itself.
    Outside a checkout, or without git, both are None.
    """
    if not (resources.CHECKOUT / ".git").exists():
        return None, None
    head = _git("rev-parse", "HEAD")
    status = _git("status", "--porcelain", "--", ".", ":!reports", ":!data")
    return head, None if status is None else bool(status)


def _git(*arguments: str) -> str | None:
    try:
        process = subprocess.run(
            ["git", *arguments],
            cwd=resources.CHECKOUT,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return process.stdout.strip()


@cache
def cpu_name() -> str:
    """Return the processor's name as the operating system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1] for line in lines if line.startswith("model name")]
    return " ".join(names[0].split()) if names else platform.machine()


def blas_name() -> str:
    """Return NumPy's BLAS with its kernel, and torch's kernels if torch is loaded.

    The last bits of matrix products depend on them: ``OpenBLAS 0.3.30 Haswell; torch
    AVX2``.
    """
    torch = sys.modules.get("torch")
    kernels = [] if torch is None else [f"torch {_torch_kernels(torch)}"]
    return "; ".join([_numpy_blas(), *kernels])


@cache
def _numpy_blas() -> str:
    """Describe the BLAS that is loaded; NumPy's own where SciPy has another one."""
    # Here, since a Python without our dependencies must still print the help.
    from threadpoolctl import threadpool_info

    libraries = [lib for lib in threadpool_info() if lib["user_api"] == "blas"]
    libraries.sort(key=lambda library: "numpy" not in str(library["filepath"]))
    if not libraries:
        return "unknown"
    found = libraries[0]
    names = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS"}
    api = found["internal_api"]
    parts = (names.get(api, api), found["version"], found.get("architecture"))
    return " ".join(str(part) for part in parts if part)


def _torch_kernels(torch: ModuleType) -> str:
    # A module of torch may be loaded in part only, while another thread imports it.
    try:
        return str(torch.backends.cpu.get_cpu_capability())
    except AttributeError:
        return "unknown"
