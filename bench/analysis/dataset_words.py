"""Datasets in words: their classes, their points, their sizes."""

from collections.abc import Container

import pandas as pd

from bench.analysis.recorded_facts import recorded_in_words
from bench.analysis.results import without_training_scores
from bench.curves import DatasetRecipe, Recipe, RecordedRecipe
from bench.suite import MimicCurves, MlpCurves, WildCurves


def describe_dataset(
    recipe: Recipe, summary: pd.DataFrame, held_out: Container[str] = ()
) -> str:
    """Describe a dataset in a sentence: classes, points, sizes, precision, channels.

    Of recorded curves in some sentences, see `recorded_in_words`.

    Parameters
    ----------
    summary
        The rows of the dataset, see `bench.analysis.results.summarise`.
    held_out
        The classifiers that were fitted to a training set which they did not predict.
    """
    if isinstance(recipe, RecordedRecipe):
        return recorded_in_words(recipe)
    spec = recipe.spec
    n_points, n_inputs = recipe.x.shape
    n_online = sum(n not in held_out for n in without_training_scores(summary))
    return (
        f"{describe_classes(recipe)}; {n_points} point{'s' * (n_points != 1)} of "
        f"{n_inputs} input{'s' * (n_inputs != 1)}, {spec.inputs.kind}; "
        f"{_sizes(recipe, n_online, len(summary))}, {spec.dtype}; channels: "
        f"{', '.join(spec.channels)}."
    )


def describe_classes(recipe: DatasetRecipe) -> str:
    """Describe the classes of a generated dataset, its noise and its split."""
    spec = recipe.spec
    text = _classes(recipe)
    if spec.noise:
        text += f"; each curve standardised, with {spec.noise:g}% noise"
    elif spec.standardised:
        text += "; each curve standardised"
    if spec.split is not None:
        text += (
            f"; test curves come from {spec.split.unseen_functions} functions without "
            "training curves, drawn anew in each repetition"
        )
    return text


def _classes(recipe: DatasetRecipe) -> str:
    """Name the source of each class."""
    spec, neural = recipe.spec, recipe.spec.neural
    library = f"Library {spec.library}"
    if spec.task == "which-function":
        return f"{library}, one class for each of its {recipe.n_classes} functions"
    if isinstance(neural, MlpCurves):
        layers = list(neural.hidden)
        return (
            f"{library} against untrained networks ({neural.activation}, hidden layers "
            f"{layers})"
        )
    if isinstance(neural, WildCurves):
        return (
            f"{library} against networks with random weights of all sizes (activation "
            f"one of {', '.join(neural.activations)}; hidden layers "
            f"{list(neural.hidden)})"
        )
    if isinstance(neural, MimicCurves):
        return (
            f"{library} against networks fitted to its curves (activation one of "
            f"{', '.join(neural.activations)}; hidden layers {list(neural.hidden)}; "
            f"those of {recipe.pool_size} fits with an error below {neural.rmse:g})"
        )
    return f"{library} against itself, both classes drawn independently"


def _sizes(recipe: DatasetRecipe, n_online: int, n: int) -> str:
    """Count the curves of each class; so many of n classifiers are trained online."""
    spec = recipe.spec
    if n_online and n_online == n:
        return f"{spec.test} test curves per class, fresh training curves in each epoch"
    text = f"{spec.train} training and {spec.test} test curves per class"
    fresh = " (fresh training curves in each epoch for classifiers trained online)"
    return text + fresh if n_online else text
