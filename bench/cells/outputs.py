"""The outputs of a classifier, checked as they arrive, before a score is computed.

Everything that a suite or a gate scores comes through `ask`. What `predict` gives must
be one label for each curve, or the classifier has failed. Only some metrics need
probabilities or decision values: where these cannot be used they are left out, with the
reason, and the predictions still count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.base import ClassifierError, described, shown

# Method → the kind of scores that it gives, the most detailed first.
_KINDS = {"predict_proba": "probability", "decision_function": "decision"}
_TOLERANCE = 1e-3  # of the sum of a row of probabilities; half precision needs it
_ROUNDING = 1e-6  # outside of [0, 1]; single precision, whose values are then clipped
_MIN_CURVES = 10  # fewer may contradict predictions by accident
_MAX_REASON = 300  # characters
_MAX_NESTING = 5  # of estimators in estimators, as a grid search has


@dataclass(frozen=True)
class Outputs:
    """The checked outputs of a fitted classifier for one or more parts of a dataset.

    Attributes
    ----------
    predictions
        Part → labels, shape (n_curves,), int32.
    kind
        The kind of the scores: "probability", "decision" or "none".
    scores
        Part → scores, float32, with columns in the order of the labels: shape
        (n_curves, n_classes), or (n_curves,) for the decision values of two classes,
        larger for label 1. Empty if the kind is "none".
    absent
        Method → why its scores are left out; a method that does not exist is not named.
    """

    predictions: dict[str, np.ndarray]
    kind: str
    scores: dict[str, np.ndarray]
    absent: dict[str, str]


@dataclass(frozen=True)
class _Scores:
    method: str  # empty if there are no scores
    values: np.ndarray | None


def ask(estimator: Any, X: Mapping[str, np.ndarray], classes: np.ndarray) -> Outputs:
    """Let a fitted classifier predict curves, and check what it gives.

    Parameters
    ----------
    estimator
        A fitted classifier.
    X
        Part → curves, shape (n_curves, n_features).
    classes : array of int, shape (n_classes,)
        The labels that it was fitted to, sorted.

    Raises
    ------
    ClassifierError
        If `predict` gave anything but one of the labels for each curve.
    """
    predictions: dict[str, np.ndarray] = {}
    given: dict[str, _Scores] = {}
    absent: dict[str, str] = {}
    methods: list[str] | None = None
    for part, curves in X.items():
        predictions[part] = as_labels(estimator.predict(curves), len(curves), classes)
        if methods is None:  # after the first prediction, as some have them only then
            methods = _methods_of(estimator, absent)
        given[part] = _most_detailed(
            estimator, methods, curves, predictions[part], classes, absent
        )
    # All parts have scores of one kind: what one part refuses, the others do without.
    while again := [part for part in X if given[part].method in absent]:
        for part in again:
            given[part] = _most_detailed(
                estimator, methods or [], X[part], predictions[part], classes, absent
            )
    used = {scores.method for scores in given.values()} - {""}
    return Outputs(
        predictions,
        _KINDS[used.pop()] if used else "none",
        {part: s.values for part, s in given.items() if s.values is not None},
        absent,
    )


def as_labels(found: Any, n_curves: int, classes: np.ndarray) -> np.ndarray:
    """Return what `predict` gave as labels, shape (n_curves,), int32.

    Whole numbers of any type are accepted, and any shape that has one entry for each
    curve, such as a column.

    Raises
    ------
    ClassifierError
        If it is anything else. The message names what was found and the remedy.
    """
    values = _array(found, "predict")
    labels = listed(classes.tolist())
    if values.size != n_curves:
        hint = ""
        if values.ndim == 2 and len(values) == n_curves:
            hint = "; return the label of the largest column, not a column a class"
        raise ClassifierError(
            f"predict gave shape {values.shape}, expected ({n_curves},): one of the "
            f"labels {labels} for each curve{hint}"
        )
    values = values.ravel()
    known = _are_known(values, classes)
    if not known.all():
        wrong = np.flatnonzero(~known)
        first = values[wrong[0]]
        others = f", and no label for {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise ClassifierError(
            f"predict gave {_quoted(first)} for curve {wrong[0]}{others}; expected one "
            f"of the labels {labels} for each curve, {_label_remedy(first)}"
        )
    return values.astype(np.int32)


def as_probabilities(
    found: Any, predictions: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    """Return what `predict_proba` gave: shape (n_curves, n_classes), float32.

    Parameters
    ----------
    found
        What the method gave.
    predictions
        The labels that `predict` gave, shape (n_curves,).
    columns
        For each label, the column that holds it, see `columns_of`.

    Raises
    ------
    ClassifierError
        If it is not a probability for each curve and class: finite, in [0, 1], rows
        that sum to one within 1e-3, columns that do not contradict `predict`.
    """
    method = "predict_proba"
    values = _numbers(found, method)
    expected = (len(predictions), len(columns))
    if values.shape != expected:
        raise ClassifierError(
            f"{method} gave shape {values.shape}, expected {expected}: a column for "
            "each class"
        )
    _check_finite(values, method)
    outside = (values < -_ROUNDING) | (values > 1 + _ROUNDING)
    if outside.any():
        curve, column = np.argwhere(outside)[0]
        raise ClassifierError(
            f"{method} gave {values[curve, column]:.6g} for curve {curve}; expected "
            "probabilities, from 0 to 1"
        )
    sums = values.sum(axis=1, dtype=np.float64)
    wrong = np.flatnonzero(np.abs(sums - 1) > _TOLERANCE)
    if len(wrong):
        raise ClassifierError(
            f"{method} gave probabilities that sum to {sums[wrong[0]]:.6g} for curve "
            f"{wrong[0]}; expected 1, within {_TOLERANCE:g}"
        )
    if ((values < 0) | (values > 1)).any():
        values = np.clip(values, 0, 1)
    values = _in_order(np.asarray(values, dtype=np.float32), columns)
    _check_agreement(values, predictions, method)
    return values


def as_decisions(
    found: Any, predictions: np.ndarray, columns: np.ndarray, pairs: bool = False
) -> np.ndarray:
    """Return what `decision_function` gave, float32, in the order of the labels.

    Two classes have shape (n_curves,), larger for label 1, or two columns; more classes
    have a column each.

    Parameters
    ----------
    found, predictions, columns
        As for `as_probabilities`.
    pairs
        Whether the columns are pairs of classes (one against one), which cannot be told
        from their number where there are three classes.

    Raises
    ------
    ClassifierError
        If the shape is another, a value is not finite, or columns contradict `predict`.
    """
    method = "decision_function"
    values = _numbers(found, method)
    n_curves, n_classes = len(predictions), len(columns)
    n_pairs = n_classes * (n_classes - 1) // 2
    has_pairs = n_classes > 2 and values.shape == (n_curves, n_pairs)
    if has_pairs and (pairs or n_pairs != n_classes):
        raise ClassifierError(
            f"{method} gave {n_pairs} columns, one for each pair of classes; expected "
            "one for each class, as decision_function_shape: ovr gives"
        )
    if n_classes == 2 and values.shape == (n_curves, 1):
        values = values[:, 0]
    expected: list[tuple[int, ...]] = [(n_curves, n_classes)]
    if n_classes == 2:
        expected.insert(0, (n_curves,))
    if values.shape not in expected:
        raise ClassifierError(
            f"{method} gave shape {values.shape}, expected "
            f"{' or '.join(map(str, expected))}"
        )
    with np.errstate(over="ignore"):  # an overflow is infinite, and refused as such
        values = np.asarray(values, dtype=np.float32)
    _check_finite(values, method)
    if values.ndim == 1 and columns[0] == 1:  # larger for classes_[1], which is label 0
        values = -values
    elif values.ndim == 2:
        values = _in_order(values, columns)
    _check_agreement(values, predictions, method)
    return values


def columns_of(estimator: Any, classes: np.ndarray) -> np.ndarray:
    """Return for each label the column that holds its scores, by ``classes_``.

    Columns are in the order of the labels where there is no ``classes_``. Texts such as
    "1" stand for the label that they spell.

    Raises
    ------
    ClassifierError
        If ``classes_`` does not name each label once.
    """
    try:
        found = getattr(estimator, "classes_", None)
        if found is None:
            return np.arange(len(classes))
        values = np.asarray(found).tolist()
    except Exception as error:  # a foreign property may raise anything
        raise ClassifierError(_raised("its classes_", error)) from None
    positions = {label: i for i, label in enumerate(classes.tolist())}
    positions |= {str(label): i for label, i in positions.items()}
    try:
        order = [positions[value] for value in values]
    except (KeyError, TypeError):  # a name, or no list of labels at all
        order = []
    if sorted(order) != list(range(len(classes))):
        raise ClassifierError(
            f"its classes_ is {shown(str(values), 60)}; expected the labels "
            f"{listed(classes.tolist())}, each once, in the order of the columns"
        )
    return np.argsort(order)


def listed(labels: Sequence[Any]) -> str:
    """Write labels for a message: ``0 and 1``, or ``0, 1, …, 19``."""
    if len(labels) > 3:
        return f"{labels[0]}, {labels[1]}, …, {labels[-1]}"
    *others, last = map(str, labels)
    return f"{', '.join(others)} and {last}" if others else last


def _methods_of(estimator: Any, absent: dict[str, str]) -> list[str]:
    """Return the methods that give scores; note one whose attribute raises."""
    methods = []
    for method in _KINDS:
        try:
            if hasattr(estimator, method):
                methods.append(method)
        except Exception as error:  # hasattr passes on all but AttributeError
            absent[method] = _raised(method, error)
    return methods


def _most_detailed(
    estimator: Any,
    methods: Sequence[str],
    curves: np.ndarray,
    predictions: np.ndarray,
    classes: np.ndarray,
    absent: dict[str, str],
) -> _Scores:
    """Return the first scores that can be used; note in `absent` why others cannot."""
    for method in methods:
        if method in absent:
            continue
        try:
            found = getattr(estimator, method)(curves)
            columns = columns_of(estimator, classes)
            if method == "predict_proba":
                values = as_probabilities(found, predictions, columns)
            else:
                pairs = _has_pairs(estimator)
                values = as_decisions(found, predictions, columns, pairs)
        except MemoryError:  # a limit of the cell, and no fault of the method
            raise
        except ClassifierError as error:
            reason = str(error)
            if not reason.startswith(method):
                reason = f"{method} cannot be read: {reason}"
            absent[method] = shown(reason, _MAX_REASON)
        except (Exception, SystemExit) as error:  # its scores are left out
            absent[method] = _raised(method, error)
        else:
            return _Scores(method, values)
    return _Scores("", None)


def _raised(what: str, error: BaseException) -> str:
    return shown(f"{what} raised {described(error)}", _MAX_REASON)


def _has_pairs(estimator: Any) -> bool:
    """Whether decision values are of pairs of classes, as those of SVC can be."""
    for _ in range(_MAX_NESTING):
        if getattr(estimator, "decision_function_shape", None) == "ovo":
            return True
        steps = getattr(estimator, "steps", None)
        if isinstance(steps, list) and steps:  # a pipeline
            estimator = steps[-1][-1]
            continue
        inner = (getattr(estimator, n, None) for n in ("best_estimator_", "estimator_"))
        estimator = next((found for found in inner if found is not None), None)
    return False


def _array(found: Any, method: str) -> np.ndarray:
    if np.ma.is_masked(found):
        raise ClassifierError(
            f"{method} gave masked values; expected one for each curve"
        )
    try:
        return np.asarray(found)
    except MemoryError:
        raise
    except Exception as error:  # a ragged list, a tensor that is not on the CPU
        raise ClassifierError(
            f"{method} gave a {type(found).__name__} that is no array "
            f"({described(error)})"
        ) from None


def _numbers(found: Any, method: str) -> np.ndarray:
    """Return an array of real numbers; those in an array of objects become float64."""
    values = _array(found, method)
    if values.dtype.kind == "O" and values.size:
        # By type, since NumPy would read a number from a text.
        texts = [value for value in values.ravel().tolist() if isinstance(value, str)]
        if not texts:
            values = values.astype(np.float64)
    if values.dtype.kind not in "biuf":
        first = _quoted(values.ravel()[0]) if values.size else "nothing"
        raise ClassifierError(
            f"{method} gave {first} ({values.dtype}); expected real numbers"
        )
    return values


def _check_finite(values: np.ndarray, method: str) -> None:
    finite = np.isfinite(values)
    if not finite.all():
        wrong = np.argwhere(~finite)
        raise ClassifierError(
            f"{method} gave {values[tuple(wrong[0])]} for curve {wrong[0][0]}; "
            "expected finite numbers, in the range of float32"
        )


def _check_agreement(scores: np.ndarray, predictions: np.ndarray, method: str) -> None:
    """Refuse columns that are those of other labels, by the predictions themselves.

    A threshold of its own, ties and chance let a classifier predict another class than
    the one with the largest value, but never by one fixed exchange of classes for each
    single curve.
    """
    columns = scores
    if scores.ndim == 1:
        columns = np.column_stack([np.zeros_like(scores), scores])
    n_classes = columns.shape[1]
    largest = columns.max(axis=1, keepdims=True)
    clear = (columns == largest).sum(axis=1) == 1  # without a tie
    pairs = np.unique(columns.argmax(axis=1)[clear] * n_classes + predictions[clear])
    named, predicted = np.divmod(pairs, n_classes)
    exchanged = (
        clear.sum() >= _MIN_CURVES
        and len(pairs) == n_classes
        and len(set(named.tolist())) == len(set(predicted.tolist())) == n_classes
        and bool((named != predicted).any())
    )
    if exchanged:
        raise ClassifierError(
            f"{method} contradicts predict: for each curve its largest value is in the "
            "column of another class; expected columns in the order of classes_"
        )


def _in_order(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
    if np.array_equal(columns, np.arange(len(columns))):
        return values
    return np.ascontiguousarray(values[:, columns])


def _are_known(values: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Tell of each value whether it is a number that equals a label."""
    if values.dtype.kind in "biuf":
        known: np.ndarray = np.isin(values, classes)
        return known
    if values.dtype.kind != "O":  # text, dates, complex numbers, records
        return np.zeros(len(values), dtype=bool)
    labels = set(classes.tolist())
    return np.array([_is_known(value, labels) for value in values.tolist()], dtype=bool)


def _is_known(value: Any, labels: set[int]) -> bool:
    if isinstance(value, np.generic):
        value = value.item()
    try:  # a complex 1 equals 1, and a foreign value may raise when compared
        return isinstance(value, int | float) and value in labels
    except Exception:
        return False


def _quoted(value: Any) -> str:
    if isinstance(value, np.bytes_ | np.str_):  # whose repr names their type
        value = value.item()
    if isinstance(value, bytes | str):
        return f"the text {shown(repr(value), 40)}"
    return shown(str(value), 40)


def _label_remedy(value: Any) -> str:
    """Return how to mend a prediction that is no label."""
    if isinstance(value, bytes | str):
        return (
            "the numbers that fit was given: keep the names in fit and let predict "
            "give their positions, as sklearn.preprocessing.LabelEncoder does"
        )
    if isinstance(value, float | np.floating) and 0 < value < 1:
        return (
            "not a probability: predict_proba is for those, and predict gives the "
            "label of the largest"
        )
    return "the numbers that fit was given"
