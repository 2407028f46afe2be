import pickle

import numpy as np
import pytest

from bench.processes.shared_arrays import LARGE, SharedArrays

SMALL = np.arange(10.0)
BIG = np.random.default_rng(0).normal(size=(LARGE // 80 + 1, 10))


@pytest.mark.parametrize("array", [BIG, BIG.T, BIG[::2].repeat(2, 0), SMALL])
def test_what_is_read_is_what_was_pickled(tmp_path, array):
    with SharedArrays(lambda: str(tmp_path)) as shared:
        found = pickle.loads(shared.pickled({"x": (array, "text")}))["x"][0]
        np.testing.assert_array_equal(found, array)
        assert type(found) is np.ndarray
        assert found.dtype == array.dtype


def test_a_large_array_is_written_once_and_not_into_the_call(tmp_path):
    with SharedArrays(lambda: str(tmp_path)) as shared:
        calls = [shared.pickled((BIG, number)) for number in range(3)]
        assert len(list(tmp_path.iterdir())) == 1
        assert max(map(len, calls)) < 1000
        assert not pickle.loads(calls[0])[0].flags.writeable
    assert list(tmp_path.iterdir()) == []


def test_a_new_folder_gets_a_new_file(tmp_path):
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    current = folders[0]
    with SharedArrays(lambda: str(current)) as shared:
        shared.pickled(BIG)
        current = folders[1]
        np.testing.assert_array_equal(pickle.loads(shared.pickled(BIG)), BIG)
        assert len(list(current.iterdir())) == 1


def test_without_room_for_a_file_the_array_is_pickled(tmp_path):
    with SharedArrays(lambda: str(tmp_path / "none")) as shared:
        call = shared.pickled(BIG)
    np.testing.assert_array_equal(pickle.loads(call), BIG)
