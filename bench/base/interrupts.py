"""Ctrl-C, at a moment that suits."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_back() -> Iterator[None]:
    """Let a Ctrl-C within the block take effect at its end.

    Only the main thread is ever interrupted; in any other this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending = False

    def note(*_: object) -> None:
        nonlocal pending
        pending = True

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pending:
        raise KeyboardInterrupt
