"""A small suite as text, with parts that a test replaces."""

import json
from typing import Any

SUITE: dict[str, Any] = {
    "version": 1,
    "name": "small",
    "seed": 3,
    "repetitions": 2,
    "datasets": [
        {
            "id": "grid",
            "library": "F11_v1",
            "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 20},
            "train": 30,
            "test": 20,
        }
    ],
    "classifiers": ["KNN", "GNB", "DT", "CHANCE"],
}


def suite_text(**changes: Any) -> str:
    """Return the suite with some top-level keys replaced; None drops one."""
    merged = {k: v for k, v in (SUITE | changes).items() if v is not None}
    return json.dumps(merged, indent=2)  # JSON is YAML
