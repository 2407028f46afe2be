import pytest

from bench.classifiers.imports import imported_by


def candidates(text, **options):
    return [name for found in imported_by(text, **options) for name in found.candidates]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a", ["a"]),
        ("import a.b as c, d", ["a.b", "d"]),
        ("from a.b import c, d as e", ["a.b", "a.b.c", "a.b.d"]),
        ("from a import *", ["a"]),
        ("from . import a", ["a"]),
        ("from .a import b", ["a", "a.b"]),
        ("def f():\n    import a", ["a"]),
        ("class A:\n    def f(self):\n        from a import b", ["a", "a.b"]),
        ("try:\n    import a\nexcept ImportError:\n    import b", ["a", "b"]),
        ("import_module('a.b')", ["a.b"]),
        ("importlib.import_module('a')\n__import__('b')", ["a", "b"]),
        ("import_module(name)\nimport_module('.a', 'b')", []),
        ("'import a'  # import b", []),
    ],
)
def test_what_a_text_may_import(text, expected):
    assert candidates(text) == expected


def test_only_statements_that_always_run():
    text = "import a\ntry:\n    import b\nexcept ImportError:\n    pass\n"
    assert candidates(text, top_level=True) == ["a"]


@pytest.mark.parametrize("text", ["def f(:", "\0", "(" * 5000, "import"])
def test_what_is_not_python_imports_nothing(text):
    assert imported_by(text) == ()


def test_the_dots_before_a_module_are_counted():
    [found] = imported_by("from ..a import b")
    assert (found.level, found.module, found.names) == (2, "a", ("b",))
