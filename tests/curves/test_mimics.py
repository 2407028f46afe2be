import hashlib
import io
import json
import subprocess
import sys
import time

import numpy as np
import pytest
import stored
import torch
import yaml_text

import bench
from bench import make_dataset
from bench.base.errors import DatasetError, StoreError
from bench.base.seeds import generator
from bench.curves import mimic_fits, mimics
from bench.curves.datasets import draw_part
from bench.curves.draws import draw_class, functions_of
from bench.curves.library import load_library
from bench.curves.mimic_cache import load_pool
from bench.curves.mimic_fits import fit_nets
from bench.curves.mimics import make_pool
from bench.curves.neural import ACTIVATIONS, draw_layers, forward
from bench.curves.noise import standardise
from bench.curves.recipes import resolve_dataset
from bench.suite.datasets import DatasetSpec
from bench.suite.networks import MimicCurves

MIMIC = {"kind": "mimic", "hidden": [6], "steps": 30, "lr": 0.05, "rmse": 0.99}
RECIPE = {
    "id": "mimic",
    "library": "families20",
    "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 16},
    "neural": MIMIC,
    "train": 10,
    "test": 6,
}
X = np.linspace(-3, 3, 25)[:, None]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Keep pools in a temporary folder."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def library():
    return load_library("families20")


def resolve(**changes):
    return resolve_dataset(DatasetSpec.model_validate(RECIPE | changes, strict=False))


def rows(X):
    return {row.tobytes() for row in X}


def pool_of(library, size=40, seed=0, **options):
    spec = MimicCurves.model_validate(MIMIC | options, strict=False)
    return make_pool(library, X, spec, size, lambda *names: generator(seed, *names))


def initial(n, activation_seed=0, hidden=(5, 4)):
    rng = np.random.default_rng(activation_seed)
    return draw_layers(rng, n, [1, *hidden, 1], np.float32)


def targets_of(library, n):
    return standardise(library.sample(X, n, np.random.default_rng(0)))[0]


# Fitting


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_fit_is_adams_with_a_cosine_to_zero(library, activation):
    n, steps, lr = 3, 9, 0.02
    targets, layers = targets_of(library, n), initial(n)
    fitted = fit_nets(X, targets, layers, activation, steps, lr)
    modules = {"relu": "ReLU", "tanh": "Tanh", "sigmoid": "Sigmoid", "silu": "SiLU"}
    kind = getattr(torch.nn, modules.get(activation, "GELU"))
    for net in range(n):
        sizes = [(1, 5), (5, 4), (4, 1)]
        parts = [m for a, b in sizes for m in (torch.nn.Linear(a, b), kind())]
        alone = torch.nn.Sequential(*parts[:-1])
        with torch.no_grad():
            for linear, (weight, bias) in zip(alone[::2], layers, strict=True):
                linear.weight.copy_(torch.from_numpy(weight[net]))
                linear.bias.copy_(torch.from_numpy(bias[net, :, 0]))
        optimizer = torch.optim.Adam(alone.parameters(), lr=lr)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        points = torch.tensor(X, dtype=torch.float32)
        wanted = torch.tensor(targets[net], dtype=torch.float32)[:, None]
        for _ in range(steps):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(alone(points), wanted).backward()
            optimizer.step()
            schedule.step()
        for linear, (weight, bias) in zip(alone[::2], fitted, strict=True):
            found = linear.weight.detach().numpy(), linear.bias.detach().numpy()
            np.testing.assert_allclose(weight[net], found[0], atol=2e-4)
            np.testing.assert_allclose(bias[net, :, 0], found[1], atol=2e-4)


def test_more_steps_fit_better(library):
    targets, layers = targets_of(library, 12), initial(12, hidden=(16, 16))
    errors = []
    for steps in (1, 150):
        fitted = fit_nets(X, targets, layers, "tanh", steps, 0.01)
        wide = [(w.astype(float), b.astype(float)) for w, b in fitted]
        outputs, _ = forward(wide, X.T.copy(), "tanh", False)
        errors.append(np.sqrt(((outputs[:, 0] - targets) ** 2).mean(axis=1)))
    assert np.median(errors[1]) < 0.3 < np.median(errors[0])


def test_fits_are_the_same_again_in_parts_and_leave_torchs_threads(library):
    before = torch.get_num_threads()
    targets, layers = targets_of(library, 9), initial(9)
    whole = fit_nets(X, targets, layers, "gelu", 5, 0.01)
    again = fit_nets(X, targets, layers, "gelu", 5, 0.01)
    assert torch.get_num_threads() == before
    for (weight, bias), (other, another) in zip(whole, again, strict=True):
        np.testing.assert_array_equal(weight, other, strict=True)
        np.testing.assert_array_equal(bias, another, strict=True)


