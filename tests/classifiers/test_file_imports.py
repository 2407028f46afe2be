"""A class file and the files beside it, imported in this process."""

import os
import pickle
import subprocess
import sys

import pytest

from bench.base.errors import ClassifierError
from bench.classifiers import class_files
from bench.classifiers.class_files import load_module, publish, read_class_file


@pytest.fixture
def files(tmp_path):
    """Write files, and read the first of them as a class file."""

    def write(texts):
        for name, text in texts.items():
            path = tmp_path / "folder" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        first = next(iter(texts))
        return read_class_file(tmp_path / "folder" / first, f"./{first}")

    yield write
    for name in [n for n in sys.modules if n.startswith("bench_file_")]:
        del sys.modules[name]


def names(file):
    return [beside.name for beside in file.beside]


@pytest.mark.parametrize(
    ("statement", "others", "read"),
    [
        ("import helper; A = helper.A", {"helper.py": "A = 1"}, ["helper.py"]),
        ("from helper import *", {"helper.py": "A = 1"}, ["helper.py"]),
        ("from .helper import A", {"helper.py": "A = 1"}, ["helper.py"]),
        ("from . import helper; A = helper.A", {"helper.py": "A = 1"}, ["helper.py"]),
        (
            "import pack.deep as deep; A = deep.A",
            {"pack/__init__.py": "", "pack/deep.py": "A = 1", "pack/more.py": ""},
            ["pack/__init__.py", "pack/deep.py", "pack/more.py"],
        ),
        (
            "import pack.deep; A = pack.deep.A",
            {"pack/deep.py": "from .more.x import A", "pack/more/x.py": "A = 1"},
            ["pack/deep.py", "pack/more/x.py"],
        ),
        (
            "from pack import deep; A = deep.A",
            {"pack/__init__.py": "", "pack/x.py": "A = 1",
             "pack/deep.py": "import pack.x; from pack.x import A"},
            ["pack/__init__.py", "pack/deep.py", "pack/x.py"],
        ),
        (
            "from pack import *; A = deep.A",
            {"pack/__init__.py": "__all__ = ['deep']", "pack/deep.py": "A = 1"},
            ["pack/__init__.py", "pack/deep.py"],
        ),
        (
            "from first import A",
            {"first.py": "A = 1\nimport second", "second.py": "from first import A"},
            ["first.py", "second.py"],
        ),
        (
            "B = 2\nfrom helper import A",
            {"helper.py": "from my import B\nA = B - 1"},
            ["helper.py"],
        ),
        (
            "from statistics import A",
            {"statistics.py": "A = 1"},
            ["statistics.py"],
        ),
        ("import time; A = time.sleep and 1", {"time.py": ""}, []),
        ("import bench; A = bench.RESULTS and 1", {"bench/__init__.py": ""}, []),
        ("import json; A = json.dumps and 1", {"json/data.csv": ""}, []),
        ("import packaging.tags as t; A = t and 1", {"packaging/tags.py": ""}, []),
    ],
)  # fmt: skip
def test_what_lies_beside_a_file_is_read_and_imported(files, statement, others, read):
    before = list(sys.path), sys.modules.get("statistics")
    file = files({"my.py": statement} | others)
    assert names(file) == read
    assert load_module(file).A == 1
    assert before == (list(sys.path), sys.modules.get("statistics"))
    assert not {"helper", "pack", "first", "second", "my"}.intersection(sys.modules)


def test_an_import_within_a_function_finds_the_file_later(files):
    file = files({"my.py": "def f():\n    from helper import A\n    return A",
                  "helper.py": "A = 1"})  # fmt: skip
    module = load_module(file)
    assert names(file) == ["helper.py"]
    assert module.f() == 1


def test_a_file_imports_the_installed_package_of_its_own_name(files):
    file = files({"packaging.py": "import packaging.version\nA = packaging.version"})
    assert names(file) == []
    assert load_module(file).A is sys.modules["packaging.version"]


def test_a_function_may_have_the_name_of_a_helper(files):
    file = files({"my.py": "def helper():\n    import helper as h\n    return h.A",
                  "helper.py": "A = 1"})  # fmt: skip
    module = load_module(file)
    assert (module.helper(), module.helper()) == (1, 1)


