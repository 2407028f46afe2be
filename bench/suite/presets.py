"""The presets: classifiers that a suite can use by name alone."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A classifier under a short name.

    Attributes
    ----------
    class_path
        Dotted path of the class.
    summary
        One line for `bench list` and for the report.
    params
        Parameters that differ from the class's own defaults.
    before
        Classes of the pipeline's steps before it, with their default parameters.
    wrap
        The form of the curves that it expects, see `bench.suite.classifiers.Source`.
    reads_rounding
        Whether its scores depend on the last bits of the curves, which differ between
        kinds of processors.
    stacked
        The number of repetitions that train together, see
        `bench.suite.classifiers.ClassifierSpec`.
    """

    class_path: str
    summary: str
    params: dict[str, Any] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    wrap: str = ""
    reads_rounding: bool = False
    stacked: int | None = None


# The notebook's network and budget. SD and SD-WGAN differ in `loss` alone.
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
        # Without their rounding errors, the covariances that it inverts are singular.
        reads_rounding=True,
    ),
    "CHANCE": Preset(
        "sklearn.dummy.DummyClassifier",
        "random guesses, all classes equally likely",
        {"strategy": "uniform"},
    ),
    "CSD2": Preset(
        "bench.classifiers.CSD2Classifier",
        "second convolutional discriminator: smoothed derivatives, residual blocks",
        {
            "windows": [0.09, 0.25],
            "width": 32,
            "hidden": [64],
            "dropout": 0.1,
            "flips": ["y", "x"],
            "noise": 1.0,
            "lr": 3e-3,
            "weight_decay": 1e-2,
        },
    ),
    "HGB": Preset(
        "sklearn.ensemble.HistGradientBoostingClassifier", "gradient-boosted trees"
    ),
    "LOGREG": Preset(
        "sklearn.linear_model.LogisticRegression",
        "logistic regression on scaled columns",
        {"max_iter": 1000},
        before=("sklearn.preprocessing.StandardScaler",),
    ),
    "QDA-REG": Preset(
        "bench.quadratic.RegularisedQDA",
        "quadratic discriminant analysis, regularisation chosen on a quarter of the "
        "training curves",
    ),
    "CUES": Preset(
        "bench.cue_classifier.CueClassifier",
        "gradient-boosted trees on roughness alone, blind to shape",
    ),
    "MRH": Preset(
        "aeon.classification.convolution_based.MultiRocketHydraClassifier",
        "aeon's MultiRocketHydra: random convolutions and a ridge classifier",
        wrap="aeon",
    ),
    "1NN-ED": Preset(
        "sklearn.neighbors.KNeighborsClassifier",
        "the nearest neighbour by Euclidean distance",
        {"n_neighbors": 1},
    ),
    "1NN-DTW": Preset(
        "aeon.classification.distance_based.KNeighborsTimeSeriesClassifier",
        "aeon's nearest neighbour by dynamic time warping: any shift in time, the same "
        "in all channels",
        # No window: its full width, as published beside the archive.
        {"distance": "dtw", "n_neighbors": 1},
        wrap="aeon",
    ),
    "MiniRocket": Preset(
        "aeon.classification.convolution_based.MiniRocketClassifier",
        "aeon's MiniRocket: fixed convolutions and a ridge classifier",
        wrap="aeon",
    ),
    "QUANT": Preset(
        "aeon.classification.interval_based.QUANTClassifier",
        "aeon's QUANT: quantiles of intervals and extremely randomised trees",
        wrap="aeon",
    ),
}
