"""Metrics that a suite brings: functions of scikit-learn's signature, by their paths.

Such a function is code. It is imported and called only in a process of its own, which
a limit of time and memory ends, and only where somebody asks for it: in a run, and by
an option that names it. Its scores are computed from stored predictions and kept with
the result, under the function's identity, so that a report reads them and runs nothing.
"""

import inspect
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from numbers import Real
from pathlib import Path
from pickle import dumps, loads
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.base import (
    BenchError,
    Limits,
    StoreError,
    SuiteError,
    described,
    did_you_mean,
    digest,
    format_size,
    located,
    memory_share,
    package_version,
    shown,
)
from bench.cells.cell import Cell
from bench.classifiers import (
    ClassFile,
    distribution_names,
    load_module,
    read_class_file,
    tree_hash,
)
from bench.processes import CallOutcome, Executor, Request, new_executor, signal_name
from bench.stats import OwnMetric, Predictions
from bench.store import Store
from bench.suite import MetricSpec, Suite, file_of

if TYPE_CHECKING:
    from bench.cells.plan import Plan

Scores = dict[str, dict[str, float | str | None]]  # of one result, by identity

PARTS = ("train", "test")
SECONDS = 60.0  # of the calls for one batch of cells, and one more for each cell
_PRELOADED = ("sklearn.metrics", "bench.cells.own_metrics")  # by each process
_BATCH = 200  # cells that one process scores
_TRIED = 20  # curves of each class in the trial before a run
_MAX_PROBLEM = 200  # characters of a reason
# Names of a second argument, in scikit-learn, that is no prediction.
_NO_PREDICTIONS = {
    "y_score": "scores",
    "y_scores": "scores",
    "pred_decision": "scores",
    "y_prob": "probabilities",
    "y_proba": "probabilities",
    "y_pred_proba": "probabilities",
}


@dataclass(frozen=True)
class OwnFunction:
    """A function that a suite names as a metric, found but not imported.

    Attributes
    ----------
    metric
        What reports know of it.
    needed
        What it gets: "predictions", "probabilities" or "scores".
    is_written
        Whether the suite says what it gets.
    params
        Its further arguments.
    file
        The file that defines it; None for a function of a package.
    version
        The version of its package, or a hash of its source.
    """

    metric: OwnMetric
    needed: str
    is_written: bool
    params: Mapping[str, Any]
    file: ClassFile | None
    version: str

    @cached_property
    def identity(self) -> str:
        """A hash of all that its scores depend on, beside the predictions."""
        path = self.metric.function
        name = path.rpartition(":")[2] if self.file is not None else path
        bounds = list(self.metric.bounds or ())
        parts = [name, dict(self.params), self.needed, bounds, self.version]
        return digest(parts)[:32]


def own_functions(suite: Suite) -> tuple[OwnFunction, ...]:
    """Find the functions that a suite names as metrics; nothing is imported.

    Raises
    ------
    BenchError
        If a file is missing, with the place in the suite.
    """
    found = []
    for i, spec in enumerate(suite.metric_entries):
        if spec.function is not None:
            with located(_place(suite, i)):
                found.append(own_function(spec, suite.folder_of("metrics", i)))
    return tuple(found)


def own_function(spec: MetricSpec, folder: Path) -> OwnFunction:
    """Find one function, whose file is relative to a folder; nothing is imported.

    Raises
    ------
    BenchError
        If its file is missing, or no text.
    """
    metric = spec.described
    assert isinstance(metric, OwnMetric)  # since it has a function
    in_file = file_of(metric.function)
    file = None
    if in_file is not None:
        file = read_class_file(folder / in_file[0], in_file[0])
        version = file.digest
    else:
        version = _version_of(metric.function.partition(".")[0])
    return OwnFunction(
        metric, spec.needed, spec.needs is not None, spec.params, file, version
    )


def _version_of(package: str) -> str:
    """Return the version of a package, or a hash of its files if it is a local one."""
    if package == "sklearn":  # without reading every distribution
        return f"scikit-learn {package_version('scikit-learn')}"
    if tree := tree_hash(package):
        return f"source {tree}"
    names = distribution_names(package)
    return ", ".join(f"{name} {package_version(name)}" for name in names)


