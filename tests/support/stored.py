"""Results that nothing had to compute, put into a store."""

import numpy as np

import bench
from bench.base.seeds import digest
from bench.cells.plan import make_plan
from bench.cells.shallow_baselines import BASELINES
from bench.store.result import Result
from bench.store.store import Store

ARRAYS = {
    f"{what}_{part}": np.array([0, 1, 1], np.int32)
    for what in ("labels", "predictions")
    for part in ("train", "test")
} | {"kind": np.array("none")}


def plan_of(path):
    return make_plan(bench.load_suite(path))


def result_of(number=0, status="done", **changes):
    """Make a result of no suite; those of different numbers have different keys."""
    fields = {"classifier": {"class": "some.Class"}, "number": number}
    found = {
        "key": digest(fields),
        "fields": fields,
        "dataset": "grid",
        "repetition": number,
        "classifier": "KNN",
        "status": status,
        "data_hash": f"{number:064x}",
    }
    if status == "done":
        found |= {"train": {"accuracy": 1.0}, "test": {"accuracy": 0.5}}
    else:
        found["error"] = {
            "type": "RuntimeError",
            "message": "no luck",
            "traceback": f"raised in number {number}",
        }
    return Result(**(found | changes))


def put(store, result):
    return store.put(result, ARRAYS if result.status == "done" else None)


def put_cells(plan, store, status="done"):
    """Put a result of every cell of a plan."""
    scores = {"accuracy": 1.0}
    for cell in plan.cells:
        found = {"train": scores, "test": scores} if status == "done" else {}
        put(store, cell.result(status, **found))


FIGURES = {
    "scores": dict.fromkeys(BASELINES, 0.5),
    "duplicates": 0,
    "curves": {"training": [30, 30], "test": [20, 20], "fitted": [20, 20]},
}


def put_audits(plan, store):
    """Put a result of every audit of a plan, one that finds nothing."""
    for audit in plan.audits:
        store.put(audit.result("done", figures=FIGURES), None)


def content(folder):
    """Return the bytes of every file under a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def store_of(folder, *results):
    store = Store(folder)
    for result in results:
        put(store, result)
    return store


def names(folder):
    return sorted(path.name for path in folder.iterdir())
