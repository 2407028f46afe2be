"""Derive random streams and keys by hashing everything they depend on."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def digest(value: Any) -> str:
    """Hash a JSON value to 64 hexadecimal digits; the order of keys does not matter."""
    return hashlib.sha256(_written(value).encode()).hexdigest()


def digests_by(value: Mapping[str, Any], name: str) -> Callable[[int], str]:
    """Return a function of a number that hashes a JSON object which has it too.

    It returns ``digest(value | {name: number})``. What is the same for all numbers is
    written and hashed once.
    """
    before = _written({k: v for k, v in value.items() if k < name})[1:-1]
    after = _written({k: v for k, v in value.items() if k > name})[1:-1]
    start = "{" + before + "," * bool(before) + _written(name) + ":"
    end = "," * bool(after) + after + "}"
    begun = hashlib.sha256(start.encode())

    def digest_of(number: int) -> str:
        hasher = begun.copy()
        hasher.update(f"{number}{end}".encode())
        return hasher.hexdigest()

    return digest_of


def derive_seed(root: int, *names: Any) -> int:
    """Derive a 128-bit seed from a root seed and the names of its purpose.

    The tuple is hashed, not a joined string, so ``("a", "bc")`` and ``("ab", "c")``
    are different streams. Names are JSON values: strings, integers, dictionaries.
    """
    return int(digest([root, *names])[:32], 16)


def generator(root: int, *names: Any) -> np.random.Generator:
    """Return the random generator of ``derive_seed(root, *names)``."""
    return np.random.default_rng(derive_seed(root, *names))


def split(rng: np.random.Generator, n_streams: int) -> list[np.random.Generator]:
    """Draw independent generators from `rng`, advancing it.

    Unlike those of ``rng.spawn``, they depend on the state of `rng` alone, so that a
    copied or restored generator gives the same streams again.
    """
    entropy = [int(word) for word in rng.integers(0, 2**32, size=4)]
    children = np.random.SeedSequence(entropy).spawn(n_streams)
    return [np.random.default_rng(child) for child in children]


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
