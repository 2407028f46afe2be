"""Scores of any scikit-learn classifier on fresh repetitions of a dataset.

Curves are drawn and the classifier is seeded and fitted as in a cell of a suite, but in
this process.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from bench.base import DatasetError, did_you_mean, limited_threads
from bench.cells import predict_and_score, timed
from bench.classifiers import check_kind, seed_all, set_points
from bench.curves import (
    Dataset,
    Recipe,
    RecordedRecipe,
    make_dataset,
    resolve_dataset,
)
from bench.suite import DatasetSpec, RecordedSpec, load_suite


def find_dataset(dataset: Any) -> tuple[Recipe, int]:
    """Resolve a recipe or a suite's dataset; return it with the seed of its draws."""
    if isinstance(dataset, Recipe):
        return dataset, 0
    if isinstance(dataset, DatasetSpec | RecordedSpec):
        return resolve_dataset(dataset), 0
    if isinstance(dataset, Mapping):
        model = RecordedSpec if "recorded" in dataset else DatasetSpec
        try:
            spec = model.model_validate({"id": "dataset"} | dict(dataset), strict=False)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "recipe"
            raise DatasetError(
                f"not a valid recipe of a dataset: {place}: {first['msg']}"
            ) from None
        return resolve_dataset(spec), 0
    path, wanted = dataset if isinstance(dataset, tuple) else (dataset, None)
    if not isinstance(path, str | PathLike):
        raise DatasetError(
            f"found a {type(dataset).__name__}; expected a recipe (a dictionary), a "
            "suite's file, or (file, id of a dataset)"
        )
    suite = load_suite(Path(path))
    ids = [entry.id for entry in suite.datasets]
    if wanted is None and len(ids) == 1:
        wanted = ids[0]
    if wanted not in ids:
        problem = "found no id" if wanted is None else f"no dataset '{wanted}'"
        raise DatasetError(
            f"{path}: {problem}{did_you_mean(wanted, ids)}; expected (file, id) with "
            f"one of {', '.join(ids)}"
        )
    position = ids.index(wanted)
    folder = suite.folder_of("datasets", position)
    return resolve_dataset(suite.datasets[position], folder), suite.seed


def score_classifier(
    estimator: Any, recipe: Recipe, repetitions: int, seed: int, name: str
) -> pd.DataFrame:
    """Fit a clone on each repetition, as a cell of a suite does.

    Returns
    -------
    DataFrame
        One row a repetition: dataset, repetition, classifier, status ("done"),
        train_accuracy, test_accuracy, fit_seconds, predict_seconds, data_hash.

    Raises
    ------
    ClassifierError
        If it is no classifier, or if `predict` does not give one of the labels for each
        curve: what a cell of a suite refuses too.
    """
    check_kind(f"'{name}'", type(estimator), estimator)
    from sklearn.base import clone  # takes 1 s to import, and not every check needs it

    rows = []
    for repetition in range(repetitions):
        data = make_dataset(recipe, repetition, seed)
        fitted = clone(estimator)
        stream = [recipe.stream, repetition]
        _set_up(fitted, seed, stream, data, isinstance(recipe, RecordedRecipe))
        X = {"train": data.X_train, "test": data.X_test}
        y = {"train": data.y_train, "test": data.y_test}
        with _one_thread():
            fit_seconds, _ = timed(partial(fitted.fit, X["train"], y["train"]))
            measured, _ = predict_and_score(fitted, X, y)
        rows.append(
            {
                "dataset": recipe.spec.id,
                "repetition": repetition,
                "classifier": name,
                "status": "done",
                "train_accuracy": measured["train"]["accuracy"],
                "test_accuracy": measured["test"]["accuracy"],
                "fit_seconds": fit_seconds,
                "predict_seconds": measured["predict_seconds"],
                "data_hash": data.data_hash,
            }
        )
    return pd.DataFrame(rows)


def _set_up(
    estimator: Any, seed: int, stream: Any, data: Dataset, recorded: bool
) -> None:
    """Seed a classifier as a cell does; give points and channels to one of ours."""
    if type(estimator).__module__.startswith("bench."):
        set_points(
            estimator,
            data.x,
            len(data.channels),
            are_values=set(data.channels) == {"value"},
            recorded=recorded,
        )
    seed_all(estimator, seed, stream)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Use one thread, like a cell, and restore the threads of torch afterwards."""
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else 0
    try:
        with limited_threads(1):
            yield
    finally:
        if torch is not None:
            torch.set_num_threads(before)
