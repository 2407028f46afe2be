"""Datasets in words: their classes, their points, their sizes."""

import numpy as np
import pandas as pd

from bench.analysis.results import trained_online
from bench.curves import DatasetRecipe, Recipe, RecordedRecipe
from bench.suite import FoldsSplit, MimicCurves, MlpCurves, WildCurves


def describe_dataset(recipe: Recipe, summary: pd.DataFrame) -> str:
    """Describe a dataset in a sentence: classes, points, sizes, precision, channels.

    Parameters
    ----------
    summary
        The rows of the dataset, see `bench.analysis.results.summarise`.
    """
    if isinstance(recipe, RecordedRecipe):
        return _describe_recorded(recipe)
    spec = recipe.spec
    n_points, n_inputs = recipe.x.shape
    return (
        f"{describe_classes(recipe)}; {n_points} point{'s' * (n_points != 1)} of "
        f"{n_inputs} input{'s' * (n_inputs != 1)}, {spec.inputs.kind}; "
        f"{_sizes(recipe, summary)}, {spec.dtype}; channels: "
        f"{', '.join(spec.channels)}."
    )


def describe_classes(recipe: Recipe) -> str:
    """Describe the classes of a dataset, its noise and its split."""
    if isinstance(recipe, RecordedRecipe):
        return f"{_n_classes(recipe)}{', standardised' * recipe.spec.standardised}"
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


def _sizes(recipe: DatasetRecipe, summary: pd.DataFrame) -> str:
    """Count the curves of each class."""
    spec = recipe.spec
    n_online = len(trained_online(summary))
    if n_online and n_online == len(summary):
        return f"{spec.test} test curves per class, fresh training curves in each epoch"
    text = f"{spec.train} training and {spec.test} test curves per class"
    fresh = " (fresh training curves in each epoch for classifiers trained online)"
    return text + fresh if n_online else text


def _n_classes(recipe: RecordedRecipe) -> str:
    sources = " and ".join(recipe.curves.sources)
    return f"Recorded curves of {recipe.n_classes} classes, from {sources}"


def _describe_recorded(recipe: RecordedRecipe) -> str:
    """Describe recorded curves: source, sizes, division, what was done to them."""
    spec, curves = recipe.spec, recipe.curves
    n_curves, n_channels, n_points = curves.values.shape
    counts = np.bincount(curves.labels, minlength=recipe.n_classes)
    sizes = f"{counts.min()}"
    if counts.min() < counts.max():
        sizes += f" to {counts.max()}"
    parts = [
        _n_classes(recipe),
        f"{n_curves} curves ({sizes} of each class) of {n_points} points"
        + (f" in {n_channels} channels" if n_channels > 1 else ""),
        describe_division(recipe),
    ]
    if spec.standardised:
        each = "channel of each curve" if n_channels > 1 else "curve"
        parts.append(f"each {each} standardised")
    if curves.n_interpolated:
        parts.append(f"{curves.n_interpolated} missing values interpolated")
    parts.append(spec.dtype)
    parts += curves.notes
    parts.append(
        f"license: {curves.license}" if curves.license else "no license stated"
    )
    return "; ".join(parts) + "."


def describe_division(recipe: RecordedRecipe) -> str:
    """Describe how recorded curves are divided, and into how many of each part."""
    division = recipe.spec.division
    sizes = f"{recipe.n_train} for training and {recipe.n_test} for testing"
    if isinstance(division, str):
        return f"the division that the files give, {sizes}"
    whole = ", whole groups" if division.groups is not None else ""
    if isinstance(division, FoldsSplit):
        times = f", {division.repeats} times" if division.repeats > 1 else ""
        return f"{division.folds}-fold cross-validation{times}{whole}, {sizes}"
    return f"{division.resample} random divisions, class by class{whole}, {sizes}"
