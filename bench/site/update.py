"""The report of a suite and its page, written where they are not current."""

from collections.abc import Sequence
from pathlib import Path

from bench.cells import Plan
from bench.report import digest_of, is_current, mark_current
from bench.store import Result, Store


def update_report(
    plan: Plan,
    store: Store,
    folder: Path,
    results: Sequence[Result],
    jobs: int = 1,
) -> Path:
    """Write the report of a suite and its page; return the path of the page.

    If both were made from the same results, suite, options and code, and nobody changed
    a file of theirs, nothing is computed or written.

    Parameters
    ----------
    results
        The result of each cell, as `bench.analysis.load_results` returns them.
    jobs
        The number of processes that draw figures.

    Raises
    ------
    StoreError
        If the store has no result of the suite.
    OutputError
        If a process that draws ended.
    """
    digest = digest_of(plan, store, folder, results)
    page = folder / "index.html"
    if is_current(folder, digest):
        return page
    # Here, since they import what computes and draws.
    from bench.report import write_report
    from bench.site.page import write_page

    write_report(plan, store, folder, results, jobs=jobs)
    page = write_page(folder, jobs=jobs)
    mark_current(folder, digest)
    return page
