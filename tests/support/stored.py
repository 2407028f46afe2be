"""Results that nothing had to compute, put into a store."""

import hashlib
import json
from dataclasses import asdict, replace

import numpy as np

import bench
from bench.base.seeds import digest
from bench.cells.plan import make_plan
from bench.cells.shallow_baselines import BASELINES
from bench.store.arrays import pack
from bench.store.lines import read_head, read_line, write_line
from bench.store.result import Result, to_json
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


def line_of(store, key):
    """Return the file of the line that counts for a key, its offset and its bytes."""
    files = store._files
    files.refresh()
    record = files.index.best[key]
    path = store.folder / f"{record.name}.jsonl"
    return path, record.offset, files.text(record)


def arrays_of(store, key):
    """Return the file of a key's arrays, their offset and their size."""
    place = read_head(line_of(store, key)[2]).arrays
    return store.folder / f"{place.name}.arrays", place.offset, place.size


def flip(path, position, bit=1):
    raw = bytearray(path.read_bytes())
    raw[position] ^= bit
    path.write_bytes(raw)


def damage(store, key, part="json", share=0.5):
    """Flip a bit of a result's line, or of its arrays ("npz")."""
    if part == "npz":
        path, offset, size = arrays_of(store, key)
    else:
        path, offset, line = line_of(store, key)
        size = len(line)
    flip(path, offset + int(share * size))


def exchange(store, key, line):
    """Write another line in the place of a result's, or none if it is empty."""
    path, offset, old = line_of(store, key)
    raw = path.read_bytes()
    path.write_bytes(raw[:offset] + line + raw[offset + len(old) :])
    store._files.index._clear()


def lose(store, key):
    exchange(store, key, b"")


def change(store, key, /, **changes):
    """Change fields of a stored result; its checksums are right again."""
    line = line_of(store, key)[2]
    result, log = read_line(line)
    head = read_head(line)._replace(status=changes.get("status", result.status))
    exchange(store, key, write_line(head, to_json(replace(result, **changes)), log))


def give_log(store, key, text):
    """Give a stored result another traceback."""
    line = line_of(store, key)[2]
    exchange(store, key, write_line(read_head(line), to_json(read_line(line)[0]), text))


def to_file(result):
    """Write a result as older versions did, in a file of its own."""
    document = json.loads(json.dumps(asdict(result)))
    text = json.dumps(document, sort_keys=True)
    document["checksum"] = hashlib.sha256(text.encode()).hexdigest()
    return json.dumps(document, indent=1, sort_keys=True).encode()


def put_files(folder, *results):
    """Put results as older versions did; return the store."""
    for result in results:
        files = {}
        if result.has_arrays:
            files["npz"] = pack(ARRAYS)
            checksum = hashlib.sha256(files["npz"]).hexdigest()
            result = replace(result, arrays_sha256=checksum)
        if result.error:
            error = dict(result.error)
            files["log"] = error.pop("traceback", "").encode()
            result = replace(result, error=error)
        files["json"] = to_file(result)
        shard = folder / result.key[:2]
        shard.mkdir(parents=True, exist_ok=True)
        for suffix, raw in files.items():
            (shard / f"{result.key}.{suffix}").write_bytes(raw)
    return Store(folder)


def path_of(folder, key, suffix="json"):
    """Return the path of a result that has files of its own."""
    return folder / key[:2] / f"{key}.{suffix}"
