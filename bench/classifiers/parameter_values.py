"""Values of parameters that cannot be right, found before anything is fitted.

A suite holds numbers, texts, lists and mappings. Where a class expects an estimator or
another object, none of these will do, and every cell would fail.
"""

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bench.base import ClassifierError, described, shown

# Parameters that hold an estimator, or a list of named ones, wherever they occur.
_ESTIMATOR = {"estimator", "base_estimator", "final_estimator"}
_ESTIMATORS = {"estimators", "steps", "transformers", "transformer_list"}
# Parameters of skorch's nets that hold a class.
_OF_NETS = {"module", "criterion", "optimizer", "iterator_train", "iterator_valid"}
# Packages whose `fit` checks parameters by the constraints that their classes declare;
# and those that take an estimator only as an object. Others may read a text themselves.
_CHECKED = ("sklearn", "imblearn")
_OBJECTS_ALONE = (*_CHECKED, "aeon", "skfda", "skorch")
# scikit-learn's words for a parameter that no plain value fits.
_WANTS_OBJECT = re.compile(r"an object implementing|an instance of '\w+\.")


def check_given(class_path: str, class_: Any, params: Mapping[str, Any]) -> None:
    """Refuse an estimator that is written as a text or a mapping.

    A class may read such values itself. So only constructors of packages that do not
    are checked, also where a class of a user's file inherits one.

    Raises
    ------
    ClassifierError
        If a value, or a required parameter without one, needs an object.
    """
    if _package_of(class_, "__init__") not in _OBJECTS_ALONE:
        return
    for name, value in params.items():
        if _is_written_estimator(name, value, class_):
            raise ClassifierError(
                f"'{class_path}': params.{name} is {shown(repr(value), 80)}; "
                f"{_remedy(class_)}"
            )
    parameters = inspect.signature(class_).parameters.values()
    required = {
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    objects = (required - params.keys()) & (_ESTIMATOR | _ESTIMATORS | _OF_NETS)
    if objects:
        raise ClassifierError(
            f"'{class_path}' needs the parameter '{min(objects)}'; {_remedy(class_)}"
        )


def check_built(class_path: str, estimator: Any) -> None:
    """Refuse values that scikit-learn's own check refuses when it fits.

    Raises
    ------
    ClassifierError
        With scikit-learn's words, and the remedy where an object is expected.
    """
    class_ = type(estimator)
    if not _checks_when_fitting(class_):
        return
    try:
        estimator._validate_params()
    except ValueError as error:
        reason = described(error).partition(": ")[2]
        remedy = f"; {_remedy(class_)}" if _WANTS_OBJECT.search(reason) else ""
        raise ClassifierError(
            f"'{class_path}': {shown(reason.rstrip('.'), 400)}{remedy}"
        ) from None


def _remedy(class_: Any) -> str:
    return (
        "an estimator, or another object, cannot be written inside params: write a "
        f"class that builds it, such as class Mine({class_.__name__}), in a file "
        "beside the suite, and name that: class: ./my.py:Mine"
    )


def _package_of(class_: Any, method: str) -> str:
    """Return the package that defines a method of a class."""
    module = getattr(getattr(class_, method), "__module__", None)
    return str(module).partition(".")[0]


def _checks_when_fitting(class_: Any) -> bool:
    """Whether `fit` checks the parameters, and `__init__` takes them as they are."""
    return hasattr(class_, "_validate_params") and all(
        _package_of(class_, method) in _CHECKED for method in ("__init__", "fit")
    )


def _is_written_estimator(name: str, value: Any, class_: Any) -> bool:
    if _is_entry(value):
        return True
    if name in _ESTIMATOR:
        return isinstance(value, str | Mapping) and value not in ("drop", "passthrough")
    if name in _OF_NETS and _is_net(class_):
        return isinstance(value, str | Mapping)
    if name in _ESTIMATORS and isinstance(value, list):
        return any(_has_written(item) for item in value)
    return False


def _is_entry(value: Any) -> bool:
    """Whether a value looks like an entry of a suite's classifiers, or holds one."""
    if isinstance(value, Mapping):
        return any(isinstance(value.get(key), str) for key in ("class", "use")) or (
            _any_entry(value.values())
        )
    return isinstance(value, list) and _any_entry(value)


def _any_entry(values: Iterable[Any]) -> bool:
    return any(_is_entry(value) for value in values)


def _has_written(item: Any) -> bool:
    """Whether an item of a list such as [[name, estimator], …] has a text for one."""
    if not isinstance(item, list | tuple):
        return isinstance(item, str | Mapping)
    return (
        len(item) > 1
        and isinstance(item[1], str | Mapping)
        and (item[1] not in ("drop", "passthrough"))
    )


def _is_net(class_: Any) -> bool:
    return any(
        base.__name__ == "NeuralNet" and base.__module__.startswith("skorch.")
        for base in class_.__mro__
    )
