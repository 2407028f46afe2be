"""Equal parts of results as one object."""

from dataclasses import replace

import stored

from bench.store import SharedParts
from bench.store import shared_parts as module

ROW = [1.0, 0.1, -0.2, 0.3]


def slim(parts, number, **changes):
    result = stored.result_of(number, **changes)
    return parts.slim(result, result.key), result


def test_a_small_result_is_the_same_but_for_its_fields():
    found, result = slim(SharedParts(), 0, fingerprint=[ROW], cpu="X", seconds=2.0)
    assert found == replace(result, fields={})


def test_equal_parts_are_one_object_and_others_are_not():
    parts = SharedParts()
    versions = {"numpy": "2"}
    first, _ = slim(parts, 0, fingerprint=[list(ROW)], versions=dict(versions))
    second, _ = slim(parts, 1, fingerprint=[list(ROW)], versions=dict(versions))
    assert first.fingerprint is second.fingerprint
    assert first.versions is second.versions
    assert first.data_hash != second.data_hash
    # Equal for Python, but written in another way.
    third, _ = slim(parts, 2, fingerprint=[[-0.0]])
    fourth, _ = slim(parts, 3, fingerprint=[[0.0]])
    assert [str(r.fingerprint) for r in (third, fourth)] == ["[[-0.0]]", "[[0.0]]"]


def test_values_that_differ_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(module, "_MOST", 3)
    parts = SharedParts()
    for number in range(10):
        found, result = slim(parts, number)
        assert found.data_hash == result.data_hash
    assert all(len(seen) <= 3 for seen in parts._seen.values())