def check_own_metrics(plan: "Plan") -> None:
    """Import the functions of a suite, and call each once with labels made up.

    Raises
    ------
    SuiteError
        If one cannot be imported, raises, or does not return a number.
    """
    functions = own_functions(plan.suite)
    if functions:
        with closing(new_executor(1, _PRELOADED)) as executor:
            _check(plan, functions, executor)


def _check(plan: "Plan", functions: Sequence[OwnFunction], executor: Executor) -> None:
    sizes = sorted({recipe.n_classes for recipe in plan.datasets})
    for function in functions:
        if problem := _tried(function, sizes, executor):
            position = plan.suite.metrics.index(function.metric.name)
            raise SuiteError(f"{_place(plan.suite, position)}: {problem}")


def check_function(function: OwnFunction, n_classes: int = 2) -> None:
    """Import a function that an option names, and call it once with labels made up.

    Raises
    ------
    SuiteError
        As `check_own_metrics`.
    """
    with closing(new_executor(1, _PRELOADED)) as executor:
        if problem := _tried(function, [n_classes], executor):
            raise SuiteError(problem)


def score_own_metrics(
    plan: "Plan",
    store: Store,
    names: Iterable[str] | None = None,
    *,
    check: bool = False,
) -> None:
    """Compute and store the scores of a suite's own metrics that are not stored yet.

    Parameters
    ----------
    names
        The metrics; by default all.
    check : bool
        Whether to call each first as `check_own_metrics` does.
    """
    wanted = None if names is None else set(names)
    functions = [
        function
        for function in own_functions(plan.suite)
        if wanted is None or function.metric.name in wanted
    ]
    missing = _missing(plan, store, functions)
    if not missing and not check:
        return
    by_identity = {function.identity: function for function in functions}
    with closing(new_executor(1, _PRELOADED)) as executor:
        if check:
            _check(plan, functions, executor)
        for lacking, keys in missing.items():
            lacked = [by_identity[identity] for identity in lacking]
            for key, scores in compute_scores(lacked, store, keys, executor):
                store.add_scores(key, scores)


def _missing(
    plan: "Plan", store: Store, functions: Sequence[OwnFunction]
) -> dict[tuple[str, ...], list[str]]:
    """Return identities of functions → keys of the results that lack just these."""
    identities = dict.fromkeys(function.identity for function in functions)
    missing: dict[tuple[str, ...], list[str]] = {}
    keys = [task.key for task in plan.everything if isinstance(task, Cell)]
    keys = list(dict.fromkeys(keys if functions else []))
    for key, result in zip(keys, store.read_all(keys), strict=True):
        if result is not None and result.status == "done":
            lacking = tuple(i for i in identities if i not in result.own_scores)
            if lacking:
                missing.setdefault(lacking, []).append(key)
    return missing


def compute_scores(
    functions: Sequence[OwnFunction],
    store: Store,
    keys: Sequence[str],
    executor: Executor | None = None,
) -> Iterator[tuple[str, Scores]]:
    """Call functions with the stored predictions of results, in other processes.

    Parameters
    ----------
    executor
        What makes the processes; by default a new one.

    Yields
    ------
    key : str
    scores : dict
        See `bench.store.Result.own_scores`. Where a function raised, returned no
        number or ended its process, there is no score, and its problem says why.
    """
    if executor is None:
        with closing(new_executor(1, _PRELOADED)) as executor:
            yield from compute_scores(functions, store, keys, executor)
        return
    for function in functions:
        ended = ""
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            if not ended:
                limit = Limits(SECONDS + len(batch), memory_share(1))
                given = function, store.folder, batch
                outcome = _call(executor, _score_batch, given, limit)
                if outcome.how == "answered":
                    found: list[dict[str, float | str | None]] = loads(outcome.answer)
                    for key, scores in zip(batch, found, strict=True):
                        yield key, {function.identity: scores}
                    continue
                ended = _ending(outcome, limit)
            # What ended one process would end the next, after as long a time.
            for key in batch:
                yield key, {function.identity: _scores({}, ended)}


def _place(suite: Suite, position: int) -> str:
    return f"{suite.where('metrics', position)}: {suite.named('metrics', position)}"


