import json
from dataclasses import asdict, replace

import pytest
import stored
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.store.result import Result, encodable, from_file, to_json, to_result

RESULT = stored.result_of()
RAW = stored.to_file(RESULT)


def test_a_result_is_the_same_after_json():
    full = replace(
        RESULT,
        warnings=("a", "b"),
        error={"type": "E", "message": "m"},
        figures={"a": [1, None]},
        fit_seconds=0.25,
        dirty=False,
    )
    assert to_result(json.loads(to_json(full))) == full
    assert from_file(stored.to_file(full)) == full
    assert list(json.loads(to_json(full))) == sorted(asdict(full))


def test_only_an_audit_has_no_classifier():
    assert not RESULT.is_audit
    assert Result("k", {}, "d", 0, "", "done").is_audit


def test_characters_that_utf_8_lacks_are_escaped_in_messages_and_warnings():
    odd = replace(
        RESULT, error={"type": "\ud800", "message": "é"}, warnings=("\udfff",)
    )
    sound = encodable(odd)
    assert sound.error == {"type": "\\ud800", "message": "é"}
    assert sound.warnings == ("\\udfff",)
    assert encodable(RESULT) == RESULT


def test_every_truncation_and_every_flipped_bit_is_noticed():
    for size in range(len(RAW)):
        with pytest.raises(ValueError, match=r"not JSON|not a result"):
            from_file(RAW[:size])
    for position in range(len(RAW)):
        for bit in range(8):
            flipped = bytearray(RAW)
            flipped[position] ^= 1 << bit
            with pytest.raises(ValueError):  # noqa: PT011 (it says different things)
                from_file(bytes(flipped))


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(max_size=9),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=100, deadline=None, database=None)
@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_anything_but_a_result_is_a_value_error(raw):
    with pytest.raises(ValueError, match=r"not JSON|not a result"):
        from_file(raw)


@settings(max_examples=150, deadline=None, database=None)
@given(st.sampled_from(sorted(asdict(RESULT))), JSON)
def test_any_value_of_a_field_is_read_back_or_refused_by_name(name, value):
    raw = stored.to_file(replace(RESULT, **{name: value}))
    try:
        read = json.loads(to_json(from_file(raw)))[name]
    except ValueError as error:
        said = str(error)
    else:
        said = f"its field '{name}': {read!r}"
        assert read == value
    assert f"its field '{name}'" in said


WRONG = {
    "key": 1, "fields": [], "dataset": None, "repetition": "0", "status": "missing",
    "data_hash": 0, "train": {"accuracy": "0.5"}, "test": [0.5], "fit_seconds": "1",
    "peak_rss_mib": [], "attempts": 1.5, "threads": True, "warnings": "words",
    "iterations": {}, "error": {"type": 1}, "versions": {"numpy": None},
    "dirty": "no", "arrays_sha256": 5,
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_field_of_a_wrong_type_is_named(name):
    with pytest.raises(ValueError, match=f"field '{name}'"):
        to_result(json.loads(to_json(replace(RESULT, **{name: WRONG[name]}))))


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 1_000_000,
        b'{"key":' * 1_000_000,
        RAW.replace(
            b'"fields": {', b'"fields": {"a": ' + b"[" * 960 + b"]" * 960 + b","
        ),
        b"9" * 10_000,
        b"\xff\xfe",
        b"NaN",
    ],
    ids=["lists", "mappings", "in a field", "digits", "half", "nan"],
)
def test_deep_or_long_json_is_a_value_error(raw):
    with pytest.raises(ValueError):  # noqa: PT011 (it says different things)
        from_file(raw)


def test_a_result_of_an_older_version_may_lack_fields_with_a_default():
    document = json.loads(to_json(RESULT))
    del document["iterations"]
    assert to_result(dict(document)).iterations is None
    del document["status"]
    with pytest.raises(ValueError, match="another version"):
        to_result(document)


def test_the_given_split_is_known_by_the_recipe():
    assert not RESULT.is_given
    as_given = {"dataset": {"recorded": "a hash", "split": "given"}}
    assert replace(RESULT, fields=as_given).division == "given split"
    drawn = {"dataset": {"recorded": "a hash", "split": {"test": None}}}
    assert replace(RESULT, fields=drawn, repetition=2).division == "repetition 2"
