"""A cell: one classifier fitted on one repetition of one dataset, and scored."""

import random
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from bench.datasets import DatasetRecipe, make_dataset
from bench.limits import Limits
from bench.metrics import Predictions, score_all
from bench.processes import peak_resident
from bench.provenance import cpu_name, versions
from bench.registry import ClassifierRecipe, build
from bench.result import Result
from bench.seeds import derive_seed, digest
from bench.threads import limited_threads

_MAX_WARNINGS = 10


@dataclass(frozen=True)
class Cell:
    """What is computed as one, with everything that its scores depend on.

    Attributes
    ----------
    dataset, repetition, classifier
        Its coordinates.
    seed
        The suite's root of random streams.
    threads
        That BLAS, OpenMP and torch may use.
    limits
        What it is stopped for; no part of its key.
    batched
        How many repetitions train together, this one among them.
    """

    dataset: DatasetRecipe
    repetition: int
    classifier: ClassifierRecipe
    seed: int
    threads: int
    limits: Limits = field(default_factory=Limits)
    batched: int = 1

    @cached_property
    def fields(self) -> dict[str, Any]:
        """What the key is taken over."""
        fields = {
            "dataset": self.dataset.identity,
            "repetition": self.repetition,
            "seed": self.seed,
            "classifier": self.classifier.identity,
            "threads": self.threads,
        }
        if self.classifier.training is not None:
            # Who trains beside it changes the order of sums, and so the last bits.
            fields["batched"] = self.batched
        return fields

    @cached_property
    def key(self) -> str:
        """The name of its result in the store: 64 hexadecimal digits."""
        return digest(self.fields)

    def result(self, status: str, **found: Any) -> Result:
        """Start a result with what the cell knows of itself."""
        return Result(
            key=self.key,
            fields=self.fields,
            dataset=self.dataset.spec.id,
            repetition=self.repetition,
            classifier=self.classifier.id,
            status=status,
            threads=self.threads,
            batched=self.batched,
            device=self.classifier.device,
            versions=versions(),
            cpu=cpu_name(),
            **found,
        )


Unit = tuple[Cell, ...]  # computed as one: a cell, or all that train together
Arrays = dict[str, np.ndarray]
Outcome = tuple[Result, Arrays | None]


def warm_up() -> None:
    """Look up once what every cell of this process and its forks will ask for.

    scikit-learn's own first validation looks for plugins, which takes longer than to
    fit a small classifier. Nothing here starts a thread.
    """
    from sklearn.utils.validation import check_X_y  # a second, which no plan needs

    versions()
    cpu_name()
    y = np.array([0, 1])
    with limited_threads(1):
        check_X_y(np.eye(2), y)
        score_all(Predictions(y, y))


def units_of(cells: Iterable[Cell]) -> list[Unit]:
    """Gather cells that train together, each of the others is a unit of its own."""
    units: dict[Any, list[Cell]] = {}
    for cell in cells:
        name: Any = cell.key
        if cell.batched > 1:
            name = (cell.dataset.spec.id, cell.classifier.id)
        units.setdefault(name, []).append(cell)
    return [tuple(unit) for unit in units.values()]


def compute_seeded(unit: Unit) -> list[Outcome]:
    """Compute a unit in a process that is its own, whose global streams it may set.

    A classifier that draws from them, against its contract, is reproducible all the
    same.
    """
    first = unit[0]
    stream = [first.dataset.stream, first.repetition]
    state = derive_seed(first.seed, "process", stream) % 2**32
    random.seed(state)
    np.random.seed(state)  # noqa: NPY002 (the legacy stream is what they draw from)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(state)
    return compute(unit)