def _tried(function: OwnFunction, sizes: Sequence[int], executor: Executor) -> str:
    """Return what is wrong with a function, or an empty text."""
    limit = Limits(SECONDS, memory_share(1))
    outcome = _call(executor, _try, (function, tuple(sizes)), limit)
    if outcome.how == "answered":
        problem: str = loads(outcome.answer)
        return problem
    path = shown(function.metric.function, 60)
    return f"'{path}' {_ending(outcome, limit)}; expected it to return a number"


def _call(
    executor: Executor,
    function: Callable[..., Any],
    given: tuple[Any, ...],
    limit: Limits,
) -> CallOutcome:
    executor.start(0, Request(dumps((function, given)), limit))
    [(_, outcome)] = executor.wait()
    return outcome


def _ending(outcome: CallOutcome, limit: Limits) -> str:
    """Say how a process ended that did not answer."""
    code = outcome.exit_code or 0
    match outcome.how:
        case "timeout":
            return f"took more than {limit.timeout:g} s and was stopped"
        case "memory":
            return f"took {format_size(outcome.peak)} of memory and was stopped"
        case "exited" if code < 0:
            return f"ended its process by {signal_name(-code)}"
        case "exited":
            return f"ended its process with exit code {code}"
    return "was ended by another process"


def _try(function: OwnFunction, sizes: Sequence[int]) -> str:
    """Import a function and call it; return what is wrong, or an empty text."""
    try:
        loaded = _load(function)
    except BenchError as error:
        return str(error)
    for n_classes in sizes:
        _, problem = _value(function, loaded, _made_up(n_classes))
        if problem:
            return (
                f"'{shown(function.metric.function, 60)}' {problem} (tried with "
                f"{_TRIED} curves of each of {n_classes} classes); expected a finite "
                "number for every call: mend the function, or its params"
            )
    return ""


def _made_up(n_classes: int) -> Predictions:
    """Return predictions of which every fifth is wrong, with probabilities."""
    labels = np.arange(n_classes * _TRIED) % n_classes
    wrong = np.arange(len(labels)) // n_classes % 5 == 0
    predictions = np.where(wrong, (labels + 1) % n_classes, labels)
    p = np.full((len(labels), n_classes), 0.3 / max(n_classes - 1, 1))
    p[np.arange(len(labels)), predictions] = 0.7
    return Predictions(labels, predictions, "probability", p)


def _score_batch(
    function: OwnFunction, folder: Path, keys: Sequence[str]
) -> list[dict[str, float | str | None]]:
    """Call a function with the predictions of each result."""
    try:
        loaded = _load(function)
    except BenchError as error:
        return [_scores({}, str(error)) for _ in keys]
    store = Store(folder)
    return [_score(function, loaded, store, key) for key in keys]


def _score(
    function: OwnFunction, loaded: Callable[..., Any], store: Store, key: str
) -> dict[str, float | str | None]:
    try:
        arrays = store.arrays(key)
    except StoreError as error:
        return _scores({}, str(error))
    values: dict[str, float | None] = {}
    problem = ""
    for part in PARTS:
        if f"labels_{part}" in arrays:
            given = Predictions.of(arrays, part)
            values[part], found = _value(function, loaded, given)
            problem = found or problem
    return _scores(values, problem)


def _scores(
    values: Mapping[str, float | None], problem: str
) -> dict[str, float | str | None]:
    scores: dict[str, float | str | None] = {part: values.get(part) for part in PARTS}
    return scores | {"problem": shown(problem, _MAX_PROBLEM)}


def _load(function: OwnFunction) -> Callable[..., Any]:
    """Import a function; return what is called with labels and predictions.

    Raises
    ------
    SuiteError
        If it cannot be imported, or is none.
    """
    path = function.metric.function
    home, name = path.rpartition(":" if function.file is not None else ".")[::2]
    try:
        if function.file is not None:
            module = load_module(function.file)
        else:
            module = import_module(home)
        found = getattr(module, name, None)
    except (Exception, SystemExit) as error:  # an unknown module may raise anything
        raise SuiteError(
            f"'{path}' cannot be imported: {shown(described(error), _MAX_PROBLEM)}; "
            "expected package.module.function of an installed package, or a function "
            "in a file, ./my_metrics.py:my_function"
        ) from None
    if found is None:
        names = [n for n, value in vars(module).items() if callable(value)]
        raise SuiteError(
            f"'{shown(home, 60)}' has no function '{name}'{did_you_mean(name, names)}"
        )
    if not callable(found) or isinstance(found, type):
        raise SuiteError(
            f"'{path}' is of type {type(found).__name__}; expected a function of "
            "y_true and y_pred, which returns a number"
        )
    if _is_scorer(found):
        return _of_scorer(found)
    second = _second_argument(found)
    needed = _NO_PREDICTIONS.get(second)
    if needed and function.needed == "predictions" and not function.is_written:
        raise SuiteError(
            f"'{path}' takes '{second}' and not predictions; expected needs: {needed} "
            "beside it (or needs: predictions, if these are what it wants)"
        )
    return found  # type: ignore[no-any-return] # of a foreign module


