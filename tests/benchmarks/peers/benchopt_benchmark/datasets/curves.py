"""The curves of the job, which lies beside the benchmark's folder."""

import json
from functools import lru_cache
from pathlib import Path

from benchopt import BaseDataset

import bench

JOB = json.loads((Path(__file__).parents[2] / "job.yaml").read_text())
RECIPES = {entry["id"]: entry for entry in JOB["datasets"]}


# A process mostly gets the classifiers of one repetition, one after the other.
@lru_cache(maxsize=2)
def draw(dataset: str, repetition: int):
    """Draw the curves of a repetition."""
    return bench.make_dataset(RECIPES[dataset], repetition)


class Dataset(BaseDataset):
    """One repetition of a dataset."""

    name = "curves"
    parameters = {  # noqa: RUF012 (benchopt's way)
        "dataset": list(RECIPES),
        "repetition": list(range(JOB["repetitions"])),
    }

    def get_data(self):
        data = draw(self.dataset, self.repetition)
        names = ("X_train", "y_train", "X_test", "y_test")
        return {name: getattr(data, name) for name in names}
