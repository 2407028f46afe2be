"""Reading a suite file: every mistake with its file, its line and what was expected."""

from pathlib import Path

from bench.documents import read_document
from bench.errors import SuiteError
from bench.grid_entries import expand_grids
from bench.schema import Suite
from bench.sweep_entries import expand_sweeps

MAX_CELLS = 100_000  # what a table, a progress bar and a reader can still hold


def load_suite(path: str | Path) -> Suite:
    """Read and check a suite file.

    Raises
    ------
    MissingFileError
        No such file.
    SuiteError
        With file and line: unsafe YAML, an unknown key or name, a wrong type, too
        many cells.
    """
    document = read_document(Path(path), SuiteError)
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
