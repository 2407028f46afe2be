"""What tests of several modules of `bench.classifiers` need."""

import textwrap

import pytest
from class_text import MINE


@pytest.fixture
def beside(tmp_path):
    """Write a Python file beside the suite."""

    def write(text=MINE, file="my.py"):
        (tmp_path / file).write_text(textwrap.dedent(text))
        return f"./{file}:Mine"

    return write
