"""Classes in a file beside a suite: the file's text, loaded as a module.

The text is sent along with each cell. So on any machine a cell runs exactly the text
that its key was computed from.
"""

import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from importlib.abc import InspectLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from bench.base import ClassifierError, MissingFileError, read_bytes

MAX_BYTES = 2**20


@dataclass(frozen=True)
class ClassFile:
    """The text of a Python file.

    Attributes
    ----------
    path
        The path it was read from, which tracebacks name.
    text
        The content of the file.
    """

    path: str
    text: str

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text: 64 hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def module(self) -> str:
        """The name of the module, which depends on the text."""
        return f"bench_file_{self.digest[:16]}"


class _Loader(InspectLoader):
    """A loader that runs a text under the name of the file it was read from."""

    def __init__(self, file: ClassFile) -> None:
        self._file = file

    def get_source(self, fullname: str) -> str:
        """Return the text, for tracebacks to quote."""
        return self._file.text

    def get_code(self, fullname: str) -> CodeType:
        """Compile the text."""
        return self.source_to_code(self._file.text, self._file.path)


def read_class_file(path: Path, written: str) -> ClassFile:
    """Read a Python file, without running it.

    Parameters
    ----------
    path
        The file.
    written
        The path as the suite has it, for messages.
    """
    try:
        raw = read_bytes(path, MAX_BYTES)
    except OSError as problem:
        raise MissingFileError(
            f"no file '{written}' ({problem.strerror}: {path}); expected a Python "
            "file, its path relative to the suite's"
        ) from None
    if len(raw) > MAX_BYTES:
        raise ClassifierError(
            f"'{written}' has more than {MAX_BYTES} bytes; expected a module of one "
            "classifier: import the rest from an installed package"
        )
    try:
        return ClassFile(str(path.absolute()), raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ClassifierError(
            f"'{written}' is not a text file in UTF-8; save it in that encoding"
        ) from None


def load_module(file: ClassFile) -> ModuleType:
    """Return the module of a file, which runs once in a process and may raise."""
    if file.module in sys.modules:
        return sys.modules[file.module]
    spec = spec_from_file_location(file.module, file.path, loader=_Loader(file))
    assert spec is not None  # since a loader was given
    assert spec.loader is not None
    module = module_from_spec(spec)
    # Before it runs: dataclasses and pickle look a class's module up in sys.modules.
    sys.modules[file.module] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[file.module]
        raise
    return module


def publish(file: ClassFile) -> None:
    """Make the module importable by name in child processes.

    Child processes of joblib and multiprocessing are new interpreters, which unpickle
    a class or a function by the name of its module. Only for processes that compute
    cells: this changes the environment, and leaves a file in the temporary folder.
    """
    folder = Path(tempfile.gettempdir()) / "classes"
    folder.mkdir(exist_ok=True)
    (folder / f"{file.module}.py").write_text(file.text, "utf-8", newline="")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
        before = os.environ.get("PYTHONPATH")
        paths = [str(folder), *([before] if before else [])]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
