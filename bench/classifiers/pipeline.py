"""What a classifier is made of: one class, or the steps of a pipeline."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.base import BenchError, ClassifierError, did_you_mean, located
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
_NEEDED = {"fda": "skfda"}  # by a wrapper itself; aeon's takes a plain array


@dataclass(frozen=True)
class Step:
    """A class and its parameters: a classifier, or a step of one.

    Attributes
    ----------
    class_path
        As the suite has it: a dotted path, or ``./my.py:MyClassifier``.
    params
        A preset's, overridden by the suite's.
    version
        Of the package that computes; for a file, the hash of its text.
    wrap
        What it expects in place of rows, see `ClassifierSpec`; empty for rows.
    missing
        What to install before it can run, where its package is an extra of ours.
    file
        The text that it stands in; None for what is imported.
    """

    class_path: str
    params: dict[str, Any]
    version: str
    wrap: str = ""
    missing: str = ""
    file: ClassFile | None = None

    @property
    def name(self) -> str:
        """The class without its module."""
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
    def identity(self) -> dict[str, Any]:
        """What its fit depends on, as a JSON value.

        A file counts by its text, wherever it lies and whatever it is called.
        """
        return {
            "class": f"file:{self.name}" if self.file else self.class_path,
            "params": self.params,
            "version": self.version,
        } | ({"wrap": self.wrap} if self.wrap else {})

    @property
    def modules(self) -> set[str]:
        """Name the modules that making it imports, those of a file's own imports."""
        names = {_WRAPPERS[self.wrap].rpartition(".")[0]} if self.wrap else set()
        if self.file is None:
            return names | {home_of(self.class_path)}
        return names | set(_imports(self.file.text))

    def load(self) -> Any:
        """Return the class."""
        if self.file is None:
            return import_class(self.class_path)
        return class_in(load_module(self.file), self.class_path)

    def make(self) -> Any:
        """Make the estimator, unfitted."""
        estimator = self.load()(**self.params)
        if self.wrap:
            return import_class(_WRAPPERS[self.wrap])(estimator)
        return estimator

    def publish(self) -> None:
        """Let processes of this one, which is our own, import a file's module."""
        if self.file is not None:
            publish(self.file)


def resolve_steps(
    spec: ClassifierSpec, folder: Path, findings: Findings | None = None
) -> tuple[Step, ...]:
    """Look the classes of an entry up and check their parameters; nothing is fitted.

    A preset as it stands imports nothing; any other class is built once, to see that
    it can be, and one of another package in another process.

    Parameters
    ----------
    findings
        What is known of classes of other packages; what is not is found out.
    """
    parts, homes = _named(spec, folder)
    candidates = _foreign(spec, parts)
    known = dict(findings or {})
    unknown = [c for c in candidates if c is not None and c.key not in known]
    if unknown:
        known |= examine_apart(unknown)
    checked = []
    for part, home, candidate in zip(parts, homes, candidates, strict=True):
        with located(home) if home else nullcontext():
            if candidate is not None:
                checked.append(_found(part, known[candidate.key]))
            else:
                if _is_changed(spec):
                    _check_here(part, is_last=part is parts[-1])
                checked.append(part)
    return tuple(checked)


def examine_all(specs: Iterable[ClassifierSpec], folder: Path) -> Findings:
    """Import and build the classes of other packages that entries name, all at once.

    Mistakes in an entry are left to `resolve_steps`, which says where they are.
    """
    candidates: list[Candidate] = []
    for spec in specs:
        with suppress(BenchError):
            parts, _ = _named(spec, folder)
            candidates += [c for c in _foreign(spec, parts) if c is not None]
    return examine_apart(candidates) if candidates else {}


def step_names(parts: Sequence[Step]) -> list[str]:
    """Name steps as scikit-learn's make_pipeline does: ``pca``, or ``pca-1``, …."""
    names = [part.name.lower() for part in parts]
    return [
        f"{name}-{names[: i + 1].count(name)}" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]


def _named(spec: ClassifierSpec, folder: Path) -> tuple[list[Step], list[str]]:
    """Return the parts of an entry, unchecked, and the place of each in it."""
    if spec.steps is None:
        parts = _parts_of(spec, folder)
        return parts, [""] * len(parts)
    parts, homes = [], []
    for number, step in enumerate(spec.steps):
        with located(f"steps[{number}]"):
            own = _parts_of(step, folder)
        parts += own
        homes += [f"steps[{number}]"] * len(own)
    return _with_params(parts, spec.params), homes


def _is_changed(spec: ClassifierSpec) -> bool:
    """Whether an entry is anything but a preset as it stands."""
    return spec.use is None or bool(spec.params)


def _foreign(spec: ClassifierSpec, parts: Sequence[Step]) -> list[Candidate | None]:
    """Return what another process must say of each part; None if nothing."""
    return [
        Candidate(part.class_path, part.params, part.file, part is parts[-1])
        if not part.missing
        and (not part.version or (_is_changed(spec) and part.is_foreign))
        else None
        for part in parts
    ]


def _parts_of(entry: Source, folder: Path) -> list[Step]:
    if entry.use is None:
        path = str(entry.class_)
        return [_part(path, entry.params, entry.wrap or "", folder)]
    preset = PRESETS[entry.use]
    parts = [_part(path, {}, "", folder) for path in preset.before]
    wrap = entry.wrap or preset.wrap
    parts.append(_part(preset.class_path, preset.params, wrap, folder))
    return _with_params(parts, entry.params)


def _part(class_path: str, params: dict[str, Any], wrap: str, folder: Path) -> Step:
    if class_path.startswith("__main__."):
        raise ClassifierError(
            f"'{class_path}' is known to this process alone; put the class in a module"
        )
    missing = missing_extra(_NEEDED.get(wrap, ""))
    if in_file := file_of(class_path):
        file = read_class_file(folder / in_file[0], in_file[0])
        return Step(class_path, params, f"file {file.digest}", wrap, missing, file)
    class_path = kept_path(class_path)
    missing = missing or missing_extra(class_path)
    version = "" if version_needs_import(class_path) else class_version(class_path)
    return Step(class_path, params, version, wrap, missing)


def _with_params(parts: list[Step], params: Mapping[str, Any]) -> list[Step]:
    """Give parameters to the steps that they name, or to the last."""
    names = step_names(parts)
    given: list[dict[str, Any]] = [{} for _ in parts]
    for name, value in params.items():
        step, nested, own = name.partition("__")
        if len(parts) == 1 or not nested:
            given[-1][name] = value
            continue
        if step not in names:
            raise ClassifierError(
                f"params.{name}: no step '{step}'{did_you_mean(step, names)}. Steps: "
                f"{', '.join(names)}"
            )
        given[names.index(step)][own] = value
    return [
        replace(part, params=part.params | own)
        for part, own in zip(parts, given, strict=True)
    ]


def _found(part: Step, finding: Finding) -> Step:
    """Add to a part what another process found; raise what it found wrong."""
    if part.file is not None and (missing := missing_extra(finding.absent)):
        return replace(part, missing=missing)
    if finding.error:
        raise ClassifierError(finding.error)
    return replace(part, version=finding.version)


def _check_here(part: Step, is_last: bool) -> None:
    """Check a class of ours, read in its source, or of scikit-learn, built once."""
    if part.missing:
        return
    if part.is_own:
        check_own(part.class_path, part.params, is_last)
        return
    [finding] = examine([Candidate(part.class_path, part.params, None, is_last)])
    if finding.error:
        raise ClassifierError(finding.error)


def _imports(text: str) -> Iterator[str]:
    """Yield the modules that a text imports first of all."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
