"""Delay Ctrl-C until a block of code has ended."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_back() -> Iterator[None]:
    """Delay a Ctrl-C within the block until the block has ended.

    In any thread but the main one this does nothing: Python only interrupts that one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending = False

    def remember(*_: object) -> None:
        nonlocal pending
        pending = True

    previous_handler = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous_handler)
    if pending:
        raise KeyboardInterrupt
