"""Reading a suite file: every mistake with its file, its line and what was expected."""

from pathlib import Path

from bench.base import (
    SUITES,
    MissingFileError,
    SuiteError,
    did_you_mean,
    is_file,
    read_document,
)
from bench.suite.grids import expand_grids
from bench.suite.schema import Suite
from bench.suite.sweeps import expand_sweeps

MAX_CELLS = 100_000  # what a table, a progress bar and a reader can still hold


def find_suite(name_or_path: str | Path) -> Path:
    """Find a suite: a path, or a name in the current folder or among the shipped ones.

    Where nothing is found, the path is returned as it was given.
    """
    path = Path(name_or_path)
    candidates = [path]
    if path.name == str(name_or_path):  # a name, without a folder
        candidates += [Path(f"{path}.yaml"), SUITES / f"{path}.yaml"]
    found = next(filter(is_file, candidates), path)
    # Short in a checkout: messages and reports name it.
    in_folder = found.is_absolute() and not path.is_absolute()
    if in_folder and found.is_relative_to(Path.cwd()):
        return found.relative_to(Path.cwd())
    return found


def load_suite(path: str | Path) -> Suite:
    """Read and check a suite file.

    Parameters
    ----------
    path
        The file; or the name of a suite, which is searched in the current folder and
        then among the shipped ones.

    Raises
    ------
    MissingFileError
        No such file, and no shipped suite of that name.
    SuiteError
        With file and line: unsafe YAML, an unknown key or name, a wrong type, too
        many cells.
    """
    try:
        document = read_document(find_suite(path), SuiteError)
    except MissingFileError as error:
        shipped = sorted(found.stem for found in SUITES.glob("*.yaml"))
        raise MissingFileError(
            f"{error}, or the name of a shipped suite"
            f"{did_you_mean(Path(path).stem, shipped)}: {', '.join(shipped)} (in "
            f"{SUITES})"
        ) from None
    path = document.path
    if not isinstance(document.data, dict):
        raise SuiteError(f"{path}:1: expected a mapping; see `python -m bench schema`")
    document, families = expand_sweeps(document, SuiteError)
    document, grids = expand_grids(document, SuiteError)
    suite = Suite.from_document(document, SuiteError, families, grids)
    n_datasets, n_classifiers = len(suite.datasets), len(suite.classifiers)
    n_cells = n_datasets * suite.repetitions * n_classifiers
    if n_cells > MAX_CELLS:
        raise SuiteError(
            f"{suite.where('repetitions')}: repetitions: {n_datasets} datasets × "
            f"{suite.repetitions} repetitions × {n_classifiers} classifiers are "
            f"{n_cells} cells; expected at most {MAX_CELLS}: lower repetitions or "
            "split the suite"
        )
    return suite
