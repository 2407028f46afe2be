import multiprocessing
import os
import time

import numpy as np
import pytest
import yaml_text

from bench.curves import kept_draws, make_dataset, resolve_dataset
from bench.curves.kept_draws import draw_once
from bench.suite import DatasetSpec

ARRAYS = ("X_train", "y_train", "X_test", "y_test", "x")


@pytest.fixture
def recipe():
    entry = yaml_text.SUITE["datasets"][0]
    return resolve_dataset(DatasetSpec.model_validate(entry, strict=False))


def assert_same(one, other):
    assert (one.data_hash, one.fingerprint) == (other.data_hash, other.fingerprint)
    assert one.channels == other.channels
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        assert getattr(one, name).dtype == getattr(other, name).dtype


def test_curves_are_those_of_make_dataset_and_drawn_once(recipe, tmp_path, monkeypatch):
    folder = tmp_path / "curves"
    expected = make_dataset(recipe, 1, 2)
    assert_same(draw_once(recipe, 1, 2, folder), expected)
    monkeypatch.setattr(kept_draws, "make_dataset", lambda *_: pytest.fail("drawn"))
    again = draw_once(recipe, 1, 2, folder)
    assert_same(again, expected)
    assert again.is_unchanged
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves"]


def test_arrays_are_read_only_and_what_is_forced_stays_private(recipe, tmp_path):
    folder = tmp_path / "curves"
    mine, theirs = (draw_once(recipe, 0, 0, folder) for _ in range(2))
    with pytest.raises(ValueError, match="read-only"):
        mine.X_train[:] = 0
    mine.X_train.setflags(write=True)
    mine.X_train[:] = 0
    assert not mine.is_unchanged
    assert theirs.is_unchanged
    assert_same(draw_once(recipe, 0, 0, folder), theirs)


def test_where_nothing_can_be_written_each_draws_for_itself(recipe, tmp_path):
    taken = tmp_path / "file"
    taken.write_text("no folder")
    assert_same(draw_once(recipe, 0, 0, taken / "curves"), make_dataset(recipe, 0, 0))
    assert taken.read_text() == "no folder"


def test_a_draw_that_fails_leaves_nothing(recipe, tmp_path, monkeypatch):
    def fail(*_):
        raise ValueError("not finite")

    monkeypatch.setattr(kept_draws, "make_dataset", fail)
    with pytest.raises(ValueError, match="not finite"):
        draw_once(recipe, 0, 0, tmp_path / "curves")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="uses fork")
def test_processes_wait_for_the_one_that_draws(recipe, tmp_path, monkeypatch):
    notes = tmp_path / "notes"

    def draw(*arguments):
        with notes.open("a") as stream:
            stream.write("drawn\n")
        time.sleep(0.2)
        return make_dataset(*arguments)

    monkeypatch.setattr(kept_draws, "make_dataset", draw)
    fork = multiprocessing.get_context("fork")
    arguments = recipe, 0, 0, tmp_path / "curves"
    processes = [fork.Process(target=draw_once, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert notes.read_text() == "drawn\n"
