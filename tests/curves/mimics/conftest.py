import pytest

from bench.curves.library import load_library


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Keep pools in a temporary folder."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def library():
    return load_library("families20")
