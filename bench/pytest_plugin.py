"""The pytest plugin: a fixture that gates the accuracy of a user's classifier.

Every pytest loads it where this package is installed. So it imports no other module of
the package before the first check runs.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd

_PROPERTY = "bench_check"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option --bench-accept."""
    parser.getgroup("bench", "accuracy of classifiers (function-bench)").addoption(
        "--bench-accept",
        action="store_true",
        help="write this run's scores to every baseline_file of a bench_check",
    )


@pytest.fixture
def bench_check(request: pytest.FixtureRequest) -> "Callable[..., pd.DataFrame]":
    """Gate the held-out accuracy of a scikit-learn classifier on fresh curves.

    ``bench_check(estimator, dataset, at_least=0.95)`` fits clones of the estimator on
    fresh repetitions of a dataset; if the gate does not hold, it fails with a table.
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
        """Fit and score a classifier, and fail if the gate does not hold.

        One of `at_least`, `against` and `baseline_file` is the gate. Draws and the
        seeds of classifiers (every `random_state` that is None) are fixed. So a check
        has the same scores each time, and a cell of a suite has them too.

        Parameters
        ----------
        estimator
            A scikit-learn classifier; clones of it are fitted with one thread.
        dataset
            A recipe as in a suite file (a dictionary, with paths relative to the
            current folder); or the path or name of a suite, with the id of one of its
            datasets: ``("quick", "normal-100")``.
        at_least : float
            The check fails if the mean held-out accuracy is below it. The message says
            whether the whole 95% interval is below it too.
        against : classifier
            Another classifier, fitted on the same draws. The check fails if `estimator`
            is worse: if the 95% interval of the paired difference lies below −margin.
            With few repetitions that interval is wide, and an inconclusive difference
            passes.
        baseline_file : path
            A ``results.csv`` that an earlier run wrote with ``--bench-accept``. The
            check fails if `estimator` is worse in the same sense, or not comparable:
            other data, or fewer repetitions. Draws are the same only on one machine
            with the same versions.
        repetitions : int
            The number of fresh draws: at least 1 with `at_least`, otherwise 2.
        margin : float
            The largest difference that does not matter.
        seed : int, optional
            The seed of all random streams; by default the suite's, or 0.
        name : str, optional
            The name of the classifier; by default its class.

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
        # As a property of the report, it is written to JUnit's XML, and xdist hands it
        # from a worker to the summary below.
        request.node.user_properties.append((_PROPERTY, outcome.headline))
        if not outcome.passed:
            pytest.fail(outcome.text)
        return outcome.scores

    return check


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the headline of every check, also of those that passed."""
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
