import gzip

import pytest

from bench.base import DatasetError, MissingFileError
from bench.curves.unpacking import read_unpacked


def test_a_file_is_read_to_one_byte_beyond_the_limit(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"a" * 10)
    assert read_unpacked(path, 10, "curves", DatasetError) == b"a" * 10
    assert len(read_unpacked(path, 4, "curves", DatasetError)) == 5


def test_a_packed_file_is_unpacked_to_one_byte_beyond_the_limit(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"a" * 10_000) + gzip.compress(b"b"))
    expected = b"a" * 10_000 + b"b"
    assert read_unpacked(path, 20_000, "curves", DatasetError) == expected
    assert len(read_unpacked(path, 100, "curves", DatasetError)) == 101


def test_what_cannot_be_read_is_told(tmp_path):
    with pytest.raises(MissingFileError, match="no file of curves at"):
        read_unpacked(tmp_path / "a.txt", 10, "curves", DatasetError)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"a" * 100)[:-9])
    with pytest.raises(DatasetError, match="not one whole member; compress it again"):
        read_unpacked(path, 1000, "curves", DatasetError)
