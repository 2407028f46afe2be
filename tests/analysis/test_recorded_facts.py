from dataclasses import replace

import pytest
import recorded_curves

from bench.analysis.recorded_facts import (
    recorded_facts,
    recorded_in_words,
    sources_in_words,
)

GIVEN = "given"
DRAWS = {"resample": 10}


def words(split=GIVEN, **changes):
    entry = changes.pop("entry", {})
    pool = recorded_curves.curves(n_given_train=16, sources=("a.csv", "b.csv"))
    return recorded_in_words(
        recorded_curves.recipe(split, replace(pool, **changes), **entry)
    )


def test_recorded_curves_are_told_with_their_classes_points_source_and_license():
    assert words() == (
        "36 recorded curves of 3 classes (12 of class class 0, 18 of class class 1, 6 "
        "of class class 2); 5 points, float64. Source: a.csv and b.csv; license: none "
        "stated."
    )


def test_what_was_done_to_the_curves_is_told():
    text = words(
        n_interpolated=3,
        license="CC BY 4.0\nsecond line",
        notes=("the column id was left out",),
        entry={"standardise": "curve", "dtype": "float32"},
    )
    assert "5 points, float32" in text
    assert "license: CC BY 4.0\\nsecond line." in text
    assert "Each curve is scaled to mean 0 and standard deviation 1" in text
    assert "3 missing values of 180 are filled in on the line between" in text
    assert text.endswith(" The column id was left out.")


def test_many_classes_are_counted_and_long_names_are_cut():
    pool = recorded_curves.curves(sizes=(3,) * 8, sources=("a.npz",))
    text = recorded_in_words(recorded_curves.recipe({"resample": 3}, pool))
    assert "24 recorded curves of 8 classes (3 of each); " in text
    pool = recorded_curves.curves(sizes=(3, 5) * 4, sources=("a.npz",))
    text = recorded_in_words(recorded_curves.recipe({"resample": 3}, pool))
    assert "(3 to 5 of each, most of class class 1)" in text
    pool = recorded_curves.curves(sizes=(3, 3), sources=("a.npz",))
    long = replace(pool, class_names=("short", "l" * 200))
    text = recorded_in_words(recorded_curves.recipe({"resample": 3}, long))
    assert f"(3 of each: short, {'l' * 37}...)" in text


@pytest.mark.parametrize(
    ("sources", "named"),
    [
        (("a.csv",), "a.csv"),
        (("a.csv", "b.csv"), "a.csv and b.csv"),
        (("aeon: My_Set_TRAIN.ts", "aeon: My_Set_TEST.ts"), "My_Set (aeon)"),
    ],
)
def test_sources_are_named(sources, named):
    assert sources_in_words(sources) == named


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        (GIVEN, ("given", 1, True, None)),
        (DRAWS, ("resample", 10, True, (16, 20))),
        ({"resample": 4, "test": 0.5}, ("resample", 4, True, (16, 20))),
        ({"folds": 6, "repeats": 3}, ("folds", 18, True, (16, 20))),
        ({"folds": 5}, ("folds", 5, False, (16, 20))),
    ],
)
def test_facts_have_the_design_and_its_numbers(split, expected):
    facts = recorded_facts(recorded_curves.recipe(split))
    assert (facts.design, facts.n_draws, facts.is_even, facts.given) == expected
    assert sum(facts.class_sizes) == facts.n_curves == 36
    assert sum(facts.test_shares) == pytest.approx(1, abs=1e-3)


def test_intervals_are_wider_by_the_root_of_the_variances_ratio():
    facts = recorded_facts(recorded_curves.recipe(DRAWS))
    assert facts.overlap == 1
    assert facts.wider == pytest.approx(11**0.5)
