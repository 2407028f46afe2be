import json
import re
import runpy
from dataclasses import replace

import given_splits
import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import stored
import torch
import yaml_text
from recorded_files import recorded, write_curves
from scipy.special import expit

import bench
from bench.base import resources
from bench.base.errors import DiscriminatorError, StoreError
from bench.cells.cell import units_of
from bench.cells.compute import compute
from bench.cli import main
from bench.curves.datasets import draw_test
from bench.export import card
from bench.export.card import CARD, WEIGHTS
from bench.export.write import choose_cell, export_cell
from bench.figures.drawing.images import save
from bench.store.merge import merge_stores
from bench.store.store import Store

SD = {"use": "SD", "params": {"hidden": [8], "max_epochs": 3}}
CSD = {"use": "CSD", "params": {"convolution": [4, "pool"], "max_epochs": 2}}
GRID = yaml_text.SUITE["datasets"][0]
PLANE = {
    "id": "plane",
    "library": "plane",
    "inputs": {"kind": "grid", "low": -1, "high": 1, "size": 4, "dim": 2},
    "channels": ["input", "value", "gradient"],
    "train": 20,
    "test": 10,
}
PAGE = (resources.CHECKOUT / "docs" / "export.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def put(plan, store):
    """Compute a plan's cells in this process, and keep them."""
    for unit in units_of(plan.cells):
        for result, arrays in compute(unit):
            store.put(result, arrays)
    return store


def exported(path, tmp_path, repetition=0, **chosen):
    """Compute and export in this process; return plan, cell, store and folder."""
    limited = stored.plan_of(path).limited(
        chosen.get("datasets", []), chosen.get("classifiers", [])
    )
    plan, cell = choose_cell(limited, repetition)
    store = put(plan, Store(tmp_path / "store"))
    export_cell(plan, cell, store, tmp_path / "out")
    return plan, cell, store, tmp_path / "out"


def test_the_command_trains_and_writes_what_can_be_loaded(
    write_suite, bench_run, tmp_path
):
    path = write_suite(classifiers=["KNN", SD], repetitions=2)
    command = ("export", path, "-c", "SD", "-d", "grid", "--repetition", 1, "out/SD")
    code, out, err = bench_run(*command)
    assert (code, out) == (0, "out/SD/card.json\n")
    assert "1 of 1 cell done" in err
    first = stored.content(tmp_path / "out")
    assert sorted(first) == ["SD/card.json", "SD/weights.safetensors"]
    [key] = Store(tmp_path / "data/store").keys()
    assert bench_run(*command)[0] == 0
    assert list(Store(tmp_path / "data/store").keys()) == [key]
    assert stored.content(tmp_path / "out") == first

    discriminator = bench.load_discriminator("out/SD")
    suite = bench.load_suite(path)
    data = bench.make_dataset(suite.datasets[0], repetition=1, seed=suite.seed)
    logits = discriminator(torch.tensor(data.X_test, dtype=torch.float32))
    scores = Store(tmp_path / "data/store").arrays(key)["scores_test"]
    np.testing.assert_allclose(expit(logits.numpy()), scores[:, 1], atol=1e-5)
    np.testing.assert_allclose(discriminator.x, data.x, atol=1e-6)


@pytest.mark.parametrize(
    ("entry", "channels"),
    [
        (SD, ["value"]),
        (CSD | {"channels": ["value", "gradient"]}, ["value", "gradient", "gradient"]),
        (
            {
                "use": "SD-WGAN",
                "params": {"max_epochs": 2, "extension": "stack"},
                "channels": ["value", "input"],
            },
            ["value", "input", "input"],
        ),
        (
            {
                "use": "SD",
                "params": {"max_epochs": 2, "extension": "embed"},
                "channels": ["gradient", "value"],
            },
            ["gradient", "gradient", "value"],
        ),
    ],
)
def test_the_card_describes_the_discriminator(write_suite, tmp_path, entry, channels):
    (tmp_path / "plane.lib").write_text("N0*x[:,0] + U0*x[:,1]**2\n")
    path = write_suite(datasets=[PLANE], classifiers=[entry], repetitions=1)
    plan, cell, store, folder = exported(path, tmp_path)
    discriminator = bench.load_discriminator(folder)
    found, result = discriminator.card, store.get(cell.key)
    assert list(found.channels) == channels
    assert found.class_names == ("neural", "symbolic")
    assert np.array_equal(found.x, cell.dataset.x)
    assert found.dataset["library"] == {
        "name": "plane",
        "text": plan.datasets[0].library.text,
    }
    assert found.classifier["class"] == cell.classifier.class_path
    assert found.classifier["params"]["max_epochs"] == 2 + (entry is SD)
    assert found.training["mode"] == "fixed"
    assert found.scores == {"train": result.train, "test": result.test}
    about = found.provenance
    assert about["key"] == cell.key
    assert about["versions"] == result.versions
    assert about["data_hash"] == result.data_hash
    assert {"commit", "dirty", "seed", "suite", "device"} <= about.keys()

    data = bench.make_dataset(cell.dataset, seed=cell.seed)
    X = data.X_test[:, data.columns(cell.classifier.channels)]
    logits = discriminator(torch.tensor(X, dtype=torch.float32))
    arrays = store.arrays(cell.key)
    if str(arrays["kind"]) == "probability":
        np.testing.assert_allclose(
            expit(logits.numpy()), arrays["scores_test"][:, 1], atol=1e-5
        )
    else:
        np.testing.assert_allclose(logits, arrays["scores_test"], atol=1e-5)


def test_a_second_csd_is_exported_with_the_points_it_read(write_suite, tmp_path):
    inputs = {"kind": "normal", "size": 20}  # in no order
    datasets = [GRID | {"id": "normal", "inputs": inputs}]
    entry = {"use": "CSD2", "params": {"width": 4, "max_epochs": 2}}
    path = write_suite(datasets=datasets, classifiers=[entry], repetitions=1)
    _, cell, store, folder = exported(path, tmp_path)
    discriminator = bench.load_discriminator(folder)
    assert np.array_equal(discriminator.card.x, cell.dataset.x)
    assert discriminator.card.network.width == 4
    assert discriminator.card.network.windows == (0.09, 0.25)
    assert discriminator.card.classifier["params"]["batch_size"] is None
    X = bench.make_dataset(cell.dataset, seed=cell.seed).X_test
    logits = discriminator(torch.tensor(X, dtype=torch.float32))
    found = store.arrays(cell.key)["scores_test"][:, 1]
    np.testing.assert_allclose(expit(logits.numpy()), found, atol=1e-5)


CSD2 = {"use": "CSD2", "params": {"width": 4, "max_epochs": 2}}
STACK = {"use": "SD", "params": SD["params"] | {"extension": "stack"}}
MOVEMENTS = {"n_classes": 3, "n_channels": 2}


@pytest.mark.parametrize(
    ("entry", "shape"),
    [
        (SD, {}),
        (CSD, {}),
        (CSD2, {}),
        (SD, {"n_classes": 3}),
        (STACK, MOVEMENTS),
        (CSD, MOVEMENTS),
        (CSD2, MOVEMENTS),
    ],
)
def test_recorded_curves_are_told_by_their_hash(tmp_path, entry, shape):
    folder = tmp_path / "somewhere"
    folder.mkdir()
    for seed, name in enumerate("ab"):
        write_curves(folder / f"{name}.npz", n_points=20, seed=seed, **shape)
    files = [str(folder / "a.npz"), "somewhere/b.npz"]
    data = recorded(files, split={"resample": 2}, standardise="curve")
    path = tmp_path / "suite.yaml"
    suite = {"datasets": [data], "classifiers": [entry], "audits": False}
    path.write_text(yaml_text.suite_text(**suite, repetitions=None))
    plan, cell, store, out = exported(path, tmp_path, repetition=1)
    assert plan.given == ()
    assert cell.dataset.spec.division != "given"
    card = json.loads((out / CARD).read_text())
    assert card["dataset"]["recorded"]["files"] == ["a.npz", "b.npz"]
    assert str(tmp_path) not in (out / CARD).read_text()
    assert card["dataset"]["data_hash"] == cell.dataset.curves.data_hash
    n_classes, n_channels = shape.get("n_classes", 2), shape.get("n_channels", 1)
    assert card["class_names"] == list("abc")[:n_classes]
    assert card["channels"] == ["value"] * n_channels
    X, y = draw_test(cell.dataset, 1, yaml_text.SUITE["seed"])
    with torch.no_grad():
        logits = bench.load_discriminator(out)(torch.tensor(X, dtype=torch.float32))
    predicted = (logits > 0).long() if n_classes == 2 else logits.argmax(1)
    arrays = store.arrays(cell.key)
    np.testing.assert_array_equal(predicted.numpy(), arrays["predictions_test"])
    np.testing.assert_array_equal(y, arrays["labels_test"])


def test_a_second_csd_of_recorded_curves_is_exported_as_its_training_chose(
    write_suite, tmp_path
):
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = (2 * y[:, None, None] - 1) * np.linspace(-1, 1, 20) + 0.3 * rng.normal(
        size=(40, 2, 20)
    )  # each other's negatives, which a flip would mix
    np.savez(tmp_path / "own.npz", X=X, y=y)
    datasets = [{"id": "own", "recorded": {"files": "own.npz"}}]
    entry = {"use": "CSD2", "params": {"width": 4, "max_epochs": 20}}
    path = write_suite(datasets=datasets, classifiers=[entry])
    _, cell, store, folder = exported(path, tmp_path)
    discriminator = bench.load_discriminator(folder)
    network = discriminator.card.network
    assert network.reads in ("channels", "values")
    assert (network.flips, network.noise) == ((), 0)
    assert discriminator.card.classifier["params"]["recorded"] is True
    curves = bench.make_dataset(cell.dataset, seed=cell.seed).X_test
    logits = discriminator(torch.tensor(curves, dtype=torch.float32))
    found = store.arrays(cell.key)["scores_test"][:, 1]
    np.testing.assert_allclose(expit(logits.numpy()), found, atol=1e-5)


def test_a_batch_is_exported_as_a_run_computes_it(write_suite, tmp_path):
    training = {"mode": "online", "epochs": 4, "evaluate_every": 2}
    classifiers = [{"use": "SD", "params": {"hidden": [8]}, "training": training}]
    path = write_suite(classifiers=classifiers, repetitions=3)
    plan, cell, _, folder = exported(path, tmp_path, repetition=1)
    assert len(plan.cells) == 3
    assert cell.repetition == 1
    found = bench.load_discriminator(folder)
    assert found.card.training["mode"] == "online"
    assert found.card.training["epochs"] == 4
    whole = put(stored.plan_of(path), Store(tmp_path / "whole"))
    kept = whole.arrays(cell.key, weights=True)
    for name, value in found.network.state_dict().items():
        assert np.array_equal(value, kept[f"weight_{name}"])


def test_weights_are_read_only_where_they_are_asked_for(write_suite, tmp_path):
    path = write_suite(classifiers=[SD], repetitions=1)
    _, cell, store, _ = exported(path, tmp_path)
    every = store.arrays(cell.key, weights=True)
    few = store.arrays(cell.key)
    assert {n for n in every if n not in few} == {
        f"weight_head.{layer}.{kind}" for layer in (0, 2) for kind in ("weight", "bias")
    }
    assert {"labels_test", "scores_test", "history_loss", "kind"} <= few.keys()
    merge_stores([store.folder], tmp_path / "joined")
    joined = Store(tmp_path / "joined").arrays(cell.key, weights=True)
    assert joined.keys() == every.keys()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-c", "SD"), "has 2 datasets; expected one of them after -d: grid, other"),
        (
            ("-d", "grid"),
            "has 2 discriminators; expected one of them after -c: SD, CSD",
        ),
        (("-d", "grid", "-c", "KNN"), "found KNN (sklearn"),
        (
            ("-d", "grid", "-c", "SDD"),
            "no classifier 'SDD' in this suite (did you mean",
        ),
        (("-d", "gird", "-c", "SD"), "no dataset 'gird' in this suite (did you mean"),
        (
            ("-d", "grid", "-c", "SD", "--repetition", 2),
            "no repetition 2; expected 0 to 1",
        ),
        (("-d", "grid", "-c", "SD", "--repetition", -1), "no repetition -1"),
    ],
)
def test_no_or_several_discriminators_are_refused(
    write_suite, bench_run, tmp_path, arguments, message
):
    datasets = [GRID, GRID | {"id": "other", "train": 31}]
    path = write_suite(datasets=datasets, classifiers=["KNN", SD, CSD])
    code, _, err = bench_run("export", path, *arguments, "out")
    assert code == 2
    assert message in err
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "data").exists()


