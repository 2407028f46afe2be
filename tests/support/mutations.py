"""Broken suites, libraries and files of input points, each through a dry run.

As a program, ``mutations.py KIND``, it tries a hundred in a process of its own, whose
memory is limited, and writes what it saw.
"""

import gzip
import io
import json
import re
import shutil
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.base.errors import BenchError
from bench.cells.plan import make_plan
from bench.cli import main
from bench.curves.datasets import make_dataset
from bench.suite.load import load_suite

EXAMPLES = 100
SECONDS = 2.0  # of the processor, so that a busy machine changes nothing
MEMORY = 500 * 10**6
EDITS = ["flip", "cut", "insert", "number", "double", "swap", "end"]
Files = dict[str, bytes]

TREE: dict[str, Any] = {
    "version": 1,
    "name": "small",
    "description": "to be broken",
    "seed": 3,
    "repetitions": 2,
    "threads": 1,
    "datasets": [
        {
            "id": "grid",
            "library": "own",
            "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 20, "sort": True},
            "neural": {"kind": "mlp", "hidden": [8, 8], "activation": "tanh"},
            "channels": ["value", "gradient", "input"],
            "train": 30,
            "test": 20,
        },
        {
            "id": "thinned",
            "library": "F11_v1",
            "inputs": {
                "kind": "truncated-normal",
                "std": 1.5,
                "low": -3,
                "high": 3,
                "size": 20,
                "pool": 1000,
            },
            "dtype": "float32",
        },
        {"id": "x", "library": "F10_v1", "inputs": {"kind": "x10", "columns": [0, 1]}},
        {
            "id": "file",
            "library": "own.lib",
            "inputs": {"kind": "file", "path": "p.csv", "columns": [0]},
        },
    ],
    "classifiers": [
        "GNB",
        {"id": "KNN-1", "use": "KNN", "params": {"n_neighbors": 1}},
        {"id": "SD-1", "use": "SD", "params": {"max_epochs": 1, "device": "cpu"}},
        {"class": "sklearn.svm.SVC", "params": {"C": 0.1}, "channels": ["value"]},
    ],
    "metrics": ["accuracy"],
    "limits": {"timeout": "10m", "memory": "1GiB"},
    "reference": "seed-notebook",
}
TEXT = b"""# a suite to be broken
version: 1
name: small
seed: 3
repetitions: 2
datasets:
  - id: grid
    library: own
    inputs: {kind: grid, low: -3, high: 3, size: 20}
    neural: {hidden: [8, 8], curves_per_net: 2}
    channels: [value, gradient]
    train: 30
    test: 20
  - id: "normal"
    library: F11_v1
    inputs:
      kind: normal
      size: 10
      std: 1e-1
      dim: 1
classifiers:
  - KNN
  - {id: B, use: SVC, params: {C: 1.5}, limits: {timeout: 5, memory: 100MB}}
metrics: [accuracy]
description: >-
  of two
  lines
"""
LIBRARY = b"""# value;d/dx0;d/dx1
0.05*N0*(x[:,0] + 0.5*N1)**2 + 0.15*N2;0.1*N0*(x[:,0] + 0.5*N1);0
np.sin(U0*x[:,0])*x[:,1] - 2
exp(-x[:,0]**2);-2*x[:,0]*exp(-x[:,0]**2);

tanh(x[:,1]/(1 + abs(N3)))  # no gradient
sqrt(1 + x[:,0]**2) + log(2 + cos(x[:,1]))
"""
POINTS = np.random.default_rng(0).normal(size=(30, 2)).round(3)

