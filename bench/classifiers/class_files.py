"""A class in a file beside a suite: its text, as a module that every process can load.

The text travels with what is computed, so that a cell never runs another text than the
one its key was taken over, on whatever machine.
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
        Where it was read; a traceback names it.
    text
        All of it.
    """

    path: str
    text: str

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text: 64 hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def module(self) -> str:
        """The name of its module: another text has another name."""
        return f"bench_file_{self.digest[:16]}"


class _Loader(InspectLoader):
    """Runs a text under the name of the file that it was read from."""

    def __init__(self, file: ClassFile) -> None:
        self._file = file

    def get_source(self, fullname: str) -> str:
        """Return the text, which tracebacks quote."""
        return self._file.text

    def get_code(self, fullname: str) -> CodeType:
        """Compile the text."""
        return self.source_to_code(self._file.text, self._file.path)


def read_class_file(path: Path, written: str) -> ClassFile:
    """Read a Python file; nothing of it is run.

    Parameters
    ----------
    path
        The file.
    written
        How the suite calls it.
    """
    try:
        raw = read_bytes(path, MAX_BYTES)
    except OSError as problem:
        raise MissingFileError(
            f"no file '{written}' ({problem.strerror}: {path}); expected a Python "
            "file, its path relative to the suite's"
        ) from None
    if len(raw) > MAX_BYTES:
        raise ClassifierError(f"'{written}' has more than {MAX_BYTES} bytes")
    try:
        return ClassFile(str(path.absolute()), raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ClassifierError(
            f"'{written}' is no text in UTF-8; save it in that encoding"
        ) from None


def load_module(file: ClassFile) -> ModuleType:
    """Return the module of a file, run once a process; what it raises is its own."""
    if file.module in sys.modules:
        return sys.modules[file.module]
    spec = spec_from_file_location(file.module, file.path, loader=_Loader(file))
    assert spec is not None  # a loader was given
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[file.module] = module  # before it runs: what it defines looks it up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[file.module]
        raise
    return module


def publish(file: ClassFile) -> None:
    """Let processes that this one starts import the module by its name.

    joblib's and multiprocessing's are new interpreters, which unpickle a class or a
    function by its module's name. For a process of our own alone: it changes its
    environment, and leaves a file in the folder for temporary ones.
    """
    folder = Path(tempfile.gettempdir()) / "classes"
    folder.mkdir(exist_ok=True)
    (folder / f"{file.module}.py").write_text(file.text, "utf-8", newline="")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
        inherited = os.environ.get("PYTHONPATH")
        paths = [str(folder), *([inherited] if inherited else [])]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
