"""Read suite files; a mistake is named with its file, its line and the remedy."""

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

MAX_CELLS = 100_000  # more make plans and reports slow, and no table readable


def find_suite(name_or_path: str | Path) -> Path:
    """Find a suite by its path, or by name in the current folder or the shipped suites.

    If nothing is found, the given path is returned.
    """
    path = Path(name_or_path)
    candidates = [path]
    if path.name == str(name_or_path):  # a name, without a folder
        candidates += [Path(f"{path}.yaml"), SUITES / f"{path}.yaml"]
    existing = next(filter(is_file, candidates), path)
    # In a checkout a shipped suite is below the current folder: messages and reports
    # show its path, which is shorter relative to it.
    is_shipped = existing.is_absolute() and not path.is_absolute()
    if is_shipped and existing.is_relative_to(Path.cwd()):
        return existing.relative_to(Path.cwd())
    return existing


def load_suite(path: str | Path) -> Suite:
    """Read and check a suite file.

    Parameters
    ----------
    path
        The file, or the name of a suite in the current folder or among the shipped
        suites.

    Raises
    ------
    MissingFileError
        If there is no such file and no shipped suite of that name.
    SuiteError
        If the file has unsafe YAML, an unknown key or name, a wrong type or too many
        cells. The message has file and line.
    """
    try:
        document = read_document(find_suite(path), SuiteError)
    except MissingFileError as error:
        shipped = sorted(suite.stem for suite in SUITES.glob("*.yaml"))
        raise MissingFileError(
            f"{error}, or the name of a shipped suite"
            f"{did_you_mean(Path(path).stem, shipped)}: {', '.join(shipped)} (in "
            f"{SUITES})"
        ) from None
    path = document.path
    if not isinstance(document.data, dict):
        raise SuiteError(
            f"{path}:1: found a {type(document.data).__name__}; expected a mapping of "
            "keys to values, see `python -m bench schema`"
        )
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
