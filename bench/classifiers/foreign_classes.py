"""Classes of other packages: checked in another process before a run.

The module of a class that is neither ours nor scikit-learn's may do anything when it is
imported: raise, exit, crash the interpreter, hang, start processes. None of this may
end the command that checks whether the class can be used. So a fork server (see
`bench.processes.fork_server`) makes a child process, which imports the module and
builds the class with the suite's parameters under a time limit. The parent process
imports nothing and receives only text.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from pickle import dumps, loads
from typing import Any

from bench.base import (
    ClassifierError,
    Limits,
    described,
    digest,
    format_size,
    is_file,
    memory_share,
    shown,
)
from bench.classifiers.class_code import Code, code_of
from bench.classifiers.class_files import ClassFile, load_module
from bench.classifiers.class_paths import (
    check_class,
    check_step,
    class_in,
    class_version,
    import_class,
    is_foreign,
)
from bench.classifiers.estimator_kinds import keeps_columns
from bench.processes import CallOutcome, Executor, Request, new_executor, signal_name

# Time limit for the classes of one module. The first import of a large one takes 10 s.
SECONDS = 60.0
# Imported once by the fork server: nearly every module needs it, and it takes a second.
_PRELOADED = "sklearn.base"


@dataclass(frozen=True)
class Candidate:
    """A class that a suite names, with its parameters and its place in a pipeline.

    Attributes
    ----------
    class_path
        The path in the suite: dotted, or ``./my.py:MyClassifier``.
    params
        The parameters to build it with.
    file
        The file that defines it; None for a class of a package.
    is_last
        Whether it is the classifier, and not a step before it.
    """

    class_path: str
    params: Mapping[str, Any]
    file: ClassFile | None
    is_last: bool

    @property
    def key(self) -> str:
        """A hash that is equal for candidates with equal findings."""
        text = self.file.digest if self.file else None
        return digest([self.class_path, dict(self.params), text, self.is_last])

    @property
    def group(self) -> str:
        """A name that candidates share if the same module is imported for them."""
        return self.home if self.file is None else self.file.digest

    @property
    def home(self) -> str:
        """The module or the file that is imported."""
        if self.file is not None:
            return self.class_path.rpartition(":")[0]
        return self.class_path.rpartition(".")[0]


@dataclass(frozen=True)
class Finding:
    """The outcome of importing and building a class.

    Attributes
    ----------
    version
        See `bench.classifiers.class_paths.class_version`; empty if unknown.
    code
        What else counts of its code.
    error
        The reason why the class cannot be used; empty if it can.
    absent
        The package that the class's file imports and that is not installed, if that is
        the reason.
    keeps_columns
        Whether a step keeps the columns that it gets, see
        `bench.classifiers.estimator_kinds.keeps_columns`.
    """

    version: str = ""
    error: str = ""
    absent: str = ""
    keeps_columns: bool = False
    code: Code = field(default_factory=Code)


Findings = Mapping[str, Finding]


def examine(candidates: Sequence[Candidate]) -> list[Finding]:
    """Import and build classes in this process.

    Parameters
    ----------
    candidates : sequence of length n

    Returns
    -------
    list of length n
    """
    before = frozenset(sys.modules)
    imported: dict[str, frozenset[str]] = {}  # by group
    return [_examine(candidate, before, imported) for candidate in candidates]


def examine_apart(candidates: Iterable[Candidate]) -> dict[str, Finding]:
    """Import and build classes in child processes, one process for each module.

    Stops at the first module that ends its process, since the suite cannot run then.

    Returns
    -------
    dict
        Key of a candidate → its finding.
    """
    distinct = {candidate.key: candidate for candidate in candidates}
    findings = {k: f for k, c in distinct.items() if (f := _absent(c)) is not None}
    modules: dict[str, list[Candidate]] = {}
    for key, candidate in distinct.items():
        if key not in findings:
            modules.setdefault(candidate.group, []).append(candidate)
    if not modules:
        return findings
    executor = new_executor(1, [_PRELOADED])
    try:
        for group in modules.values():
            results = _examine_group(executor, group)
            findings |= {c.key: f for c, f in zip(group, results, strict=False)}
            if len(results) < len(group):
                break
    finally:
        executor.close()
    return findings


def _examine_group(executor: Executor, group: Sequence[Candidate]) -> list[Finding]:
    """Return the findings of a child process, up to the first class that ended it."""
    outcome = _call(executor, group)
    if outcome.how == "answered":
        findings: list[Finding] = loads(outcome.answer)
        return findings
    if len(group) == 1:
        return [Finding(error=_ending(group[0], outcome))]
    findings = []  # one by one, to know which class ended the process
    for candidate in group:
        findings += _examine_group(executor, [candidate])
        if findings[-1].error:
            return findings
    # Each succeeds alone: the machine was too busy, or they cannot be used together.
    return [Finding(error=_ending(group[0], outcome))]


def _call(executor: Executor, group: Sequence[Candidate]) -> CallOutcome:
    payload = dumps((examine, (list(group),)))
    executor.start(0, Request(payload, Limits(SECONDS, memory_share(1))))
    [(_, outcome)] = executor.wait()
    return outcome


def _absent(candidate: Candidate) -> Finding | None:
    """Return a finding for a package that is not installed, without a process."""
    package = candidate.class_path.partition(".")[0]
    if candidate.file is not None or not package:
        return None
    try:
        if find_spec(package) is not None:
            return None
    except ValueError:  # a module without a spec, made by hand: the child checks it
        return None
    error = ModuleNotFoundError(f"No module named '{package}'")
    message = _import_message(candidate, described(error))
    return Finding(class_version(candidate.class_path), error=message)


def _examine(
    candidate: Candidate, before: frozenset[str], imported: dict[str, frozenset[str]]
) -> Finding:
    class_path, file = candidate.class_path, candidate.file
    version = ""
    try:
        if file is None:
            version = class_version(class_path)
            class_ = import_class(class_path)
        else:
            version = f"file {file.text_digest}"
            try:
                module = load_module(file)
            except (Exception, SystemExit) as error:
                reason = f"{_place(error, file)}{described(error)}"
                absent = ""
                if isinstance(error, ModuleNotFoundError):
                    absent = error.name or ""
                    reason += _beside(absent, file)
                message = _import_message(candidate, reason)
                return Finding(version, message, absent)
            class_ = class_in(module, class_path)
        # What a constructor imports would depend on the classes that were built before.
        modules = imported.setdefault(candidate.group, frozenset(sys.modules) - before)
        check = check_class if candidate.is_last else check_step
        built = check(class_path, class_, dict(candidate.params))
        kept = keeps_columns(built)
        if not is_foreign(class_path):
            return Finding(version, keeps_columns=kept)
        code = code_of(class_path, class_, file, modules)
        return Finding(version, keeps_columns=kept, code=code)
    except ClassifierError as error:
        return Finding(version, error=str(error))
    except (Exception, SystemExit) as error:  # a metaclass that raises, for instance
        message = (
            f"'{class_path}' raises {described(error)} when its attributes are read; "
            "expected a class that follows scikit-learn's conventions"
        )
        return Finding(version, error=message)


def _import_message(candidate: Candidate, reason: str) -> str:
    if candidate.file is not None:  # the names that its modules have in the file
        reason = reason.replace(f"{candidate.file.package}.", "")
    expected = "; expected package.module.Class of an installed package"
    remedy = "" if candidate.file else expected
    return f"'{candidate.class_path}' cannot be imported: {reason}{remedy}"


def _place(error: BaseException, file: ClassFile) -> str:
    """Return the file and line that raised or does not compile; "" if elsewhere.

    The file is the class file, or one beside it that it imports.
    """
    if isinstance(error, SyntaxError) and error.filename in file.paths:
        return f"{error.filename}:{error.lineno}: "
    path, line, trace = "", 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in file.paths:
            path, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return f"{path}:{line}: " if line else ""


def _beside(absent: str, file: ClassFile) -> str:
    """Return a remedy if a missing module lies beside the file; else ""."""
    name = absent.removeprefix(f"{file.package}.").partition(".")[0]
    path = Path(file.path).with_name(f"{name}.py")
    if not name or name == Path(file.path).stem or not is_file(path):
        return ""
    return f"; '{path.name}' lies beside it: write `import {name}` to import it"


def _ending(candidate: Candidate, outcome: CallOutcome) -> str:
    """Describe how the process that imported and built a class ended."""
    code, params = outcome.exit_code or 0, dict(candidate.params)
    given = f" from {shown(str(params), 80)}" if params else ""
    action = f"importing and building '{candidate.class_path}'{given}"
    match outcome.how:
        case "timeout":
            how = f"took more than {SECONDS:g} s and was stopped"
        case "memory":
            how = f"took {format_size(outcome.peak)} of memory and was stopped"
        case "exited" if code < 0:
            how = f"ended its process by {signal_name(-code)}"
        case "exited":
            lines = outcome.log.strip().splitlines()
            last_line = f" ({shown(lines[-1])})" if lines else ""
            how = f"ended its process with exit code {code}{last_line}"
        case _:
            how = "was ended by another process"
    name = candidate.class_path.replace(":", ".").rpartition(".")[2]
    code_line = f"from {candidate.home} import {name}"
    trial = f"python {candidate.home}" if candidate.file else f"python -c '{code_line}'"
    return f"{action} {how}; expected it to return: try `{trial}`"
