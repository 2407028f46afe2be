"""What the stages of `bench.RESULTS` compute, and golden.json, which keeps it.

``python tests/support/golden.py`` rewrites golden.json. It refuses where bits changed
and the stage's number was not raised.

Last bits depend on the processor and on versions, so each stage keeps two things: a
few rounded numbers, which hold on every machine within a tolerance, and a hash of
all bytes for each environment in which somebody ran this file.
"""

import hashlib
import json
import platform
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from bench.base.provenance import RESULTS, cpu_name, package_version
from bench.base.seeds import generator
from bench.cells.shallow_baselines import (
    count_duplicates,
    first_curves,
    score_baselines,
    shortcut_features,
)
from bench.classifiers.quadratic import RegularisedQDA
from bench.classifiers.roughness import CueClassifier
from bench.curves.datasets import Dataset, make_dataset
from bench.curves.library import load_library
from bench.curves.mimics.pools import HALVES, make_pool
from bench.curves.recorded.curves import RecordedCurves
from bench.curves.recorded.recipe import RecordedRecipe
from bench.discriminators.estimators import CSD2Classifier, CSDClassifier, SDClassifier
from bench.discriminators.online import fit_online
from bench.discriminators.stacked_fit import fit_stacked
from bench.suite.fields import OnlineTraining
from bench.suite.networks import MimicCurves
from bench.suite.recorded import RecordedSpec

PATH = Path(__file__).parents[1] / "contract/golden.json"
# Far above what another processor changes, far below what another formula does.
TOLERANCES = {"float64": 1e-9, "float32": 1e-5}
N_SAMPLES = 8  # numbers kept of each array, besides its weighted mean

# Libraries of their own: a shipped one may change without a stage's number, since
# its text is part of every key. Together they use the grammar as it was when they were
# first kept; tests/curves/test_expressions.py compares later functions with NumPy's.
FILES = {
    "one.lib": """\
0.5*N0*x[:,0]**2 + U0*sin(x[:,0] + N1);1.0*N0*x[:,0] + U0*cos(x[:,0] + N1)
exp(-abs(x[:,0]))*N0 + log(1 + x[:,0]**2)/(1 + U0)
tanh(N0*x[:,0]) - sqrt(U0 + x[:,0]**2) + tan(0.1*x[:,0])**3
""",
    "two.lib": """\
U0*x[:,0]*x[:,1] + N0*cos(x[:,1])
N0*x[:,0]**2/(1 + x[:,1]**2) + N1
""",
    "points.txt": "0.5 -1.25\n2.0 0.75\n-1.5 0.3\n0.1 1.9\n",
}
X10 = {"kind": "x10", "rows": 9}
NORMAL = {"kind": "normal", "size": 9, "std": 1.5, "seed": 1}
UNIFORM = {"kind": "uniform", "low": -2, "high": 3, "size": 9, "sort": True}
# No point of the grid is 0, where the slope of abs would hang on a last bit.
GRID = {"kind": "grid", "low": -2.05, "high": 2, "size": 9}
TRUNCATED = {"std": 1.0, "low": -2, "high": 2, "size": 9, "pool": 1000, "dim": 2}
TRUNCATED |= {"kind": "truncated-normal"}
FILE = {"kind": "file", "path": "points.txt"}
# library, points, activation, dtype; every kind of points and every activation once
CURVES: list[tuple[str, dict[str, Any], str, str]] = [
    ("one", GRID, "tanh", "float64"),
    ("two", X10, "relu", "float64"),
    ("one", NORMAL, "sigmoid", "float64"),
    ("one", UNIFORM, "gelu", "float32"),
    ("two", TRUNCATED, "silu", "float32"),
    ("two", FILE, "relu", "float32"),
]
# The gradients of a critic's biases cancel but for rounding, which Adam blows up to
# whole steps; the decay keeps them away from 0, so that other processors agree.
CRITIC = {"loss": "wgan", "gradient_penalty": 10.0, "weight_decay": 0.1}

Arrays = dict[str, np.ndarray]


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute as a cell of one thread does, and restore torch's threads after."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