def _second_argument(function: Callable[..., Any]) -> str:
    try:
        return [*inspect.signature(function).parameters][1]
    except (ValueError, TypeError, IndexError):  # a function in C, or of one argument
        return ""


def _is_scorer(found: Any) -> bool:
    """Tell whether it is what `sklearn.metrics.make_scorer` returns."""
    return type(found).__module__ == "sklearn.metrics._scorer"


def _of_scorer(scorer: Any) -> Callable[..., Any]:
    """Return a function of labels and stored outputs that calls a scorer.

    A scorer calls an estimator with curves; it gets one that knows its outputs.
    """
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Stored(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # untyped bases
        pass

    def function(labels: np.ndarray, given: Predictions, **params: Any) -> Any:
        # Named as methods are, since a scorer looks at the names.
        def predict(X: Any) -> np.ndarray:
            return given.predictions

        def predict_proba(X: Any) -> np.ndarray | None:
            return given.probabilities

        def decision_function(X: Any) -> np.ndarray | None:
            return given.ranking

        estimator = Stored()
        estimator.predict = predict
        n_classes = 1 + max(int(given.labels.max()), int(given.predictions.max()), 1)
        if given.probabilities is not None:
            estimator.predict_proba = predict_proba
            n_classes = given.probabilities.shape[1]
        elif given.ranking is not None:
            estimator.decision_function = decision_function
            if given.ranking.ndim == 2:
                n_classes = given.ranking.shape[1]
        estimator.classes_ = np.arange(n_classes)
        return scorer(estimator, np.zeros((len(labels), 1)), labels, **params)

    function.takes_outputs = True  # type: ignore[attr-defined] # read in `_value`
    return function


def _value(
    function: OwnFunction, loaded: Callable[..., Any], given: Predictions
) -> tuple[float | None, str]:
    """Call a function; return its score, or None and the reason.

    Without scores that it needs there is none, and no problem either: a report knows
    what it needs.
    """
    outputs: Any
    is_scorer = getattr(loaded, "takes_outputs", False)
    if is_scorer:
        outputs = given
    elif function.needed == "probabilities":
        outputs = given.probabilities
        if outputs is not None and outputs.shape[1] == 2:
            outputs = outputs[:, 1]
    elif function.needed == "scores":
        outputs = given.ranking
    else:
        outputs = given.predictions.copy()
    if outputs is None:
        return None, ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = loaded(given.labels.copy(), outputs, **function.params)
    except (Exception, SystemExit) as error:
        if is_scorer and "none of the following attributes" in str(error):
            return None, "is a scorer that needs scores which the classifier lacks"
        return None, f"raised {described(error)}"
    return _number(found, function.metric.bounds)


def _number(found: Any, bounds: tuple[float, float] | None) -> tuple[float | None, str]:
    """Return what a function gave as a finite number, or None and the reason."""
    if isinstance(found, np.ndarray) and found.ndim == 0:
        found = found.item()
    if not isinstance(found, Real):
        what = f"a value of type {type(found).__name__}"
        if isinstance(found, np.ndarray):
            what = f"an array of shape {found.shape}"
        return None, f"returned {what}, and no number"
    value = float(found)
    if not math.isfinite(value):
        return None, f"returned {value}, which is not finite"
    if bounds is not None:
        low, high = bounds
        slack = 1e-9 * max(abs(low), abs(high), 1.0)  # of rounding
        if not low - slack <= value <= high + slack:
            return None, f"returned {value:g}, outside its bounds {low:g} to {high:g}"
        value = min(max(value, low), high)
    return value, ""
