"""Reading a suite file: every mistake with its file, its line and what was expected."""

from pathlib import Path

from bench.documents import read_document
from bench.errors import SuiteError
from bench.schema import Suite
from bench.validation import validated


def load_suite(path: str | Path) -> Suite:
    """Read and check a suite file.

    Raises
    ------
    MissingFileError
        No such file.
    SuiteError
        With file and line: unsafe YAML, an unknown key or name, a wrong type.
    """
    document = read_document(Path(path), SuiteError)
    if not isinstance(document.data, dict):
        raise SuiteError(f"{path}:1: expected a mapping; see `python -m bench schema`")
    suite = validated(Suite, document, SuiteError)
    suite._document = document
    return suite
