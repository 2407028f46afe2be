"""The fixture that measures two things in turn and keeps their ratio."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

Work = Callable[[], object]


@pytest.fixture(params=["ours", "reference"])
def against(request: pytest.FixtureRequest, benchmark: Any) -> Callable[..., None]:
    """Measure work and its reference in turn, so that both see the same machine.

    The reference has an entry of its own in the group. Beside ours it runs again as
    the set-up of each round, which pytest-benchmark does not time; we do.
    ``extra_info`` gets the ``ratio`` of the medians: of ``speed-up``, the reference's
    time over ours; of ``overhead``, ours over the reference's. With a ``target`` the
    report tells whether it was met.
    """

    def measure(
        work: Work,
        reference: Work,
        *,
        kind: str,
        target: float,
        rounds: int = 7,
        scale: float = 1.0,
        warm_up: bool = True,
        **info: Any,
    ) -> None:
        if request.param == "reference":
            benchmark.pedantic(reference, rounds=rounds, warmup_rounds=warm_up)
            return
        seconds: list[float] = []

        def set_up() -> None:
            began = time.perf_counter()
            reference()
            seconds.append(time.perf_counter() - began)

        benchmark.pedantic(work, setup=set_up, rounds=rounds, warmup_rounds=warm_up)
        benchmark.extra_info |= {"kind": kind, "target": target} | info
        if benchmark.stats is None:  # run once, untimed
            return
        # The warm-up's is the first.
        theirs = statistics.median(seconds[warm_up:]) * scale
        ours = benchmark.stats.stats.median
        ratio = theirs / ours if kind == "speed-up" else ours / theirs
        benchmark.extra_info |= {"reference_seconds": theirs, "ratio": ratio}

    return measure
