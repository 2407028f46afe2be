import numpy as np
import pytest

from bench.base.errors import DatasetError
from bench.curves.draws import draw_class
from bench.curves.recipes import resolve_dataset
from bench.curves.streams import CurveStream
from bench.suite.datasets import DatasetSpec

CURVES = 5


@pytest.fixture(scope="module")
def recipe():
    return resolve_recipe()


def resolve_recipe(**changes):
    described = {
        "id": "x11",
        "library": "F11_v1",
        "inputs": {"kind": "grid", "low": -3, "high": 3, "size": 30},
        "neural": {"curves_per_net": CURVES},
        "dtype": "float32",
        "channels": ("value", "gradient"),
    }
    described = {k: v for k, v in (described | changes).items() if v is not None}
    return resolve_dataset(DatasetSpec.model_validate(described, strict=False))


def test_epochs_taken_one_by_one_are_those_taken_at_once(recipe):
    channels = ("gradient", "value")
    one, other = (CurveStream(recipe, channels, CURVES) for _ in range(2))
    # More curves than a block of the library's stream holds.
    n_epochs = 2000
    whole = one.take(n_epochs)
    sizes = [1, 2, 700, 1297]
    parts = np.concatenate([other.take(n) for n in sizes])
    assert whole.shape == (n_epochs, 2 * CURVES, 60)
    assert whole.dtype == np.float32
    np.testing.assert_array_equal(whole, parts)


def test_each_epoch_is_fresh(recipe):
    curves = CurveStream(recipe, ("value",), CURVES).take(50).reshape(500, -1)
    assert len(np.unique(curves, axis=0)) == 500


def test_symbolic_curves_come_first(recipe):
    batch = CurveStream(recipe, ("value",), 40).take(1)[0].astype(float)
    bends = np.diff(batch, 3)  # of a parabola there is none
    assert np.abs(bends[:40]).max() < 1e-4
    assert (np.abs(bends[40:]).max(axis=1) > 1e-4).mean() > 0.9


def test_channels_are_laid_out_in_the_given_order(recipe):
    one, two = (("value", "gradient"), ("gradient", "value"))
    first = CurveStream(recipe, one, CURVES).take(3)
    second = CurveStream(recipe, two, CURVES).take(3)
    np.testing.assert_array_equal(first[..., :30], second[..., 30:])
    np.testing.assert_array_equal(first[..., 30:], second[..., :30])


def test_repetitions_and_seeds_are_streams_of_their_own(recipe):
    draws = [
        CurveStream(recipe, ("value",), CURVES, repetition, seed).take(2)
        for repetition, seed in ((0, 0), (1, 0), (0, 1))
    ]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert not np.isin(draws[first], draws[second]).any()


def test_no_online_curve_is_one_of_the_test_set(recipe):
    online = CurveStream(recipe, ("value",), CURVES).take(20)
    for symbolic in (True, False):
        test, _ = draw_class(recipe, symbolic, 100, False, part="test")
        assert not np.isin(online, test).any()


def test_a_given_array_is_filled_and_converted(recipe):
    out = np.empty((4, 2 * CURVES, 30))
    filled = CurveStream(recipe, ("value",), CURVES).take(4, out=out)
    assert filled is out
    np.testing.assert_array_equal(out, CurveStream(recipe, ("value",), CURVES).take(4))


@pytest.mark.parametrize(
    "changes",
    [
        {"neural": {"kind": "wild"}, "noise": 20, "channels": ["value"]},
        {"neural": {"kind": "library"}, "noise": 5, "channels": ["value", "input"]},
        {"neural": {"kind": "wild"}, "standardise": "curve"},
    ],
    ids=["noise", "null", "gradient"],
)
def test_other_kinds_of_curves_come_epoch_by_epoch_too(changes):
    recipe = resolve_recipe(**changes)
    channels = recipe.spec.channels
    one, other = (CurveStream(recipe, channels, CURVES) for _ in range(2))
    whole = one.take(50)
    np.testing.assert_array_equal(
        whole, np.concatenate([other.take(n) for n in (1, 20, 29)]), strict=True
    )
    drawn = whole[..., :30].reshape(-1, 30)
    values = drawn.astype(float)
    np.testing.assert_allclose(values.mean(axis=-1), 0, atol=1e-6)
    np.testing.assert_allclose(values.std(axis=-1), 1, rtol=1e-5)
    assert len(np.unique(values, axis=0)) == 500
    for symbolic in (True, False):
        test, _ = draw_class(recipe, symbolic, 100, False, part="test")
        known = {curve.tobytes() for curve in test}
        assert not known & {curve.tobytes() for curve in drawn}


def test_noise_of_online_curves_is_as_strong_as_of_others():
    described = {"channels": ["value"], "neural": {"kind": "library"}}
    noisy = CurveStream(resolve_recipe(**described, noise=30), ("value",), 200).take(1)
    exact = CurveStream(
        resolve_recipe(**described, standardise="curve"), ("value",), 200
    )
    rest = noisy - exact.take(1) / np.hypot(1, 0.3)
    assert np.isclose(rest.std(), 0.3 / np.hypot(1, 0.3), rtol=0.1)


@pytest.mark.parametrize(
    "changes",
    [
        {"task": "which-function", "library": "families20", "neural": None},
        {"split": {"unseen-functions": 5}, "library": "families20"},
        {"neural": {"kind": "mimic"}},
    ],
    ids=["which-function", "split", "mimic"],
)
def test_what_has_no_fresh_curves_without_end_is_refused(changes):
    recipe = resolve_recipe(**changes)
    with pytest.raises(
        DatasetError, match=r"'x11': found .*cannot give the unlimited fresh curves"
    ):
        CurveStream(recipe, ("value",), CURVES)


def test_curves_that_are_not_finite_are_an_error(tmp_path):
    # Finite in the probe's thousand curves; about one in eight thousand is not.
    (tmp_path / "rare.lib").write_text("exp(exp(exp(N0 + 0*x[:,0])/6))\n")
    described = {
        "id": "rare",
        "library": str(tmp_path / "rare.lib"),
        "inputs": {"kind": "grid", "low": 0, "high": 1, "size": 2},
    }
    recipe = resolve_dataset(DatasetSpec.model_validate(described, strict=False))
    stream = CurveStream(recipe, ("value",), 2000)
    with pytest.raises(
        DatasetError, match="'rare': found online curves that are not finite"
    ):
        stream.take(50)
