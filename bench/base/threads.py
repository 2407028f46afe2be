"""How many threads BLAS, OpenMP and torch may use."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


@contextmanager
def limited_threads(limit: int, user_api: str | None = None) -> Iterator[None]:
    """Limit the threads of what is loaded, and of torch for good.

    What is loaded later starts from the environment (``OMP_NUM_THREADS``), which
    `bench.processes.executors` sets.
    """
    torch = sys.modules.get("torch")
    if torch is not None and user_api is None:
        torch.set_num_threads(limit)
    with _controller().limit(limits=limit, user_api=user_api):
        yield


@cache
def _controller() -> ThreadpoolController:
    # Looking at every loaded library takes 15 ms: once a process, or once for all
    # that are forked from it.
    return ThreadpoolController()
