"""Curves against the notebook's way: one at a time."""

import numpy as np
import pytest
import references
import torch

from bench.curves.library import load_library
from bench.curves.neural import sample_mlp, stream_mlp

X = np.linspace(-3, 3, 100, endpoint=False)[:, None]
N_CURVES, N_LOOP = 4000, 200  # a curve costs the same in a longer loop
DTYPES = {"float32": torch.float32, "float64": torch.float64}


def rng():
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("dtype", "target"), [("float32", 30), ("float64", 18)])
def test_neural_values(against, benchmark, dtype, target):
    benchmark.group = f"neural curves, values, {dtype}"
    against(
        lambda: sample_mlp(X, N_CURVES, rng(), dtype=dtype),
        lambda: references.curves_one_network_at_a_time(X, N_LOOP, DTYPES[dtype]),
        kind="speed-up",
        target=target,
        scale=N_CURVES / N_LOOP,
        unit="curves",
        units=N_CURVES,
    )


def test_neural_jacobians(against, benchmark):
    benchmark.group = "neural curves, values and Jacobians, float32"
    against(
        lambda: sample_mlp(X, N_CURVES, rng(), gradients=True, dtype=np.float32),
        lambda: references.jacobians_one_network_at_a_time(X, 50),
        kind="speed-up",
        target=60,
        scale=N_CURVES / 50,
        unit="curves",
        units=N_CURVES,
    )


def test_library_values(against, benchmark):
    benchmark.group = "library curves, values, float64"
    library = load_library("F11_v1")

    def one_at_a_time():
        own = rng()
        for _ in range(N_LOOP):
            library.sample(X, 1, own)

    against(
        lambda: library.sample(X, 10 * N_CURVES, rng()),
        one_at_a_time,
        kind="speed-up",
        target=60,
        scale=10 * N_CURVES / N_LOOP,
        unit="curves",
        units=10 * N_CURVES,
    )


STREAM = """
import numpy as np, tempfile
from bench.curves.library import load_library
from bench.curves.neural import stream_mlp
x = np.linspace(-3, 3, 100, endpoint=False)[:, None]
with tempfile.TemporaryFile() as file:
    for values, _ in {stream}(x, {n_curves}, np.random.default_rng(0)):
        values.tofile(file)
"""


@pytest.mark.parametrize("stream", ["stream_mlp", "load_library('F11_v1').stream"])
def test_a_stream_of_curves_to_disk(benchmark, stream):
    """A million curves hold no more memory than ten thousand, and under 1 GB."""
    benchmark.group = "curves streamed to disk"
    n_curves = 1_000_000 if benchmark.enabled else 10_000
    code = STREAM.format(stream=stream, n_curves=n_curves)
    peak = benchmark.pedantic(references.run_python, args=[code], rounds=1)
    few = references.run_python(STREAM.format(stream=stream, n_curves=10_000))
    benchmark.extra_info |= {
        "kind": "overhead",
        "target": 1.5,
        "ratio": peak / few,
        "peak_mib": peak,
        "unit": "curves",
        "units": n_curves,
    }
    assert peak < 1000


def test_a_stream_is_what_is_sampled():
    blocks = [values for values, _ in stream_mlp(X, 1000, rng())]
    assert len(blocks) > 1
    np.testing.assert_array_equal(np.concatenate(blocks), sample_mlp(X, 1000, rng()))
