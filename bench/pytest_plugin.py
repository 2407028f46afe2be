"""The pytest plugin: a fixture that gates the accuracy of a user's classifier.

Every pytest loads it where this package is installed. So it imports no other module of
the package before the first check runs.
"""

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd

_PROPERTY = "bench_check"


class InconclusiveWarning(pytest.PytestWarning):
    """A gate cannot tell, and `inconclusive="warn"` lets it pass."""


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
    fresh repetitions of a dataset. Unless the requirement is shown to hold, it fails
    with a table: the outcomes are pass, fail and "cannot tell".
    """

    def check(
        estimator: Any,
        dataset: Any,
        *,
        at_least: float | None = None,
        against: Any = None,
        baseline_file: "str | PathLike[str] | None" = None,
        repetitions: int = 5,
        margin: float = 0.01,
        inconclusive: Literal["fail", "warn"] = "fail",
        seed: int | None = None,
        name: str | None = None,
    ) -> "pd.DataFrame":
        """Fit and score a classifier, and fail unless the gate is shown to hold.

        One of `at_least`, `against` and `baseline_file` is the gate. Each judges by a
        95% interval (paired t), and needs at least three repetitions to pass, unless
        the scores are identical. It fails with its own words, "cannot tell", where the
        interval is too wide for a verdict: the message says how many repetitions would
        do. Draws and the
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
            An accuracy. The check passes if the whole interval of the mean held-out
            accuracy is at or above it, fails if the mean is below it, and otherwise
            cannot tell.
        against : classifier
            Another classifier, fitted on the same draws. The check passes if
            `estimator` is shown to be worse by at most the margin: if the interval of
            the paired difference lies above −margin; it fails if the interval lies
            below −margin, and otherwise cannot tell.
        baseline_file : path
            A ``results.csv`` that an earlier run wrote with ``--bench-accept``, judged
            in the same way. Identical scores pass, whatever the number of repetitions.
            Scores that are not comparable fail: other data, or fewer repetitions. Draws
            are the same only on one machine with the same versions.
        repetitions : int
            The number of fresh draws. Of recorded curves the split sets it; its draws
            share curves, and intervals are wider for it.
        margin : float
            The largest loss that does not matter, with `against` and `baseline_file`.
        inconclusive : "fail" or "warn"
            What happens where the check cannot tell: a failure, or an
            `InconclusiveWarning` and a pass.
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
                inconclusive=inconclusive,
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
        if outcome.verdict == "cannot tell" and inconclusive == "warn":
            warnings.warn(InconclusiveWarning(outcome.headline), stacklevel=2)
        elif not outcome.passed:
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