def test_a_single_choice_need_not_be_named(write_suite):
    plan, cell = choose_cell(stored.plan_of(write_suite(classifiers=["KNN", SD])))
    assert (cell.classifier.id, cell.repetition) == ("SD", 0)
    assert plan.cells == (cell,)


def test_a_failed_cell_is_an_error_with_its_reason(write_suite, bench_run, tmp_path):
    path = write_suite(classifiers=[SD])
    store = Store(tmp_path / "data/store")
    stored.put_cells(stored.plan_of(path), store, "failed")
    error = {"type": "ValueError", "message": "no luck", "traceback": ""}
    for cell in stored.plan_of(path).cells:
        store.put(cell.result("failed", error=error), None)
    code, out, err = bench_run("export", path, "out")
    assert (code, out) == (3, "")
    assert "SD on grid, repetition 0: failed (ValueError: no luck)" in err
    assert f"run {path} -d grid -c SD --retry-failed" in err
    assert not (tmp_path / "out").exists()
    plan, cell = choose_cell(stored.plan_of(path))
    with pytest.raises(DiscriminatorError, match="nothing can be exported"):
        export_cell(plan, cell, store, tmp_path / "out")


def test_a_result_from_before_weights_were_kept_is_named(
    write_suite, bench_run, tmp_path
):
    path = write_suite(classifiers=[SD])
    store = Store(tmp_path / "data/store")
    stored.put_cells(stored.plan_of(path), store)
    code, _, err = bench_run("export", path, "out")
    _, cell = choose_cell(stored.plan_of(path))
    assert code == 2
    assert f"the result {cell.key}: SD on grid, repetition 0" in err
    assert "kept no weights; train it again with `python -m bench run SUITE" in err
    stored.lose(store, cell.key)
    assert bench_run("export", path, "out")[0] == 0


