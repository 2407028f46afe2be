"""The store is read without this program, as its page in docs/ shows."""

import os
import re
import subprocess
import sys
from dataclasses import replace

import stored

from bench.base.resources import CHECKOUT
from bench.store.store import Store

PAGE = (CHECKOUT / "docs" / "store.md").read_text("utf-8")
[CODE] = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
RESULT = stored.result_of()


def read(folder):
    """Read a store by the code of the page, in a Python that knows nothing of us."""
    found = subprocess.run(
        [sys.executable, "-I", "-c", CODE],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stderr == ""
    return sorted(found.stdout.splitlines())


def test_the_code_of_the_page_finds_what_the_store_holds(tmp_path):
    assert len(CODE.splitlines()) <= 32
    assert "bench" not in CODE
    store = Store(tmp_path / "data" / "store")
    stored.put(store, stored.result_of(0, "failed"))
    stored.put(store, RESULT)
    better = replace(RESULT, test={"accuracy": 0.75})
    store.put(better, stored.ARRAYS, replaces=True)
    store.add_scores(RESULT.key, {"own": {"train": 1.0, "test": 1.0, "problem": ""}})
    for number in range(1, 4):
        stored.put(store, stored.result_of(number))
    stored.damage(store, stored.result_of(2).key)
    stored.damage(store, stored.result_of(3).key, "npz")
    store.set_aside(stored.result_of(3).key)
    again = replace(stored.result_of(3), test={"accuracy": 0.25})
    stored.put(store, again)
    stored.put(store, stored.result_of(4, "timeout"))
    lines = sorted((tmp_path / "data" / "store").glob("*.jsonl"))
    os.truncate(lines[-1], lines[-1].stat().st_size - 5)  # of the last result
    arrays = sorted(stored.ARRAYS)
    assert read(tmp_path) == [
        f"grid 0 KNN done 0.75 {arrays}",
        f"grid 1 KNN done 0.5 {arrays}",
        f"grid 3 KNN done 0.25 {arrays}",
    ]


def test_every_key_of_a_line_stands_on_the_page(tmp_path):
    store = stored.store_of(tmp_path, RESULT)
    line = stored.line_of(store, RESULT.key)[2].decode()
    top = re.sub(r'"result":\{.*\},"sha256"', '"result":0,"sha256"', line)
    names = re.findall(r'"(\w+)":', top)
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert names == rows
