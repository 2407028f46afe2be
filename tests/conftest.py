import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import browser_pages
import pandas as pd
import pytest
import yaml_text

from bench.cli import main


def pytest_configure(config: pytest.Config) -> None:
    """Run benchmarks once, untimed (`make bench` times them), at any width."""
    if hasattr(config.option, "benchmark_disable"):
        config.option.benchmark_disable = True
    # Workers that run beside each other have it, and tables would take that width.
    os.environ.pop("COLUMNS", None)
    # As a command does, see `bench.cli.main`: text as without pyarrow.
    pd.set_option("mode.string_storage", "python")


@pytest.fixture
def write_suite(tmp_path: Path) -> Callable[..., Path]:
    """Write a suite of cheap classifiers to a temporary folder."""

    def write(file: str = "suite.yaml", /, **changes: Any) -> Path:
        path = tmp_path / file
        path.write_text(yaml_text.suite_text(**changes))
        return path

    return write


@pytest.fixture
def bench_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run a command in a temporary folder; give its exit code and what it said."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        said = capfd.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Start Chromium, once for all tests of pages."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if browser_pages.CHROMIUM is None:
        pytest.skip("no Chromium here")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=browser_pages.CHROMIUM, args=browser_pages.FLAGS
        )
        yield started
        started.close()
