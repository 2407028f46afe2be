"""What an installed aeon brings along; here a folder that looks like one."""

import sys

import pytest

from bench.base import DatasetError
from bench.curves.recorded.read import read_recorded
from bench.suite import RecordedSpec

CURVES = "@classLabel true a b\n@data\n1,2:a\n3,4:b\n"
UNEQUAL = CURVES.replace("3,4", "3,4,5")
TARGETS = "@targetlabel true\n@data\n1,2:0.5\n"


@pytest.fixture
def aeon(tmp_path, monkeypatch):
    home = tmp_path / "aeon"
    texts = {"Own": CURVES, "Long": UNEQUAL, "Heat": TARGETS}
    for name, text in texts.items():
        folder = home / "datasets/data" / name
        folder.mkdir(parents=True)
        for part in ("TRAIN", "TEST"):
            (folder / f"{name}_{part}.ts").write_text(text)
            if name == "Long":
                (folder / f"{name}_eq_{part}.ts").write_text(CURVES)
    (home / "datasets/data/Own/Alone_TRAIN.ts").write_text(CURVES)
    (home / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    return home


def read(name):
    spec = RecordedSpec(id="mine", recorded={"aeon": name})
    return read_recorded(spec, None)


@pytest.mark.usefixtures("aeon")
def test_both_files_are_read_and_aeon_is_not_imported():
    found = read("Own")
    assert found.values[:, 0].tolist() == [[1, 2], [3, 4], [1, 2], [3, 4]]
    assert found.n_given_train == 2
    assert found.sources == ("aeon: Own_TRAIN.ts", "aeon: Own_TEST.ts")
    assert "aeon" not in sys.modules


@pytest.mark.usefixtures("aeon")
def test_curves_of_unequal_length_are_named_in_equal_length():
    with pytest.raises(DatasetError, match=r"in equal length: {aeon: Long_eq}"):
        read("Long")
    assert read("Long_eq").values.shape == (4, 1, 2)


@pytest.mark.usefixtures("aeon")
def test_an_unknown_name_meets_those_that_have_classes_and_both_files():
    with pytest.raises(DatasetError) as error:
        read("own")
    said = str(error.value)
    assert "'own' (did you mean 'Own'?)" in said
    assert "among its files: Long, Long_eq, Own; nothing is downloaded" in said
    with pytest.raises(DatasetError, match="no dataset 'Heat'"):
        read("Heat")


def test_without_aeon_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("bench.curves.recorded.bundled.find_spec", lambda name: None)
    with pytest.raises(DatasetError, match="'aeon' is missing; install it by `make p"):
        read("GunPoint")