def curves() -> Arrays:
    arrays = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in FILES.items():
            (folder / file).write_text(text)
        for library, inputs, activation, dtype in CURVES:
            recipe = {
                "id": inputs["kind"],
                "library": library,
                "inputs": inputs,
                "neural": {"activation": activation, "curves_per_net": 2},
                "dtype": dtype,
                "channels": ["value", "gradient", "input"],
                "train": 12,
                "test": 6,
            }
            data = make_dataset(recipe, repetition=1, seed=2, folder=folder)
            for part in ("X_train", "y_train", "X_test", "y_test", "x"):
                arrays[f"{recipe['id']}, {part}"] = getattr(data, part)
    return arrays


def tasks() -> Arrays:
    """Draw what the first datasets had not: each new key once, in both types."""
    described = {
        "wild": {"neural": {"kind": "wild"}, "noise": 20, "channels": ["value"]},
        "null": {"neural": {"kind": "library"}, "standardise": "curve"},
        "split": {"split": {"unseen-functions": 2}, "noise": 5, "channels": ["value"]},
        "functions": {"task": "which-function", "dtype": "float32"},
    }
    arrays = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # With a sign; the others of the grammar have their own stage.
        (folder / "signs.lib").write_text(FILES["one.lib"] + "S0*x[:,0] + S1\n")
        for kind, changes in described.items():
            recipe = {
                "id": kind,
                "library": "signs",
                "inputs": GRID,
                "channels": ["value", "gradient"],
                "train": 8,
                "test": 4,
                **changes,
            }
            data = make_dataset(recipe, repetition=1, seed=2, folder=folder)
            for part in ("X_train", "y_train", "X_test", "y_test"):
                arrays[f"{kind}, {part}"] = getattr(data, part)
    return arrays


def recorded() -> Arrays:
    """Divide curves of two channels in each way, standardised and not."""
    wave = np.random.RandomState(2).random_sample((30, 2, 6))
    curves = RecordedCurves(
        wave,
        np.arange(30) % 3,
        ("1", "2", "10"),
        groups=np.arange(30) // 3 % 7,
        n_given_train=12,
    )
    splits: dict[str, Any] = {
        "given": {"split": "given", "dtype": "float32"},
        "draws": {"split": {"resample": 3}, "standardise": "curve", "train": 2},
        "share": {"split": {"resample": 3, "test": 0.3}},
        "folds": {"split": {"folds": 3, "repeats": 2}},
        "groups": {"split": {"resample": 3, "test": 0.4, "groups": "person"}},
    }
    arrays = {}
    for name, entry in splits.items():
        source = {"files": ["a.npz", "b.npz"]}
        spec = RecordedSpec.model_validate(
            {"id": name, "recorded": source} | entry, strict=False
        )
        recipe = RecordedRecipe(spec, curves, np.arange(6.0)[:, None])
        repetition = 0 if name == "given" else 2
        for part, array in recipe.draw(repetition, 3).items():
            arrays[f"{name}, {part}"] = array
    return arrays


def mimic() -> Arrays:
    """Fit a pool; its numbers in single precision, as that of the fits is."""
    spec = MimicCurves(kind="mimic", hidden=(8,), steps=25, rmse=1.0)
    x = np.linspace(-2.05, 2, 12)[:, None]
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "one.lib").write_text(FILES["one.lib"])
        library = load_library("one", Path(name))
    halves = make_pool(library, x, spec, 24, lambda *names: generator(2, *names))
    return {
        f"{half}, {part}": found if found.dtype.kind == "i" else np.float32(found)
        for half, own in zip(HALVES, halves, strict=True)
        for part, found in vars(own).items()
    }


def sd() -> Arrays:
    return _fits(
        bce=SDClassifier(batch_size=10),
        wgan=SDClassifier(**CRITIC, iterations=2),
        embed=SDClassifier(
            n_channels=2, extension="embed", schedule="one-cycle", early_stopping=True
        ),
    )


def csd() -> Arrays:
    return _fits(
        bce=CSDClassifier(batch_size=10, n_channels=2),
        wgan=CSDClassifier(**CRITIC),
    )