def test_a_cell_that_is_not_stored_is_named(write_suite, tmp_path):
    plan, cell = choose_cell(stored.plan_of(write_suite(classifiers=[SD])))
    with pytest.raises(StoreError, match="no result of SD on grid, repetition 0"):
        export_cell(plan, cell, Store(tmp_path / "store"), tmp_path / "out")


def test_weights_that_diverged_are_refused(write_suite, tmp_path):
    plan, cell = choose_cell(stored.plan_of(write_suite(classifiers=[SD])))
    store = Store(tmp_path / "store")
    [[result, arrays]] = compute((cell,))
    arrays["weight_head.0.bias"] = np.full(8, np.nan, np.float32)
    store.put(result, arrays)
    with pytest.raises(DiscriminatorError, match=r"head.0.bias\): the training div"):
        export_cell(plan, cell, store, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_score_that_is_no_number_is_null(write_suite, tmp_path):
    plan, cell = choose_cell(stored.plan_of(write_suite(classifiers=[SD])))
    store = Store(tmp_path / "store")
    [[result, arrays]] = compute((cell,))
    store.put(replace(result, test={"accuracy": float("nan")}), arrays)
    path = export_cell(plan, cell, store, tmp_path / "out")
    assert json.loads(path.read_text())["scores"]["test"] == {"accuracy": None}


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        (CARD, b'{"format": "mine"}'),
        (CARD, b""),
        (WEIGHTS, b"somebody's weights"),
        (WEIGHTS, safetensors.numpy.save({"a": np.zeros(2)})),
    ],
)
def test_files_that_are_not_ours_are_never_replaced(
    write_suite, bench_run, tmp_path, name, raw
):
    path = write_suite(classifiers=[SD])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_bytes(raw)
    code, _, err = bench_run("export", path, "out")
    assert code == 2
    assert f"out/{name}: exists and was not written by `bench export`" in err
    assert stored.content(tmp_path / "out") == {name: raw}
    assert not (tmp_path / "data").exists()  # the error came before any training