def test_networks_do_not_see_one_another(library, monkeypatch):
    targets, layers = targets_of(library, 9), initial(9)
    whole = fit_nets(X, targets, layers, "silu", 5, 0.01)
    monkeypatch.setattr(mimic_fits, "CHUNK", 4)
    parts = fit_nets(X, targets, layers, "silu", 5, 0.01)
    for (weight, _), (other, _) in zip(whole, parts, strict=True):
        np.testing.assert_allclose(weight, other, atol=1e-4)


# Pools


def test_halves_share_no_curve_and_hold_what_fits(library):
    neural, symbolic = pool_of(library, 61, rmse=1.0, steps=30)
    n_kept = len(neural.functions) + len(symbolic.functions)
    assert 40 < n_kept <= 61
    assert len(symbolic.functions) - len(neural.functions) in (0, 1)
    for half in (neural, symbolic):
        assert half.values.shape == (len(half.functions), 25)
        assert half.slopes.shape == (len(half.functions), 25, 1)
        assert half.values.dtype == half.slopes.dtype == np.float64
    # Exact curves are standardised; a net's output is only near that.
    np.testing.assert_allclose(symbolic.values.std(axis=1), 1, rtol=1e-12)
    assert (np.abs(neural.values.std(axis=1) - 1) > 1e-6).all()
    for half in (neural, symbolic):  # full precision in both
        assert (half.values != half.values.astype(np.float32)).mean() > 0.9


def test_outputs_are_near_curves_of_the_function_that_they_mimic(library):
    neural, _ = pool_of(library, 24, hidden=[24, 24], steps=300, rmse=0.3)
    assert len(neural.functions) > 5
    rng = np.random.default_rng(0)
    for function, values in zip(neural.functions, neural.values, strict=True):
        exact, _ = standardise(library.only([function]).sample(X, 4000, rng))
        error = np.sqrt(((exact - values) ** 2).mean(axis=1))
        assert error.min() < 0.45


def test_no_fit_is_good_enough(library):
    neural, symbolic = pool_of(library, rmse=1e-6)
    assert len(neural.functions) == len(symbolic.functions) == 0


def test_slopes_are_those_of_the_values(library):
    fine = np.linspace(-3, 3, 2001)[:, None]
    spec = MimicCurves.model_validate(MIMIC | {"rmse": 1.0}, strict=False)
    halves = make_pool(library, fine, spec, 16, lambda *names: generator(0, *names))
    for half in halves:
        found = np.gradient(half.values, fine[:, 0], axis=1)[:, 1:-1]
        assert np.median(np.abs(found - half.slopes[:, 1:-1, 0])) < 1e-3


def test_curves_that_are_not_finite_cannot_be_mimicked(tmp_path):
    (tmp_path / "rare.lib").write_text("exp(exp(exp(N0 + 0*x[:,0])/2))\n")
    rare = load_library("rare", tmp_path)
    with pytest.raises(DatasetError, match=r"not finite; .* library 'rare'"):
        pool_of(rare, 400)


# Datasets


def test_a_dataset_deals_each_curve_once():
    data = make_dataset(RECIPE | {"train": 14, "test": 9})
    assert np.bincount(data.y_train).tolist() == [14, 14]
    assert np.bincount(data.y_test).tolist() == [9, 9]
    whole = np.concatenate([data.X_train, data.X_test])
    assert len(rows(whole)) == len(whole)
    np.testing.assert_allclose(whole.std(axis=1), 1, rtol=1e-12)  # both classes


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


def test_a_pool_of_a_given_size_makes_sweeps_over_training_curves_paired():
    fixed = RECIPE | {"neural": MIMIC | {"pool": 80}}
    small, large = (make_dataset(fixed | {"train": n}) for n in (5, 20))
    assert rows(small.X_train) < rows(large.X_train)
    np.testing.assert_array_equal(small.X_test, large.X_test, strict=True)
    # Otherwise another number of curves is another pool.
    assert resolve().pool_size == 53
    assert resolve(train=1000, test=1000).pool_size == 6600
    assert resolve(train=5).stream != resolve().stream
    assert resolve(neural=MIMIC | {"pool": 53}).identity == resolve().identity


def test_test_curves_of_both_classes_are_of_unseen_functions():
    recipe = resolve(
        neural=MIMIC | {"pool": 400}, split={"unseen-functions": 10}, noise=1
    )
    pool = load_pool(recipe, 0, 0)
    for label in (0, 1):
        for part in ("train", "test"):
            seen = functions_of(recipe, part, 0, 0)
            values, _ = draw_class(recipe, label, 20, True, part=part)
            own = standardise(pool[label].values)[0]
            of = [int(np.abs(own - curve).max(axis=1).argmin()) for curve in values]
            assert set(pool[label].functions[of]) <= set(seen)


def test_too_few_good_fits_are_told_with_numbers():
    for changes in ({"train": 40}, {"split": {"unseen-functions": 1}, "test": 9}):
        options = MIMIC | {"pool": 66}
        said = (
            r"pool of 66 networks, \d+ of which fit .*holds \d+ \w+ curves.*; expected"
        )
        with pytest.raises(DatasetError, match=said):
            make_dataset(RECIPE | {"neural": options} | changes)