def csd2() -> Arrays:
    x = np.linspace(-1, 1, 20)
    # Small steps: what Adam makes of a gradient near 0 hangs on its last bits.
    settings = {"width": 8, "lr": 1e-4, "dropout": 0.0}
    return _fits(
        bce=CSD2Classifier(**settings),
        unequal=CSD2Classifier(**settings, x=x**3 + 2 * x, batch_size=10),
        channels=CSD2Classifier(n_channels=2, **settings),
    )


def _fits(**estimators: Any) -> Arrays:
    arrays = {}
    # Only elementwise arithmetic on a frozen generator: the same bits everywhere.
    height, width = 8 * np.random.RandomState(0).random_sample((2, 32, 1)) - 4
    x = np.linspace(-1, 1, 20)
    y = np.arange(32) % 2
    real = y[:, None] == 1
    values = height + width * np.where(real, x * x, abs(x))
    slopes = width * np.where(real, 2 * x, np.sign(x))
    for name, estimator in estimators.items():
        X = np.hstack([values, slopes][: estimator.n_channels])
        estimator.set_params(max_epochs=5, device="cpu", random_state=0)
        with one_thread():
            estimator.fit(X, y)
            arrays[f"{name}, decision"] = estimator.decision_function(X)
            if hasattr(estimator, "predict_proba"):
                arrays[f"{name}, probability"] = estimator.predict_proba(X)
        arrays[f"{name}, loss"] = estimator.history_["loss"].astype(np.float32)
        arrays[f"{name}, weights"] = np.concatenate(
            [p.detach().numpy().ravel() for p in estimator.net_.module_.parameters()]
        )
    return arrays


def online() -> Arrays:
    """Train two members together, each kind of step once; curves have their stage."""
    height, width = 8 * np.random.RandomState(1).random_sample((2, 2, 6, 8, 1)) - 4
    x = np.linspace(-1, 1, 20)
    shapes = np.concatenate(
        [height[..., :4, :] + width[..., :4, :] * x * x, height[..., 4:, :] + abs(x)], 2
    ).astype(np.float32)
    X, y = np.concatenate(shapes[0]), np.tile([1, 1, 1, 1, 0, 0, 0, 0], 6)
    kinds = {
        "bce": (SDClassifier, {"weight_decay": 0.1}),
        "wgan": (SDClassifier, CRITIC),
        "embed": (SDClassifier, {"n_channels": 2, "extension": "embed"}),
        "conv": (CSDClassifier, {"n_channels": 2}),
    }
    arrays = {}
    for name, (kind, options) in kinds.items():
        n_channels = options.get("n_channels", 1)
        rows = [np.tile(own, (1, 1, n_channels)) for own in shapes]
        members = [
            kind(**options, lr=lr, device="cpu", random_state=number)
            for number, lr in enumerate([1e-3, 3e-3])
        ]
        tests = [(np.tile(X, (1, n_channels)), y)] * 2
        with one_thread():
            streams = [Replayed(own) for own in rows]
            fit_online(
                members,
                streams,
                OnlineTraining(
                    mode="online", epochs=6, curves=4, steps=2, evaluate_every=3
                ),
                tests,
            )
            arrays[f"{name}, decision"] = np.stack(
                [member.decision_function(tests[0][0]) for member in members]
            )
        for quantity, values in members[1].history_.items():
            if values.dtype == np.float32:
                arrays[f"{name}, {quantity}"] = values
    return arrays


