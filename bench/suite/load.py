"""Read suite files; a mistake is named with its file, its line and the remedy."""

from collections.abc import Iterable
from pathlib import Path

from bench.base import (
    SUITES,
    MissingFileError,
    SuiteError,
    did_you_mean,
    is_file,
    read_document,
)
from bench.suite.changes import Change, change
from bench.suite.extending import extend, shipped_names, short_path
from bench.suite.grids import expand_grids
from bench.suite.schema import Suite
from bench.suite.sweeps import expand_sweeps

MAX_CELLS = 1_000_000  # more fill the memory of a plan, and no table is readable


def find_suite(name_or_path: str | Path) -> Path:
    """Find a suite by its path, or by name in the current folder or the shipped suites.

    If nothing is found, the given path is returned.
    """
    path = Path(name_or_path)
    candidates = [path]
    if path.name == str(name_or_path):  # a name, without a folder
        candidates += [Path(f"{path}.yaml"), SUITES / f"{path}.yaml"]
    existing = next(filter(is_file, candidates), path)
    is_shipped = existing.is_absolute() and not path.is_absolute()
    return short_path(existing) if is_shipped else existing


def load_suite(path: str | Path, changes: Iterable[Change] = ()) -> Suite:
    """Read and check a suite file, and the file that it extends, if any.

    Parameters
    ----------
    path
        The file, or the name of a suite in the current folder or among the shipped
        suites.
    changes
        Values that replace those of the file, as `bench run` sets them by ``--set`` and
        ``-n``.

    Raises
    ------
    MissingFileError
        If there is no such file and no shipped suite of that name.
    SuiteError
        If the file has unsafe YAML, an unknown key or name, a wrong type or too many
        cells. The message has file and line, or the option of a change.
    """
    try:
        document = read_document(find_suite(path), SuiteError)
    except MissingFileError as error:
        shipped = shipped_names()
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
    document = change(extend(document, SuiteError), changes, SuiteError)
    document, families = expand_sweeps(document, SuiteError)
    document, grids = expand_grids(document, SuiteError)
    suite = Suite.from_document(document, SuiteError, families, grids)
    n_datasets, n_classifiers = len(suite.datasets), len(suite.classifiers)
    numbers = [suite.repetitions_of(spec) for spec in suite.datasets]
    n_cells = sum(numbers) * n_classifiers
    if n_cells > MAX_CELLS:
        raise SuiteError(
            f"{suite.where('repetitions')}: repetitions: {n_datasets} datasets × "
            f"{max(numbers)} repetitions × {n_classifiers} classifiers are "
            f"{n_cells} cells; expected at most {MAX_CELLS}: lower repetitions or "
            "split the suite"
        )
    return suite
