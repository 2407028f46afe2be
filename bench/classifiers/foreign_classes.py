"""Classes of other packages: imported and built in another process before a run.

The module of a class that is neither ours nor scikit-learn's may do anything as it is
imported: raise, exit, crash the interpreter, hang, start processes. None of it may end
the command that only wants to know whether the class can be used. So a fork server
(see `bench.processes.fork_server`) makes a child that imports the module and builds the
class as the suite says, under a time limit; this process gets words back and imports
nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pickle import dumps, loads
from typing import Any

from bench.base import (
    ClassifierError,
    Limits,
    described,
    digest,
    format_size,
    memory_share,
    shown,
)
from bench.classifiers.class_files import ClassFile, load_module
from bench.classifiers.class_paths import (
    check_class,
    check_step,
    class_in,
    class_version,
    import_class,
)
from bench.processes import CallOutcome, Executor, Request, new_executor, signal_name

SECONDS = 60.0  # for the classes of one module; a cold import of a large one takes ten
_WARM = "sklearn.base"  # nearly every such module imports it, and it takes a second


@dataclass(frozen=True)
class Candidate:
    """A class that a suite names, with what the suite wants of it.

    Attributes
    ----------
    class_path
        As the suite has it: a dotted path, or ``./my.py:MyClassifier``.
    params
        What it is built from.
    file
        The text that it stands in; None for what is imported.
    is_last
        Whether it classifies; any other transforms curves before that.
    """

    class_path: str
    params: Mapping[str, Any]
    file: ClassFile | None
    is_last: bool

    @property
    def key(self) -> str:
        """Equal for candidates of which the same can be said."""
        text = self.file.digest if self.file else None
        return digest([self.class_path, dict(self.params), text, self.is_last])

    @property
    def home(self) -> str:
        """Name the module or the file that is imported."""
        if self.file is not None:
            return self.class_path.rpartition(":")[0]
        return self.class_path.rpartition(".")[0]


@dataclass(frozen=True)
class Finding:
    """What became of a class that was imported and built.

    Attributes
    ----------
    version
        See `bench.classifiers.class_paths.class_version`; empty where nothing can be
        said.
    error
        Why it cannot be used; empty if it can.
    absent
        The package that its file imports and that is not installed, if that is why.
    """

    version: str = ""
    error: str = ""
    absent: str = ""


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
    return [_examine(candidate) for candidate in candidates]


def examine_apart(candidates: Iterable[Candidate]) -> dict[str, Finding]:
    """Import and build classes in processes of their own, those of a module together.

    Stops at the first module that ends its process, since nothing can run then.

    Returns
    -------
    dict
        Key of a candidate → what was found.
    """
    distinct = {candidate.key: candidate for candidate in candidates}
    found = {k: f for k, c in distinct.items() if (f := _absent(c)) is not None}
    modules: dict[str, list[Candidate]] = {}
    for key, candidate in distinct.items():
        if key not in found:
            home = candidate.file.digest if candidate.file else candidate.home
            modules.setdefault(home, []).append(candidate)
    if not modules:
        return found
    runner = new_executor(1, [_WARM])
    try:
        for together in modules.values():
            answers = _ask(runner, together)
            found |= {c.key: f for c, f in zip(together, answers, strict=False)}
            if len(answers) < len(together):
                break
    finally:
        runner.close()
    return found


def _ask(runner: Executor, together: Sequence[Candidate]) -> list[Finding]:
    """Return what a child found, up to the first class that ended it."""
    ended = _call(runner, together)
    if ended.how == "answered":
        answers: list[Finding] = loads(ended.answer)
        return answers
    if len(together) == 1:
        return [Finding(error=_ending(together[0], ended))]
    answers = []  # which of them it was is known only if each is asked alone
    for candidate in together:
        answers += _ask(runner, [candidate])
        if answers[-1].error:
            return answers
    # Each alone is well: it was the machine, or they cannot be imported together.
    return [Finding(error=_ending(together[0], ended))]


def _call(runner: Executor, together: Sequence[Candidate]) -> CallOutcome:
    payload = dumps((examine, (list(together),)))
    runner.start(0, Request(payload, Limits(SECONDS, memory_share(1))))
    [(_, ended)] = runner.wait()
    return ended


def _absent(candidate: Candidate) -> Finding | None:
    """Say that a package is not installed; no process is needed for that."""
    package = candidate.class_path.partition(".")[0]
    if candidate.file is not None or not package:
        return None
    try:
        if find_spec(package) is not None:
            return None
    except ValueError:  # a module that was made by hand: the child will see
        return None
    error = ModuleNotFoundError(f"No module named '{package}'")
    words = _not_imported(candidate, described(error))
    return Finding(class_version(candidate.class_path), error=words)


def _examine(candidate: Candidate) -> Finding:
    class_path, file = candidate.class_path, candidate.file
    version = ""
    try:
        if file is None:
            version = class_version(class_path)
            found = import_class(class_path)
        else:
            version = f"file {file.digest}"
            try:
                module = load_module(file)
            except (Exception, SystemExit) as error:
                words = f"{_place(error, file)}{described(error)}"
                absent = error.name if isinstance(error, ModuleNotFoundError) else None
                error_line = _not_imported(candidate, words)
                return Finding(version, error_line, absent or "")
            found = class_in(module, class_path)
        check = check_class if candidate.is_last else check_step
        check(class_path, found, dict(candidate.params))
    except ClassifierError as error:
        return Finding(version, error=str(error))
    except (Exception, SystemExit) as error:  # such as a metaclass that raises
        words = (
            f"'{class_path}' raises {described(error)} when its attributes are read; "
            "expected a class that follows scikit-learn's conventions"
        )
        return Finding(version, error=words)
    return Finding(version)


def _not_imported(candidate: Candidate, why: str) -> str:
    expected = "; expected package.module.Class of what is installed"
    remedy = "" if candidate.file else expected
    return f"'{candidate.class_path}' cannot be imported: {why}{remedy}"


def _place(error: BaseException, file: ClassFile) -> str:
    """Name the line of a file that raised, or does not compile."""
    line = error.lineno if isinstance(error, SyntaxError) else None
    if not isinstance(error, SyntaxError) or error.filename != file.path:
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == file.path:
                line = trace.tb_lineno
            trace = trace.tb_next
    return f"{file.path}:{line}: " if line else ""


def _ending(candidate: Candidate, ended: CallOutcome) -> str:
    """Say how the process ended that was to import and build a class."""
    code, params = ended.exit_code or 0, dict(candidate.params)
    given = f" from {shown(str(params), 80)}" if params else ""
    what = f"importing and building '{candidate.class_path}'{given}"
    match ended.how:
        case "timeout":
            how = f"took more than {SECONDS:g} s and was stopped"
        case "memory":
            how = f"took {format_size(ended.peak)} of memory and was stopped"
        case "exited" if code < 0:
            how = f"ended its process by {signal_name(-code)}"
        case "exited":
            lines = ended.log.strip().splitlines()
            said = f" ({shown(lines[-1])})" if lines else ""
            how = f"ended its process with exit code {code}{said}"
        case _:
            how = "was ended from outside"
    name = candidate.class_path.replace(":", ".").rpartition(".")[2]
    code_line = f"from {candidate.home} import {name}"
    see = f"python {candidate.home}" if candidate.file else f"python -c '{code_line}'"
    return f"{what} {how}; expected that it returns, try `{see}`"