def stacked() -> Arrays:
    """Train members together, one with fewer distinct curves than the other."""
    height, width = 8 * np.random.RandomState(2).random_sample((2, 2, 32, 1)) - 4
    x = np.linspace(-1, 1, 20)
    y = np.arange(32) % 2
    X = (height + width * np.where(y[:, None] == 1, x * x, abs(x))).astype(np.float32)
    X[1, -2:] = X[1, :2]
    kinds = {
        "bce": (SDClassifier, {"batch_size": 10, "schedule": "one-cycle"}),
        "wgan": (SDClassifier, CRITIC),
        "conv": (CSDClassifier, {"batch_size": 10}),
    }
    arrays = {}
    for name, (kind, options) in kinds.items():
        members = [
            kind(**options, max_epochs=5, device="cpu", random_state=number)
            for number in range(2)
        ]
        with one_thread():
            fit_stacked(members, [(curves, y) for curves in X])
            arrays[f"{name}, decision"] = np.stack(
                [member.decision_function(X[0]) for member in members]
            )
        for quantity, values in members[1].history_.items():
            arrays[f"{name}, {quantity}"] = values.astype(np.float32)
    return arrays


class Replayed:
    """Curves that are there already, epoch after epoch, in place of fresh ones."""

    def __init__(self, epochs: np.ndarray) -> None:
        self.epochs = iter(epochs)

    def take(self, n_epochs: int, out: np.ndarray) -> None:
        for epoch in range(n_epochs):
            out[epoch] = next(self.epochs)


def qda_reg() -> Arrays:
    """Fit many curves, and few ones by their principal components."""
    return _shares(RegularisedQDA, many=(120, 6), few=(60, 30))


def cues() -> Arrays:
    return _shares(CueClassifier, one=(120, 20))


def audits() -> Arrays:
    """Score the baselines of an audit; its features and counts are kept as well."""
    x = np.linspace(-1, 1, 20)[:, None] ** 3
    found = {}
    for part, size, state in (("train", 120, 2), ("test", 80, 3)):
        X = np.random.RandomState(state).random_sample((size, 20))
        y = np.arange(size) % 3 // 2  # two classes, one twice as large
        X[y == 1, 1:] += X[y == 1, :-1] / 4
        found |= {f"X_{part}": X, f"y_{part}": y}
    found["X_test"][:5] = found["X_train"][10:15]
    data = Dataset(**found, x=x, channels=("value",), data_hash="", fingerprint=[])
    some = first_curves(data, 50)
    scores = score_baselines(some, 2, {"library": "none"}, 1)
    features = shortcut_features(some.X_train, x)
    counts = [count_duplicates(data), *np.bincount(some.y_test)]
    return {
        "scores": np.array([scores[name] for name in sorted(scores)]),
        "scale": features["scale"],
        "roughness": features["roughness"],
        "counts": np.array(counts, dtype=np.int64),
    }


def _shares(kind: Any, **sizes: tuple[int, int]) -> Arrays:
    """Return the probabilities of rough and of smoother rows, of so many columns."""
    arrays = {}
    for name, size in sizes.items():
        X = np.random.RandomState(0).random_sample(size)
        y = np.arange(len(X)) % 2
        X[y == 1, 1:] += X[y == 1, :-1] / 2
        with one_thread():
            probability = kind(random_state=0).fit(X, y).predict_proba(X)
        arrays[f"{name}, probability"] = probability.astype(np.float32)
    return arrays


STAGES = {"curves": curves, "tasks": tasks, "mimic": mimic, "SD": sd, "CSD": csd}
STAGES |= {"CSD2": csd2, "QDA-REG": qda_reg, "CUES": cues, "online": online}
STAGES |= {"stacked": stacked, "audits": audits, "recorded": recorded}


def compute(stage: str) -> dict[str, Any]:
    """Compute a stage here: its number, this environment, rounded numbers, a hash."""
    arrays = STAGES[stage]()
    hasher = hashlib.sha256()
    for name, array in arrays.items():
        hasher.update(f"{name}{array.shape}{array.dtype.str}".encode())
        hasher.update(np.ascontiguousarray(array).data)
    return {
        "results": RESULTS[stage],
        "environment": environment(stage),
        "rounded": {f"{k}, {v.dtype}": _rounded(v) for k, v in arrays.items()},
        "exact": hasher.hexdigest(),
    }


