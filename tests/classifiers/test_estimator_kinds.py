"""What is no classifier is told from what is one, by all the ways to say so."""

import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, OneClassSVM

from bench.base.errors import ClassifierError
from bench.classifiers.estimator_kinds import check_kind, keeps_columns


def check(estimator):
    check_kind("'it'", type(estimator), estimator)


class Imitation:
    """A class of another package, without scikit-learn's tags."""


@pytest.mark.parametrize(
    ("estimator", "kind"),
    [
        (KMeans(), "a clusterer"),
        (IsolationForest(), "an outlier detector"),
        (LocalOutlierFactor(novelty=True), "an outlier detector"),
        (OneClassSVM(), "an outlier detector"),
        (GaussianMixture(), "a density estimator"),
        (LinearRegression(), "a regressor"),
        (GridSearchCV(LinearRegression(), {}), "a regressor"),
        (make_pipeline(StandardScaler(), KMeans()), "a clusterer"),
        (type("Old", (Imitation,), {"_estimator_type": "clusterer"})(), "a clusterer"),
        (type("Mine", (KMeans,), {})(), "a clusterer"),
        (type("New", (type("OutlierMixin", (), {}),), {})(), "an outlier detector"),
    ],
)
def test_another_kind_is_refused_by_its_name(estimator, kind):
    with pytest.raises(
        ClassifierError, match=f"^'it' is {kind}; expected a classifier"
    ):
        check(estimator)


@pytest.mark.parametrize("meta", [ClassifierChain, MultiOutputClassifier])
def test_a_classifier_of_several_labels_is_refused(meta):
    with pytest.raises(ClassifierError, match="predicts several labels for each curve"):
        check(meta(SVC()))


@pytest.mark.parametrize(
    "estimator",
    [
        SVC(),
        GridSearchCV(SVC(), {}),
        make_pipeline(StandardScaler(), LogisticRegression()),
        type("Mixed", (ClassifierMixin, KMeans), {})(),
        # Named last, where scikit-learn's tags do not see it.
        type("Wrong", (BaseEstimator, ClassifierMixin), {})(),
        type("Bare", (BaseEstimator,), {})(),
        Imitation(),
        type("Old", (Imitation,), {"_estimator_type": "classifier"})(),
        type("Odd", (Imitation,), {"_estimator_type": ["regressor"]})(),
    ],
)
def test_a_classifier_or_what_says_nothing_is_accepted(estimator):
    check(estimator)


def test_the_remedy_is_for_classes_that_can_be_changed():
    remedy = "derive it from sklearn.base.ClassifierMixin, first"
    with pytest.raises(ClassifierError, match=remedy):
        check(type("Mine", (KMeans,), {})())
    with pytest.raises(ClassifierError) as caught:
        check(KMeans())
    assert remedy not in str(caught.value)


@pytest.mark.parametrize(
    ("transformer", "kept"),
    [
        (StandardScaler(), True),
        (FunctionTransformer(), True),
        (FunctionTransformer(abs, feature_names_out="one-to-one"), True),
        (FunctionTransformer(abs), False),
        (PCA(5), False),
        (Imitation(), False),
    ],
)
def test_columns_are_kept_by_transformers_that_say_so(transformer, kept):
    assert keeps_columns(transformer) is kept
