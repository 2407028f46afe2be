"""What the process of a cell or an audit does: draw curves, fit, predict, score."""

import hashlib
import random
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from bench.base import cpu_name, derive_seed, limited_threads, peak_resident, versions
from bench.cells.audits import audit_repetition
from bench.cells.cell import Arrays, Audit, Cell, Outcome, Unit
from bench.cells.scoring import Fit, predict_and_score, score, timed
from bench.classifiers import build
from bench.curves import draw_part, make_dataset
from bench.stats import Predictions, score_all

_MAX_WARNINGS = 10


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


def compute_seeded(unit: Unit) -> list[Outcome]:
    """Compute a unit in a process that is its own, whose global streams it may set.

    A classifier that draws from them, against its contract, is reproducible all the
    same, whatever else it is asked about.
    """
    first = unit[0]
    if isinstance(first, Audit):  # a unit of its own, which draws from no global stream
        return [compute_audit(first)]
    for part in first.classifier.parts:
        part.publish()
    cells = tuple(task for task in unit if isinstance(task, Cell))
    return compute(cells, _seed_process)


def compute_audit(audit: Audit) -> Outcome:
    """Draw the curves and audit them; an exception becomes a "failed" result."""
    with _watched(audit.threads) as found:
        figures, data_hash = audit_repetition(
            audit.dataset, audit.repetition, audit.seed
        )
        found |= {"figures": figures, "data_hash": data_hash}
    return audit.result("failed" if "error" in found else "done", **found), None


def compute(
    unit: tuple[Cell, ...], seed_process: Callable[[Cell], None] = lambda _: None
) -> list[Outcome]:
    """Draw the data, fit, predict and score; an exception becomes a "failed" result.

    If a fit fails, its whole unit fails; if a transfer fails, only that transfer does.

    Parameters
    ----------
    seed_process
        Called before a fit, and before each transfer.
    """
    fitting = [cell for cell in unit if cell.target is None]
    fits: dict[str, Fit] = {}
    with _watched(unit[0].threads) as seen:
        seed_process(fitting[0])
        if fitting[0].classifier.training is None:
            made = [_fit_and_score(cell) for cell in fitting]
        else:
            from bench.cells.online import (
                train_batch,  # imports torch, which takes seconds
            )

            made = train_batch(tuple(fitting))
        fits = {cell.key: fit for cell, fit in zip(fitting, made, strict=True)}
    outcomes: list[Outcome] = []
    for cell in unit:
        found, arrays = seen, None
        if fits and cell.target is None:
            fit = fits[cell.key]
            found, arrays = fit.found | seen, fit.arrays
        elif fits:
            with _watched(cell.threads) as apart:
                seed_process(cell)
                more, arrays = _transfer(cell, fits[cell.fit_key])
                apart |= more
            found = apart
        status = "failed" if arrays is None else "done"
        outcomes.append((cell.result(status, **found), arrays))
    return outcomes


@contextmanager
def _watched(threads: int) -> Iterator[dict[str, Any]]:
    """Catch an exception; note it, what was warned of, and the memory, in a result."""
    heard: Counter[str] = Counter()
    found: dict[str, Any] = {}
    with limited_threads(threads), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield found
        except Exception as error:
            found["error"] = {
                "type": _error_type(error),
                "message": str(error)[:2000],
                "traceback": traceback.format_exc(limit=-20),
            }
    heard.update(f"{w.category.__name__}: {w.message}"[:500] for w in caught)
    found["warnings"] = tuple(
        f"{text} (×{count})" if count > 1 else text
        for text, count in heard.most_common(_MAX_WARNINGS)
    )
    found["peak_rss_mib"] = round(peak_resident() / 2**20, 1)


def _seed_process(cell: Cell) -> None:
    """Set the global streams of Python, NumPy and torch."""
    stream = [cell.dataset.stream, cell.repetition]
    if cell.target is not None:
        stream.append(cell.fields["target"])
    state = derive_seed(cell.seed, "process", stream) % 2**32
    random.seed(state)
    np.random.seed(state)  # noqa: NPY002 (the legacy stream is what they draw from)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(state)


def _fit_and_score(cell: Cell) -> Fit:
    data = make_dataset(cell.dataset, cell.repetition, cell.seed)
    columns = data.columns(cell.classifier.channels)
    X = {"train": data.X_train, "test": data.X_test}
    if not _all_in_order(columns, data.X_train.shape[1]):
        X = {part: values[:, columns] for part, values in X.items()}
    y = {"train": data.y_train, "test": data.y_test}
    stream = [cell.dataset.stream, cell.repetition]
    n_channels = len(columns) // len(data.x)
    estimator = build(cell.classifier, cell.seed, stream, data.x, n_channels)
    found: dict[str, Any] = {"data_hash": data.data_hash}

    def fit() -> None:
        estimator.fit(X["train"], y["train"])

    found["fit_seconds"], found["fit_cpu_seconds"] = timed(fit)
    scored, arrays = score(cell, estimator, X, y)
    return Fit(found | scored, arrays, estimator, columns)


def _all_in_order(columns: np.ndarray, width: int) -> bool:
    return np.array_equal(columns, np.arange(width))


def _transfer(cell: Cell, fit: Fit) -> tuple[dict[str, Any], Arrays]:
    """Ask a fitted classifier about the test curves of another dataset."""
    target = cell.target
    assert target is not None  # what makes it a transfer
    size = target.spec.test
    X, y = draw_part(target, "test", size, cell.repetition, cell.seed)
    hasher = hashlib.sha256(fit.found["data_hash"].encode())
    hasher.update(X.data)
    hasher.update(y.data)
    if not _all_in_order(fit.columns, X.shape[1]):
        X = X[:, fit.columns]
    found, arrays = predict_and_score(fit.estimator, {"test": X}, {"test": y})
    return found | {"data_hash": hasher.hexdigest()}, arrays


def _error_type(error: Exception) -> str:
    # torch says it in words.
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return "MemoryLimit"
    return type(error).__name__