def environment(stage: str) -> str:
    """Name everything that the last bits depend on."""
    # All were loaded by the imports above, so it does not matter what else was.
    blas = {
        f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    }
    features = np.show_config(mode="dicts")["SIMD Extensions"]
    parts = [
        f"numpy {np.__version__}: {' '.join(features.get('found', ['baseline']))}",
        f"scipy {package_version('scipy')}",
        *sorted(blas),
        f"{platform.machine()} {' '.join(platform.libc_ver())}",
    ]
    if stage not in ("curves", "tasks"):
        # MKL and oneDNN, inside torch, choose their kernels by the model too.
        capability = torch.backends.cpu.get_cpu_capability()
        parts += [f"torch {torch.__version__}: {capability}", cpu_name()]
    return "; ".join(parts)


def _rounded(array: np.ndarray) -> list[float] | str:
    """Sample numbers, and take a mean that feels every entry; hash integers."""
    flat = array.ravel()
    if flat.dtype.kind == "i":
        return hashlib.sha256(flat.astype("<i8").tobytes()).hexdigest()
    at = np.linspace(0, flat.size - 1, N_SAMPLES).astype(int)
    mean = np.mean(flat.astype(float) * np.linspace(1, 2, flat.size))
    digits = 12 if flat.dtype == np.float64 else 8
    return [float(f"{number:.{digits}g}") for number in [*flat[at].tolist(), mean]]


def check(stage: str, found: dict[str, Any], golden: dict[str, Any]) -> None:
    """Raise an AssertionError where what was found is not what golden.json keeps."""
    kept = golden.get(stage, {"results": None})
    if found["results"] != kept["results"]:
        raise AssertionError(
            f'bench.RESULTS["{stage}"] is {found["results"]}, golden.json has '
            f"{kept['results']}: run `python tests/support/golden.py`"
        )
    changed = _differences(found["rounded"], kept["rounded"])
    if kept["exact"].get(found["environment"], found["exact"]) != found["exact"]:
        changed = changed or ["last bits"]
    if changed:
        raise AssertionError(
            f"the bits of stage {stage} changed: if that is meant, raise "
            f'bench.RESULTS["{stage}"] and run `python tests/support/golden.py`\n'
            f"changed: {'; '.join(changed)}\nin: {found['environment']}"
        )


def _differences(found: dict[str, Any], kept: dict[str, Any]) -> list[str]:
    changed = [f"{name} (is there or not)" for name in sorted(found.keys() ^ kept)]
    for name in found.keys() & kept:
        one, other = found[name], kept[name]
        if isinstance(one, str) or isinstance(other, str):
            if one != other:
                changed.append(name)
            continue
        tolerance = TOLERANCES[name.rpartition(", ")[2]]
        if len(one) != len(other) or not np.allclose(one, other, tolerance, tolerance):
            changed.append(f"{name}: {one} was {other}")
    return changed


def update(stage: str, found: dict[str, Any], golden: dict[str, Any]) -> dict[str, Any]:
    """Return a stage's new entry; raise an AssertionError where it must not change."""
    kept = golden.get(stage, {"results": 0})
    exact = {found["environment"]: found["exact"]}
    if found["results"] > kept["results"]:
        # What other environments gave belongs to the old number: nothing stale stays.
        return {key: found[key] for key in ("results", "rounded")} | {"exact": exact}
    if found["results"] < kept["results"]:
        raise AssertionError(
            f'bench.RESULTS["{stage}"] is {found["results"]}, golden.json has '
            f"{kept['results']}: it is only ever raised"
        )
    check(stage, found, golden)
    return kept | {"exact": kept["exact"] | exact}


def read() -> dict[str, Any]:
    """Read golden.json."""
    return json.loads(PATH.read_text()) if PATH.exists() else {}


def main() -> None:
    """Rewrite golden.json whole, or not at all."""
    golden = read()
    try:
        golden = {stage: update(stage, compute(stage), golden) for stage in STAGES}
    except AssertionError as refused:
        sys.exit(f"golden.json is left as it is: {refused}")
    text = json.dumps(golden, indent=1)
    # A list on one line.
    text = re.sub(r"\[[^]]*\]", lambda match: " ".join(match[0].split()), text)
    PATH.write_text(text + "\n")


if __name__ == "__main__":
    main()
