import json
import sys
from importlib.metadata import distributions

import pytest

from bench.base.errors import ClassifierError
from bench.classifiers import sources
from bench.classifiers.sources import (
    distribution_names,
    files_below,
    grouped,
    is_provided,
    local_places,
    source_hashes,
    tree_hash,
    with_imports,
)


def written_distributions():
    """Do what the function of importlib.metadata does, without what is installed."""
    found = {}
    for one in distributions(path=[p for p in sys.path if "site-pack" not in p]):
        for top in (one.read_text("top_level.txt") or "").split():
            found.setdefault(top, []).append(one.metadata["Name"])
    return found


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Make a folder on ``sys.path``, and a function that writes files into it."""
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sources, "packages_distributions", written_distributions)

    def write(files, folder=folder):
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder

    return write


def dist_info(name="keys_zoo", top="keys_zoo", url=None):
    """Return the metadata of an installed distribution, as files."""
    folder = f"{name}-0.1.dist-info"
    files = {
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n",
        f"{folder}/top_level.txt": f"{top}\n",
    }
    if url is not None:
        files[f"{folder}/direct_url.json"] = url
    return files


EDITABLE = json.dumps({"url": "file:///x", "dir_info": {"editable": True}})
PACKAGE = {"keys_zoo/__init__.py": "", "keys_zoo/deep/nets.py": "A = 1"}


@pytest.mark.parametrize("package", ["json", "sys", "sklearn", "numpy", "nowhere_zoo"])
def test_of_python_and_installed_packages_no_file_counts(package):
    assert local_places(package) == ()
    assert local_places(package, named=True) == ()


def test_our_own_package_counts_by_its_results_alone():
    assert local_places("bench", named=True) == ()


def test_all_files_of_a_package_on_the_path_count(place):
    folder = place(PACKAGE)
    assert local_places("keys_zoo") == (folder / "keys_zoo",)
    before = tree_hash("keys_zoo")
    place({"keys_zoo/deep/nets.py": "A = 2"})
    assert tree_hash("keys_zoo") != before
    place({"keys_zoo/deep/nets.py": "A = 1"})
    assert tree_hash("keys_zoo") == before
    assert tree_hash("nowhere_zoo") is None


@pytest.mark.parametrize("url", [None, "{}", "[]", "no JSON", '{"dir_info": {}}'])
def test_of_an_installed_distribution_the_version_counts(place, url):
    place(PACKAGE | dist_info(url=url))
    assert distribution_names("keys_zoo") == ["keys_zoo"]
    assert local_places("keys_zoo", named=True) == ()


def test_an_editable_install_counts_by_its_files(place):
    folder = place(PACKAGE | dist_info(url=EDITABLE))
    assert local_places("keys_zoo") == (folder / "keys_zoo",)


def test_a_pth_file_leads_an_installed_distribution_elsewhere(
    place, tmp_path, monkeypatch
):
    # Some tools write no direct_url.json; the file is not where the metadata are.
    place(dist_info())
    place(PACKAGE, tmp_path / "src")
    monkeypatch.syspath_prepend(tmp_path / "src")
    assert local_places("keys_zoo") == (tmp_path / "src" / "keys_zoo",)


def test_metadata_of_a_build_beside_the_sources_are_no_installation(place):
    # What `pip install -e` and `setup.py develop` leave in the sources.
    info = "keys_zoo.egg-info"
    folder = place(
        PACKAGE | {f"{info}/PKG-INFO": "Name: keys_zoo\n", f"{info}/top_level.txt":
                   "keys_zoo\n"}
    )  # fmt: skip
    assert distribution_names("keys_zoo") == ["keys_zoo"]
    assert local_places("keys_zoo") == (folder / "keys_zoo",)


def test_metadata_that_appear_later_are_read(place):
    place(PACKAGE)
    assert local_places("keys_zoo")
    place(dist_info())
    assert local_places("keys_zoo") == ()


def test_a_package_copied_among_installed_ones_counts_only_if_it_is_named(
    place, tmp_path, monkeypatch
):
    site = tmp_path / "lib" / "site-packages"
    place(PACKAGE, site)
    monkeypatch.syspath_prepend(site)
    assert local_places("keys_zoo", named=True) == (site / "keys_zoo",)
    assert local_places("keys_zoo") == ()


def test_all_places_of_a_namespace_package_count(place, tmp_path, monkeypatch):
    first = place({"keys_zoo/a.py": "A = 1"})
    second = tmp_path / "second"
    place({"keys_zoo/b.py": "B = 1"}, second)
    monkeypatch.syspath_prepend(second)
    places = local_places("keys_zoo")
    assert set(places) == {first / "keys_zoo", second / "keys_zoo"}
    hashes = source_hashes("keys_zoo", places)
    assert sorted(hashes) == ["keys_zoo/a.py", "keys_zoo/b.py"]


def test_a_module_in_a_zip_file_counts_by_the_zip_file(tmp_path, monkeypatch):
    zipfile = pytest.importorskip("zipfile")
    path = tmp_path / "zoo.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("keys_zoo/__init__.py", "")
    monkeypatch.syspath_prepend(path)
    assert local_places("keys_zoo") == (path,)


def test_hidden_folders_caches_and_data_do_not_count(place):
    folder = place(
        dict.fromkeys(("a.py", "b/c.pyx", "b/d.so", "b/.hidden.py", "data.csv"), "x")
        | {".git/e.py": "x", "__pycache__/f.py": "x"}
    )
    assert list(files_below(folder, sources._SUFFIXES)) == ["a.py", "b/c.pyx", "b/d.so"]


def test_links_are_followed_and_end(place, tmp_path):
    folder = place({"pkg/a.py": "1", "other/b.py": "2"})
    (folder / "pkg" / "up").symlink_to(folder / "pkg")
    (folder / "pkg" / "near").symlink_to(folder / "other")
    (folder / "pkg" / "c.py").symlink_to(folder / "other" / "b.py")
    (folder / "pkg" / "gone.py").symlink_to(folder / "nothing")
    found = list(files_below(folder / "pkg", [".py"]))
    assert found == ["a.py", "c.py", "near/b.py"]


def test_too_many_files_are_one_error(place, monkeypatch):
    folder = place({f"keys_zoo/m{i}.py": "" for i in range(4)})
    monkeypatch.setattr(sources, "MAX_FILES", 3)
    with pytest.raises(ClassifierError, match=r"more than 3 source files.*without -e"):
        source_hashes("keys_zoo", (folder / "keys_zoo",))
    monkeypatch.setattr(sources, "MAX_FILES", 9)
    monkeypatch.setattr(sources, "MAX_BYTES", -1)
    with pytest.raises(ClassifierError, match="source files of 'keys_zoo' have more"):
        source_hashes("keys_zoo", (folder / "keys_zoo",))


def test_a_few_files_have_a_hash_each_and_many_one_a_folder(monkeypatch):
    monkeypatch.setattr(sources, "MAX_NAMED", 2)
    few = {"pkg/a.py": "1", "helper.py": "2"}
    assert grouped(few) == few
    many = {"pkg/a.py": "1", "pkg/sub/b.py": "2", "pkg/sub/c.py": "3"}
    by_folder = grouped(many | {"helper.py": "4"})
    assert list(by_folder) == ["helper.py", "pkg/", "pkg/sub/"]
    changed = grouped(many | {"pkg/sub/c.py": "9"})
    assert changed["pkg/"] == by_folder["pkg/"]
    assert changed["pkg/sub/"] != by_folder["pkg/sub/"]
    most = many | {"pkg/more/d.py": "5", "pkg/more/e/f.py": "6"}
    assert list(grouped(most)) == ["pkg/"]
    assert grouped(most) == grouped(dict(reversed(most.items())))


def test_the_local_packages_that_sources_import_count_too(place):
    place(
        {
            "keys_a.py": "def f():\n    import keys_b.sub\n    import numpy, nowhere",
            "keys_b/sub.py": "from keys_c import C",
            "keys_c.py": "import keys_a",
            "keys_d/data.csv": "",
            "keys_unused.py": "",
        }
    )
    found = with_imports({}, ["import keys_a\nimport keys_d"])
    assert sorted(found) == ["keys_a", "keys_b", "keys_c"]
    assert with_imports({}, ["import keys_a"], beside={"keys_a"}) == {}


def test_where_a_package_is_provided_does_not_depend_on_the_current_folder(
    place, tmp_path, monkeypatch
):
    folder = place(PACKAGE)
    assert is_provided("keys_zoo", folder / "keys_zoo")
    assert not is_provided("keys_zoo", tmp_path)
    monkeypatch.chdir(folder)
    assert not is_provided("keys_zoo", folder / "keys_zoo")


def test_a_finder_of_an_editable_install_provides_its_package(place, tmp_path):
    class Finder:
        __module__ = "__editable___keys_zoo_0_1_finder"

        @staticmethod
        def find_spec(name, path, target=None):
            util = sys.modules["importlib.util"]
            file = tmp_path / "src" / "keys_zoo" / "__init__.py"
            return util.spec_from_file_location(name, file) if file.exists() else None

    place(PACKAGE, tmp_path / "src")
    sys.meta_path.append(Finder)
    try:
        assert is_provided("keys_zoo", tmp_path / "src" / "keys_zoo")
        assert local_places("keys_zoo")
    finally:
        sys.meta_path.remove(Finder)


def test_a_folder_that_cannot_be_read_is_one_error(place, monkeypatch):
    folder = place(PACKAGE) / "keys_zoo"

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    with pytest.raises(ClassifierError, match=r"keys_zoo: cannot be read \(Permission"):
        source_hashes("keys_zoo", (folder,))


def test_a_file_that_cannot_be_read_is_one_error(place, monkeypatch):
    folder = place({"keys_zoo/a.py": ""})

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(ClassifierError, match=r"a\.py: cannot be read \(Permission"):
        source_hashes("keys_zoo", (folder / "keys_zoo",))
