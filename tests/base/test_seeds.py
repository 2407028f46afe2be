import hashlib
from copy import deepcopy

import numpy as np
import pytest

from bench.base.seeds import derive_seed, digest, digests_by, generator, split


def draws(rngs):
    return [rng.integers(0, 2**63, size=4).tolist() for rng in rngs]


def test_digest_ignores_the_order_of_keys():
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})


def test_digest_is_the_sha256_of_compact_json():
    expected = hashlib.sha256(b'{"a":[1,"b"],"c":null}').hexdigest()
    assert digest({"c": None, "a": [1, "b"]}) == expected


@pytest.mark.parametrize(
    ("one", "other"), [(1, "1"), (1, 2), ([1, 2], [2, 1]), (None, "null"), ({}, [])]
)
def test_different_values_have_different_digests(one, other):
    assert digest(one) != digest(other)


@pytest.mark.parametrize(
    "others", [{}, {"a": 1}, {"z": "é\n"}, {"a": {"n": 1}, "z": 2}]
)
@pytest.mark.parametrize("number", [0, -3, 10**20])
def test_digests_of_an_object_with_a_number_are_those_of_the_whole(others, number):
    assert digests_by(others, "n")(number) == digest(others | {"n": number})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1, float("nan")]])
def test_digest_refuses_what_is_not_json(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest(value)


def test_seed_is_the_first_half_of_the_hash():
    expected = hashlib.sha256(b'[7,"curves",3]').hexdigest()[:32]
    assert derive_seed(7, "curves", 3) == int(expected, 16)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((0, "a", "bc"), (0, "ab", "c")),
        ((0, "a"), (1, "a")),
        ((0, "a"), (0, "a", "")),
        ((0, 1), (0, "1")),
        ((0, "a", "b"), (0, "b", "a")),
    ],
)
def test_seeds_of_other_names_differ(one, other):
    assert derive_seed(*one) != derive_seed(*other)


def test_generator_repeats_itself():
    assert draws([generator(0, "a")]) == draws([generator(0, "a")])
    assert draws([generator(0, "a")]) != draws([generator(0, "b")])


def test_split_depends_on_the_state_alone():
    rng = np.random.default_rng(0)
    rng.random(5)
    rng.spawn(3)
    copy = np.random.default_rng(0)
    copy.random(5)
    assert draws(split(rng, 3)) == draws(split(copy, 3))


def test_split_repeats_from_a_restored_state():
    rng = np.random.default_rng(0)
    state = deepcopy(rng.bit_generator.state)
    first = draws(split(rng, 2))
    second = draws(split(rng, 2))
    rng.bit_generator.state = state
    assert draws(split(rng, 2)) == first
    assert first != second


def test_split_streams_differ():
    streams = draws(split(np.random.default_rng(0), 4))
    assert len({tuple(stream) for stream in streams}) == 4


def test_split_advances_by_a_fixed_amount():
    few, many = np.random.default_rng(0), np.random.default_rng(0)
    assert draws(split(few, 1)) == draws(split(many, 9)[:1])
    assert few.random() == many.random()
