"""The text of a file with a classifier, as a user would write it."""

MINE = """\
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Mine(ClassifierMixin, BaseEstimator):
    def __init__(self, column=0):
        self.column = column

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.threshold_ = np.median(X[:, self.column])
        return self

    def predict(self, X):
        return (X[:, self.column] > self.threshold_).astype(int)
"""
