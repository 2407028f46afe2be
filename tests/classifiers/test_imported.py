"""The packages that a classifier imports, found from its class and its parts."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
from sklearn.svm import SVC

from bench.base.provenance import package_version
from bench.classifiers import imported
from bench.classifiers.imported import imported_versions


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install distributions of one module each; return a function that does it."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(sys, "path_importer_cache", {})

    def install(package, distribution, version, **contents):
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata)
        (info / "RECORD").write_text(f"{package}/__init__.py,,\n")
        module = ModuleType(package)
        module.__file__ = str(site / package / "__init__.py")
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, package, module)
        return module

    yield install
    package_version.cache_clear()  # which keeps what is not installed any more
    imported._versions_from.cache_clear()


def class_of(module, **attributes):
    return type("Mine", (), {"__module__": module, **attributes})


def test_what_every_result_names_is_left_out():
    assert imported_versions(SVC()) == {}


def test_imports_are_followed_from_module_to_module(installed):
    llvm = installed("zz_llvm", "zz-llvmlite", "0.5")
    compiled = class_of("zz_numba")()
    numba = installed("zz_numba", "zz_numba", "0.68", llvm=llvm, numbers=[1, 2])
    installed("zz_aeon", "zz_aeon", "1.6", compiled=compiled, np=sys.modules["numpy"])
    installed("zz_other", "zz_other", "9")  # imported, but by another classifier
    assert numba is sys.modules["zz_numba"]
    assert imported_versions(class_of("zz_aeon")()) == {
        "zz-llvmlite": "0.5",
        "zz_aeon": "1.6",
        "zz_numba": "0.68",
    }


def test_parts_of_a_classifier_count_and_modules_of_the_user_do_not(installed):
    installed("zz_boost", "zz-boost-cpu", "3.2")
    inner = class_of("zz_boost")()
    mine = class_of("my_own_module")()
    mine.fitted_ = {"members": [("first", SimpleNamespace(model=inner)), mine]}
    assert imported_versions(mine) == {"zz-boost-cpu": "3.2"}


def test_an_editable_package_counts_by_its_name(installed, tmp_path):
    installed("zz_local", "zz-local", "0.1").__file__ = str(tmp_path / "zz_local.py")
    assert imported_versions(class_of("zz_local")()) == {"zz_local": "0.1"}


def test_a_lazy_module_is_not_loaded(installed):
    class Lazy(ModuleType):
        def __getattribute__(self, name):
            raise RuntimeError(f"loaded for {name}")

    installed("zz_lazy_user", "zz_lazy_user", "1", lazy=Lazy("zz_never"))
    assert imported_versions(class_of("zz_lazy_user")()) == {"zz_lazy_user": "1"}
