"""Classifiers that misbehave, each in one way."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

DAEMON = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(1000)"


def note(line):
    with Path(os.environ["FAULT_NOTES"]).open("a") as notes:
        notes.write(f"{line}\n")


class Good(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return (X[:, 0] > 0).astype(int)


class Slow(Good):
    def fit(self, X, y):
        time.sleep(0.2)
        return super().fit(X, y)


class Sleeps(Good):
    def fit(self, X, y):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
        subprocess.Popen([sys.executable, "-c", DAEMON])
        time.sleep(1000)


class Waits(Good):
    def fit(self, X, y):
        time.sleep(1000)


class Exits(Good):
    def fit(self, X, y):
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
        os._exit(3)


class Crashes(Good):
    def fit(self, X, y):
        ctypes.string_at(0)


class Eats(Good):
    def fit(self, X, y):
        self.array = np.ones(100 * 2**27)


class Forks(Good):
    def fit(self, X, y):
        for _ in range(4):
            if os.fork() == 0:
                array = np.ones(50 * 2**20)  # 400 MiB
                time.sleep(1000 + array[0])
        time.sleep(1000)


class Raises(Good):
    def fit(self, X, y):
        note("raised")
        raise RuntimeError("no luck")


class Killed(Good):
    def fit(self, X, y):
        note("killed")
        os.kill(os.getpid(), signal.SIGKILL)


class KilledOnce(Good):
    def fit(self, X, y):
        marker = Path(os.environ["FAULT_NOTES"] + ".once")
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(X, y)


class LeavesAChild(Good):
    def fit(self, X, y):
        sys.stdout.write("words on the standard output")
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
        return super().fit(X, y)


class CountsThreads(Good):
    def fit(self, X, y):
        import joblib
        import torch
        from threadpoolctl import threadpool_info

        pools = {pool["num_threads"] for pool in threadpool_info()}
        note(f"{joblib.cpu_count()} {torch.get_num_threads()} {sorted(pools)}")
        return super().fit(X, y)


class Zeroes(Good):
    """Writes to the curves that it is given, against its contract."""

    def fit(self, X, y):
        for array in (X, y):
            while array.base is not None and isinstance(array.base, np.ndarray):
                array = array.base
            array.setflags(write=True)
            array[:] = 0
        self.classes_ = np.array([0, 1])
        return self


class Grows(Good):
    """Takes more memory with every curve, and keeps it."""

    def fit(self, X, y):
        held = []
        while True:
            held.append(bytearray(2**22))
            held[-1][::4096] = b"x" * len(held[-1][::4096])
