"""Limit the threads of BLAS, OpenMP and torch."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


@contextmanager
def limited_threads(limit: int, user_api: str | None = None) -> Iterator[None]:
    """Limit the threads of the libraries that are loaded, within the block.

    A library that is loaded later reads the environment (``OMP_NUM_THREADS``), which
    `bench.processes.executors` sets.

    Parameters
    ----------
    limit
        Number of threads.
    user_api
        "blas" or "openmp"; by default both, and torch, whose limit stays after the
        block.
    """
    torch = sys.modules.get("torch")
    if torch is not None and user_api is None:
        torch.set_num_threads(limit)
    with _controller().limit(limits=limit, user_api=user_api):
        yield


@cache
def _controller() -> ThreadpoolController:
    # Inspecting every loaded library takes 15 ms. The controller is made once per
    # process, and forked processes inherit it.
    return ThreadpoolController()
