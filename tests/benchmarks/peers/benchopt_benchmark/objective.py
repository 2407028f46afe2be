"""The job as a benchmark of benchopt: what is measured, and kept, of a classifier."""

import numpy as np
from benchopt import BaseObjective
from peers.work import accuracies, keep


class Objective(BaseObjective):
    """Accuracies of a classifier of curves."""

    name = "Function classification"
    sampling_strategy = "run_once"

    def set_data(self, X_train, y_train, X_test, y_test):
        self.X_train, self.y_train = X_train, y_train
        self.X_test, self.y_test = X_test, y_test

    def get_objective(self):
        return {"X_train": self.X_train, "y_train": self.y_train, "X_test": self.X_test}

    def evaluate_result(self, arrays: dict[str, np.ndarray]):
        keep(arrays, self.get_run_output_path() / "predictions.npz")
        return accuracies(arrays, self.y_train, self.y_test)
