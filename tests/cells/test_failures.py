"""Errors and warnings as a result tells them."""

import tracemalloc
import warnings
from functools import partial

import pytest
import torch

from bench.cells.failures import WarningCounts, describe_error

warn = partial(warnings.warn, stacklevel=2)


def described(error, dtype="float64"):
    try:
        raise error
    except Exception as raised:
        return describe_error(raised, dtype)


def torch_error(work):
    with pytest.raises((RuntimeError, ValueError)) as caught:
        work()
    return caught.value


X = torch.ones(2, 3, dtype=torch.float64)


@pytest.mark.parametrize(
    "work",
    [
        lambda: torch.nn.Linear(3, 2)(X),
        lambda: torch.nn.Conv1d(1, 2, 3)(X[:, None]),
        lambda: torch.nn.LSTM(3, 2)(X[:, None]),
        lambda: torch.nn.Linear(3, 2)(X.float()) @ X[:, :2].T,
    ],
    ids=["linear", "convolution", "recurrent", "product"],
)
def test_torchs_words_on_float64_curves_have_the_remedy(work):
    error = torch_error(work)
    message = described(error)["message"]
    assert message.startswith(str(error).splitlines()[0])
    assert "write dtype: float32 in the dataset" in message.splitlines()[0]
    assert described(error, "float32")["message"] == str(error)


def test_other_errors_keep_their_words():
    for error in (
        RuntimeError("float and half"),
        ValueError("Buffer dtype mismatch, expected 'double' but got 'float'"),
        RuntimeError("first\na double and a float"),
    ):
        assert described(error)["message"] == str(error)


def test_a_long_message_is_cut_in_the_traceback_too():
    told = described(ValueError("x" * 10**6))
    assert told["message"] == "x" * 2000
    assert len(told["traceback"]) < 101_000
    assert "in described" in told["traceback"]


def test_an_error_whose_message_cannot_be_read_is_told():
    class MuteError(Exception):
        def __str__(self):
            raise ValueError("no")

    told = described(MuteError())
    assert (told["type"], told["message"]) == (
        "MuteError",
        "MuteError: its message cannot be read",
    )
    assert "test_failures.py" in told["traceback"]


def counted(work):
    counts = WarningCounts()
    with warnings.catch_warnings():
        counts.start()
        work()
    return counts.fields()


def test_warnings_are_counted_and_none_is_kept():
    n = 20_000

    def work():
        for step in range(n):
            warn(f"step {step} did not converge {'.' * 400}", RuntimeWarning)
        for _ in range(3):
            warn("again and again", UserWarning)

    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        found = counted(work)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < 3 * 2**20
    assert len(found["warnings"]) == 10
    assert found["other_warnings"] == n + 3 - 10


def test_the_most_frequent_warnings_come_first():
    def work():
        for step in range(12):
            warn(f"number {step}", UserWarning)
        warn("number 3", UserWarning)

    found = counted(work)
    assert found["warnings"][0] == "UserWarning: number 3 (×2)"
    assert found["other_warnings"] == 2


def test_warnings_are_shown_as_before_when_the_cell_ends():
    before = warnings.showwarning
    counted(lambda: None)
    assert warnings.showwarning is before
