import subprocess

import numpy
import pytest

from bench.base import provenance, resources
from bench.base.provenance import commit, cpu_name, package_version, versions


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Make a repository with one commit, and take it for the checkout."""
    monkeypatch.setattr(resources, "CHECKOUT", tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    (tmp_path / "code.py").write_text("1")
    name = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    for command in (["init", "-q"], ["add", "."], [*name, "commit", "-qm", "one"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_a_checkout_is_dirty_if_anything_but_reports_and_data_changed(checkout):
    head, dirty = commit()
    assert len(head) == 40
    assert dirty is False
    for folder in ("reports", "data"):
        (checkout / folder).mkdir()
        (checkout / folder / "new").write_text("left by a run")
    assert commit() == (head, False)
    (checkout / "code.py").write_text("2")
    assert commit() == (head, True)


def test_a_folder_that_is_not_a_checkout_has_no_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "CHECKOUT", tmp_path)
    assert commit() == (None, None)


def test_without_git_nothing_is_known(checkout, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert commit() == (None, None)


def test_versions_name_what_is_installed_and_what_is_missing():
    assert versions()["numpy"] == numpy.__version__
    assert versions()["function-bench"] == provenance.__version__
    assert package_version("no-such-distribution") == "missing"


def test_the_name_of_the_processor_is_one_line():
    assert cpu_name().strip()
    assert cpu_name() == " ".join(cpu_name().split())
