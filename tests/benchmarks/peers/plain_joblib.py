"""The job as a plain script: ``python -m peers.plain_joblib JOB.yaml FOLDER``.

It draws each repetition once, fits all classifiers to it, and keeps predictions, a CSV
of scores and a table. It isolates nothing, sets no limits and has no cache.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import Parallel, delayed

import bench
from peers.work import accuracies, estimator_of, keep, predict_parts

Row = dict[str, Any]


def compute(
    job: dict[str, Any], dataset: dict[str, Any], repetition: int, folder: Path
) -> list[Row]:
    """Fit all classifiers to one repetition of a dataset; return a row for each."""
    data = bench.make_dataset(dataset, repetition)
    rows = []
    for entry in job["classifiers"]:
        began = time.perf_counter()
        fitted = estimator_of(entry).fit(data.X_train, data.y_train)
        seconds = time.perf_counter() - began
        held_out = job.get("scores") == "held-out"
        arrays = predict_parts(fitted, data.X_train, data.X_test, held_out)
        name = f"{dataset['id']}-{entry['id']}-{repetition}"
        keep(arrays, folder / f"{name}.npz")
        rows.append(
            {
                "dataset": dataset["id"],
                "repetition": repetition,
                "classifier": entry["id"],
                **accuracies(arrays, data.y_train, data.y_test),
                "fit_seconds": seconds,
            }
        )
    return rows


def run(job: dict[str, Any], folder: Path, jobs: int) -> pd.DataFrame:
    """Compute all cells in processes; return a row for each, and write them."""
    folder.mkdir(parents=True)
    tasks = (
        delayed(compute)(job, dataset, repetition, folder)
        for dataset in job["datasets"]
        for repetition in range(job["repetitions"])
    )
    blocks = Parallel(n_jobs=jobs)(tasks)
    results = pd.DataFrame([row for block in blocks for row in block])
    results.to_csv(folder / "results.csv", index=False)
    return results


def main() -> None:
    """Read the job, run it, print the table."""
    job, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    results = run(job, folder, jobs=2)
    scores = results.groupby(["dataset", "classifier"])["test_accuracy"]
    for (dataset, classifier), row in scores.agg(["mean", "std"]).iterrows():
        print(f"{dataset:12} {classifier:10} {row['mean']:.3f}±{row['std']:.3f}")


if __name__ == "__main__":
    main()
