"""Tests of `bench.curves.mimics.published`."""

import json

import numpy as np
import pytest
import stored
import yaml_text
from mimic_recipes import RECIPE, resolve

from bench import make_dataset
from bench.base import resources
from bench.base.errors import DatasetError
from bench.curves.mimics import published
from bench.curves.mimics.published import pool_source, publish_pools, read_published


@pytest.fixture(autouse=True)
def pools(tmp_path, monkeypatch):
    """Publish in a temporary folder."""
    monkeypatch.setattr(resources, "POOLS", tmp_path / "pools")
    published._listed.cache_clear()
    yield tmp_path / "pools"
    published._listed.cache_clear()


@pytest.fixture
def suite(write_suite):
    return write_suite(
        seed=0,
        datasets=[RECIPE, RECIPE | {"id": "noisy", "noise": 5}],
        repetitions=2,
    )


def test_a_published_pool_has_the_curves_that_were_fitted(suite, pools, tmp_path):
    channels = {"channels": ["value", "gradient"]}
    fitted = make_dataset(RECIPE | channels, repetition=1)
    assert pool_source(resolve(), 1, 0).startswith("torch ")
    assert len(list(publish_pools(suite))) == 2  # one a repetition, for both datasets
    assert len(list(pools.glob("*.npz"))) == 2
    for path in (tmp_path / "cache").iterdir():
        path.unlink()
    again = make_dataset(RECIPE | channels, repetition=1)
    assert again.data_hash == fitted.data_hash
    assert not list((tmp_path / "cache").iterdir())  # nothing was fitted
    assert pool_source(resolve(), 1, 0).startswith("sha256 ")
    # What is not published is fitted here.
    assert pool_source(resolve(), 2, 0).startswith("torch ")
    assert pool_source(resolve(), 1, 7).startswith("torch ")
    assert list(publish_pools(suite)) == []


def test_keys_hold_the_checksum(suite):
    def keys():
        return {cell.key: cell.fields for cell in stored.plan_of(suite).everything}

    before = keys()
    list(publish_pools(suite))
    after = keys()
    assert not before.keys() & after.keys()
    sums = {entry["sha256"] for entry in published._listed().values()}
    assert {fields["pool"] for fields in after.values()} == {
        f"sha256 {s}" for s in sums
    }


def test_other_datasets_have_no_pool_in_their_keys(write_suite):
    path = write_suite(datasets=[yaml_text.SUITE["datasets"][0]])
    assert all("pool" not in cell.fields for cell in stored.plan_of(path).everything)


@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_a_file_that_is_not_the_published_one_is_refused(suite, pools, damage):
    list(publish_pools(suite))
    for path in pools.glob("*.npz"):
        raw = path.read_bytes()
        path.unlink()
        if damage == "flip":
            path.write_bytes(raw[:200] + bytes([raw[200] ^ 1]) + raw[201:])
        elif damage == "cut":
            path.write_bytes(raw[:-1])
    with pytest.raises(DatasetError, match=r"restore it|install the package again"):
        read_published(resolve(), 0, 0)


def test_the_list_says_where_pools_come_from(suite, pools):
    list(publish_pools(suite))
    for entry in json.loads((pools / "pools.json").read_text()).values():
        assert entry["library"] == "families20"
        assert entry["networks"] == resolve().pool_size
        assert entry["torch"]
        assert entry["blas"]


def test_published_bytes_do_not_depend_on_the_time(suite, pools):
    list(publish_pools(suite))
    first = {path.name: path.read_bytes() for path in pools.iterdir()}
    for path in pools.iterdir():
        path.unlink()
    published._listed.cache_clear()
    list(publish_pools(suite))
    assert first == {path.name: path.read_bytes() for path in pools.iterdir()}


def test_both_classes_have_the_same_precision():
    data = make_dataset(RECIPE | {"train": 14, "test": 9})
    assert data.X_train.dtype == np.float64
    for label in (0, 1):
        curves = data.X_train[data.y_train == label]
        assert (curves != curves.astype(np.float32)).mean() > 0.9


def test_curves_survive_their_packing():
    curves = np.random.default_rng(0).normal(size=(7, 5, 2)).astype(np.float32)
    curves[0, 0] = [-0.0, np.inf]
    again = published._from_planes(published._to_planes(curves))
    assert again.tobytes() == curves.tobytes()
