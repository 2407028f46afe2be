"""What counts of a class's code, as found in the process that imports it."""

import sys

import pytest
from class_text import MINE

from bench.classifiers.class_files import load_module, read_class_file
from bench.classifiers.class_paths import class_version
from bench.classifiers.foreign_classes import Candidate, examine

GNB = "from sklearn.naive_bayes import GaussianNB\n"


@pytest.fixture(autouse=True)
def forgotten():
    """Forget the modules and versions that a test has looked up."""
    before = set(sys.modules)
    class_version.cache_clear()
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("keys_", "bench_file_")):
            del sys.modules[name]
    class_version.cache_clear()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Make a folder on ``sys.path``, and a function that writes files into it."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def find(class_path, file=None):
    """Return what this process finds about a class; a file is read first."""
    read = None if file is None else read_class_file(file, class_path)
    [finding] = examine([Candidate(class_path, {}, read, is_last=True)])
    assert not finding.error
    return finding


def test_a_local_package_counts_with_all_its_files(place):
    place(
        {
            "keys_zoo/__init__.py": "from keys_zoo.nets import Mine",
            "keys_zoo/nets.py": MINE,
            "keys_zoo/unused/other.py": "",
        }
    )
    found = find("keys_zoo.Mine")
    assert found.version.startswith("file ")
    assert found.code.origin == "keys_zoo/__init__.py"
    assert list(found.code.sources) == ["keys_zoo/nets.py", "keys_zoo/unused/other.py"]
    assert list(found.code.packages) == ["keys_zoo"]
    assert find("keys_zoo.nets.Mine").code.origin == "keys_zoo/nets.py"


def test_a_single_module_counts_by_its_text_alone_as_ever(place):
    place({"keys_zoo.py": MINE})
    assert find("keys_zoo.Mine").code.identity == {}


def test_a_class_that_another_package_defines_counts_there(place):
    place(
        {
            "keys_front.py": "from keys_back.nets import Mine",
            "keys_back/nets.py": MINE,
            "keys_aside.py": "",
        }
    )
    assert list(find("keys_front.Mine").code.sources) == ["keys_back/nets.py"]


def test_bases_and_what_is_imported_within_functions_count(place):
    place(
        {
            "keys_zoo.py": "from keys_base import Base\n"
            "class Mine(Base):\n    def more(self):\n        import keys_late",
            "keys_base.py": MINE.replace("class Mine", "class Base"),
            "keys_late.py": "",
        }
    )
    found = find("keys_zoo.Mine").code
    assert sorted(found.sources) == ["keys_base.py", "keys_late.py"]


def test_a_file_that_imports_a_local_package_counts_with_it(place, tmp_path):
    place({"keys_zoo/__init__.py": "A = 1"})
    file = tmp_path / "elsewhere" / "my.py"
    file.parent.mkdir()
    file.write_text("import keys_zoo\n" + MINE)
    found = find("./my.py:Mine", file).code
    assert list(found.sources) == ["keys_zoo/__init__.py"]
    assert list(found.packages) == ["keys_zoo"]


def test_what_a_file_imports_through_a_path_of_its_own_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "keys_deep.py").write_text("A = 1")
    file = tmp_path / "my.py"
    file.write_text(
        f"import sys\nsys.path.insert(0, {str(tmp_path / 'lib')!r})\n"
        f"__import__('keys_' + 'deep')\n{MINE}"
    )
    assert list(find("./my.py:Mine", file).code.sources) == ["keys_deep.py"]


def test_a_file_without_siblings_counts_by_its_text_alone_as_ever(tmp_path):
    file = tmp_path / "my.py"
    file.write_text(GNB + MINE)
    (tmp_path / "helper.py").write_text("")
    found = find("./my.py:Mine", file)
    assert found.code.identity == {}
    assert found.version == f"file {read_class_file(file, '').text_digest}"


def test_a_class_that_a_file_takes_from_an_installed_package_has_its_version(tmp_path):
    file = tmp_path / "my.py"
    file.write_text(GNB)
    version = class_version("sklearn.naive_bayes.GaussianNB")
    assert find("./my.py:GaussianNB", file).code.identity == {
        "bases": {"sklearn": version}
    }


def test_our_classes_among_the_bases_count_by_their_results(tmp_path):
    file = tmp_path / "my.py"
    file.write_text(
        "from bench.classifiers.quadratic import RegularisedQDA\n"
        "class Mine(RegularisedQDA): pass"
    )
    path = "bench.quadratic.RegularisedQDA"
    assert find("./my.py:Mine", file).code.identity == {
        "bases": {path: class_version(path)}
    }


def test_what_a_constructor_imports_depends_on_no_other_class(place):
    text = MINE.replace("self.column = column", "self.column = column; {}")
    place(
        {
            "keys_zoo.py": text.format("__import__('keys_' + 'late')")
            + MINE.replace("class Mine", "class Other"),
            "keys_late.py": "",
        }
    )
    both = [Candidate(f"keys_zoo.{n}", {}, None, True) for n in ("Mine", "Other")]
    assert [f.code.sources for f in examine(both)] == [{}, {}]


def test_two_files_with_different_helpers_of_one_name(tmp_path):
    classes = []
    for folder, value in (("a", 1), ("b", 2)):
        place = tmp_path / folder
        place.mkdir()
        (place / "helper.py").write_text(f"VALUE = {value}")
        (place / "my.py").write_text(
            "from helper import VALUE\ndef late():\n    import helper\n"
            "    return helper.VALUE"
        )
        classes.append(load_module(read_class_file(place / "my.py", "")))
    assert [module.VALUE for module in classes] == [1, 2]
    assert [module.late() for module in classes] == [1, 2]
    assert "helper" not in sys.modules
    assert not any(str(tmp_path) in path for path in sys.path)
