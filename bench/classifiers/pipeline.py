"""The steps of a classifier, resolved and checked: one class, or a pipeline."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.base import BenchError, ClassifierError, did_you_mean, located
from bench.classifiers.class_code import Code
from bench.classifiers.class_files import (
    ClassFile,
    load_module,
    publish,
    read_class_file,
)
from bench.classifiers.class_paths import (
    check_own,
    class_in,
    class_version,
    home_of,
    import_class,
    is_discriminator,
    is_foreign,
    kept_path,
    missing_extra,
    takes_points,
    version_needs_import,
)
from bench.classifiers.foreign_classes import (
    Candidate,
    Finding,
    Findings,
    examine,
    examine_apart,
)
from bench.suite import PRESETS, ClassifierSpec, Source, file_of

_WRAPPERS = {
    "aeon": "bench.classifiers.wrappers.AeonWrapper",
    "fda": "bench.classifiers.wrappers.FunctionalWrapper",
}
# Packages that a wrapper itself imports; the one for aeon passes a plain array.
_WRAPPER_PACKAGES = {"fda": "skfda"}


@dataclass(frozen=True)
class Step:
    """A class and its parameters: a classifier, or one step of a pipeline.

    Attributes
    ----------
    class_path
        The path in the suite: dotted, or ``./my.py:MyClassifier``.
    params
        The parameters of a preset, overridden by those of the suite.
    version
        Version of the package that defines the class; for a file, the hash of its text.
    wrap
        The kind of input that it expects, see `ClassifierSpec`; empty for rows.
    missing
        How to install its package, if that is missing and belongs to an extra.
    file
        The file that defines it; None for a class of a package.
    keeps_columns
        Whether it hands on as many columns as it gets, each made of one, so that those
        are still the curve's points; assumed of what was not examined.
    code
        What else counts of its code.
    """

    class_path: str
    params: dict[str, Any]
    version: str
    wrap: str = ""
    missing: str = ""
    file: ClassFile | None = None
    keeps_columns: bool = True
    code: Code = field(default_factory=Code)

    @property
    def name(self) -> str:
        """The name of the class without its module."""
        return self.class_path.replace(":", ".").rpartition(".")[2]

    @property
    def is_own(self) -> bool:
        """Whether it is SD, CSD or CSD2."""
        return self.file is None and is_discriminator(self.class_path)

    @property
    def is_foreign(self) -> bool:
        """Whether it is neither ours nor scikit-learn's."""
        return self.file is not None or is_foreign(self.class_path)

    @property
    def takes_points(self) -> bool:
        """Whether it has parameters for the dataset's points and channels."""
        return bool(self.wrap) or (self.file is None and takes_points(self.class_path))

    @property
    def identity(self) -> dict[str, Any]:
        """A JSON value of all that its fit depends on; keys depend on it.

        A file counts by its text, not by its path; files beside it also by their names.
        """
        identity = {
            "class": f"file:{self.name}" if self.file else self.class_path,
            "params": self.params,
            "version": self.version,
        }
        wrap = {"wrap": self.wrap} if self.wrap else {}
        return identity | self.code.identity | wrap

    @property
    def modules(self) -> set[str]:
        """The modules that `make` imports; for a file, those that the file imports."""
        names = {_WRAPPERS[self.wrap].rpartition(".")[0]} if self.wrap else set()
        if self.file is None:
            return names | {home_of(self.class_path)}
        return names | self.file.installed_imports

    def load(self) -> Any:
        """Return the class."""
        if self.file is None:
            return import_class(self.class_path)
        return class_in(load_module(self.file), self.class_path)

    def make(self) -> Any:
        """Make the unfitted estimator."""
        estimator = self.load()(**self.params)
        if self.wrap:
            return import_class(_WRAPPERS[self.wrap])(estimator)
        return estimator

    def publish(self) -> None:
        """Make the module of a file importable in child processes."""
        if self.file is not None:
            publish(self.file)


def resolve_steps(
    spec: ClassifierSpec, folder: Path, findings: Findings | None = None
) -> tuple[Step, ...]:
    """Return the steps of an entry, with classes and parameters checked.

    An unchanged preset imports nothing. Any other class is built once as a check; a
    class of another package is built in another process.

    Parameters
    ----------
    findings
        Findings about classes of other packages; missing ones are added.
    """
    steps, places = _resolved(spec, folder)
    candidates = _candidates(spec, steps)
    known = dict(findings or {})
    unknown = [c for c in candidates if c is not None and c.key not in known]
    if unknown:
        known |= examine_apart(unknown)
    checked = []
    for step, place, candidate in zip(steps, places, candidates, strict=True):
        with located(place) if place else nullcontext():
            if candidate is not None:
                checked.append(_with_finding(step, known[candidate.key]))
            else:
                if _is_changed(spec):
                    step = _check_here(step, is_last=step is steps[-1])
                checked.append(step)
    return tuple(checked)