def test_a_folder_in_place_of_the_weights_is_left_alone(tmp_path):
    (tmp_path / WEIGHTS).mkdir()
    with pytest.raises(DiscriminatorError, match="was not written by `bench export`"):
        card.check_free(tmp_path)


def test_an_export_replaces_an_earlier_one_and_leaves_the_rest(write_suite, tmp_path):
    path = write_suite(classifiers=[SD, CSD])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    exported(path, tmp_path, classifiers=["SD"])
    first = stored.content(tmp_path / "out")
    assert len(first) == 3
    exported(path, tmp_path, classifiers=["CSD"])
    second = stored.content(tmp_path / "out")
    assert second.keys() == first.keys()
    assert second["notes.txt"] == b"mine"
    assert bench.load_discriminator(tmp_path / "out").card.network.kind == "CSD"


@pytest.mark.parametrize("fails_at", [0, 1])
def test_an_interrupted_export_leaves_no_half_file(
    write_suite, tmp_path, monkeypatch, fails_at
):
    path = write_suite(classifiers=[SD, CSD])
    *_, folder = exported(path, tmp_path, classifiers=["SD"])
    calls = []

    def flush(descriptor):
        calls.append(descriptor)
        if len(calls) > fails_at:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        # The store's own writes are done before.
        plan, cell = choose_cell(stored.plan_of(path).limited([], ["CSD"]))
        store = put(plan, Store(tmp_path / "store"))
        patched.setattr(card.os, "fsync", flush)
        with pytest.raises(OSError, match="No space left"):
            export_cell(plan, cell, store, folder)
    assert stored.names(folder) == [CARD, WEIGHTS]
    if fails_at == 0:
        assert bench.load_discriminator(folder).card.network.kind == "SD"
    else:
        with pytest.raises(DiscriminatorError, match="of another export"):
            bench.load_discriminator(folder)
    export_cell(plan, cell, store, folder)
    assert bench.load_discriminator(folder).card.network.kind == "CSD"