NUMBERS = [
    *("-1", "0", "1.5", "1e999", "-1e999", "nan", ".nan", ".inf", "1e308", "1e-320"),
    *("true", "null", "1_0", "0x10", "017", "1000", "100000", "1000000", "10000000"),
    *("18446744073709551616", "٣", "9" * 40, "9" * 400, "9" * 5000),
]
COMMON = [
    *("", "\0", "\t", "\r", "\x0c", "\x85", "\u2028", "\u202e", "\ufeff", "\u200b"),
    *("é", "#", '"', "'", "\\", "\n\n", "\ud800", "x" * 5000, " " * 5000),
]
YAML = [
    *COMMON,
    *"&*!|>%@`{}[],?:-~",
    *("- ", ": ", "? ", "---\n", "...\n", "&a [*a, *a]", "*a", "<<: ", "%YAML 1.1\n"),
    *("!!python/object/apply:os.system [true]", "!!int ", "!<x>", "[" * 100, "[],"),
    *('"\\UFFFFFFFF"', '"\\ud800"', '"\\x00"', "\\q", "{a: " * 100, "|9\n", "../up"),
    *("use: SD\n", "class: __main__.X", "class: bench.cli.main", "<script>", "$x$"),
]
FORMULAS = [
    *COMMON,
    *"()[];:,.=*+-/%@x",
    *("**", "**9**9**9", "**-33", "**0.5", "(" * 200, "-" * 400, "+N0" * 400, ";;"),
    *("__import__('os')", "x.real", "lambda: 0", "[0 for a in b]", "(y := 1)", "1j"),
    *("x[:,99]", "x[:,100]", "y[:,0]", "N99", "N100", "U", "1/0", "log(", "exp(exp("),
    *("sqrt(-1)", "sin(x=1)", "sin(*N)", "f'{1}'", "np.load(N0)", "**x[:,0]"),
]
CELLS = [*COMMON, *NUMBERS, ",", ",,", ";", " ", "one", "x0,x1\n", "1 2 3\n", "-", "e5"]
VALUES: list[Any] = [
    *(None, True, False, -1, 0, 1, 1.5, 10**5, 10**6, 10**7, 10**30, 1e308, 1e-320),
    *(
        "",
        "x" * 5000,
        "../up",
        "/etc/passwd",
        "a/b",
        ".",
        "<script>",
        "$x$",
        "|",
        "nan",
    ),
    *("\u202e", "a\nb", "\0", "\ud800", "SD", "x10", "file", "gradient", "__main__.X"),
    *("bench.cli.main", "sys.exit.X", "9" * 4000, "1e999", "10 minutes", "-4GiB", "0B"),
    *([], {}, [[]], [None], {"a": 1}, {"id": "a"}, ["value"] * 2, [4096] * 64),
    *(list(range(300)), {"kind": "grid"}, {"kind": "file", "path": "p.npy"}),
]


@st.composite
def edited(draw: Callable[..., Any], original: bytes, tokens: list[str]) -> bytes:
    """Make one to three edits of a text."""
    raw = original
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(raw)))
        lines = raw.splitlines(keepends=True) or [b""]
        i, j = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        match draw(st.sampled_from(EDITS)):
            case "flip":
                raw = raw[:at] + bytes([draw(st.integers(0, 255))]) + raw[at + 1 :]
            case "cut":
                raw = raw[:at] + raw[at + draw(st.integers(1, 20)) :]
            case "insert":
                token = draw(st.sampled_from(tokens))
                raw = raw[:at] + token.encode("utf-8", "surrogatepass") + raw[at:]
            case "number":
                found = list(re.finditer(rb"\d+(\.\d+)?(e-?\d+)?", raw))
                if found:
                    span = draw(st.sampled_from(found)).span()
                    number = draw(st.sampled_from(NUMBERS)).encode()
                    raw = raw[: span[0]] + number + raw[span[1] :]
            case "double":
                lines[i] *= draw(st.sampled_from([2, 2, 3, 100, 3000]))
                raw = b"".join(lines)
            case "swap":
                lines[i], lines[j] = lines[j], lines[i]
                raw = b"".join(lines)
            case "end":
                raw = raw[:at]
    return raw


