"""What a study searches: the names of its space, and a suite with them set."""

import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bench.base import Document, StudyError, SuiteError, did_you_mean, is_file
from bench.classifiers import ClassifierRecipe, own_parameters
from bench.suite import DimensionSpec, Suite

# Beside the classifier's own parameters: a part of the suite, and a key in it. The
# notebook's lat_size is two in one: each epoch's network gives all its neural curves.
LAT_SIZE = ("training.curves", "neural.curves_per_net")
ELSEWHERE = ("training.steps", *LAT_SIZE, "lat_size")
_SET_BY_US = ("x", "n_channels", "device", "callbacks", "random_state")
_FIXED_ONLY = {
    "max_epochs": "the study's trials all take training.epochs",
    "iterations": "search training.steps",
    "batch_size": "search training.curves",
    "schedule": "leave it out",
    "early_stopping": "leave it out",
}


def check_space(suite: Suite, recipe: ClassifierRecipe) -> None:
    """Refuse a name that nothing reads, and a value that the suite could not hold.

    Raises
    ------
    SuiteError
        With file and line.
    """
    assert suite.study is not None  # the caller asked
    own = own_parameters(recipe.class_path)
    known = [n for n in own if n not in _SET_BY_US and n not in _FIXED_ONLY]
    known += ELSEWHERE
    for name, dimension in suite.study.space.items():
        where = f"{suite.where('study', 'space', name)}: study.space.{name}"
        if name in _FIXED_ONLY:
            raise SuiteError(
                f"{where}: online training does not read '{name}'; {_FIXED_ONLY[name]}"
            )
        if name not in known:
            raise SuiteError(
                f"{where}: nothing of that name to search{did_you_mean(name, known)}. "
                f"Known: {', '.join(known)}"
            )
        if name == "lat_size" and (both := suite.study.space.keys() & set(LAT_SIZE)):
            raise SuiteError(
                f"{where}: sets {min(both)}, which the space has too; leave one out"
            )
        if name in ELSEWHERE:
            for value in values_at_ends(dimension):
                try:
                    configured(suite, {name: value})
                except StudyError as error:
                    said = str(error).partition(": ")[2]  # the file is named already
                    raise SuiteError(f"{where}: {said}") from None


def values_at_ends(dimension: DimensionSpec) -> tuple[Any, ...]:
    """Return every choice, or the two ends of a range."""
    if dimension.choices is not None:
        return dimension.choices
    return dimension.low, dimension.high


def configured(suite: Suite, parameters: Mapping[str, Any]) -> Suite:
    """Return a suite of one dataset and one classifier with parameters set.

    It has no study of its own, and its paths start where the suite's do.

    Raises
    ------
    StudyError
        If a value is none that a suite could say.
    """
    data = suite.model_dump(mode="json", by_alias=True, exclude_unset=True)
    del data["study"]
    [dataset], [entry] = data["datasets"], data["classifiers"]
    for_all = data.pop("training", {})
    training = entry.pop("training", for_all)
    for name, value in _spelt_out(parameters):
        part, _, key = name.rpartition(".")
        place = {
            "": entry.setdefault("params", {}),
            "neural": dataset.setdefault("neural", {}),
            "training": training,
        }[part]
        place[key] = list(value) if isinstance(value, tuple) else value
    entry["training"] = training
    return Suite.from_document(Document(suite.path, data, {}), StudyError)


def _spelt_out(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in parameters.items():
        for own in LAT_SIZE if name == "lat_size" else (name,):
            yield own, value


def snippet(suite: Suite, parameters: Mapping[str, Any], folder: Path) -> str:
    """Write the suite with parameters set, as YAML for a file in `folder`."""
    made = configured(suite, parameters)
    data = made.model_dump(mode="json", by_alias=True, exclude_unset=True)
    data["name"] = f"{suite.name[:59]}-best"
    data.pop("answers", None)  # they are on the search
    if suite.description:  # of several lines it would be no plain text
        data["description"] = " ".join(suite.description.split())
    [dataset] = data["datasets"]
    for candidate in (f"{dataset['library']}.lib", dataset["library"]):
        if is_file(suite.folder / candidate):
            dataset["library"] = _moved(suite.folder / candidate, folder)
            break
    if dataset["inputs"]["kind"] == "file":
        dataset["inputs"]["path"] = _moved(
            suite.folder / dataset["inputs"]["path"], folder
        )
    return _yaml(data)


def _moved(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _yaml(data: dict[str, Any]) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None  # the innermost lists and mappings on one line
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    text = io.StringIO()
    yaml.dump(data, text)
    return text.getvalue()