def test_the_example_of_the_docs_pulls_a_network_toward_the_library(
    tmp_path, monkeypatch, capsys
):
    script = resources.CHECKOUT / "examples" / "regulariser.py"
    [block] = re.findall(
        r"```python\n((?:(?!```).)*load_discriminator.*?)```", PAGE, re.DOTALL
    )
    [command] = re.findall(r"^bench (export .*)$", PAGE, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(script.parent)
    assert main(command.split()) == 0
    capsys.readouterr()
    exec(compile(block, "export.md", "exec"), {})
    alone, pulled = (
        list(map(float, re.findall(r"-?[0-9.]+", line)))
        for line in capsys.readouterr().out.splitlines()
    )
    assert alone[0] == 0 < pulled[0]
    assert alone[1] < 0 < pulled[1]  # the logit
    assert pulled[2] < 0.7 * alone[2]  # the error

    # The script is the same, and draws it.
    text = script.read_text()
    assert block[block.index("discriminator =") : block.index("\n\n\ntruth,")] in text
    names = runpy.run_path(str(script))
    curves = {
        (seed, weight): names["draw"](seed)[0] + (1 - weight) * torch.sin(names["x"].T)
        for seed in range(4)
        for weight in (0.0, names["WEIGHT"])
    }
    found = pd.DataFrame(
        {"draw": seed, "weight": weight}
        | names["measure"](curve, names["draw"](seed)[0])
        for (seed, weight), curve in curves.items()
    )
    assert (found["distance"] > 0.1).all()
    path = save(names["picture"](found, curves), tmp_path / "picture")
    assert path.stat().st_size > 20_000
    text = names["report"](found, path.name)
    assert "(figures/picture.png)" in text
    assert "in 4 of 4 draws" in " ".join(text.split())


def test_the_given_split_is_not_trained_for_an_export(write_suite, tmp_path):
    path = given_splits.suite_of(write_suite, tmp_path, classifiers=["KNN", SD])
    plan, cell = choose_cell(stored.plan_of(path))
    assert (len(plan.cells), plan.given) == (1, ())
    assert not cell.result("done").is_given
