import pytest

from bench.base.errors import MissingFileError, SuiteError
from bench.base.messages import did_you_mean, located, named, shown


def test_the_place_comes_first_and_the_class_stays():
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
        (7, ""),
    ],
)
def test_near_misses(name, said):
    assert did_you_mean(name, iter(["KNN", "SVC"])) == said


def test_nothing_known_is_near_nothing():
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
def test_a_location_as_a_reader_writes_it(location, text):
    assert named(location) == text


def test_what_cannot_be_printed_is_escaped():
    assert shown("a\nb\x1b[31m\u202e") == r"a\nb\x1b[31m\u202e"


def test_letters_of_any_language_are_kept():
    assert shown("größe 曲線") == "größe 曲線"


def test_a_long_text_is_cut_to_the_length():
    assert shown("x" * 201) == "x" * 197 + "..."
    assert shown("x" * 200) == "x" * 200
    assert shown("abcdef", 5) == "ab..."
