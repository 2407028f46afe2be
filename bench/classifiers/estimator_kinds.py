"""Kinds of estimators: what is no classifier is refused before it is fitted.

A clusterer, an outlier detector or a regressor has `fit` and `predict` too, and numbers
that it predicts may look like labels.
"""

from typing import Any

from bench.base import ClassifierError

# Kind, as scikit-learn's tags and `_estimator_type` name it → in words.
_WORDS = {
    "regressor": "a regressor",
    "clusterer": "a clusterer",
    "outlier_detector": "an outlier detector",
    "density_estimator": "a density estimator",
    "transformer": "a transformer",
}
# Base classes by name: packages that imitate scikit-learn have their own of the names.
_MIXINS = {
    "RegressorMixin": "regressor",
    "ClusterMixin": "clusterer",
    "OutlierMixin": "outlier_detector",
    "DensityMixin": "density_estimator",
}


def check_kind(name: str, class_: Any, estimator: Any = None) -> None:
    """Refuse what says of itself that it is no classifier of one label a curve.

    What says nothing is accepted: `bench.cells.outputs` checks what it predicts.

    Parameters
    ----------
    name
        What messages call it, such as a class path.
    class_
        The class.
    estimator
        An unfitted instance. It is needed for meta-estimators, whose kind is that of an
        estimator inside, and for the kinds that only tags name.

    Raises
    ------
    ClassifierError
        With the kind that was found.
    """
    if _claims_to_classify(class_):
        found = ""
    else:
        found = _kind_of_class(class_) or _tagged_kind(estimator)
    if found:
        hint = ""
        if not class_.__module__.startswith("sklearn."):
            hint = "; if it is one, derive it from sklearn.base.ClassifierMixin, first"
        raise ClassifierError(
            f"{name} is {_WORDS.get(found, found)}; expected a classifier{hint}"
        )
    if _needs_several_labels(estimator):
        raise ClassifierError(
            f"{name} predicts several labels for each curve; expected a classifier of "
            "one label"
        )


def keeps_columns(transformer: Any) -> bool:
    """Return whether a transformer makes one column of each, so that points stay.

    What does not say so may change them, as a principal component analysis does.
    """
    names = {base.__name__ for base in type(transformer).__mro__}
    if "FunctionTransformer" in names:
        one_to_one = getattr(transformer, "feature_names_out", None) == "one-to-one"
        return one_to_one or getattr(transformer, "func", None) is None
    return "OneToOneFeatureMixin" in names


def _claims_to_classify(class_: Any) -> bool:
    names = {base.__name__ for base in class_.__mro__}
    kind = getattr(class_, "_estimator_type", None)
    return "ClassifierMixin" in names or kind == "classifier"


def _kind_of_class(class_: Any) -> str:
    kind = getattr(class_, "_estimator_type", None)  # of older versions, and imitations
    if isinstance(kind, str) and kind in _WORDS:
        return kind
    kinds = [_MIXINS[b.__name__] for b in class_.__mro__ if b.__name__ in _MIXINS]
    return kinds[0] if kinds else ""


def _tagged_kind(estimator: Any) -> str:
    kind = getattr(_tags(estimator), "estimator_type", None)
    return kind if isinstance(kind, str) and kind != "classifier" else ""


def _needs_several_labels(estimator: Any) -> bool:
    target = getattr(_tags(estimator), "target_tags", None)
    return getattr(target, "single_output", True) is False


def _tags(estimator: Any) -> Any:
    """Return scikit-learn's tags, or None where there are none that can be read."""
    try:
        return estimator.__sklearn_tags__()
    except Exception:  # a class of another package, or one without its inner estimator
        return None
