"""The space of a study: the names of its parameters, and a suite with them set."""

import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bench.base import StudyError, SuiteError, did_you_mean, is_file, located
from bench.classifiers import (
    ClassifierRecipe,
    examine_all,
    own_parameters,
    resolve_classifier,
)
from bench.suite import DimensionSpec, Suite, file_of

# Parameters that are not the classifier's own, as a section of the suite and a key in
# it. The notebook's lat_size sets two of them: in each epoch, one network gives all
# neural curves.
LAT_SIZE = ("training.curves", "neural.curves_per_net")
OF_SUITE = ("training.steps", *LAT_SIZE, "lat_size")
_SET_BY_US = ("x", "n_channels", "device", "callbacks", "random_state")
_FIXED_ONLY = {
    "max_epochs": "all trials of a study have training.epochs",
    "iterations": "search training.steps",
    "batch_size": "search training.curves",
    "schedule": "leave it out",
    "early_stopping": "leave it out",
}


def check_space(suite: Suite, recipe: ClassifierRecipe) -> None:
    """Refuse an unknown parameter, and a value that the suite cannot have.

    Raises
    ------
    SuiteError
        With file and line.
    """
    assert suite.study is not None  # as the caller has checked
    own = own_parameters(recipe.class_path)
    known = [n for n in own if n not in _SET_BY_US and n not in _FIXED_ONLY]
    known += OF_SUITE
    for name, dimension in suite.study.space.items():
        where = f"{suite.where('study', 'space', name)}: study.space.{name}"
        if name in _FIXED_ONLY:
            raise SuiteError(
                f"{where}: online training does not read '{name}'; {_FIXED_ONLY[name]}"
            )
        if name not in known:
            raise SuiteError(
                f"{where}: unknown parameter{did_you_mean(name, known)}. Known: "
                f"{', '.join(known)}"
            )
        if name == "lat_size" and (both := suite.study.space.keys() & set(LAT_SIZE)):
            raise SuiteError(
                f"{where}: sets {min(both)}, which the space has too; leave one out"
            )
        if name in OF_SUITE:
            for value in extreme_values(dimension):
                try:
                    configured(suite, {name: value})
                except StudyError as error:
                    message = str(error).partition(": ")[2]  # without its file name
                    raise SuiteError(f"{where}: {message}") from None


def check_fixed_space(suite: Suite, recipe: ClassifierRecipe) -> None:
    """Refuse what `check_space` does, for training on fixed curves.

    Each choice, and the ends of each range, is checked as a parameter in the suite is.

    Raises
    ------
    BenchError
        With file and line.
    """
    assert suite.study is not None  # as the caller has checked
    entries: list[tuple[str, Suite]] = []
    for name, dimension in suite.study.space.items():
        where = f"{suite.where('study', 'space', name)}: study.space.{name}"
        if "." in name or name in OF_SUITE:
            raise SuiteError(
                f"{where}: only online training reads it; expected a parameter of the "
                "classifier, or SD or CSD with training: {mode: online, epochs: …}"
            )
        if recipe.is_ours and name in _SET_BY_US:
            raise SuiteError(
                f"{where}: it is not for a search; expected another parameter of the "
                "classifier"
            )
        with located(where):
            made = [configured(suite, {name: v}) for v in extreme_values(dimension)]
        entries += [(where, each) for each in made]
    folder = suite.folder_of("classifiers", 0)
    findings = examine_all((made.classifiers[0], folder) for _, made in entries)
    for where, made in entries:
        with located(where):
            entry = made.classifiers[0]
            resolve_classifier(entry, made.training, folder, findings)


def extreme_values(dimension: DimensionSpec) -> tuple[Any, ...]:
    """Return all choices, or the two ends of a range."""
    if dimension.choices is not None:
        return dimension.choices
    return dimension.low, dimension.high


def configured(suite: Suite, parameters: Mapping[str, Any]) -> Suite:
    """Return a suite of one dataset and one classifier with parameters set.

    It has no study, and its paths are relative to the same file.

    Raises
    ------
    StudyError
        If a suite cannot have one of the values.
    """
    data = suite.model_dump(mode="json", by_alias=True, exclude_unset=True)
    del data["study"]
    [dataset], [entry] = data["datasets"], data["classifiers"]
    suite_training = data.pop("training", {})
    training = entry.pop("training", suite_training)
    for name, value in _spelt_out(parameters):
        name_of_section, _, key = name.rpartition(".")
        if name_of_section == "training":
            section = training
        elif name_of_section == "neural":
            section = dataset.setdefault("neural", {})
        else:
            section = entry.setdefault("params", {})
        section[key] = list(value) if isinstance(value, tuple) else value
    if training:
        entry["training"] = training
    return suite.with_data(data, StudyError)


def _spelt_out(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield parameters with lat_size replaced by the two that it sets."""
    for name, value in parameters.items():
        for spelt_out in LAT_SIZE if name == "lat_size" else (name,):
            yield spelt_out, value


def snippet(suite: Suite, parameters: Mapping[str, Any], folder: Path) -> str:
    """Write the suite with parameters set, as YAML for a file in `folder`."""
    changed = configured(suite, parameters)
    data = changed.model_dump(mode="json", by_alias=True, exclude_unset=True)
    data["name"] = f"{suite.name[:59]}-best"
    data.pop("answers", None)  # the answers are about the search
    if suite.description:  # on one line, since YAML would quote several
        data["description"] = " ".join(suite.description.split())
    [dataset], [entry] = data["datasets"], data["classifiers"]
    _move_dataset(dataset, suite.folder_of("datasets", 0), folder)
    written = suite.folder_of("classifiers", 0)
    for part in (entry, *entry.get("steps", ())):
        if isinstance(part, dict) and (in_file := file_of(part.get("class", ""))):
            moved = _moved(written / in_file[0], folder)
            part["class"] = f"{moved}:{in_file[1]}"
    return _yaml(data)


def _move_dataset(dataset: dict[str, Any], written: Path, folder: Path) -> None:
    """Change the paths of a dataset's entry, to be read in another folder."""
    if "recorded" in dataset:
        files = dataset["recorded"].get("files")
        if isinstance(files, str):
            dataset["recorded"]["files"] = _moved(written / files, folder)
        elif files is not None:
            moved = [_moved(written / file, folder) for file in files]
            dataset["recorded"]["files"] = moved
        return
    for candidate in (f"{dataset['library']}.lib", dataset["library"]):
        if is_file(written / candidate):
            dataset["library"] = _moved(written / candidate, folder)
            break
    if dataset["inputs"]["kind"] == "file":
        dataset["inputs"]["path"] = _moved(written / dataset["inputs"]["path"], folder)


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
