"""The classifiers of the job, which lies beside the benchmark's folder."""

import json
from pathlib import Path

from benchopt import BaseSolver
from peers.work import estimator_of, predict_parts

JOB = json.loads((Path(__file__).parents[2] / "job.yaml").read_text())


class Solver(BaseSolver):
    """A classifier; another one, or other parameters, are other cells."""

    name = "classifier"
    parameters = {  # noqa: RUF012 (benchopt's way)
        "classifier, class_path, params": [
            (entry["id"], entry["class"], json.dumps(entry["params"]))
            for entry in JOB["classifiers"]
        ]
    }

    def set_objective(self, X_train, y_train, X_test):
        self.X_train, self.y_train, self.X_test = X_train, y_train, X_test

    def run(self, _):
        entry = {"class": self.class_path, "params": json.loads(self.params)}
        fitted = estimator_of(entry).fit(self.X_train, self.y_train)
        held_out = JOB.get("scores") == "held-out"
        self.arrays = predict_parts(fitted, self.X_train, self.X_test, held_out)

    def get_result(self):
        return {"arrays": self.arrays}
