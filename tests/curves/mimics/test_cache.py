"""The cache of mimic pools: sharing, damage, processes at the same time."""

import hashlib
import io
import json
import subprocess
import sys
import time

import numpy as np
import pytest
from mimic_recipes import MIMIC, RECIPE, resolve, rows

import bench
from bench import make_dataset
from bench.base.errors import StoreError
from bench.curves.datasets import draw_part
from bench.curves.mimics import pools


def test_noise_channels_types_and_splits_share_a_pool(cache):
    first = make_dataset(RECIPE)
    [path] = cache.glob("*.pool")
    assert make_dataset(RECIPE).data_hash == first.data_hash
    for changes in (
        {"noise": 1},
        {"noise": 5, "dtype": "float32"},
        {"channels": ["value", "gradient", "input"]},
        {"split": {"unseen-functions": 10}, "train": 9, "test": 7},
    ):
        make_dataset(RECIPE | changes)
    assert list(cache.iterdir()) == [path]
    make_dataset(RECIPE, repetition=1)
    make_dataset(RECIPE, seed=1)
    make_dataset(RECIPE | {"neural": MIMIC | {"lr": 0.02}})
    assert len(list(cache.glob("*.pool"))) == 4


def test_a_part_of_another_name_has_a_pool_of_its_own(cache):
    recipe = resolve()
    data = make_dataset(recipe)
    X, y = draw_part(recipe, "validation", 8)
    assert np.bincount(y).tolist() == [8, 8]
    assert not rows(X) & (rows(data.X_train) | rows(data.X_test))
    assert len(list(cache.glob("*.pool"))) == 2


def resigned(content):
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def saved(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


DAMAGES = {
    "cut": lambda raw: raw[:-1],
    "flipped": lambda raw: raw[:3000] + bytes([raw[3000] ^ 1]) + raw[3001:],
    "empty": lambda raw: b"",
    "long": lambda raw: raw + b"x" * 10**7,
    "checksum": lambda raw: b"?" + raw[1:],
    "text": lambda raw: resigned(b"no arrays at all"),
    "others": lambda raw: resigned(saved(neural_values=np.zeros(3))),
    "pickle": lambda raw: resigned(saved(neural_functions=np.array([{}], object))),
    "shapes": lambda raw: resigned(saved(**wrong_shapes())),
}


def wrong_shapes():
    sizes = {"functions": np.zeros(3, np.int64), "values": np.zeros((3, 99))}
    sizes["slopes"] = np.zeros((3, 16, 1))
    return {f"{half}_{k}": v for half in pools.HALVES for k, v in sizes.items()}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_pool_is_set_aside_and_fitted_again(cache, damage):
    first = make_dataset(RECIPE)
    [path] = cache.glob("*.pool")
    sound = path.read_bytes()
    path.write_bytes(DAMAGES[damage](sound))
    with pytest.warns(RuntimeWarning, match="moved to .*damaged, and fitted again"):
        again = make_dataset(RECIPE)
    assert again.data_hash == first.data_hash
    assert path.read_bytes() == sound
    assert [p.name for p in (cache / "damaged").iterdir()] == [path.name]


def test_a_second_damaged_pool_gets_a_number(cache):
    make_dataset(RECIPE)
    [path] = cache.glob("*.pool")
    for _ in range(2):
        path.write_bytes(b"")
        with pytest.warns(RuntimeWarning, match="moved to"):
            make_dataset(RECIPE)
    names = sorted(p.name for p in (cache / "damaged").iterdir())
    assert names == [path.name, f"{path.name}.1"]


def test_a_folder_at_the_path_of_a_pool_is_set_aside(cache):
    first = make_dataset(RECIPE)
    [path] = cache.glob("*.pool")
    path.unlink()
    path.mkdir()
    with pytest.warns(RuntimeWarning, match="moved to"):
        assert make_dataset(RECIPE).data_hash == first.data_hash


def test_a_cache_that_cannot_be_written_is_an_error(cache):
    cache.write_text("a file in its place")
    with pytest.raises(StoreError, match=r"cannot write mimic pools .*BENCH_CACHE"):
        make_dataset(RECIPE)


def test_the_default_folder_is_data_cache_and_holds_only_the_pool(
    tmp_path, monkeypatch
):
    monkeypatch.delenv("BENCH_CACHE")
    monkeypatch.chdir(tmp_path)
    make_dataset(RECIPE)
    [path] = (tmp_path / "data" / "cache").iterdir()
    assert path.suffix == ".pool"


PROGRAM = """
import json, sys, time
import bench.curves.mimics.pools
from bench import make_dataset
made = []
inner = bench.curves.mimics.pools.make_pool
def slow(*arguments):
    made.append(1)
    time.sleep(1.0)
    return inner(*arguments)
import bench.curves.mimics.cache
bench.curves.mimics.cache.make_pool = slow
data = make_dataset(json.loads(sys.argv[1]))
print(json.dumps([data.data_hash, len(made), "torch" in sys.modules]))
"""


def start(recipe):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(recipe)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_that_need_the_same_pool_fit_it_once():
    processes = [start(RECIPE) for _ in range(3)]
    outputs = [json.loads(process.communicate()[0]) for process in processes]
    hashes, made, _ = zip(*outputs, strict=True)
    assert set(hashes) == {make_dataset(RECIPE).data_hash}
    assert sum(made) == 1


def test_reading_a_pool_imports_no_torch():
    make_dataset(RECIPE)
    process = start(RECIPE)
    _, made, has_torch = json.loads(process.communicate()[0])
    assert (made, has_torch) == (0, False)


def test_a_process_killed_in_a_fit_does_not_block_others(cache):
    process = start(RECIPE)
    deadline = time.monotonic() + 120
    while not list(cache.glob(".*.lock")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    make_dataset(RECIPE)
    assert [path.suffix for path in cache.iterdir()] == [".pool"]


def test_fit_seconds_do_not_include_the_fit_of_a_pool(write_suite, bench_run, cache):
    path = write_suite(datasets=[RECIPE], classifiers=["KNN"], repetitions=1)
    code, _, _ = bench_run("run", path)
    assert code == 0
    assert len(list(cache.glob("*.pool"))) == 1
    results = bench.read_results(path)
    assert results["fit_seconds"].max() < 0.5 < results["seconds"].max()
