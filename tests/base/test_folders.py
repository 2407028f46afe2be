"""A store or a report's folder that cannot be written, found before the first cell."""

import errno
import os
import re
from pathlib import Path

import pytest
import stored

from bench.base import folders
from bench.base.errors import OutputError, StoreError
from bench.base.folders import check_output, why_unwritable
from bench.store.store import Store


def no_space(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def forbid(monkeypatch):
    """Let the system forbid writing to a path: the tests may run as root."""
    access = os.access

    def forbidden(forbidden_path):
        def asked(path, mode, **more):
            if Path(path) == Path(forbidden_path) and mode & os.W_OK:
                return False
            return access(path, mode, **more)

        monkeypatch.setattr(os, "access", asked)

    return forbidden


def in_the_way(folder):
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("words")
    return r"Not a directory"


def above(folder):
    folder.parent.parent.mkdir(parents=True, exist_ok=True)
    folder.parent.write_text("words")
    return rf"{folder.parent}: Not a directory"


def dangling(folder):
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to("nowhere")
    return "a symbolic link to 'nowhere', which does not exist"


def loop(folder):
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(folder.name)
    return f"a symbolic link to '{folder.name}', which does not exist"


PLACES = [in_the_way, above, dangling, loop]


@pytest.mark.parametrize("attempt", [False, True])
@pytest.mark.parametrize("make", PLACES)
def test_a_file_or_broken_link_in_the_place_of_a_folder_is_named(
    tmp_path, monkeypatch, make, attempt
):
    monkeypatch.chdir(tmp_path)
    folder = Path("some", "folder")
    said = make(folder)
    assert why_unwritable(folder, attempt=attempt) == said
    with pytest.raises(OutputError, match=rf"^{folder}: cannot be written \(") as why:
        check_output(folder, attempt=attempt)
    assert str(why.value).endswith("choose another folder with --out")
    with pytest.raises(StoreError, match=rf"^{folder}: cannot be used \("):
        Store(folder).check_writable(attempt=attempt)


@pytest.mark.parametrize("name", ["here", "new", "new/and/deep", "linked"])
def test_checking_a_writable_folder_changes_nothing(tmp_path, name):
    (tmp_path / "here").mkdir()
    (tmp_path / "linked").symlink_to("here")
    before = stored.names(tmp_path)
    for attempt in (False, True):
        assert why_unwritable(tmp_path / name, attempt=attempt) == ""
        check_output(tmp_path / name, attempt=attempt)
    assert stored.names(tmp_path) == before
    assert not stored.names(tmp_path / "here")


def test_a_name_that_is_too_long_is_refused(tmp_path):
    assert why_unwritable(tmp_path / ("a" * 300), attempt=False) == os.strerror(
        errno.ENAMETOOLONG
    )
    assert why_unwritable(tmp_path / "a\0b", attempt=False)


@pytest.mark.parametrize("name", ["store", "store/new/one"])
def test_a_folder_without_permission_is_named(tmp_path, monkeypatch, forbid, name):
    monkeypatch.chdir(tmp_path)
    Path("store").mkdir()
    forbid("store")
    found = why_unwritable(Path(name), attempt=True)
    assert found.removeprefix("store: ") == os.strerror(errno.EACCES).replace(
        "Operation not permitted", "Permission denied"
    )
    assert found.startswith("store: ") == (name != "store")


def test_a_read_only_disk_is_named(tmp_path, monkeypatch, forbid):
    forbid(tmp_path)
    found = os.statvfs(tmp_path)
    values = list(found)
    values[8] |= os.ST_RDONLY
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(values))
    assert why_unwritable(tmp_path, attempt=False) == "Read-only file system"


def test_a_full_disk_is_found_by_writing_and_only_if_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(folders.tempfile, "TemporaryFile", no_space)
    assert why_unwritable(tmp_path, attempt=True) == os.strerror(errno.ENOSPC)
    assert why_unwritable(tmp_path, attempt=False) == ""


def test_files_of_an_earlier_report_must_be_replaceable(tmp_path, forbid):
    figures = tmp_path / "figures"
    figures.mkdir()
    (tmp_path / "notes").mkdir()
    (figures / "one.svg").touch()
    check_output(tmp_path)
    (tmp_path / "README.md").mkdir()
    with pytest.raises(OutputError, match=r"README.md: .* \(Is a directory\)"):
        check_output(tmp_path)
    (tmp_path / "README.md").rmdir()
    forbid(figures / "one.svg")
    with pytest.raises(OutputError, match=r"one.svg: .* \(Permission denied\)"):
        check_output(tmp_path)
    (figures / "one.svg").unlink()
    forbid(figures)
    with pytest.raises(OutputError, match=r"figures: cannot be written \(Permission"):
        check_output(tmp_path)


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
@pytest.mark.parametrize(
    ("place", "remedy", "make"),
    # A file in the store's place is refused as the command line is read.
    [("data/store", "--store", dangling)]
    + [("reports/small", "--out", make) for make in PLACES],
)
def test_a_run_names_an_unwritable_folder_before_the_first_cell(
    write_suite, bench_run, tmp_path, dry, place, remedy, make
):
    suite = write_suite(classifiers=["GNB"])
    said = make(tmp_path / place)
    before = sorted(tmp_path.rglob("*"))
    code, out, err = bench_run("run", suite, *dry)
    assert (code, out) == (2, "")
    last = err.splitlines()[-1]
    assert last.startswith(f"bench: {place}: cannot be ")
    assert said.replace(f"{tmp_path}/", "") in last
    assert re.search(f"another folder with {remedy}$", last)
    assert "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_store_that_links_to_itself_ends_in_one_line(
    write_suite, bench_run, tmp_path
):
    loop(tmp_path / "data" / "store")
    for dry in ([], ["--dry-run"]):
        code, _, err = bench_run("run", write_suite(classifiers=["GNB"]), *dry)
        assert code == 2
        last = err.splitlines()[-1]
        assert last.startswith("bench: data/store: cannot be used (Too many levels of")


def test_a_complete_store_may_be_read_only(write_suite, bench_run, tmp_path, forbid):
    suite = write_suite(classifiers=["GNB"], audits=False)
    stored.put_cells(stored.plan_of(suite), Store(tmp_path / "data" / "store"))
    forbid("data/store")
    for dry in ([], ["--dry-run"]):
        assert bench_run("run", suite, "-c", "GNB", *dry)[0] == 0
    suite = write_suite(classifiers=["GNB", "KNN"], audits=False)
    code, _, err = bench_run("run", suite, "--dry-run")
    assert code == 2
    assert "data/store: cannot be used (Permission denied)" in err


@pytest.mark.parametrize("command", ["report", "show"])
def test_report_and_show_name_an_unwritable_folder_too(
    write_suite, bench_run, tmp_path, command
):
    suite = write_suite(classifiers=["GNB"])
    stored.put_cells(stored.plan_of(suite), Store(tmp_path / "data" / "store"))
    dangling(tmp_path / "reports" / "small")
    code, out, err = bench_run(command, suite)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("bench: reports/small: cannot be written (a symbolic link")
