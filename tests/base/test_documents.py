import pytest

from bench.base.documents import Document, flatten, read_document
from bench.base.errors import MissingFileError, SuiteError

LINES = {("a",): 1, ("a", "b"): 2, ("a", "b", 0): 3}


def read(folder, text, encoding="utf-8"):
    path = folder / "file.yaml"
    path.write_bytes(text.encode(encoding))
    return read_document(path, SuiteError)


def test_values_have_the_types_of_yaml_1_2(tmp_path):
    text = "a: [1, 0x1F, 1_000, 1e-3, true, no, ~, 2026-11-24, '1']\nb: {c: text}"
    assert read(tmp_path, text).data == {
        "a": [1, 31, 1000, 1e-3, True, "no", None, "2026-11-24", "1"],
        "b": {"c": "text"},
    }


def test_lines_are_those_of_keys_and_list_items(tmp_path):
    document = read(tmp_path, "a:\n  b:\n    - 1\n    - c: 2\n")
    assert document.lines == {
        (): 1,
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "b", 0): 3,
        ("a", "b", 1): 4,
        ("a", "b", 1, "c"): 4,
    }


def test_a_byte_order_mark_is_not_part_of_the_first_key(tmp_path):
    assert read(tmp_path, "a: 1", "utf-8-sig").data == {"a": 1}


def test_a_file_of_windows_is_read_as_any_other(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeffa: 1\r\nb:\r\n  - größe\r\n".encode())
    document = read_document(path, SuiteError)
    assert document.data == {"a": 1, "b": ["größe"]}
    assert document.lines["b", 0] == 3


def test_two_escapes_of_one_character_are_joined(tmp_path):
    # JSON writes a character beyond U+FFFF in this way.
    assert read(tmp_path, r'a: "\ud83d\ude00"').data == {"a": "\U0001f600"}


def test_a_tab_or_new_line_is_allowed_in_a_block_alone(tmp_path):
    assert read(tmp_path, "a: |\n  one\n  \ttwo\n").data == {"a": "one\n\ttwo\n"}
    with pytest.raises(SuiteError, match=r"yaml:1: the character U\+000A"):
        read(tmp_path, r'a: "one\ntwo"')


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1" * 101, "is not a finite number of at most 100 characters"),
        (".inf", "is not a finite number"),
        ("1e400", "is not a finite number"),
    ],
)
def test_a_number_that_is_not_finite_or_too_long_is_refused(tmp_path, value, said):
    with pytest.raises(SuiteError, match=rf"yaml:2: .* {said}"):
        read(tmp_path, f"a: 1\nb: {value}")


def test_the_longest_allowed_number_is_read(tmp_path):
    assert read(tmp_path, "a: " + "1" * 100).data == {"a": int("1" * 100)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2", ":2: duplicate key 'a'; keys must be unique"),
        ("? {b: 1}\n: 2", ":1: found a list or mapping as a key; expected a word"),
        ("a: 1\n" + "k" * 101 + ": 2", ":2: the key 'kkkk"),
        ("%YAML 1.1\n---\na: 1", ": a directive (%); expected none"),
        (r'a: "\ud83d"', ":1: half a character"),
        ("a: [1", "not readable as YAML"),
        ("# a comment alone", ": an empty file; expected a mapping"),
        ("a: " + "[" * 33 + "]" * 33, ":1: nested more than 32 levels deep"),
        ("[" + "1," * 10_000 + "]", "more than 10000 keys and values"),
        ("a: 1\nb: \x07", ":2: the character U+0007"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, text, said):
    with pytest.raises(SuiteError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/file.yaml")
    assert "\n" not in str(caught.value)


def test_32_levels_are_allowed(tmp_path):
    assert read(tmp_path, "[" * 32 + "]" * 32).data


def test_other_encodings_and_large_files_are_refused(tmp_path):
    with pytest.raises(SuiteError, match="not a text file in UTF-8"):
        read(tmp_path, "a: größe", "latin-1")
    with pytest.raises(SuiteError, match="more than 262144 bytes"):
        read(tmp_path, "a: " + "x" * 2**18)


def test_a_file_that_cannot_be_read_is_a_missing_file(tmp_path):
    with pytest.raises(
        MissingFileError, match=r"No such file .*; expected a YAML file"
    ):
        read_document(tmp_path / "none.yaml", SuiteError)
    with pytest.raises(MissingFileError, match="it is not a regular file"):
        read_document(tmp_path, SuiteError)


def test_the_place_of_a_part_is_that_of_the_innermost_written_one(tmp_path):
    document = Document(tmp_path / "f", {}, LINES)
    assert document.where("a", "b", 0) == f"{tmp_path}/f:3"
    assert document.where("a", "b", 1, "c") == f"{tmp_path}/f:2"
    assert document.where("x") == f"{tmp_path}/f:1"


def test_a_part_that_was_moved_has_the_place_where_it_was_written(tmp_path):
    moved = {("new",): ("a",), ("new", "x"): ("a", "b")}
    document = Document(tmp_path / "f", {}, LINES, moved)
    assert document.written("new", "x", 0) == ("a", "b", 0)
    assert document.written("new", "y") == ("a", "y")
    assert document.written("other", 1) == ("other", 1)
    assert document.where("new", "x", 0) == f"{tmp_path}/f:3"


def test_flatten_joins_keys_by_dots_and_keeps_lists_and_empty_mappings():
    fields = {"a": {"b": {"c": 1}, "d": [2, {"e": 3}]}, "f": {}, "g": None}
    assert flatten(fields) == {
        "a.b.c": 1,
        "a.d": [2, {"e": 3}],
        "f": {},
        "g": None,
    }
    assert flatten({}) == {}
    assert flatten(5) == {}
