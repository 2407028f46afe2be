"""The classifiers that a suite names without saying more."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A classifier under a short name.

    Attributes
    ----------
    class_path
        Dotted path of the class.
    params
        What differs from the class's own defaults.
    summary
        One line for `list` and for the report.
    """

    class_path: str
    summary: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def library_defaults(self) -> bool:
        """Whether it is somebody else's class as it comes."""
        return not self.params and not self.class_path.startswith("bench.")


# The notebook's network and budget; `loss` is what tells SD from SD-WGAN.
_SD = {
    "hidden": [64, 64],
    "lr": 1e-3,
    "weight_decay": 0.0,
    "betas": [0.9, 0.999],
    "max_epochs": 1000,
    "iterations": 5,
    "batch_size": None,
}

PRESETS = {
    "SD": Preset(
        "bench.classifiers.SDClassifier",
        "symbolic discriminator: the notebook's network and budget, cross-entropy",
        _SD | {"loss": "bce"},
    ),
    "SD-WGAN": Preset(
        "bench.classifiers.SDClassifier",
        "symbolic discriminator: the notebook's exact recipe, Wasserstein objective",
        _SD | {"loss": "wgan"},
    ),
    "CSD": Preset(
        "bench.classifiers.CSDClassifier",
        "convolutional discriminator: the notebook's architecture, one-cycle Adam",
        {
            "hidden": [64, 64],
            "loss": "bce",
            "lr": 3e-3,
            "schedule": "one-cycle",
            "max_epochs": 40,
            "batch_size": 64,
        },
    ),
    "MLP": Preset("sklearn.neural_network.MLPClassifier", "multilayer perceptron"),
    "KNN": Preset("sklearn.neighbors.KNeighborsClassifier", "nearest neighbours"),
    "SVC": Preset("sklearn.svm.SVC", "support vector machine"),
    "GP": Preset(
        "sklearn.gaussian_process.GaussianProcessClassifier", "Gaussian process"
    ),
    "DT": Preset("sklearn.tree.DecisionTreeClassifier", "decision tree"),
    "RF": Preset("sklearn.ensemble.RandomForestClassifier", "random forest"),
    "ADA": Preset("sklearn.ensemble.AdaBoostClassifier", "AdaBoost"),
    "GNB": Preset("sklearn.naive_bayes.GaussianNB", "Gaussian naive Bayes"),
    "QDA": Preset(
        "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis",
        "quadratic discriminant analysis, singular covariances allowed",
        {"tol": 0},
    ),
    "CHANCE": Preset(
        "sklearn.dummy.DummyClassifier",
        "random guesses, all classes alike",
        {"strategy": "uniform"},
    ),
}
