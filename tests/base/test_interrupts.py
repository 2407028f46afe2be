import os
import signal
import threading

import pytest

from bench.base.interrupts import held_back


def test_an_interrupt_takes_effect_at_the_end_of_the_block():
    steps = []
    handler = signal.getsignal(signal.SIGINT)

    def interrupt():
        with held_back():
            os.kill(os.getpid(), signal.SIGINT)
            steps.append("after the signal")

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert steps == ["after the signal"]
    assert signal.getsignal(signal.SIGINT) is handler


def test_an_error_in_the_block_is_raised_and_not_the_interrupt():
    handler = signal.getsignal(signal.SIGINT)

    def interrupt_and_raise():
        with held_back():
            os.kill(os.getpid(), signal.SIGINT)
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        interrupt_and_raise()
    assert signal.getsignal(signal.SIGINT) is handler


def test_another_thread_changes_no_handler():
    handlers = []

    def hold():
        with held_back():
            handlers.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert handlers == [before]
