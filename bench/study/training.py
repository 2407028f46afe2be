"""A study's trials: each a suite with parameters set, trained online, one or many."""

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

# What members of one batched network may differ in. So may curves_per_net: the curves
# that a member learns from are its own.
_APART = ("lr", "weight_decay", "gradient_penalty")


@dataclass(frozen=True)
class Configuration:
    """Parameters of a trial, with what they make of the suite.

    Attributes
    ----------
    number
        The trial's number, on which its seeds depend.
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
        """How it learns: the suite's section of that name."""
        training = self.classifier.training
        assert training is not None  # a study refuses what is trained otherwise
        return training

    @property
    def architecture(self) -> str:
        """What it must have in common with those it can be trained beside."""
        own = {k: v for k, v in self.classifier.params.items() if k not in _APART}
        return digest([own, self.training.model_dump(mode="json")])


def resolve(suite: Suite, number: int, parameters: Mapping[str, Any]) -> Configuration:
    """Look up what parameters make of a suite."""
    plan = make_plan(configured(suite, parameters))
    [dataset], [classifier] = plan.datasets, plan.classifiers
    return Configuration(number, dict(parameters), plan.suite, dataset, classifier)


def draw_validation(
    recipe: DatasetRecipe, channels: tuple[str, ...], size: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the curves that trials are judged on, `size` of each class.

    They are the suite's own, whatever a trial makes of those that it learns from.
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
        curves; the training ends once it returns True.
    """
    from bench.discriminators import fit_online  # imports torch, which takes a second

    training = configurations[0].training
    members, streams = [], []
    for configuration in configurations:
        recipe, classifier = configuration.dataset, configuration.classifier
        seed = derive_seed(configuration.suite.seed, "study", configuration.number)
        n_channels = validation[0].shape[1] // len(recipe.x)
        x = recipe.x.astype(recipe.spec.dtype)
        members.append(build(classifier, seed, recipe.stream, x, n_channels))
        streams.append(
            CurveStream(recipe, classifier.channels, training.curves, seed=seed)
        )
    with limited_threads(configurations[0].suite.threads):
        fit_online(
            members,
            streams,
            training,
            [validation] * len(members),
            watch,
        )
    return members