def examine_all(entries: Iterable[tuple[ClassifierSpec, Path]]) -> Findings:
    """Import and build the classes of other packages in all entries, at once.

    Each entry comes with the folder that its paths are relative to.

    Mistakes in an entry are ignored here; `resolve_steps` reports their place.
    """
    candidates: list[Candidate] = []
    for spec, folder in entries:
        with suppress(BenchError):
            steps, _ = _resolved(spec, folder)
            candidates += [c for c in _candidates(spec, steps) if c is not None]
    return examine_apart(candidates) if candidates else {}


def step_names(steps: Sequence[Step]) -> list[str]:
    """Name steps as scikit-learn's make_pipeline does: ``pca``, or ``pca-1``, …."""
    names = [step.name.lower() for step in steps]
    return [
        f"{name}-{names[: i + 1].count(name)}" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]


def _resolved(spec: ClassifierSpec, folder: Path) -> tuple[list[Step], list[str]]:
    """Return the unchecked steps of an entry, and the place of each in the entry."""
    if spec.steps is None:
        steps = _steps_of(spec, folder)
        return steps, [""] * len(steps)
    steps, places = [], []
    for number, source in enumerate(spec.steps):
        place = f"steps[{number}]"
        with located(place):
            resolved = _steps_of(source, folder)
        steps += resolved  # several, if a preset is a pipeline itself
        places += [place] * len(resolved)
    return _with_params(steps, spec.params), places


def _is_changed(spec: ClassifierSpec) -> bool:
    """Return whether an entry is anything but an unchanged preset."""
    return spec.use is None or bool(spec.params)


def _candidates(spec: ClassifierSpec, steps: Sequence[Step]) -> list[Candidate | None]:
    """Return a candidate for each step to check in another process, else None."""
    return [
        Candidate(step.class_path, step.params, step.file, step is steps[-1])
        if not step.missing
        and (not step.version or (_is_changed(spec) and step.is_foreign))
        else None
        for step in steps
    ]


def _steps_of(entry: Source, folder: Path) -> list[Step]:
    if entry.use is None:
        path = str(entry.class_)
        return [_step(path, entry.params, entry.wrap or "", folder)]
    preset = PRESETS[entry.use]
    steps = [_step(path, {}, "", folder) for path in preset.before]
    wrap = entry.wrap or preset.wrap
    steps.append(_step(preset.class_path, preset.params, wrap, folder))
    return _with_params(steps, entry.params)


def _step(class_path: str, params: dict[str, Any], wrap: str, folder: Path) -> Step:
    if class_path.startswith("__main__."):
        raise ClassifierError(
            f"'{class_path}' exists only in this process; put the class in a module"
        )
    missing = missing_extra(_WRAPPER_PACKAGES.get(wrap, ""))
    if in_file := file_of(class_path):
        file = read_class_file(folder / in_file[0], in_file[0])
        return Step(class_path, params, f"file {file.text_digest}", wrap, missing, file)
    class_path = kept_path(class_path)
    missing = missing or missing_extra(class_path)
    version = "" if version_needs_import(class_path) else class_version(class_path)
    return Step(class_path, params, version, wrap, missing)


def _with_params(steps: list[Step], params: Mapping[str, Any]) -> list[Step]:
    """Add parameters to the steps that they name, or else to the last step."""
    names = step_names(steps)
    params_of: list[dict[str, Any]] = [{} for _ in steps]
    for name, value in params.items():
        step_name, nested, parameter = name.partition("__")
        # A single class may have parameters with "__", such as estimator__alpha.
        if len(steps) == 1 or not nested:
            params_of[-1][name] = value
            continue
        if step_name not in names:
            raise ClassifierError(
                f"params.{name}: no step '{step_name}'"
                f"{did_you_mean(step_name, names)}. Steps: {', '.join(names)}"
            )
        params_of[names.index(step_name)][parameter] = value
    return [
        replace(step, params=step.params | more)
        for step, more in zip(steps, params_of, strict=True)
    ]


def _with_finding(step: Step, finding: Finding) -> Step:
    """Add a finding to a step; raise a ClassifierError if it is an error."""
    if step.file is not None and (missing := missing_extra(finding.absent)):
        return replace(step, missing=missing)
    if finding.error:
        raise ClassifierError(finding.error)
    return replace(
        step,
        version=finding.version,
        keeps_columns=finding.keeps_columns,
        code=finding.code,
    )


def _check_here(step: Step, is_last: bool) -> Step:
    """Check a class of ours by its source, or one of scikit-learn by building it."""
    if step.missing:
        return step
    if step.is_own:
        check_own(step.class_path, step.params, is_last)
        return step
    [finding] = examine([Candidate(step.class_path, step.params, None, is_last)])
    if finding.error:
        raise ClassifierError(finding.error)
    return replace(step, keeps_columns=finding.keeps_columns)
