"""The training of trials: configurations of a suite, trained alone or stacked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bench.base import derive_seed, digest, limited_threads
from bench.cells import make_plan
from bench.classifiers import ClassifierRecipe, build
from bench.curves import CurveStream, DatasetRecipe, draw_part
from bench.study.space import configured
from bench.suite import OnlineTraining, Suite

# Parameters in which stacked networks may differ. They may also differ in
# curves_per_net, since each network has its own stream of curves.
_MAY_DIFFER = ("lr", "weight_decay", "gradient_penalty")


@dataclass(frozen=True)
class Configuration:
    """The parameters of a trial, and the suite with these parameters set.

    Attributes
    ----------
    number
        The trial's number, from which its seeds are derived.
    parameters
        Name → value, as in the study's space.
    suite, dataset, classifier
        The suite with the parameters set, its dataset and its classifier.
    """

    number: int
    parameters: dict[str, Any]
    suite: Suite
    dataset: DatasetRecipe
    classifier: ClassifierRecipe

    @property
    def training(self) -> OnlineTraining:
        """The settings of its online training."""
        training = self.classifier.training
        assert training is not None  # since a study refuses other training
        return training

    @property
    def architecture(self) -> str:
        """A hash that is equal for configurations whose networks can be stacked."""
        shared = {
            name: value
            for name, value in self.classifier.params.items()
            if name not in _MAY_DIFFER
        }
        return digest([shared, self.training.model_dump(mode="json")])


def resolve(suite: Suite, number: int, parameters: Mapping[str, Any]) -> Configuration:
    """Set the parameters of a trial in a suite, and resolve its names."""
    plan = make_plan(configured(suite, parameters))
    [dataset], [classifier] = plan.datasets, plan.classifiers
    assert isinstance(dataset, DatasetRecipe)  # since a plan refuses others online
    return Configuration(number, dict(parameters), plan.suite, dataset, classifier)


def draw_validation(
    recipe: DatasetRecipe, channels: tuple[str, ...], size: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the validation curves, `size` of each class.

    They come from the suite's own dataset, even if a trial changes its training curves.
    """
    spec = recipe.spec.model_copy(update={"channels": channels})
    return draw_part(replace(recipe, spec=spec), "validation", size, seed=seed)


def train(
    configurations: Sequence[Configuration],
    validation: tuple[np.ndarray, np.ndarray],
    watch: Callable[[int, np.ndarray], bool],
) -> list[Any]:
    """Train configurations of one architecture together; return their classifiers.

    Parameters
    ----------
    watch
        Called with the epoch and the accuracies (n_configurations,) on the validation
        curves; training ends when it returns True.
    """
    from bench.discriminators import fit_online  # imports torch, which takes a second

    training = configurations[0].training
    estimators, streams = [], []
    for configuration in configurations:
        recipe, classifier = configuration.dataset, configuration.classifier
        seed = derive_seed(configuration.suite.seed, "study", configuration.number)
        n_channels = validation[0].shape[1] // len(recipe.x)
        x = recipe.x.astype(recipe.spec.dtype)
        estimators.append(build(classifier, seed, recipe.stream, x, n_channels))
        streams.append(
            CurveStream(recipe, classifier.channels, training.curves, seed=seed)
        )
    suite = configurations[0].suite
    with limited_threads(suite.threads_of(suite.classifiers[0])):
        fit_online(
            estimators,
            streams,
            training,
            [validation] * len(estimators),
            watch,
        )
    return estimators
