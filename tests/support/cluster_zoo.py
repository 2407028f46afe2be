"""Classifiers for tests of a cluster: they know which worker they are on.

A worker's child is a fork server, its child a watchdog, its child the cell.
"""

import os
import time
from pathlib import Path

import psutil
from fault_zoo import Good, note


def its_worker():
    return psutil.Process().parents()[2]


class Waits(Good):
    """Notes its worker and its process, and goes on when a file appears."""

    def fit(self, X, y):
        note(f"{its_worker().pid} {os.getpid()}")
        gate = Path(os.environ["FAULT_NOTES"] + ".open")
        deadline = time.monotonic() + 120
        while not gate.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        return super().fit(X, y)


class KillsItsWorker(Good):
    def fit(self, X, y):
        note("kills")
        its_worker().kill()
        time.sleep(1000)
