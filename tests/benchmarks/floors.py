"""The least that a computation can take: what must be done over the machine's rates."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch.utils.flop_counter import FlopCounterMode

from bench.discriminators.csd2 import CSD2


@dataclass(frozen=True)
class Floor:
    """Seconds a unit (a curve, a step), and what they are spent on."""

    words: str
    seconds: float


def _rate(work: Callable[[], object], amount: float) -> float:
    """Return the amount done a second, at best."""
    seconds = []
    for _ in range(9):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return amount / min(seconds)


@cache
def _rates() -> dict[str, float]:
    rng = np.random.default_rng(0)
    found = {}
    with threadpool_limits(1):
        for dtype in ("float32", "float64"):
            a = rng.random((1000, 1000)).astype(dtype)
            found[f"{dtype} operations"] = _rate(lambda a=a: a @ a, 2e9)
            out = np.empty(2**20, dtype)
            found[f"{dtype} uniform numbers"] = _rate(
                lambda out=out, dtype=dtype: rng.random(out=out, dtype=dtype), out.size
            )
        array = np.ones(2**24)
        found["bytes written"] = _rate(lambda: array.fill(0.0), array.nbytes)
    return found


def rates() -> str:
    """Name the machine's rates."""
    return ", ".join(
        f"{value / 1e9:.3g}·10⁹ {name}/s" for name, value in _rates().items()
    )


def measure() -> dict[str, Floor]:
    """Give the floor of each group of benchmarks that has one."""
    known = _rates()
    floors = {}
    parameters = 2 * 32 + 33 * 32 + 33
    for dtype in ("float32", "float64"):
        products = 2 * 100 * (32 + 32 * 32 + 32) / known[f"{dtype} operations"]
        draws = parameters / known[f"{dtype} uniform numbers"]
        floors[f"neural curves, values, {dtype}"] = Floor(
            f"{parameters} random numbers and 218,000 operations", draws + products
        )
    operations = known["float32 operations"]
    draws = parameters / known["float32 uniform numbers"]
    floors["neural curves, values and Jacobians, float32"] = Floor(
        f"{parameters} random numbers and 429,000 operations",
        draws + 2 * 100 * (32 + 2 * (32 * 32 + 32)) / operations,
    )
    floors["library curves, values, float64"] = Floor(
        "800 bytes written", 800 / known["bytes written"]
    )
    for name, rows in (("full batch", 2000), ("batches of 200", 200)):
        # Forward, and backward for weights and for all inputs but the curves.
        layers = 100 * 64 + 64 * 64 + 64
        n = 2 * rows * (3 * layers - 100 * 64)
        floors[f"training, SD, {name}"] = Floor(f"{n:,} operations", n / operations)
    points = (100, 100, 50, 50, 25)
    widths = (1, 8, 8, 16, 16, 32)
    layers = [
        3 * a * b * n for a, b, n in zip(widths, widths[1:], points, strict=False)
    ]
    dense = 32 * 13 * 64 + 64 * 64 + 64
    n = 2 * 64 * (3 * (sum(layers) + dense) - layers[0])
    floors["training, CSD, batches of 64"] = Floor(f"{n:,} operations", n / operations)
    # The products and convolutions of one step, as torch counts them.
    net = CSD2(n_points=100)
    with FlopCounterMode(display=False) as counter:
        net(torch.zeros(64, 100)).sum().backward()
    n = counter.get_total_flops()
    floors["training, CSD2, batches of 64"] = Floor(f"{n:,} operations", n / operations)
    return floors