@st.composite
def transformed(draw: Callable[..., Any]) -> bytes:
    """Make one or two changes of a suite's tree."""
    tree = deepcopy(TREE)
    for _ in range(draw(st.integers(1, 2))):
        parent, key = draw(st.sampled_from(_places(tree)))
        action = draw(st.sampled_from(["replace", "drop", "rename", "wrap", "repeat"]))
        if action == "drop":
            del parent[key]
        elif action == "rename" and isinstance(parent, dict):
            name = draw(st.sampled_from([f"{key}s", key[1:], "id", "class", "", "<b>"]))
            parent[name] = parent.pop(key)
        elif action == "wrap":
            parent[key] = draw(st.sampled_from([[parent[key]], {"a": parent[key]}]))
        elif action == "repeat" and isinstance(parent[key], list):
            parent[key] = parent[key] * draw(st.sampled_from([0, 2, 300]))
        else:
            parent[key] = deepcopy(draw(st.sampled_from(VALUES)))
    return json.dumps(tree, indent=1).encode()  # JSON is YAML


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """List every value of a tree as its parent and its key or position there."""
    found = []
    waiting = [tree]
    while waiting:
        parent = waiting.pop()
        keys = list(parent) if isinstance(parent, dict) else range(len(parent))
        found += [(parent, key) for key in keys]
        waiting += [p for p in (parent[k] for k in keys) if isinstance(p, dict | list)]
    return found or [({"": None}, "")]


