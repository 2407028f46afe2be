import pytest

from bench.base.errors import MissingFileError, SuiteError
from bench.base.messages import (
    described,
    device_problem,
    did_you_mean,
    located,
    named,
    shown,
)


def test_located_prefixes_the_message_and_keeps_the_class():
    with (
        pytest.raises(MissingFileError, match=r"^suite\.yaml:3: no file 'a'$"),
        located("suite.yaml:3"),
    ):
        raise MissingFileError("no file 'a'")


def test_only_our_own_errors_get_a_place():
    with pytest.raises(ValueError, match=r"^bare$"), located("suite.yaml:3"):
        raise ValueError("bare")


def test_the_traceback_does_not_show_the_message_twice():
    with pytest.raises(SuiteError) as raised, located("here"):
        raise SuiteError("wrong")
    assert raised.value.__suppress_context__


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("SCV", " (did you mean 'SVC'?)"),
        ("svc", " (did you mean 'SVC'?)"),  # another case is as near as can be
        ("knn1", " (did you mean 'KNN'?)"),
        ("elephant", ""),
        (
            "e\u0301",
            " (there is one that looks the same, but writes an accent with other "
            "Unicode characters: copy it)",
        ),
        (7, ""),
    ],
)
def test_the_nearest_name_is_suggested(name, said):
    assert did_you_mean(name, iter(["KNN", "SVC", "é"])) == said


def test_without_known_names_nothing_is_suggested():
    assert did_you_mean("SVC", []) == ""


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ((), ""),
        (("datasets", 0, "id"), "datasets[0].id"),
        ((3, "id"), "[3].id"),
        (("grid", "C", 1, 2), "grid.C[1][2]"),
    ],
)
def test_a_location_is_written_as_one_word(location, text):
    assert named(location) == text


def test_what_cannot_be_printed_is_escaped():
    assert shown("a\nb\x1b[31m\u202e") == r"a\nb\x1b[31m\u202e"


def test_letters_of_any_language_are_kept():
    assert shown("größe 曲線") == "größe 曲線"


def test_a_long_text_is_cut_to_the_length():
    assert shown("x" * 201) == "x" * 197 + "..."
    assert shown("x" * 200) == "x" * 200
    assert shown("abcdef", 5) == "ab..."


class Mute(Exception):  # noqa: N818 (a foreign class need not follow our style)
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("one\n  two"), "ValueError: one two"),
        (KeyError("a"), "KeyError: 'a'"),
        (
            SyntaxError("invalid syntax", ("f.py", 3, 1, "x")),
            "SyntaxError: invalid syn",
        ),
        (Mute(), "Mute: its message cannot be read"),
        (RuntimeError(), "RuntimeError: "),
    ],
)
def test_an_exception_is_described_on_one_line(error, text):
    assert described(error).startswith(text)
    assert "f.py" not in described(error)


def test_a_device_is_named_with_the_reason_and_the_remedy():
    assert device_problem("cuda:1", "no GPU") == (
        "the device 'cuda:1' cannot be used on this machine (no GPU); expected auto or "
        "cpu"
    )