def compute(unit: Unit) -> list[Outcome]:
    """Draw the data, fit, predict and score; an exception becomes a "failed" result."""
    heard: Counter[str] = Counter()
    status, common = "done", dict[str, Any]()
    computed: list[tuple[dict[str, Any], Arrays | None]]
    with (
        limited_threads(unit[0].threads),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        try:
            if unit[0].classifier.training is None:
                computed = [_fit_and_score(cell) for cell in unit]
            else:  # looked up here, since it imports torch
                computed = import_module("bench.batches").train_batch(unit)
        except Exception as error:
            status = "failed"
            computed = [({}, None)] * len(unit)
            common["error"] = {
                "type": _error_type(error),
                "message": str(error)[:2000],
                "traceback": traceback.format_exc(limit=-20),
            }
    heard.update(f"{w.category.__name__}: {w.message}"[:500] for w in caught)
    common["warnings"] = tuple(
        f"{text} (×{count})" if count > 1 else text
        for text, count in heard.most_common(_MAX_WARNINGS)
    )
    common["peak_rss_mib"] = round(peak_resident() / 2**20, 1)
    return [
        (cell.result(status, **(found | common)), arrays)
        for cell, (found, arrays) in zip(unit, computed, strict=True)
    ]


def _fit_and_score(cell: Cell) -> tuple[dict[str, Any], Arrays]:
    data = make_dataset(cell.dataset, cell.repetition, cell.seed)
    columns = data.columns(cell.classifier.channels)
    X = {"train": data.X_train, "test": data.X_test}
    if len(columns) < data.X_train.shape[1]:
        X = {part: values[:, columns] for part, values in X.items()}
    y = {"train": data.y_train, "test": data.y_test}
    stream = [cell.dataset.stream, cell.repetition]
    n_channels = len(columns) // len(data.x)
    estimator = build(cell.classifier, cell.seed, stream, data.x, n_channels)
    found: dict[str, Any] = {"data_hash": data.data_hash}

    def fit() -> None:
        estimator.fit(X["train"], y["train"])

    found["fit_seconds"], found["fit_cpu_seconds"] = timed(fit)
    told, arrays = told_by(cell, estimator, X, y)
    return found | told, arrays


def told_by(
    cell: Cell, estimator: Any, X: Mapping[str, np.ndarray], y: Mapping[str, np.ndarray]
) -> tuple[dict[str, Any], Arrays]:
    """Ask a fitted classifier about curves, and for what it kept of its training.

    Parameters
    ----------
    X, y
        "train" and "test", or what there is of them → curves and their labels.

    Returns
    -------
    found : dict
        Fields of a result.
    arrays : dict
    """
    found: dict[str, Any] = {}
    arrays: Arrays = {}

    def predict() -> None:
        for part in X:
            arrays[f"labels_{part}"] = y[part].astype(np.int32)
            predictions = np.asarray(estimator.predict(X[part]))
            if predictions.shape != y[part].shape:
                raise ValueError(
                    f"predict gave shape {predictions.shape}, expected {y[part].shape}"
                )
            arrays[f"predictions_{part}"] = predictions.astype(np.int32)
            kind, scores = _scores(estimator, X[part])
            arrays["kind"] = np.array(kind)
            if scores is not None:
                arrays[f"scores_{part}"] = scores

    found["predict_seconds"], found["predict_cpu_seconds"] = timed(predict)
    for part in X:
        found[part] = score_all(Predictions.of(arrays, part))
    if cell.classifier.is_ours:
        for name, values in estimator.history_.items():
            arrays[f"history_{name}"] = np.asarray(values, dtype=np.float32)
        for name, values in estimator.weights().items():
            arrays[f"weight_{name}"] = values
    iterations = getattr(estimator, "n_iter_", None)
    if iterations is not None:
        found["iterations"] = int(np.max(iterations))
    return found, arrays


def _scores(estimator: Any, X: np.ndarray) -> tuple[str, np.ndarray | None]:
    """Return the finest thing that the classifier says of each curve, and its kind."""
    for kind, method in (
        ("probability", "predict_proba"),
        ("decision", "decision_function"),
    ):
        if hasattr(estimator, method):
            return kind, np.asarray(getattr(estimator, method)(X), dtype=np.float32)
    return "none", None


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Return the seconds of wall clock and of the processor, rounded to 0.1 ms."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return round(time.perf_counter() - wall, 4), round(time.process_time() - cpu, 4)


def _error_type(error: Exception) -> str:
    # torch says it in words.
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return "MemoryLimit"
    return type(error).__name__