def test_a_part_of_another_name_has_a_pool_of_its_own(cache):
    recipe = resolve()
    data = make_dataset(recipe)
    X, y = draw_part(recipe, "validation", 8)
    assert np.bincount(y).tolist() == [8, 8]
    assert not rows(X) & (rows(data.X_train) | rows(data.X_test))
    assert len(list(cache.glob("*.pool"))) == 2


def test_the_key_of_a_cell_knows_what_fits_the_nets(write_suite, monkeypatch):
    path = write_suite(
        datasets=[RECIPE, yaml_text.SUITE["datasets"][0]], classifiers=["KNN"]
    )

    def keys():
        return [cell.key for cell in stored.plan_of(path).cells]

    before = keys()
    monkeypatch.setattr("bench.curves.recipes.package_version", lambda name: "99")
    newer = keys()
    monkeypatch.undo()
    monkeypatch.setitem(bench.RESULTS, "mimic", 99)
    for after in (newer, keys()):
        same = [a == b for a, b in zip(before, after, strict=True)]
        assert same == [False, False, True, True]


# The cache


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
    return {f"{half}_{k}": v for half in mimics.HALVES for k, v in sizes.items()}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_pool_is_set_aside_and_made_again(cache, damage):
    first = make_dataset(RECIPE)
    [path] = cache.glob("*.pool")
    sound = path.read_bytes()
    path.write_bytes(DAMAGES[damage](sound))
    with pytest.warns(RuntimeWarning, match="moved to .*damaged, and fitted again"):
        again = make_dataset(RECIPE)
    assert again.data_hash == first.data_hash
    assert path.read_bytes() == sound
    assert [p.name for p in (cache / "damaged").iterdir()] == [path.name]


def test_another_damaged_one_is_set_aside_beside_the_first(cache):
    make_dataset(RECIPE)
    [path] = cache.glob("*.pool")
    for _ in range(2):
        path.write_bytes(b"")
        with pytest.warns(RuntimeWarning, match="moved to"):
            make_dataset(RECIPE)
    names = sorted(p.name for p in (cache / "damaged").iterdir())
    assert names == [path.name, f"{path.name}.1"]


def test_a_folder_in_the_place_of_a_pool_is_set_aside(cache):
    first = make_dataset(RECIPE)
    [path] = cache.glob("*.pool")
    path.unlink()
    path.mkdir()
    with pytest.warns(RuntimeWarning, match="moved to"):
        assert make_dataset(RECIPE).data_hash == first.data_hash


def test_a_cache_that_cannot_be_used_is_an_error(cache):
    cache.write_text("a file in its place")
    with pytest.raises(StoreError, match=r"cannot write mimic pools .*BENCH_CACHE"):
        make_dataset(RECIPE)


def test_nothing_is_left_beside_the_pool_and_it_lies_in_data_by_default(
    tmp_path, monkeypatch
):
    monkeypatch.delenv("BENCH_CACHE")
    monkeypatch.chdir(tmp_path)
    make_dataset(RECIPE)
    [path] = (tmp_path / "data" / "cache").iterdir()
    assert path.suffix == ".pool"


PROGRAM = """
import json, sys, time
import bench.curves.mimics
from bench import make_dataset
made = []
inner = bench.curves.mimics.make_pool
def slow(*arguments):
    made.append(1)
    time.sleep(1.0)
    return inner(*arguments)
import bench.curves.mimic_cache
bench.curves.mimic_cache.make_pool = slow
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
    said = [json.loads(process.communicate()[0]) for process in processes]
    hashes, made, _ = zip(*said, strict=True)
    assert set(hashes) == {make_dataset(RECIPE).data_hash}
    assert sum(made) == 1


def test_reading_a_pool_imports_no_torch():
    make_dataset(RECIPE)
    process = start(RECIPE)
    _, made, has_torch = json.loads(process.communicate()[0])
    assert (made, has_torch) == (0, False)


def test_a_process_that_was_killed_in_a_fit_holds_nobody_up(cache):
    process = start(RECIPE)
    deadline = time.monotonic() + 120
    while not list(cache.glob(".*.lock")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    make_dataset(RECIPE)
    assert [path.suffix for path in cache.iterdir()] == [".pool"]


def test_the_time_of_a_fit_is_no_part_of_a_cells(write_suite, bench_run, cache):
    path = write_suite(datasets=[RECIPE], classifiers=["KNN"], repetitions=1)
    code, _, _ = bench_run("run", path)
    assert code == 0
    assert len(list(cache.glob("*.pool"))) == 1
    results = bench.read_results(path)
    assert results["fit_seconds"].max() < 0.5 < results["seconds"].max()


def test_pools_and_mimics_import_no_torch():
    program = "import sys, bench.curves.draws; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
