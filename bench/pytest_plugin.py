"""The pytest plugin: a fixture that gates the accuracy of a user's classifier.

Loaded by every pytest where this package is installed, so it imports nothing of it:
what a check needs is imported when the first one runs.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd

_PROPERTY = "bench_check"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --bench-accept."""
    parser.getgroup("bench", "accuracy of classifiers (function-bench)").addoption(
        "--bench-accept",
        action="store_true",
        help="keep this run's scores in every baseline_file of a bench_check",
    )


@pytest.fixture
def bench_check(request: pytest.FixtureRequest) -> "Callable[..., pd.DataFrame]":
    """Gate the held-out accuracy of a scikit-learn classifier on fresh curves.

    ``bench_check(estimator, dataset, at_least=0.95)`` fits clones of it on fresh
    repetitions of a dataset and fails, with a table, where the gate does not hold.
    """

    def check(
        estimator: Any,
        dataset: Any,
        *,
        at_least: float | None = None,
        against: Any = None,
        baseline_file: "str | PathLike[str] | None" = None,
        repetitions: int = 3,
        margin: float = 0.01,
        seed: int | None = None,
        name: str | None = None,
    ) -> "pd.DataFrame":
        """Fit, score, and fail where the gate does not hold.

        One of `at_least`, `against` and `baseline_file` is the gate. Draws and the
        seeds of classifiers (every `random_state` that is None) are fixed, so a check
        gives the same scores each time, and those that a suite's cell would have.

        Parameters
        ----------
        estimator
            A scikit-learn classifier; clones of it are fitted, with one thread.
        dataset
            A recipe as in a suite file (a dictionary; paths from the current folder),
            or a suite's file, or the name of a shipped one, and the id of a dataset in
            it: ``("quick", "normal-100")``.
        at_least : float
            Fails if the mean held-out accuracy is below it; says whether clearly so,
            that is, by the whole 95% interval.
        against : classifier
            Another one, fitted on the same draws. Fails if `estimator` is worse: if
            the 95% interval of the paired difference lies below −margin. With few
            repetitions that interval is wide: what is inconclusive passes.
        baseline_file : path
            A ``results.csv`` that an earlier run kept with ``--bench-accept``. Fails
            if worse in the same sense, or not comparable: of other data, or fewer
            repetitions. Draws are the same on one machine and set of versions only.
        repetitions : int
            How many fresh draws; at least 2 but for `at_least`.
        margin : float
            The largest difference that does not matter.
        seed : int, optional
            The root of random streams; by default the suite's, or 0.
        name : str, optional
            What to call the classifier; by default its class.

        Returns
        -------
        DataFrame
            The scores, one row a repetition, as in a ``results.csv``.
        """
        __tracebackhide__ = True
        from bench.base import BenchError
        from bench.compare import check_classifier

        problem = ""
        try:
            outcome = check_classifier(
                estimator,
                dataset,
                at_least=at_least,
                against=against,
                baseline_file=baseline_file,
                repetitions=repetitions,
                margin=margin,
                seed=seed,
                name=name,
                accept=request.config.getoption("--bench-accept"),
            )
        except BenchError as error:
            problem = str(error)
        if problem:
            pytest.fail(f"bench_check: {problem}")
        # A property of the report, which reaches JUnit's XML, and us through xdist.
        request.node.user_properties.append((_PROPERTY, outcome.headline))
        if not outcome.passed:
            pytest.fail(outcome.text)
        return outcome.scores

    return check


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what every check reached, those that passed as well."""
    lines = [
        str(value)
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call"
        for name, value in report.user_properties
        if name == _PROPERTY
    ]
    if lines and terminalreporter.config.get_verbosity() >= 0:
        terminalreporter.write_sep("-", "bench_check")
        for line in lines:
            terminalreporter.write_line(line)
