"""The jobs. Each is a suite, written as JSON, which the other tools read as well."""

import json
from pathlib import Path
from typing import Any

Job = dict[str, Any]

MLP = {"kind": "mlp", "hidden": [32, 32], "activation": "relu"}
POINTS = {
    "normal-100": {"kind": "x10", "rows": 100, "columns": [0]},
    "uniform-100": {"kind": "grid", "low": -3, "high": 3, "size": 100},
}
# With a written random_state, which our runner leaves as it is, all fit the same.
SEEDED = {"random_state": 0}
CLASSIFIERS: dict[str, tuple[str, dict[str, Any]]] = {
    "KNN": ("sklearn.neighbors.KNeighborsClassifier", {}),
    "GNB": ("sklearn.naive_bayes.GaussianNB", {}),
    "DT": ("sklearn.tree.DecisionTreeClassifier", SEEDED),
    "SVC": ("sklearn.svm.SVC", {}),
    "RF": ("sklearn.ensemble.RandomForestClassifier", SEEDED),
    "MLP": ("sklearn.neural_network.MLPClassifier", SEEDED),
}
CHANGED = "RF"
TINY: dict[str, tuple[str, dict[str, Any]]] = {
    "GNB": ("sklearn.naive_bayes.GaussianNB", {}),
    "BNB": ("sklearn.naive_bayes.BernoulliNB", {}),
    "QDA": (
        "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis",
        {"reg_param": 0.1},
    ),
    "LDA": (
        "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
        {"solver": "lsqr", "shrinkage": 0.1},
    ),
    "DT-3": ("sklearn.tree.DecisionTreeClassifier", {"max_depth": 3} | SEEDED),
    "KNN": ("sklearn.neighbors.KNeighborsClassifier", {}),
    "CENTROID": ("sklearn.neighbors.NearestCentroid", {}),
    "RIDGE": ("sklearn.linear_model.RidgeClassifier", {}),
    "PERCEPTRON": ("sklearn.linear_model.Perceptron", SEEDED),
    "CHANCE": ("sklearn.dummy.DummyClassifier", {"strategy": "uniform"} | SEEDED),
}


def comparison(repetitions: int = 10, curves: int = 1000) -> Job:
    """Make the job of 120 cells: the datasets of the seed suite, six classifiers.

    Parameters
    ----------
    curves
        The number of training curves of each class, and of test curves.
    """
    datasets = [
        {
            "id": name,
            "library": "F11_v1",
            "inputs": points,
            "neural": MLP,
            "dtype": "float32",
            "train": curves,
            "test": curves,
        }
        for name, points in POINTS.items()
    ]
    return _job("peers", datasets, CLASSIFIERS, repetitions)


def changed(job: Job) -> Job:
    """Change one classifier of the job: other cells, which take about as long."""
    entries = [
        entry | {"params": entry["params"] | {"min_samples_leaf": 2}}
        if entry["id"] == CHANGED
        else entry
        for entry in job["classifiers"]
    ]
    return job | {"classifiers": entries}


def only_changed(job: Job) -> Job:
    """Keep the changed classifier alone."""
    entries = [entry for entry in job["classifiers"] if entry["id"] == CHANGED]
    return job | {"classifiers": entries}


def held_out(job: Job) -> Job:
    """Let classifiers predict the held-out curves alone."""
    return job | {"scores": "held-out"}


def tiny(repetitions: int = 10, datasets: int = 10) -> Job:
    """Make the job of 1,000 cells of few milliseconds, on 50 + 50 curves."""
    grids = [
        {
            "id": f"grid-{i}",
            "library": "F11_v1",
            "inputs": {"kind": "grid", "low": -i, "high": i, "size": 20},
            "train": 50,
            "test": 50,
        }
        for i in range(1, datasets + 1)
    ]
    return _job("tiny", grids, TINY, repetitions)


def in_files(job: Job) -> Job:
    """Take the classifiers from a file, as a user's own: each cell has its own fork."""
    entries = [
        entry | {"class": f"./{_FILE}:{entry['class'].rpartition('.')[2]}"}
        for entry in job["classifiers"]
    ]
    return job | {"name": f"{job['name']}-files", "classifiers": entries}


_FILE = "own_classifiers.py"


def n_cells(job: Job) -> int:
    """Return the number of cells of a job."""
    return job["repetitions"] * len(job["datasets"]) * len(job["classifiers"])


def write(job: Job, folder: Path) -> Path:
    """Write the job, and the file that its classifiers may be of; return its path."""
    paths = [path for path, _ in TINY.values()]
    lines = []
    for path in paths:
        module, _, name = path.rpartition(".")
        lines.append(f"import {module}\nclass {name}({path}): pass\n")
    (folder / _FILE).write_text("".join(lines))
    file = folder / "job.yaml"
    file.write_text(json.dumps(job, indent=1))  # JSON is YAML
    return file


def _job(
    name: str,
    datasets: list[dict[str, Any]],
    classifiers: dict[str, tuple[str, dict[str, Any]]],
    repetitions: int,
) -> Job:
    entries = [
        {"id": name, "class": path, "params": params}
        for name, (path, params) in classifiers.items()
    ]
    return {
        "version": 1,
        "name": name,
        "repetitions": repetitions,
        "datasets": datasets,
        "classifiers": entries,
        "audits": False,  # the others have none
    }