@pytest.mark.parametrize("name", ["my-model.py", "my.v2.py", "2nd.py"])
def test_the_name_of_a_file_need_not_be_one_of_a_module(files, name):
    file = files({name: "from my_model import A", "my_model.py": "A = 1"})
    assert load_module(file).A == 1


def test_a_helper_may_be_a_link_to_elsewhere(files, tmp_path):
    (tmp_path / "far.py").write_text("A = 1")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "helper.py").symlink_to(tmp_path / "far.py")
    (tmp_path / "folder" / "loop").symlink_to(tmp_path / "folder")
    file = files({"my.py": "from helper import A\nimport loop.helper"})
    assert names(file) == ["helper.py", "loop/helper.py", "loop/my.py"]
    assert load_module(file).A == 1


def test_a_class_file_may_be_a_link_to_where_its_helper_is(files, tmp_path):
    files({"my.py": "from helper import A", "helper.py": "A = 1"})
    (tmp_path / "link.py").symlink_to(tmp_path / "folder" / "my.py")
    file = read_class_file(tmp_path / "link.py", "./link.py")
    assert names(file) == ["helper.py"]
    assert load_module(file).A == 1
    # Beside the link it comes first.
    (tmp_path / "helper.py").write_text("A = 2")
    assert load_module(read_class_file(tmp_path / "link.py", "./link.py")).A == 2


def test_the_digest_depends_on_what_is_imported_alone(files):
    texts = {"my.py": "import helper", "helper.py": "", "other.py": ""}
    before = files(texts)
    assert files(texts | {"other.py": "A = 1"}).digest == before.digest
    after = files(texts | {"helper.py": "A = 1"})
    assert after.digest != before.digest
    assert after.text_digest == before.text_digest
    assert after.sources.keys() == before.sources.keys() == {"helper.py"}


def test_what_is_preloaded_is_not_beside(files):
    file = files(
        {
            "my.py": "import numpy.linalg\nfrom helper import A\nimport my",
            "helper.py": "import json\ndef f():\n    import csv",
        }
    )
    assert file.installed_imports == {"numpy.linalg", "json", "my"}


def test_a_failed_import_leaves_no_module(files):
    before = set(sys.modules), list(sys.meta_path)
    file = files({"my.py": "import helper\n1 / 0", "helper.py": ""})
    with pytest.raises(ZeroDivisionError):
        load_module(file)
    assert (set(sys.modules), list(sys.meta_path)) == before


def test_a_missing_module_of_a_package_has_the_name_that_was_written(files):
    file = files({"my.py": "import pack.gone", "pack/__init__.py": ""})
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'pack\.gone'$"):
        load_module(file)


def test_too_many_files_and_bytes_are_one_error(files, monkeypatch):
    texts = {"my.py": "import a, b", "a.py": "#", "b.py": "#"}
    monkeypatch.setattr(class_files, "MAX_BESIDE", 1)
    with pytest.raises(ClassifierError, match="more than 1 files from beside it"):
        files(texts)
    monkeypatch.undo()
    monkeypatch.setattr(class_files, "MAX_BYTES_BESIDE", 1)
    with pytest.raises(ClassifierError, match=r"or 0 MiB, the last '.\.py'"):
        files(texts)


def test_a_helper_that_is_no_text_is_one_error(files, tmp_path):
    files({"my.py": "", "helper.py": ""})
    (tmp_path / "folder" / "helper.py").write_bytes(b"\xff")
    with pytest.raises(
        ClassifierError, match=r"'helper\.py' is not a text file in UTF"
    ):
        files({"my.py": "import helper"})


def test_a_new_interpreter_unpickles_a_class_of_a_helper(files, monkeypatch, tmp_path):
    file = files(
        {
            "my.py": "from helper import Thing",
            "helper.py": "class Thing:\n    def call(self):\n"
            "        from statistics import A\n        return A",
            "statistics.py": "A = 1",
        }
    )
    thing = load_module(file).Thing()
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PYTHONPATH", "")
    publish(file)
    code = (
        "import pickle, statistics, sys; thing = pickle.load(sys.stdin.buffer); "
        "print(thing.call(), statistics.mean([2]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps(thing),
        env=dict(os.environ),
        capture_output=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.split() == [b"1", b"2"]