def _saved(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


ARRAYS = [
    POINTS,
    POINTS.astype(">f4"),
    np.asfortranarray(POINTS),
    np.arange(30, dtype="u1"),
    POINTS[:0],
    POINTS.reshape(5, 6, 2),
    np.where(POINTS > 1, np.nan, POINTS),
    POINTS.astype(complex),
    POINTS.astype("U8"),
    np.array([1.0, None], object),
    np.float64(1),
]


@st.composite
def points_files(draw: Callable[..., Any]) -> Files:
    """Break a file of points: before or after it is packed, or under another name."""
    name = draw(st.sampled_from(["p.txt", "p.csv", "p.npy"]))
    text = "\n".join(" ".join(map(str, row)) for row in POINTS.tolist())
    original = {
        "p.txt": text.encode(),
        "p.csv": b"x0,x1\n" + text.replace(" ", ",").encode(),
        "p.npy": _saved(draw(st.sampled_from(ARRAYS))),
    }[name]
    change = edited(original, CELLS)
    raw = draw(st.one_of(change, change, st.just(original)))
    packing = draw(st.sampled_from(["", "", ".gz", "broken.gz"]))
    if packing:
        raw = gzip.compress(raw, mtime=0)
        name += ".gz"
    if packing == "broken.gz":
        raw = draw(edited(raw, CELLS))
    inputs = {"kind": "file", "path": name}
    dataset = TREE["datasets"][0] | {"library": "F10_v1", "inputs": inputs}
    tree = TREE | {"datasets": [dataset], "classifiers": ["GNB"], "reference": None}
    suite = {key: value for key, value in tree.items() if value is not None}
    return {"suite.yaml": json.dumps(suite).encode(), name: raw}


def _with_suite(library: bytes) -> Files:
    dataset = TREE["datasets"][0] | {"library": "broken"}
    dataset["inputs"] = dataset["inputs"] | {"dim": 2}
    tree = TREE | {"datasets": [dataset], "classifiers": ["GNB"]}
    return {"suite.yaml": json.dumps(tree).encode(), "broken.lib": library}


KINDS: dict[str, st.SearchStrategy[Files]] = {
    "suites": st.one_of(transformed(), edited(TEXT, YAML)).map(
        lambda text: {"suite.yaml": text}
    ),
    "libraries": edited(LIBRARY, FORMULAS).map(_with_suite),
    "points": points_files(),
}


class Trial:
    """Tries examples in a folder and keeps count."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.counts: Counter[str] = Counter()
        self.slowest = 0.0

    def __call__(self, files: Files) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        text = b"\n".join(b"%g,%g" % tuple(row) for row in POINTS.tolist())
        for name, raw in ({"own.lib": b"N0*x[:,0]", "p.csv": text} | files).items():
            (self.folder / name).write_bytes(raw)
        suite = self.folder / "suite.yaml"
        out, err = io.StringIO(), io.StringIO()
        start = time.process_time()
        with redirect_stdout(out), redirect_stderr(err):
            code = main(["run", str(suite), "--dry-run"])
        seconds = time.process_time() - start
        self.slowest = max(self.slowest, seconds)
        self.counts[f"exit code {code}"] += 1
        if code == 2:
            said = err.getvalue()
            assert said.startswith("bench: "), said
            assert said.count("\n") == 1, said
            assert said.rstrip("\n").isprintable(), said
            assert len(said) < 2100, said
            assert out.getvalue() == "", out.getvalue()
        else:
            assert (code, err.getvalue()) == (0, ""), (code, err.getvalue())
            self.check(suite, files)

    def check(self, suite: Path, files: Files) -> None:
        """Look at what a dry run accepted: it can be drawn, or is refused as it is."""
        for recipe in make_plan(load_suite(suite)).datasets:
            assert np.isfinite(recipe.x).all()
            spec = recipe.spec.model_copy(update={"train": 3, "test": 2})
            few = replace(recipe, spec=spec, x=recipe.x[:50])
            try:
                data = make_dataset(few)
            except BenchError:  # a value that is seldom infinite
                continue
            assert data.X_train.shape == (6, len(data.channels) * len(few.x))
            assert np.isfinite(data.X_train).all()
            for name, raw in files.items():
                self.compare(name, raw, recipe.x, sort=recipe.spec.inputs.sort)

    def compare(self, name: str, raw: bytes, x: np.ndarray, sort: bool) -> None:
        """Compare points with NumPy's own reading, where it has one."""
        if not name.startswith("p."):
            return
        try:
            raw = gzip.decompress(raw) if name.endswith(".gz") else raw
            if ".npy" in name:
                theirs = np.load(io.BytesIO(raw))
            else:
                comma = "," if ".csv" in name else None
                text = io.StringIO(raw.decode("utf-8-sig").removeprefix("x0,x1\n"))
                theirs = np.loadtxt(text, delimiter=comma, ndmin=2)
        except (OSError, ValueError):
            return
        theirs = theirs.reshape(len(theirs), -1).astype(float)
        if sort:
            theirs = theirs[np.argsort(theirs[:, 0], kind="stable")]
        np.testing.assert_array_equal(x, theirs)
        self.counts["compared"] += 1


def run(kind: str, folder: Path) -> dict[str, Any]:
    """Try `EXAMPLES` examples with limited memory; return what was seen."""
    import resource  # not on every system

    trial = Trial(folder / "trial")
    if kind == "suites":  # torch, whose import needs more memory than an example may
        import bench.discriminators.estimators  # noqa: F401
    whole = {"suite.yaml": json.dumps(TREE).encode()}
    trial(whole if kind == "suites" else _with_suite(LIBRARY))
    assert trial.counts == {"exit code 0": 1}, trial.counts
    trial.counts.clear()
    trial.slowest = 0.0  # the first one imported what is imported when needed
    status = Path("/proc/self/status").read_text()
    held = 1024 * int(re.search(r"VmData:\s+(\d+)", status)[1])
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (held + MEMORY, hard))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(KINDS[kind])
    def try_all(files: Files) -> None:
        trial(files)
        assert trial.slowest < SECONDS, trial.slowest

    try_all()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "counts": trial.counts,
        "slowest": trial.slowest,
        "resident_mb": (after - before) / 1000,
    }


if __name__ == "__main__":
    warnings.simplefilter("error")
    json.dump(run(sys.argv[1], Path(sys.argv[2])), sys.stdout)
